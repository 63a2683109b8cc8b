//! From bytes to text: which encoding a file has, and its characters.
//!
//! 1. A byte order mark decides.
//! 2. UTF-16 without one is recognised by where its zero bytes are.
//! 3. UTF-8 is recognised by its own rules. A damaged UTF-8 file stays one: only its broken lines are refused.
//! 4. Any other file has an encoding from before Unicode, which the detector guesses; [`latin`] judges the few letters that it cannot.
//!
//! A password read in the wrong encoding is a wrong password, so a guess is always reported.

mod latin;

use crate::domain::list::ListNote;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{WINDOWS_1250, WINDOWS_1252};
use zeroize::Zeroizing;

/// How a file's characters are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// A guessed encoding from before Unicode.
    Guessed(&'static encoding_rs::Encoding),
}

/// The encodings from before Unicode that programs still write: the WHATWG's name, and what people call it.
const NAMES: [(&str, &str); 12] = [
    ("windows-1250", "Windows-1250 (Central European)"),
    ("windows-1251", "Windows-1251 (Cyrillic)"),
    ("windows-1252", "Windows-1252 (Western European)"),
    ("windows-1253", "Windows-1253 (Greek)"),
    ("windows-1254", "Windows-1254 (Turkish)"),
    ("windows-1257", "Windows-1257 (Baltic)"),
    ("KOI8-U", "KOI8-U (Cyrillic)"),
    ("IBM866", "IBM 866 (Cyrillic)"),
    ("Shift_JIS", "Shift_JIS (Japanese)"),
    ("GBK", "GBK (Chinese)"),
    ("Big5", "Big5 (Chinese)"),
    ("EUC-KR", "EUC-KR (Korean)"),
];

/// The encodings of languages in Latin letters that the detector confuses if it has few letters.
const LATIN: [&str; 9] = [
    "windows-1250",
    "windows-1252",
    "windows-1254",
    "windows-1257",
    "windows-1258",
    "ISO-8859-2",
    "ISO-8859-4",
    "ISO-8859-10",
    "ISO-8859-13",
];

/// With this many letters beyond ASCII the detector made no mistake in 8,000 lists of three names each.
const ENOUGH_LETTERS: usize = 10;

/// At most this many lines decide about the encoding.
const MOST_LINES_FED: usize = 2_000;

impl Encoding {
    /// The usual name.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le | Encoding::Utf16Be => "UTF-16",
            Encoding::Guessed(guess) => {
                NAMES.iter().find(|(name, _)| *name == guess.name()).map_or(guess.name(), |(_, usual)| usual)
            }
        }
    }

    /// Whether it was guessed.
    pub fn is_guessed(self) -> bool {
        matches!(self, Encoding::Guessed(_))
    }

    /// What the user should know when the encoding is a guess.
    pub fn note(self) -> Option<ListNote> {
        self.is_guessed().then(|| ListNote::GuessedEncoding { name: self.name() })
    }
}

/// The text of a file, in memory that is wiped and was allocated once.
pub(super) fn decode(bytes: &[u8]) -> (Zeroizing<String>, Encoding) {
    if let Some((encoding, mark)) = utf16(bytes) {
        return (decode_utf16(&bytes[mark..], encoding), encoding);
    }
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf");
    let bytes = marked.unwrap_or(bytes);
    let (mut broken, mut whole) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        broken += usize::from(!chunk.invalid().is_empty());
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
    }
    // Only the broken lines of a damaged UTF-8 file are refused, and no other password is misread.
    if broken == 0 || marked.is_some() || whole > broken {
        let mut text =
            Zeroizing::new(String::with_capacity(bytes.len() + broken * char::REPLACEMENT_CHARACTER.len_utf8()));
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        return (text, Encoding::Utf8);
    }
    guess(bytes)
}

fn guess(bytes: &[u8]) -> (Zeroizing<String>, Encoding) {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    // Only lines beyond ASCII, up to a bound: the detector is slower than everything else here.
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_ascii()).take(MOST_LINES_FED);
    for line in lines {
        detector.feed(line, false);
        detector.feed(b"\n", false);
    }
    detector.feed(b"", true);
    let guess = detector.guess(country(bytes).as_deref(), Utf8Detection::Deny);
    let letters = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    if !LATIN.contains(&guess.name()) || letters >= ENOUGH_LETTERS {
        return (decode_old(bytes, guess), Encoding::Guessed(guess));
    }
    let central = decode_old(bytes, WINDOWS_1250);
    let western = decode_old(bytes, WINDOWS_1252);
    if latin::plausibility(&central, &western) > latin::plausibility(&western, &central) {
        (central, Encoding::Guessed(WINDOWS_1250))
    } else {
        (western, Encoding::Guessed(WINDOWS_1252))
    }
}

