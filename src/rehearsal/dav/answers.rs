//! The stand-in's answers to PROPFIND, REPORT, GET, PUT, MKCALENDAR and OPTIONS, as Kerio Connect gives them.

use super::store::{Folder, INBOX, Item, Put, Store, homes};
use crate::rehearsal::http::{Answer, Request};
use percent_encoding::percent_decode_str;

/// A missing property, as version 8.0 reports it.
const MISSING: &str = "<D:propstat><D:prop><D:quota/></D:prop><D:status>HTTP/1.1 404 NotFound</D:status></D:propstat>";
const BEGIN: &str = r#"<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:R="urn:ietf:params:xml:ns:carddav">"#;

pub(super) fn answer(store: &mut Store, user: &str, request: &Request) -> Answer {
    let path = percent_decode_str(&request.path).decode_utf8_lossy().into_owned();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    match request.method.as_str() {
        "OPTIONS" => {
            let classes = if store.behaviour.schedules {
                "1, 2, access-control, calendar-access, calendar-schedule, calendar-auto-schedule, addressbook"
            } else {
                "1, 2, access-control, calendar-access, addressbook"
            };
            Answer::new(200, "text/plain", "").with_header("DAV", classes.to_owned())
        }
        "PROPFIND" => propfind(store, user, &path, request.header("Depth").unwrap_or("0") != "0"),
        // The depth of such a request concerns only its own resource (RFC 6578, section 3.2).
        "REPORT" if body.contains("sync-collection") && request.header("Depth").unwrap_or("0") != "0" => {
            Answer::page(400, "Bad Request")
        }
        "REPORT" if body.contains("sync-collection") && store.behaviour.gives_tokens => changes(store, &path, &body),
        "REPORT" if body.contains("sync-collection") && store.behaviour.gives_pages => page(store, &path, &body),
        "REPORT" if body.contains("multiget") => match multiget(store, user, &body) {
            answer if store.behaviour.mixes_encodings => in_latin_1(answer),
            answer => answer,
        },
        "REPORT" if body.contains("calendar-query") => query(store, &path),
        "REPORT" if body.contains("addressbook-query") && store.behaviour.searches_cards => groups(store, &path),
        "GET" => match store.resources.get(&path).filter(|_| store.owns(user, &path)) {
            Some(item) => {
                Answer::new(200, "text/calendar", item.text.clone()).with_header("ETag", item.etag.to_string())
            }
            None => Answer::page(404, "Not Found"),
        },
        "PUT" if store.owns(user, &path) => {
            let only_new = request.header("If-None-Match") == Some("*");
            match store.put(user, &path, &body, only_new) {
                Put::Stored(etag) => Answer::new(201, "text/plain", "").with_header("ETag", etag.to_string()),
                Put::Exists => Answer::page(412, "Precondition Failed"),
                Put::NoFolder => Answer::page(409, "Conflict"),
                Put::TooLarge => Answer::page(413, "Content Too Large"),
                Put::UidTaken => Answer::new(
                    403,
                    "application/xml",
                    r#"<D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><C:no-uid-conflict/></D:error>"#,
                ),
            }
        }
        "MKCALENDAR" if store.owns(user, &path) => make_calendar(store, &path, &body),
        _ => Answer::page(403, "Forbidden"),
    }
}

fn multistatus(responses: &str) -> Answer {
    Answer::new(207, "application/xml; charset=utf-8", format!("{BEGIN}{responses}</D:multistatus>"))
}

/// Writes the server's address in front of each href, as some servers do.
pub(super) fn with_address(answer: Answer, address: &str) -> Answer {
    answer.with_changed_body(|body| {
        let begin = "<D:response><D:href>";
        body.replace(&format!("{begin}/"), &format!("{begin}{address}/"))
    })
}

/// Encodes the answer in Latin-1 without declaring it.
fn in_latin_1(mut answer: Answer) -> Answer {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    answer.body = text.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect();
    answer
}

/// Adds entity declarations, with which an answer could grow without end.
pub(super) fn with_entities(answer: Answer) -> Answer {
    answer.with_changed_body(|body| {
        let declared = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><D:multistatus";
        body.replacen("<D:multistatus", declared, 1)
    })
}

