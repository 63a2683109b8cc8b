//! The signed-in administrator: their rights, the product that answers, and what a run has to know about it beforehand.
//! Letters with numbers refer to docs/kerio-connect.md.

use super::domains::Domains;
use super::endpoint::AdministrationEndpoint;
use super::error::{KerioError, Refusal};
use super::rpc::{list, text};
use super::session::Session;
use crate::domain::{Alert, Fingerprint, Secret};
use serde_json::{Value, json};

/// A signed-in administrator, shared by all workers of a run. Signs out when it is dropped.
pub struct Administration {
    pub(super) session: Session,
    pub(super) domains: Domains,
    product: String,
}

/// What the administrator may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The role as the server calls it.
    pub role: String,
    /// Whether domains, users and services may be managed.
    pub may_manage: bool,
}

/// The licence's seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    /// In use.
    pub used: u32,
    /// In all; none if there is no limit.
    pub allowed: Option<u32>,
}

impl Administration {
    /// Signs in, once: a refused administrator is not tried again.
    pub fn connect(endpoint: &AdministrationEndpoint, user: &str, password: &Secret) -> Result<Self, KerioError> {
        let session = Session::open(endpoint.clone(), user, password)?;
        let product = product(&session);
        Ok(Self { session, domains: Domains::default(), product })
    }

    /// The product and its version, as far as the server reports them.
    pub fn product(&self) -> String {
        self.product.clone()
    }

    /// The fingerprint by which the server's certificate is trusted; none if the usual check passed.
    pub fn pinned(&self) -> Option<Fingerprint> {
        self.session.endpoint().trust.only()
    }

    /// What the administrator may do (B2).
    pub fn rights(&self) -> Result<Rights, KerioError> {
        const TOO_LITTLE: [&str; 4] = ["UserRole", "Auditor", "AccountAdmin", "BuiltInDomainAdmin"];
        let result = self.session.call("Session.whoAmI", json!({}))?;
        let role = result.pointer("/userDetails/effectiveRole/userRole").and_then(Value::as_str).unwrap_or_default();
        // An unknown role is let through: the calls themselves say what it may not do.
        Ok(Rights { role: role.to_owned(), may_manage: !TOO_LITTLE.contains(&role) })
    }

    /// The licence's seats (B8 to B10). The error says why they are unknown; a run can start all the same.
    pub fn seats(&self) -> Result<Seats, KerioError> {
        let primary = self.domains.all(&self.session)?.into_iter().find(|domain| domain.primary);
        if let Some(primary) = primary
            && let Ok(limit) = self.user_limit(&primary.id)
            && !limit.of_domain
        {
            return Ok(limit.seats);
        }
        let status = self.session.call("ProductRegistration.getFullStatus", json!({}))?;
        let allowed = status.pointer("/status/users").and_then(Value::as_i64);
        let count = self.session.call("Users.getMailboxCount", json!({}))?;
        let used = count.pointer("/count/active").and_then(Value::as_u64);
        let (Some(allowed), Some(used)) = (allowed, used) else {
            return Err(KerioError::Refused(Refusal::new(
                "Users.getMailboxCount",
                0,
                "the answer holds no count of users",
            )));
        };
        // -2 means that there is no limit.
        Ok(Seats { used: u32::try_from(used).unwrap_or(u32::MAX), allowed: u32::try_from(allowed).ok() })
    }

    /// How many users a domain has and may have (B10).
    pub(super) fn user_limit(&self, domain_id: &str) -> Result<UserLimit, KerioError> {
        const METHOD: &str = "Domains.getUserCountInfo";
        let result = self.session.call(METHOD, json!({"domainId": domain_id}))?;
        let missing = || KerioError::Refused(Refusal::new(METHOD, 0, "the answer holds no count of users"));
        let number = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok());
        let info = result.get("countInfo").ok_or_else(missing)?;
        let most = info.get("allowedUsers").ok_or_else(missing)?;
        let unlimited = most.get("isUnlimited").and_then(Value::as_bool).unwrap_or_default();
        let used = number(info.get("currentUsers")).ok_or_else(missing)?;
        let allowed = number(most.get("allowedUsers")).or_else(|| number(most.get("limit")));
        Ok(UserLimit {
            seats: Seats { used, allowed: if unlimited { None } else { Some(allowed.ok_or_else(missing)?) } },
            of_domain: text(most, "limitType") == "DomainLimit",
        })
    }

    /// The server's own warnings (B11); empty if it reports none.
    pub fn warnings(&self) -> Vec<Alert> {
        match self.session.call("Server.getAlertList", json!({})) {
            Ok(result) => list(&result, "alerts").iter().filter_map(warning).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// See [`Administration::user_limit`].
pub(super) struct UserLimit {
    pub(super) seats: Seats,
    /// Whether the domain has a limit of its own; otherwise the licence's counts.
    pub(super) of_domain: bool,
}

impl Seats {
    /// Whether no seat is free.
    pub(super) fn are_full(&self) -> bool {
        self.allowed.is_some_and(|allowed| self.used >= allowed)
    }
}

fn product(session: &Session) -> String {
    let version = session.call("Server.getVersion", json!({}));
    let info = || session.call("Server.getProductInfo", json!({})).map(|result| result["info"].clone());
    let reported = version.or_else(|_| info()).unwrap_or_default();
    let name = [text(&reported, "product"), text(&reported, "productName")].into_iter().find(|name| !name.is_empty());
    format!("{} {}", name.unwrap_or_else(|| "Kerio Connect".to_owned()), text(&reported, "version"))
        .trim_end()
        .to_owned()
}

fn warning(alert: &Value) -> Option<Alert> {
    let (name, value) = (text(alert, "alertName"), text(alert, "currentValue"));
    Some(match name.as_str() {
        "LicenseExpired" => Alert::LicenceExpired,
        "LicenseTooManyUsers" => Alert::TooManyUsers,
        "SubscriptionExpired" => Alert::SubscriptionExpired,
        "StorageSpaceLow" => Alert::DiskNearlyFull { value },
        "" => return None,
        _ if text(alert, "alertType") == "Info" => return None,
        _ => Alert::Other { name, value },
    })
}