/// The top-level domain of the first address, which hints at the language.
fn country(bytes: &[u8]) -> Option<Vec<u8>> {
    let domain = &bytes[bytes.iter().position(|byte| *byte == b'@')? + 1..];
    let end = domain.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b".-".contains(byte));
    let last = domain[..end.unwrap_or(domain.len())].rsplit(|byte| *byte == b'.').next()?;
    // The detector accepts nothing else.
    let usable = (2..=63).contains(&last.len()) && last.iter().all(u8::is_ascii_alphabetic);
    usable.then(|| last.to_ascii_lowercase())
}

/// Whether this is UTF-16.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    utf16(bytes).is_some()
}

/// The byte order if this is UTF-16, and the length of the byte order mark.
fn utf16(bytes: &[u8]) -> Option<(Encoding, usize)> {
    match bytes {
        [0xff, 0xfe, ..] => return Some((Encoding::Utf16Le, 2)),
        [0xfe, 0xff, ..] => return Some((Encoding::Utf16Be, 2)),
        _ => {}
    }
    // Addresses and separators are ASCII, so that in each line many high bytes are zero, and hardly any low one.
    let pairs = bytes[..bytes.len().min(64 * 1024)].chunks_exact(2);
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

fn decode_utf16(bytes: &[u8], encoding: Encoding) -> Zeroizing<String> {
    let pairs = bytes.chunks_exact(2);
    let cut = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| {
        let pair = [pair[0], pair[1]];
        if encoding == Encoding::Utf16Be { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    // A unit becomes at most three bytes of UTF-8.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3 + 3));
    for c in char::decode_utf16(units) {
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if cut {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

fn decode_old(bytes: &[u8], encoding: &'static encoding_rs::Encoding) -> Zeroizing<String> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3);
    let mut text = Zeroizing::new(String::with_capacity(room));
    let _ = decoder.decode_to_string(bytes, &mut text, true);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &str, code_page: &'static encoding_rs::Encoding) -> (String, Encoding) {
        let (bytes, _, unmappable) = code_page.encode(text);
        assert!(!unmappable, "{text}");
        let (read, encoding) = decode(&bytes);
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
            assert_eq!(guess(name, WINDOWS_1250), (name.to_owned(), Encoding::Guessed(WINDOWS_1250)));
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
            assert_eq!(guess(name, WINDOWS_1252), (name.to_owned(), Encoding::Guessed(WINDOWS_1252)));
        }
    }

    #[test]
    fn names_in_other_letters_are_read_in_the_encoding_of_their_language() {
        use encoding_rs::{IBM866, KOI8_U, WINDOWS_1251, WINDOWS_1253, WINDOWS_1254};
        for (text, code_page) in [
            ("Анна Петрова", WINDOWS_1251),
            ("зима71", WINDOWS_1251),
            ("Щёголев", WINDOWS_1251),
            ("Сергей Кузнецов", KOI8_U),
            ("Сергей Кузнецов, Анна Петрова", IBM866),
            ("Ιωάννα Παπαδοπούλου", WINDOWS_1253),
            ("χειμώνας", WINDOWS_1253),
            ("Şükrü Yılmaz, Ayşe Doğan, Işık Çağlar, Gökçe Şahin, Tuğçe Yıldırım, Ömer Öztürk", WINDOWS_1254),
        ] {
            assert_eq!(guess(text, code_page), (text.to_owned(), Encoding::Guessed(code_page)));
        }
    }

    #[test]
    fn the_domain_of_an_address_hints_at_the_language_and_may_be_anything() {
        assert_eq!(country(b"ann@old.CZ;x"), Some(b"cz".to_vec()));
        for bytes in [&b"ann"[..], b"ann@", b"ann@;x", b"ann@10.0.0.1;x", b"ann@\xfc.\xfc", b"ann@x.y"] {
            assert_eq!(country(bytes), None);
            decode(&[bytes, b";\xe8"].concat());
        }
    }

    #[test]
    fn utf_16_is_recognised_without_a_byte_order_mark() {
        let text = "ann@example.com;пароль;Анна\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((decode(&le).0.as_str(), decode(&le).1), (text, Encoding::Utf16Le));
        assert_eq!((decode(&be).0.as_str(), decode(&be).1), (text, Encoding::Utf16Be));
    }

    #[test]
    fn a_damaged_utf_8_file_is_not_taken_for_an_old_one() {
        let (text, encoding) = decode("Müller Šimek Łoś \u{e9}".as_bytes().split_last().unwrap().1);
        assert_eq!(encoding, Encoding::Utf8);
        assert!(text.starts_with("Müller Šimek Łoś") && text.ends_with('\u{fffd}'));
    }
}
