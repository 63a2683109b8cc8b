//! Items as people have them: series with exceptions, zones, alarms, meetings with participants, attachments, contacts in each version.

use crate::support::dav::DavClient;

pub(crate) const BERLIN: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";

/// A calendar object around components.
pub(crate) fn calendar(components: &str) -> String {
    let zone = if components.contains("TZID=Europe/Berlin") { BERLIN } else { "" };
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{zone}{components}END:VCALENDAR\r\n")
}

pub(crate) fn event(uid: &str, lines: &str) -> String {
    format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20200101T000000Z\r\n{lines}END:VEVENT\r\n")
}

/// Events, each a calendar object of its own.
pub(crate) fn events() -> Vec<(String, String)> {
    let series = event(
        "series@example.com",
        "DTSTART;TZID=Europe/Berlin:20240102T093000\r\nDTEND;TZID=Europe/Berlin:20240102T103000\r\nRRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=20\r\nEXDATE;TZID=Europe/Berlin:20240109T093000\r\nSUMMARY:Jour fixe\\, weekly\r\nDESCRIPTION:Ärger vermeiden\\nZeile zwei\r\nLOCATION:Raum 3\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\n",
    ) + &event(
        "series@example.com",
        "RECURRENCE-ID;TZID=Europe/Berlin:20240116T093000\r\nDTSTART;TZID=Europe/Berlin:20240116T140000\r\nDTEND;TZID=Europe/Berlin:20240116T150000\r\nSUMMARY:Jour fixe\\, later\r\n",
    );
    let meeting = event(
        "meeting@example.com",
        "DTSTART:20200101T090000Z\r\nDTEND:20200101T100000Z\r\nSUMMARY:Old meeting\r\nDESCRIPTION:Bring cake.\r\nORGANIZER;CN=Ann:mailto:ann@example.com\r\nATTENDEE;CN=Ben;PARTSTAT=ACCEPTED:mailto:ben@example.com\r\nATTENDEE;CN=Eve;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:eve@elsewhere.example\r\n",
    );
    let day = event(
        "day@example.com",
        "DTSTART;VALUE=DATE:20240504\r\nDTEND;VALUE=DATE:20240506\r\nSUMMARY:Betriebsausflug\r\nCATEGORIES:Firma,Spaß\r\nTRANSP:TRANSPARENT\r\n",
    );
    let floating = event("floating@example.com", "DTSTART:20240601T070000\r\nDURATION:PT45M\r\nSUMMARY:Run\r\n");
    let attached = event(
        "attached@example.com",
        "DTSTART:20240601T070000Z\r\nDTEND:20240601T080000Z\r\nSUMMARY:With a file\r\nATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:SGVsbG8gd29ybGQ=\r\nATTACH:https://files.example.com/a.pdf\r\n",
    );
    let all = [("series", series), ("meeting", meeting), ("day", day), ("floating", floating), ("attached", attached)];
    all.into_iter().map(|(name, components)| (name.to_owned(), calendar(&components))).collect()
}

pub(crate) fn task(uid: &str, lines: &str) -> String {
    calendar(&format!("BEGIN:VTODO\r\nUID:{uid}\r\nDTSTAMP:20200101T000000Z\r\n{lines}END:VTODO\r\n"))
}

pub(crate) fn tasks() -> Vec<(String, String)> {
    vec![
        (
            "tax".to_owned(),
            task(
                "tax@example.com",
                "SUMMARY:Steuer\r\nDUE;VALUE=DATE:20240731\r\nPRIORITY:1\r\nSTATUS:NEEDS-ACTION\r\n",
            ),
        ),
        (
            "done".to_owned(),
            task(
                "done@example.com",
                "SUMMARY:Done\r\nSTATUS:COMPLETED\r\nCOMPLETED:20240101T120000Z\r\nPERCENT-COMPLETE:100\r\n",
            ),
        ),
    ]
}

pub(crate) fn cards() -> Vec<(String, String)> {
    let card = |lines: &str| format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}END:VCARD\r\n");
    vec![
        (
            "keller".to_owned(),
            card(
                "UID:keller@example.com\r\nFN:Jörg Keller\r\nN:Keller;Jörg;;Dr.;\r\nORG:Nordwind GmbH;Einkauf\r\nTEL;TYPE=WORK,VOICE:+49 30 1234\r\nTEL;TYPE=CELL:+49 170 1\r\nEMAIL;TYPE=INTERNET:joerg@nordwind.example\r\nADR;TYPE=WORK:;;Hauptstr. 1;Berlin;;10115;Germany\r\nNOTE:Zeile eins\\nZeile zwei\\, mit Komma\r\nBDAY:1970-04-12\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////2wBDAf//////////////////////////////////////////////////////////////////////////////////////wAARCAABAAEDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/2gAMAwEAAhADEAAAAX//xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAEFAn//2Q==\r\n",
            ),
        ),
        ("short".to_owned(), card("UID:short@example.com\r\nFN:Short\r\nN:Short;;;;\r\n")),
    ]
}

/// Fills an account whose collections are at these paths.
pub(crate) fn fill(client: &DavClient, calendar: &str, tasks_at: &str, book: &str) -> usize {
    let mut all = 0;
    for (name, text) in events() {
        client.put(&format!("{calendar}{name}.ics"), "text/calendar; charset=utf-8", &text);
        all += 1;
    }
    for (name, text) in tasks() {
        client.put(&format!("{tasks_at}{name}.ics"), "text/calendar; charset=utf-8", &text);
        all += 1;
    }
    for (name, text) in cards() {
        client.put(&format!("{book}{name}.vcf"), "text/vcard; charset=utf-8", &text);
        all += 1;
    }
    all
}
