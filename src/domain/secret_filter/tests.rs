//! What is taken out, and what is not.

use super::*;
use crate::domain::{Secret, is_invisible};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

fn filter(secrets: &[&str]) -> SecretFilter {
    let mut filter = SecretFilter::default();
    for secret in secrets {
        filter.add("ann@example.com", &Secret::new(*secret));
    }
    filter
}

#[test]
fn a_secret_is_taken_out_in_every_form_it_travels_in() {
    let filter = filter(&["pa\"ss\\wörd"]);
    for text in [
        "LOGIN ann \"pa\\\"ss\\\\wörd\"",
        "raw pa\"ss\\wörd.",
        "AUTHENTICATE PLAIN AGFubkBleGFtcGxlLmNvbQBwYSJzc1x3w7ZyZA==",
        "cGEic3Ncd8O2cmQ=",
        &format!("{:?}", "pa\"ss\\wörd"),
        &serde_json::to_string("pa\"ss\\wörd").unwrap(),
    ] {
        let clean = filter.clean(text, false);
        assert!(clean.contains('…') && !clean.contains("ss") && !clean.contains("cGE"), "{clean}");
    }
}

#[test]
fn a_secret_that_a_server_sends_back_is_taken_out_however_it_is_written() {
    let secret = "Geheim+12 ü";
    let filter = filter(&[secret]);
    let sasl = |before: &str, after: &str| BASE64_STANDARD_NO_PAD.encode(format!("{before}{secret}{after}"));
    let percent_all: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let utf16: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    for text in [
        "GEHEIM+12 Ü".to_owned(),
        "geheim+12 ü".to_owned(),
        sasl("", ""),
        sasl("a", ""),
        sasl("\0whoever\0", "\u{1}\u{1}"),
        sasl("ab", "tail"),
        BASE64_URL_SAFE_NO_PAD.encode(format!("~{secret}???")),
        "Geheim%2B12%20%C3%BC".to_owned(),
        "Geheim%2b12+%c3%bc".to_owned(),
        percent_all,
        utf16,
        "Geheim+1".to_owned(),
        // As a folder name, and with more behind it in the same sequence.
        "Geheim+12 &APw-".to_owned(),
        "Geheim+12 &APwA9g-".to_owned(),
        "Geheim+12 &APw".to_owned(),
        hex.clone(),
        hex.to_uppercase(),
        hex[..22].to_owned(),
        hex[..21].to_owned(),
        hex[6..].to_owned(),
        "Geheim+12=20=C3=BC".to_owned(),
        secret.bytes().map(|byte| format!("\\x{byte:02X}")).collect(),
        "heim+12 ü".to_owned(),
        "EIM+12 Ü".to_owned(),
        sasl("", "")[5..].to_owned(),
        sasl("a", "tail")[6..].to_owned(),
    ] {
        let said = format!("NO refused: {text}");
        assert_eq!(filter.clean(&said, true), "NO refused: …", "{text}");
    }
    assert_eq!(filter.clean("it was Geheim+1… again", true), "it was …… again");
    assert_eq!(filter.clean("and …heim+12 ü", true), "and ……");
    for harmless in ["a Geheimnis, 100% sure", "1+12 ü", "Müheim+12 ü", "AT&T, R&D, a=b&c=d", "&", "=", "50%"] {
        assert_eq!(filter.clean(harmless, true), harmless);
    }
}

#[test]
fn a_part_that_is_a_word_stays_unless_something_cut_it_off_there() {
    let filter = filter(&["Sommer2024", "7-Zwerge"]);
    for (said, clean) in [
        ("im Sommer war es warm", "im Sommer war es warm"),
        ("die Zwerge; Sommer", "die Zwerge; Sommer"),
        ("LOGIN ann Sommer…", "LOGIN ann ……"),
        ("LOGIN ann Sommer... and so on", "LOGIN ann …... and so on"),
        ("…Zwerge", "……"),
        ("Sommer20 was wrong", "… was wrong"),
        ("Sommer202", "…"),
        ("it was ommer2024", "it was …"),
        ("-Zwerge", "…"),
    ] {
        assert_eq!(filter.clean(said, true), clean);
    }
}

#[test]
fn a_very_short_secret_is_taken_out_of_the_words_of_others_where_it_is_a_word() {
    let filter = filter(&["abc"]);
    assert_eq!(filter.clean("NO 'ABC' of ann, abcd, cabc: abc", true), "NO '…' of ann, abcd, cabc: …");
    assert_eq!(filter.clean("UID abc", false), "UID abc");
}