fn response(path: &str, properties: &str) -> String {
    let path = escaped(&path.replace('%', "%25"));
    format!(
        "<D:response><D:href>{path}</D:href><D:propstat><D:prop>{properties}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>{MISSING}</D:response>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn propfind(store: &Store, user: &str, path: &str, with_children: bool) -> Answer {
    let (calendars, contacts) = homes(user);
    let principal = principal(user);
    let inbox = format!("{calendars}schedule-inbox/");
    if path.trim_end_matches('/') == "/caldav" || path == "/" {
        let properties = format!("<D:current-user-principal><D:href>{principal}</D:href></D:current-user-principal>");
        return multistatus(&response(path, &properties));
    }
    if path.trim_end_matches('/') == principal {
        let scheduling = if store.behaviour.schedules {
            format!("<C:schedule-inbox-URL><D:href>{inbox}</D:href></C:schedule-inbox-URL>")
        } else {
            String::new()
        };
        let properties = format!(
            "<C:calendar-home-set><D:href>{calendars}</D:href></C:calendar-home-set><R:addressbook-home-set><D:href>{contacts}</D:href></R:addressbook-home-set>{scheduling}"
        );
        return multistatus(&response(path, &properties));
    }
    if path == inbox && !with_children {
        let properties = format!(
            "<C:schedule-default-calendar-URL><D:href>{calendars}calendar/</D:href></C:schedule-default-calendar-URL>"
        );
        return multistatus(&response(path, &properties));
    }
    if !store.owns(user, path) {
        return Answer::page(404, "Not Found");
    }
    let mut responses = String::new();
    if let Some(folder) = store.folders.get(path) {
        responses.push_str(&response(path, &folder_properties(store, user, folder)));
    } else if path == calendars || path == contacts {
        responses.push_str(&response(path, "<D:resourcetype><D:collection/></D:resourcetype>"));
    } else {
        return Answer::page(404, "Not Found");
    }
    if with_children {
        let is_listed =
            |folder: &Folder| store.behaviour.lists_all_collections || !matches!(folder.component, "VTODO" | "VCARD");
        for (place, folder) in store.folders.iter().filter(|(place, _)| is_child(path, place)) {
            if is_listed(folder) {
                responses.push_str(&response(place, &folder_properties(store, user, folder)));
            }
        }
        let is_cut = store.folders.iter().any(|(place, folder)| is_child(path, place) && !is_listed(folder));
        let items: Vec<_> = store.resources.iter().filter(|(place, _)| is_child(path, place)).collect();
        for (place, item) in items.iter().take(store.behaviour.lists_at_most) {
            let properties = format!(
                "<D:resourcetype/><D:getetag>{}</D:getetag><D:getcontentlength>{}</D:getcontentlength>",
                item.etag,
                item.text.len()
            );
            responses.push_str(&response(place, &properties));
        }
        if is_cut || items.len() > store.behaviour.lists_at_most {
            responses.push_str(&format!(
                "<D:response><D:href>{path}</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status></D:response>"
            ));
        }
    }
    multistatus(&responses)
}

fn principal(user: &str) -> String {
    let (local, domain) = user.split_once('@').unwrap_or((user, "localhost"));
    format!("/caldav/users/{domain}/{local}")
}

fn is_child(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| {
        let name = rest.trim_end_matches('/');
        !name.is_empty() && !name.contains('/')
    })
}

fn folder_properties(store: &Store, user: &str, folder: &Folder) -> String {
    let kind = match folder.component {
        "" => "<D:resourcetype><D:collection/></D:resourcetype>".to_owned(),
        INBOX => "<D:resourcetype><D:collection/><C:calendar/><C:schedule-inbox/></D:resourcetype>".to_owned(),
        "VCARD" => "<D:resourcetype><D:collection/><R:addressbook/></D:resourcetype>".to_owned(),
        component => format!(
            "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><C:supported-calendar-component-set><C:comp name=\"{component}\"/></C:supported-calendar-component-set>"
        ),
    };
    let token = match store.behaviour.gives_tokens {
        true => format!("<D:sync-token>sync/{}</D:sync-token>", store.number()),
        false => String::new(),
    };
    let owner = principal(folder.owner.as_deref().unwrap_or(user));
    let owner = format!("<D:owner><D:href>{}</D:href></D:owner>", escaped(&owner));
    format!("{kind}<D:displayname>{}</D:displayname>{owner}{token}", escaped(&folder.name))
}

