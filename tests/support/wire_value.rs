//! IMAP data as the tests read it: lines with their literals, as a tree of values; and modified UTF-7. Written for the tests alone, so
//! that a mistake of the program's own reader cannot hide itself.

/// One value of a response (RFC 3501, section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Atom(Vec<u8>),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    List(Vec<Value>),
}

impl Value {
    /// The bytes of an atom or a string.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Value::Atom(bytes) | Value::Text(bytes) => bytes,
            Value::List(_) => panic!("a list where a string was expected: {self:?}"),
        }
    }

    pub fn word(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    pub fn list(&self) -> &[Value] {
        match self {
            Value::List(values) => values,
            _ => panic!("a list was expected: {self:?}"),
        }
    }
}

/// The values of a response in their order; `literals` are what its `{n}` announced.
pub fn values(line: &[u8], literals: &[Vec<u8>]) -> Vec<Value> {
    let mut parser = Parser { line, at: 0, literals: literals.iter() };
    parser.list(None)
}

struct Parser<'a> {
    line: &'a [u8],
    at: usize,
    literals: std::slice::Iter<'a, Vec<u8>>,
}

impl Parser<'_> {
    fn list(&mut self, end: Option<u8>) -> Vec<Value> {
        let mut values = Vec::new();
        while let Some(&byte) = self.line.get(self.at) {
            self.at += 1;
            match byte {
                b' ' => {}
                b'(' => {
                    let inner = self.list(Some(b')'));
                    values.push(Value::List(inner));
                }
                b')' if end == Some(b')') => return values,
                b'"' => values.push(Value::Text(self.quoted())),
                b'{' => {
                    let length = self.line[self.at..].iter().position(|byte| *byte == b'}').unwrap();
                    self.at += length + 1;
                    values.push(Value::Text(self.literals.next().unwrap().clone()));
                }
                _ => {
                    self.at -= 1;
                    values.push(Value::Atom(self.atom()));
                }
            }
        }
        values
    }

    fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(&byte) = self.line.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    text.push(self.line[self.at]);
                    self.at += 1;
                }
                _ => text.push(byte),
            }
        }
        text
    }

    fn atom(&mut self) -> Vec<u8> {
        let rest = &self.line[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b' ' | b'(' | b')')).unwrap_or(rest.len()).max(1);
        self.at += length;
        rest[..length].to_vec()
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// A folder name as it travels (RFC 3501, section 5.1.3).
pub fn to_wire(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut units: Vec<u16> = Vec::new();
    for character in name.chars() {
        if (' '..='~').contains(&character) {
            flush(&mut wire, &mut units);
            wire.push(character as u8);
            if character == '&' {
                wire.push(b'-');
            }
        } else {
            units.extend(character.encode_utf16(&mut [0; 2]).iter());
        }
    }
    flush(&mut wire, &mut units);
    wire
}

fn flush(wire: &mut Vec<u8>, units: &mut Vec<u16>) {
    if units.is_empty() {
        return;
    }
    let bytes: Vec<u8> = units.drain(..).flat_map(u16::to_be_bytes).collect();
    wire.push(b'&');
    for chunk in bytes.chunks(3) {
        let padded = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for sextet in 0..=chunk.len() {
            wire.push(ALPHABET[(bits >> (18 - 6 * sextet)) as usize & 63]);
        }
    }
    wire.push(b'-');
}

/// A folder name from the wire; panics when it is not modified UTF-7, so that a server's oddity is seen.
pub fn from_wire(wire: &[u8]) -> String {
    let mut name = String::new();
    let mut rest = wire;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'&' {
            assert!(byte.is_ascii(), "8-bit in a folder name: {wire:?}");
            name.push(byte as char);
            rest = after;
            continue;
        }
        let length = after.iter().position(|byte| *byte == b'-').unwrap();
        let coded = &after[..length];
        rest = &after[length + 1..];
        if coded.is_empty() {
            name.push('&');
            continue;
        }
        let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
        for digit in coded {
            bits = bits << 6 | ALPHABET.iter().position(|letter| letter == digit).unwrap() as u32;
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
            }
        }
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        name.push_str(&String::from_utf16(&units).unwrap());
    }
    name
}

#[test]
fn a_folder_name_comes_back_from_the_wire_as_it_was() {
    assert_eq!(to_wire("Entwürfe & mehr"), b"Entw&APw-rfe &- mehr");
    assert_eq!(to_wire("台北"), b"&U,BTFw-");
    for name in ["", "&", "日本語/x", "🎉é", "a\tb"] {
        assert_eq!(from_wire(&to_wire(name)), name);
    }
}

#[test]
fn a_response_with_strings_lists_and_literals_is_read() {
    let values = values(br#"* 1 FETCH (FLAGS (\Seen) BODY[] {3} X "a\"b")"#, &[b"c d".to_vec()]);
    let Value::List(data) = &values[3] else { panic!("{values:?}") };
    assert_eq!(data[1], Value::List(vec![Value::Atom(br"\Seen".to_vec())]));
    assert_eq!(data[3], Value::Text(b"c d".to_vec()));
    assert_eq!(data[5], Value::Text(b"a\"b".to_vec()));
}