#[test]
fn a_secret_is_taken_out_with_what_nobody_sees_within_it_and_however_unicode_writes_it() {
    let secret = "Gehüim-77\"xÄ\\y";
    let filter = filter(&[secret]);
    let with = |hidden: &str| format!("Geh{hidden}{}", &secret[3..]);
    let every = |hidden: &str| secret.chars().map(String::from).collect::<Vec<_>>().join(hidden);
    let wide = |c: char| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xfee0).unwrap() } else { c };
    let hidden = [
        "\u{200b}",
        "\u{ad}",
        "\u{2060}",
        "\u{feff}",
        "\u{fe0f}",
        "\u{34f}",
        "\u{e0001}",
        "\u{202e}",
        "\t",
        "\r",
        "\u{8}",
        "\u{7f}",
        "\u{85}",
        "\u{1}",
        "\u{1b}",
        "\u{1b}[0m",
        "\u{1b}(B",
        "\u{9b}31m",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]8;;\u{1b}\\",
    ];
    let mut texts: Vec<String> = hidden.iter().flat_map(|hidden| [with(hidden), every(hidden)]).collect();
    texts.extend([
        "Gehu\u{308}im-77\"xA\u{308}\\y".to_owned(),
        secret.chars().map(wide).collect(),
        "gEHÜIM-77\"Xä\\Y".to_owned(),
    ]);
    for text in texts {
        let clean = filter.clean(&format!("NO <{text}> end"), true).into_owned();
        let left = clean.replace('…', "").chars().filter(|c| !is_invisible(*c)).collect::<String>();
        assert!(clean.contains('…') && left.len() <= "NO <> end".len() + 4, "{text:?}: {clean:?}");
    }
    // As it was typed, and as a server writes it.
    for (secret, text) in [
        ("Gru\u{308}n-1234", "GRÜN-1234"),
        ("a\tbcdefg", "abcdefg"),
        ("a\tbcdefg", "a\tbcdefg"),
        ("Straße-55", "STRASSE-55"),
        ("äöüß", "ÄöÜß"),
        ("äöü", "ÄÖÜ"),
    ] {
        assert_eq!(super::tests::filter(&[secret]).clean(&format!("NO <{text}>"), true), "NO <…>", "{text:?}");
    }
}

#[test]
fn a_middle_of_more_than_half_of_a_secret_is_taken_out_unless_it_is_a_word() {
    let filter = filter(&["Gehuim-77xzy", "1-Winter-2"]);
    for (said, clean) in [
        ("refused <ehuim-77xz>", "refused <…>"),
        ("refused <huim-77>", "refused <…>"),
        ("…huim-77…", "………"),
        ("refused <uim-77>", "refused <uim-77>"),
        ("refused <ehuim-77xza>", "refused <ehuim-77xza>"),
        ("in Winter it is cold", "in Winter it is cold"),
        ("…Winter", "……"),
    ] {
        assert_eq!(filter.clean(said, true), clean);
    }
}

#[test]
fn a_long_beginning_of_a_token_is_taken_out_even_if_it_is_less_than_half() {
    let token = "ya29.Ab7-".repeat(40);
    let filter = filter(&[&token]);
    let (one, other) = token.split_at(171);
    assert_eq!(filter.clean(&format!("bad {one} {other} end"), true), "bad … … end");
    assert_eq!(filter.clean(&format!("bad {} end", &token[..80]), true), "bad … end");
}

#[test]
fn ordinary_words_stay_when_only_their_accents_or_invisible_characters_are_like_a_secret() {
    let filter = filter(&["Größe-2024", "abc", "administrator"]);
    for text in ["die Größe ist\tgut", "Gro\u{308}\u{df}e", "ab\u{200b}cd", "The administration refused", "a\r\nb\tc"]
    {
        assert_eq!(filter.clean(text, true), text);
    }
    assert_eq!(filter.clean("\u{200b}abc", true), "\u{200b}…");
}

#[test]
fn the_longest_of_several_secrets_is_taken_out() {
    let filter = filter(&["secret", "secret1234", "secret12"]);
    assert_eq!(filter.clean("a secret1234, secret12, secret1 secr", false), "a …, …, … …");
}

#[test]
fn a_text_without_secrets_stays_as_it_is() {
    assert!(matches!(filter(&["hunter2"]).clean("nothing to see: hunters, hunting, ü", true), Cow::Borrowed(_)));
    assert_eq!(filter(&["abc", ""]).clean("abc", false), "abc");
}

#[test]
fn five_thousand_secrets_do_not_slow_a_line_down() {
    let secrets: Vec<String> = (0..5000).map(|n| format!("{:x}-secret", n * 7919)).collect();
    let filter = filter(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    let line = "UID FETCH 1:500 (UID RFC822.SIZE FLAGS INTERNALDATE) ".repeat(20_000);
    let started = std::time::Instant::now();
    assert!(matches!(filter.clean(&line, false), Cow::Borrowed(_)));
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?} for a megabyte", started.elapsed());
}

