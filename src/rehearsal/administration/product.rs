//! The calls that only describe the server: version, licence, alerts, policy, disk (docs/kerio-connect.md, A6, A9, B1, B5 to B8, B11 to
//! B13, B29).

use super::behaviour::Behaviour;
use serde_json::{Value, json};

/// The version that the stand-in claims.
pub(super) const VERSION: &str = "10.0.8.9228";

/// Answers one of these calls; none for any other method.
pub(super) fn answer(method: &str, behaviour: &Behaviour) -> Option<Value> {
    Some(match method {
        "Server.getVersion" => json!({
            "product": "Kerio Connect", "version": VERSION, "major": 10, "minor": 0, "revision": 8, "build": 9228,
        }),
        "Server.getProductInfo" => json!({ "info": {
            "productName": "Kerio Connect", "version": VERSION, "buildNumber": "9228", "osName": "Linux", "os": "Linux",
            "releaseType": "Final", "deployedType": "DeployedStandalone",
        }}),
        "Version.getProductVersion" | "Version.getApiVersion" => json!({ "apiVersion": 1 }),
        "ProductRegistration.getFullStatus" => licence(behaviour),
        "Server.getAlertList" => json!({ "alerts": alerts(behaviour) }),
        "Server.getNamedConstantList" => json!({ "constants": [{ "name": "kerio_web_Asc", "value": "Asc" }] }),
        "Server.getRemoteAdministration" => json!({ "setting": {
            "builtInAdminEnabled": false, "builtInAdminUsername": "Admin",
        }}),
        "Statistics.get" => json!({ "statistics": { "storage": {
            "total": { "value": 200, "units": "GigaBytes" }, "occupied": { "value": 120, "units": "GigaBytes" },
            "percentage": "60",
        }}}),
        "SecurityPolicy.get" => json!({ "options": {
            "mode": "SPNoRestrictions", "enableLockout": false, "failedLoginsToLock": 5, "minutesToUnlock": 5,
            "antiHammering": {
                "isEnabled": behaviour.failed_logins_to_block.is_some(),
                "failedLoginsToBlock": behaviour.failed_logins_to_block.unwrap_or(10), "minutesToBlock": 5,
                "exceptionIpGroup": { "enabled": false, "id": "", "name": "" },
            },
            "authenticationMethods": [
                { "enabled": true, "value": "CRAM-MD5" }, { "enabled": true, "value": "DIGEST-MD5" },
                { "enabled": true, "value": "PLAIN" }, { "enabled": true, "value": "LOGIN" },
            ],
        }}),
        "AdvancedOptions.get" => json!({ "options": {
            "masterAuthentication": { "isEnabled": false, "groupRestriction": "" },
            "webMail": {
                "sessionExpireTimeout": { "value": behaviour.session_idle.as_secs() / 60, "units": "Minutes" },
                "maximumSessionDuration": { "value": 5, "units": "Hours" }, "forceLogout": false,
            },
            "miscellaneous": { "showProgramNameAndVersion": true },
        }}),
        _ => return None,
    })
}

fn licence(behaviour: &Behaviour) -> Value {
    let days = behaviour.licence_days;
    let date = chrono::Utc::now().timestamp() + days * 86_400;
    let end = |kind: &str| json!({ "type": kind, "isUnlimited": false, "remainingDays": days.max(0), "date": date });
    json!({ "status": {
        "regType": if days < 0 { "rsTrialExpired" } else { "rsProductRegistered" }, "Id": "12345-ABCDE-67890",
        "company": "Rehearsal Ltd.", "users": behaviour.licence_users.map_or(-2, i64::from),
        "expirations": [end("License"), end("Subscription")],
    }})
}

fn alerts(behaviour: &Behaviour) -> Vec<Value> {
    if behaviour.licence_days >= 0 {
        return Vec::new();
    }
    vec![json!({ "alertName": "LicenseExpired", "alertType": "Critical", "currentValue": "0", "criticalValue": "0" })]
}