fn multiget(store: &Store, user: &str, body: &str) -> Answer {
    let hrefs = body.split("<D:href>").skip(1).filter_map(|rest| rest.split("</D:href>").next());
    let data = if body.contains("addressbook-multiget") { "R:address-data" } else { "C:calendar-data" };
    let mut responses = String::new();
    for href in hrefs.take(store.behaviour.delivers_at_most) {
        let path = percent_decode_str(href).decode_utf8_lossy().into_owned();
        match store.resources.get(&path).filter(|_| store.owns(user, &path)) {
            Some(item) => {
                let text = if data == "R:address-data" {
                    format!("<![CDATA[{}]]>", item.text.replace("]]>", ""))
                } else {
                    escaped(&item.text).replace('\r', "&#13;")
                };
                let properties = format!("<D:getetag>{}</D:getetag><{data}>{text}</{data}>", item.etag);
                responses.push_str(&response(&path, &properties));
            }
            None => responses.push_str(&format!(
                "<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 404 NotFound</D:status></D:response>"
            )),
        }
    }
    multistatus(&responses)
}

/// The changes in a folder since a token.
fn changes(store: &Store, folder: &str, body: &str) -> Answer {
    let token = body.split("<D:sync-token>").nth(1).and_then(|rest| rest.split("</D:sync-token>").next());
    let number = match token.unwrap_or_default() {
        "" => Some(0),
        token => token.strip_prefix("sync/").and_then(|number| number.parse().ok()),
    };
    let Some(changed) = number.and_then(|number| store.changed_since(number)) else {
        let refusal = r#"<D:error xmlns:D="DAV:"><D:valid-sync-token/></D:error>"#;
        return Answer::new(403, "application/xml", refusal);
    };
    let one = |path: &str| match store.resources.get(path) {
        Some(item) => response(path, &format!("<D:resourcetype/><D:getetag>{}</D:getetag>", item.etag)),
        None => {
            let path = escaped(path);
            format!("<D:response><D:href>{path}</D:href><D:status>HTTP/1.1 404 NotFound</D:status></D:response>")
        }
    };
    let changed: String = changed.into_iter().filter(|path| is_child(folder, path)).map(one).collect();
    multistatus(&format!("{changed}<D:sync-token>sync/{}</D:sync-token>", store.number()))
}

/// The next page of a listing (RFC 6578). The token is the number of items on earlier pages.
fn page(store: &Store, path: &str, body: &str) -> Answer {
    let token = body.split("<D:sync-token>").nth(1).and_then(|rest| rest.split("</D:sync-token>").next());
    let before: usize = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let items: Vec<_> = store.resources.iter().filter(|(place, _)| is_child(path, place)).collect();
    let mut responses = String::new();
    for (place, item) in items.iter().skip(before).take(store.behaviour.lists_at_most) {
        responses.push_str(&response(place, &format!("<D:resourcetype/><D:getetag>{}</D:getetag>", item.etag)));
    }
    let next = before + store.behaviour.lists_at_most;
    if items.len() > next {
        responses.push_str(&format!(
            "<D:response><D:href>{path}</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status></D:response>"
        ));
    }
    multistatus(&format!("{responses}<D:sync-token>{next}</D:sync-token>"))
}

/// The tasks of a calendar.
fn query(store: &Store, path: &str) -> Answer {
    let tasks =
        store.resources.iter().filter(|(place, item)| is_child(path, place) && item.text.contains("BEGIN:VTODO"));
    multistatus(
        &tasks
            .map(|(place, item)| response(place, &format!("<D:getetag>{}</D:getetag>", item.etag)))
            .collect::<String>(),
    )
}

/// The groups of an address book.
fn groups(store: &Store, path: &str) -> Answer {
    let is_group = |item: &Item| item.text.to_lowercase().contains("kind:group");
    let found = store.resources.iter().filter(|(place, item)| is_child(path, place) && is_group(item));
    let one = |(place, item): (&String, &Item)| {
        let text = escaped(&item.text).replace('\r', "&#13;");
        response(place, &format!("<D:getetag>{}</D:getetag><R:address-data>{text}</R:address-data>", item.etag))
    };
    multistatus(&found.map(one).collect::<String>())
}

fn make_calendar(store: &mut Store, path: &str, body: &str) -> Answer {
    if !store.behaviour.makes_calendars {
        return Answer::page(403, "Forbidden");
    }
    let name = body.split("<D:displayname>").nth(1).and_then(|rest| rest.split("</D:displayname>").next());
    let name = name.unwrap_or("New").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let component = if body.contains("VTODO") { "VTODO" } else { "VEVENT" };
    let path = if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
    store.folders.insert(path.clone(), Folder { name, component, owner: None });
    if store.behaviour.complains {
        let inside = format!(
            "<D:response><D:href>{path}</D:href><D:propstat><D:prop><D:displayname/></D:prop><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat></D:response>"
        );
        return multistatus(&inside);
    }
    Answer::new(201, "text/plain", "")
}