/// What a secret becomes in encodings that a server, a proxy or a token program may write.
fn encoded(secret: &str) -> Vec<String> {
    let join = |each: &dyn Fn(u8) -> String, between: &str| secret.bytes().map(each).collect::<Vec<_>>().join(between);
    let hex = |between: &str| join(&|byte| format!("{byte:02x}"), between);
    let little: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = secret.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let latin: Vec<u8> = secret.chars().map(|c| c as u8).collect();
    let each = |each: &dyn Fn(char) -> String| secret.chars().map(each).collect::<String>();
    let named = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '"' => "&quot;".to_owned(),
        'ü' => "&uuml;".to_owned(),
        c => c.to_string(),
    };
    let percent = |bytes: &[u8]| bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let base64 = BASE64_STANDARD_NO_PAD.encode(secret);
    // Shifted, each for itself, as UTF-7 (RFC 2152) and in names of folders (RFC 3501).
    let shifted = |mark: char, c: char| match c {
        c if c == mark => format!("{mark}-"),
        c if c.is_ascii() => c.to_string(),
        c => format!("{mark}{}-", BASE64_STANDARD_NO_PAD.encode((c as u16).to_be_bytes())),
    };
    let in_a_header = |byte: u8| match byte {
        b' ' => "_".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("={byte:02X}"),
    };
    let quoted_printable = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || byte == b'_' => char::from(byte).to_string(),
        byte => format!("={byte:02X}"),
    };
    vec![
        join(&quoted_printable, ""),
        each(&|c| shifted('+', c)),
        each(&|c| shifted('&', c)),
        format!("=?utf-8?Q?{}?=", join(&in_a_header, "")),
        hex(" "),
        hex(":").to_uppercase(),
        hex("-"),
        hex(", "),
        hex(", 0x").replacen("", "0x", 1),
        join(&|byte| format!("\\{byte:03o}"), ""),
        join(&|byte| byte.to_string(), ", "),
        format!("[{}]", join(&|byte| byte.to_string(), ",")),
        hex("").as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "),
        little.iter().map(|byte| format!("{byte:02x}")).collect(),
        big.iter().map(|byte| format!("{byte:02x} ")).collect::<String>().trim_end().to_owned(),
        latin.iter().map(|byte| format!("{byte:02x}:")).collect::<String>().trim_end_matches(':').to_owned(),
        BASE64_STANDARD_NO_PAD.encode(&little),
        BASE64_STANDARD_NO_PAD.encode([&b"x"[..], &little].concat()),
        BASE64_STANDARD_NO_PAD.encode(&big),
        BASE64_STANDARD_NO_PAD.encode(&latin),
        each(&named),
        each(&|c| format!("&#{};", c as u32)),
        each(&|c| format!("&#x{:X};", c as u32)),
        each(&|c| format!("\\u{:04x}", c as u32)),
        percent(&latin),
        percent(&percent(secret.as_bytes()).into_bytes()),
        join(&|byte| format!("={byte:02X}"), "=\r\n"),
        format!("=?utf-8?Q?{}?=", join(&|byte| format!("={byte:02X}"), "")),
        each(&named).replace('&', "\\u0026"),
        format!("{}\r\n {}", &base64[..6], &base64[6..]),
        secret.bytes().map(char::from).collect(),
    ]
}

#[test]
fn a_secret_is_taken_out_in_every_encoding_that_a_server_may_write_it_in() {
    for secret in ["Ge<he&im\"1ü2", "Sommer-2024!", "ü\u{e4}-12345", "zu_24 ö+7 x9"] {
        let filter = filter(&[secret]);
        for text in encoded(secret) {
            let clean = filter.clean(&format!("NO refused: {text} (try again)"), true).into_owned();
            let left = clean.strip_prefix("NO refused: ").and_then(|rest| rest.strip_suffix(" (try again)"));
            let is_out = left.is_some_and(|left| matches!(left, "…" | "[…]" | "=?utf-8?Q?…?=" | "0x…"));
            assert!(is_out, "{secret} as {text}: {clean}");
        }
    }
    let filter = filter(&["Sommer-2024!", "Gr\u{1f600}ße-77"]);
    assert_eq!(filter.clean("as Gr\\ud83d\\ude00\\u00dfe-77.", true), "as ….");
    for harmless in [
        "UID FETCH 83,111,109,109,101,113 (FLAGS)",
        "10:20:30:40 [71, 101, 104]",
        "&lt;b&gt; &uuml; &#252; &unknown; &",
        "line\r\n next\r\n",
        "deadbeef c0ffee 12 34",
        "R&D+x +- &-",
    ] {
        assert_eq!(filter.clean(harmless, true), harmless);
    }
}

#[test]
fn a_text_made_to_be_looked_at_for_long_is_not() {
    let secrets: Vec<String> = (0..2000).map(|n| format!("{:x}-secret", n * 7919)).collect();
    let filter = filter(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    for piece in [
        "\\x41%41=41&amp;+AEE-\n41 65,",
        "1,",
        "a1 ",
        "%25",
        "&#37;",
        "+AAAAAAAA-",
        "e\u{301}\u{200b}",
        "\u{301}\u{323}",
        "\u{1b}]",
        "\u{fdfa}",
    ] {
        let line = piece.repeat((256 << 10) / piece.len());
        let started = std::time::Instant::now();
        filter.clean(&line, true);
        assert!(started.elapsed() < std::time::Duration::from_secs(30), "{piece}: {:?}", started.elapsed());
    }
}
