//! From octets to text: which encoding a file has, and its characters.
//!
//! A byte order mark decides; without one, UTF-16 is recognised by where its zero octets stand, UTF-8 by its own rules, and what
//! is left is one of two old Windows code pages, told apart by which reading gives plausible letters. A password read in the
//! wrong encoding would be a wrong password, so a guess is always said.

use encoding_rs::{WINDOWS_1250, WINDOWS_1252};
use zeroize::Zeroizing;

/// How a file's characters are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, the low octet first.
    Utf16Le,
    /// UTF-16, the high octet first.
    Utf16Be,
    /// Windows-1250: Central European.
    Windows1250,
    /// Windows-1252: Western European.
    Windows1252,
}

impl Encoding {
    /// The usual name.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le | Encoding::Utf16Be => "UTF-16",
            Encoding::Windows1250 => "Windows-1250 (Central European)",
            Encoding::Windows1252 => "Windows-1252 (Western European)",
        }
    }

    /// What the user should know when the encoding is a guess.
    pub fn note(self) -> Option<&'static str> {
        match self {
            Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be => None,
            Encoding::Windows1250 => Some(
                "The file is not UTF-8 and was read as Windows-1250 (Central European). If a name looks wrong, save the file as UTF-8 and load it again.",
            ),
            Encoding::Windows1252 => Some(
                "The file is not UTF-8 and was read as Windows-1252 (Western European). If a name looks wrong, save the file as UTF-8 and load it again.",
            ),
        }
    }
}

/// What to say of a file that is no text; none for a text.
pub(super) fn foreign_format(octets: &[u8]) -> Option<&'static str> {
    const SAVE_AS_CSV: &str =
        "The file is a spreadsheet or another document. Save it as CSV (UTF-8, separated by semicolons) and load that.";
    let magic: [&[u8]; 4] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf"];
    if magic.iter().any(|magic| octets.starts_with(magic)) {
        return Some(SAVE_AS_CSV);
    }
    let start = &octets[..octets.len().min(64 * 1024)];
    let control = |octet: &&u8| matches!(octet, 0..=8 | 14..=25 | 28..=31);
    let is_text = utf16(octets).is_some() || start.iter().filter(control).count() * 20 <= start.len();
    (!is_text).then_some("The file is not a text. Choose the CSV file with the accounts.")
}

/// The text of a file, in memory that is wiped and was allocated once.
pub(super) fn decode(octets: &[u8]) -> (Zeroizing<String>, Encoding) {
    if let Some((encoding, mark)) = utf16(octets) {
        return (decode_utf16(&octets[mark..], encoding), encoding);
    }
    let marked = octets.strip_prefix(b"\xef\xbb\xbf");
    let octets = marked.unwrap_or(octets);
    let (mut broken, mut whole) = (0, 0);
    for chunk in octets.utf8_chunks() {
        broken += usize::from(!chunk.invalid().is_empty());
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
    }
    // A damaged UTF-8 file stays one: only its broken lines are refused, and no other password is misread.
    if broken == 0 || marked.is_some() || whole > broken {
        let mut text =
            Zeroizing::new(String::with_capacity(octets.len() + broken * char::REPLACEMENT_CHARACTER.len_utf8()));
        for chunk in octets.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        return (text, Encoding::Utf8);
    }
    let central = decode_code_page(octets, WINDOWS_1250);
    let western = decode_code_page(octets, WINDOWS_1252);
    if plausibility(&central, &western) > plausibility(&western, &central) {
        (central, Encoding::Windows1250)
    } else {
        (western, Encoding::Windows1252)
    }
}

/// The order of the octets if this is UTF-16, and the length of the byte order mark.
fn utf16(octets: &[u8]) -> Option<(Encoding, usize)> {
    match octets {
        [0xff, 0xfe, ..] => return Some((Encoding::Utf16Le, 2)),
        [0xfe, 0xff, ..] => return Some((Encoding::Utf16Be, 2)),
        _ => {}
    }
    // Addresses and separators are ASCII, so that in each line many high octets are zero, and nearly no low one.
    let pairs = octets[..octets.len().min(64 * 1024)].chunks_exact(2);
    let (count, mut first, mut second) = (pairs.len(), 0, 0);
    for pair in pairs {
        first += usize::from(pair[0] == 0);
        second += usize::from(pair[1] == 0);
    }
    let mostly = |high: usize, low: usize| count > 0 && high * 4 >= count && low * 20 <= count;
    if mostly(second, first) {
        Some((Encoding::Utf16Le, 0))
    } else if mostly(first, second) {
        Some((Encoding::Utf16Be, 0))
    } else {
        None
    }
}

