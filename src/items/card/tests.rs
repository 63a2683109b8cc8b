//! Contacts converted to vCard 3.0.

use super::*;
use crate::items::Differences;

fn card(version: &str, lines: &str) -> (Card, Changes) {
    let text = format!("BEGIN:VCARD\r\nVERSION:{version}\r\n{lines}\r\nEND:VCARD\r\n");
    split_cards(&text, "seed").remove(0).unwrap()
}

#[test]
fn every_version_becomes_the_same_contact() {
    let three = "FN:Jörg Äpfel\r\nN:Äpfel;Jörg;;;\r\nUID:u\r\nTEL;TYPE=HOME,PREF:+49 30\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/\r\nNOTE:a\\, b\\nc";
    let two = "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg =\r\n=C3=84pfel\r\nN;ISO-8859-1;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:=C4pfel;J=F6rg;;;\r\nUID:u\r\nTEL;HOME;PREF:+49 30\r\nPHOTO;BASE64;JPEG:\r\n /9j/\r\n\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a, b=0D=0Ac";
    let four = "FN:Jörg Äpfel\r\nN:Äpfel;Jörg;;;\r\nUID:u\r\nTEL;VALUE=uri;TYPE=home;PREF=1:tel:+49 30\r\nPHOTO:data:image/jpeg;base64,/9j/\r\nNOTE:a\\, b\\nc";
    let (three, _) = card("3.0", three);
    for (version, lines) in [("2.1", two), ("4.0", four)] {
        let (other, _) = card(version, lines);
        assert_eq!(three.differences(&other), Differences::new(), "{version}: {}", other.text());
    }
}

#[test]
fn what_programs_write_in_version_2_1_means_what_they_mean() {
    let same = [
        ("NOTE;ENCODING=QUOTED-PRINTABLE:C:\\new=0D=0Aa, b", "NOTE:C:\\\\new\\na\\, b"),
        ("NOTE:a\\, b, c\\nd", "NOTE:a\\, b\\, c\\nd"),
        ("NOTE;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=93=FA=96{", "NOTE:\u{65e5}\u{672c}"),
        ("NOTE;CHARSET=windows-1251;QUOTED-PRINTABLE:=CF=B8=F2=F0", "NOTE:\u{41f}\u{451}\u{442}\u{440}"),
        ("NOTE;ENCODING=BASE64;CHARSET=UTF-8:SsO2cmc=", "NOTE:J\u{f6}rg"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:one=\r\n two=\r\n=20three", "NOTE:one two three"),
        ("CATEGORIES:Friends,Work", "CATEGORIES:Friends,Work"),
        ("URL:http://example.com/a,b", "URL:http://example.com/a,b"),
        (
            "ADR;WORK:;;Hauptstr. 1, Hof\\; links;Berlin;;10115;",
            "ADR;TYPE=WORK:;;Hauptstr. 1\\, Hof\\; links;Berlin;;10115;",
        ),
    ];
    for (two, three) in same {
        let ((two, changes), (three, _)) =
            (card("2.1", &format!("FN:A\r\n{two}")), card("3.0", &format!("FN:A\r\n{three}")));
        assert_eq!((two.differences(&three), changes), (Differences::new(), Changes::new()), "{}", two.text());
    }
    let (_, changes) = card("2.1", "FN;CHARSET=NOBODYS;ENCODING=QUOTED-PRINTABLE:J=F6rg");
    assert!(matches!(&changes[..], [ItemChange::CharacterSet { charset, .. }] if charset == "NOBODYS"), "{changes:?}");
    let (_, changes) = card("2.1", "FN:A\r\nAGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:B\r\nEND:VCARD");
    assert!(changes[0].loses(), "a person within a person is named: {changes:?}");
}

#[test]
fn a_picture_is_the_same_however_it_is_written() {
    let plain = card("3.0", "FN:A\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/").0;
    for (version, written) in [
        ("3.0", "PHOTO;VALUE=URI:data:image/jpeg;base64,/9j/"),
        ("3.0", "PHOTO:data:image/jpeg\\;base64\\,/9j/"),
        ("4.0", "PHOTO:data:image/jpeg;base64\\,/9j/"),
        ("4.0", "PHOTO:DATA:image/jpeg;charset=x;BASE64,/9j/"),
        ("2.1", "PHOTO;JPEG;ENCODING=BASE64:\r\n  /9\r\n  j/\r\n"),
    ] {
        let other = card(version, &format!("FN:A\r\n{written}")).0;
        assert_eq!(plain.differences(&other), Differences::new(), "{written}");
        assert!(other.text().contains("PHOTO;ENCODING=b;TYPE=JPEG:/9j/"), "{}", other.text());
    }
}

#[test]
fn what_is_missing_is_made_and_named() {
    let (named, changes) = card("3.0", "ORG:Nordwind;Sales\r\nEMAIL:a@b.c");
    assert_eq!((named.name().title.as_str(), changes.len()), ("Nordwind", 1));
    let (named, changes) = card("3.0", "N:Keller;Ann;;;");
    assert_eq!((named.name().title.as_str(), changes.len()), ("Ann Keller", 0));
    assert_eq!(card("3.0", "EMAIL:a@b.c").0.uid(), card("3.0", "EMAIL:a@b.c").0.uid());
    let (card, changes) = card("4.0", "FN:A\r\nBDAY:--0412\r\nPHOTO:data:image/png;base64,iVBORw0KGgo=").0.for_kerio();
    assert!(card.text().contains("BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12"), "{}", card.text());
    assert!(!card.text().contains("PHOTO") && changes == [ItemChange::PictureNotJpeg] && changes[0].loses());
}

#[test]
fn a_group_and_what_is_no_card_are_named() {
    for text in
        ["BEGIN:VCARD\nKIND:group\nFN:All\nEND:VCARD", "BEGIN:VEVENT\nEND:VEVENT", "nonsense", "BEGIN:VCARD\nFN:x"]
    {
        assert!(split_cards(text, "").iter().all(Result::is_err), "{text}");
    }
}