fn decode_utf16(octets: &[u8], encoding: Encoding) -> Zeroizing<String> {
    let pairs = octets.chunks_exact(2);
    let cut = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| {
        let pair = [pair[0], pair[1]];
        if encoding == Encoding::Utf16Be { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    // A unit becomes at most three octets of UTF-8.
    let mut text = Zeroizing::new(String::with_capacity(octets.len() / 2 * 3 + 3));
    for c in char::decode_utf16(units) {
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if cut {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

fn decode_code_page(octets: &[u8], code_page: &'static encoding_rs::Encoding) -> Zeroizing<String> {
    let mut decoder = code_page.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length(octets.len()).unwrap_or(octets.len() * 3);
    let mut text = Zeroizing::new(String::with_capacity(room));
    let _ = decoder.decode_to_string(octets, &mut text, true);
    text
}

/// How much like people's names the letters of one reading look where it differs from the other.
///
/// The code pages have most accented vowels at the same places. Where they differ, one often has a vowel and the other a
/// consonant or a sign (è and č, ø and ř, ¹ and ą): a vowel likes consonants beside it, a consonant vowels, and a sign has no
/// business next to a letter.
fn plausibility(reading: &str, other: &str) -> i64 {
    let mut score = 0;
    let mut before = None;
    let mut characters = reading.chars().zip(other.chars()).peekable();
    while let Some((c, alternative)) = characters.next() {
        if c != alternative {
            let after = characters.peek().map(|(next, _)| *next);
            score += likely(before.filter(|c: &char| c.is_alphabetic()), c, after.filter(|c| c.is_alphabetic()));
        }
        before = Some(c);
    }
    score
}

fn likely(before: Option<char>, c: char, after: Option<char>) -> i64 {
    if c.is_control() {
        return -5;
    }
    if !c.is_alphabetic() || matches!(c, 'ª' | 'º') {
        return if before.is_some() || after.is_some() { -4 } else { 0 };
    }
    let mut score = 0;
    if c.is_uppercase() && before.is_some_and(char::is_lowercase) {
        score -= 3;
    }
    for neighbour in [before, after].into_iter().flatten() {
        score += if is_vowel(c) == is_vowel(neighbour) { -1 } else { 1 };
    }
    // Where both are vowels or both consonants, the languages they belong to decide.
    let next_is = |letters: &str| after.is_some_and(|next| letters.contains(next.to_ascii_lowercase()));
    score
        + match c {
            'ñ' | 'Ñ' => {
                if after.is_some_and(is_vowel) {
                    1
                } else {
                    -1
                }
            }
            'ń' | 'Ń' => {
                if after.is_some_and(is_vowel) {
                    -1
                } else {
                    1
                }
            }
            'ã' | 'õ' => {
                if next_is("oe") {
                    2
                } else {
                    -1
                }
            }
            'ă' | 'ő' => {
                if next_is("oe") {
                    -2
                } else {
                    1
                }
            }
            // Italian has these only at the end of a word.
            'ì' | 'ò' | 'ù' if after.is_some() => -1,
            'ŕ' | 'ĺ' | 'ð' | 'þ' => -1,
            _ => 0,
        }
}

fn is_vowel(c: char) -> bool {
    "aeiouyàáâãäåæąăèéêëęěìíîïòóôõöøőœùúûüůűýÿ".contains(c.to_lowercase().next().unwrap_or(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &str, code_page: &'static encoding_rs::Encoding) -> (String, Encoding) {
        let (octets, _, unmappable) = code_page.encode(text);
        assert!(!unmappable, "{text}");
        let (read, encoding) = decode(&octets);
        (read.to_string(), encoding)
    }

    #[test]
    fn central_european_names_are_read_as_windows_1250() {
        for name in [
            "Jiří Dvořák",
            "Petr Kovač",
            "Lukáš Němec",
            "Łukasz Wójcik",
            "Wałęsa",
            "Świątek",
            "Božena Růžičková",
            "Ďurica",
            "Erdős Pál",
            "Fűrész Győző",
            "Călin Popescu",
            "Ćosić",
            "Grażyna",
            "Kateřina",
            "Zdeněk",
            "Poznań",
            "Ťažký",
            "Žofia Kováčová",
        ] {
            assert_eq!(guess(name, WINDOWS_1250), (name.to_owned(), Encoding::Windows1250));
        }
    }

    #[test]
    fn western_european_names_are_read_as_windows_1252() {
        for name in [
            "Hélène Lefèvre",
            "Jørgen Sørensen",
            "Åsa Ångström",
            "João Conceição",
            "Simões",
            "Muñoz",
            "Pelè",
            "Inês Gonçalves",
            "Niccolò",
            "Müller",
            "François",
            "Weiß",
            "Ærø",
            "Noël",
            "Benoît",
            "Cœur",
            "Renée",
            "Crème brûlée",
            "Peña Nieto",
        ] {
            assert_eq!(guess(name, WINDOWS_1252), (name.to_owned(), Encoding::Windows1252));
        }
    }

    #[test]
    fn utf_16_is_recognised_without_a_byte_order_mark() {
        let text = "ann@example.com;пароль;Анна\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((decode(&le).0.as_str(), decode(&le).1), (text, Encoding::Utf16Le));
        assert_eq!((decode(&be).0.as_str(), decode(&be).1), (text, Encoding::Utf16Be));
        assert_eq!(foreign_format(&le), None);
    }

    #[test]
    fn a_damaged_utf_8_file_is_not_taken_for_an_old_one() {
        let (text, encoding) = decode("Müller Šimek Łoś \u{e9}".as_bytes().split_last().unwrap().1);
        assert_eq!(encoding, Encoding::Utf8);
        assert!(text.starts_with("Müller Šimek Łoś") && text.ends_with('\u{fffd}'));
    }

    #[test]
    fn a_document_is_no_text() {
        assert!(foreign_format(b"PK\x03\x04\x14\0").is_some());
        assert!(foreign_format(&[1, 2, 3, 200, 7, 5]).is_some());
        assert_eq!(foreign_format(b""), None);
    }
}
