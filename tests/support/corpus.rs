//! Mail to test with: an ordinary mailbox, and a hostile one with every folder name, message, flag and date that is known to break
//! migrations. Everything is generated and the same each time.

/// A mailbox to be made on a server.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// Parents before children.
    pub folders: Vec<CorpusFolder>,
}

/// One folder.
#[derive(Debug, Clone)]
pub struct CorpusFolder {
    /// Its parts, outermost first; the server's separator goes between them.
    pub path: Vec<String>,
    /// False for one that is only subscribed to.
    pub exists: bool,
    pub subscribed: bool,
    pub messages: Vec<CorpusMessage>,
}

/// One message.
#[derive(Debug, Clone)]
pub struct CorpusMessage {
    /// What is special about it.
    pub what: String,
    pub bytes: Vec<u8>,
    pub flags: Vec<String>,
    /// As APPEND wants it; none for the time of arrival.
    pub date: Option<String>,
}

impl Corpus {
    pub fn message_count(&self) -> usize {
        self.folders.iter().map(|folder| folder.messages.len()).sum()
    }

    /// Adds a folder.
    pub fn folder(&mut self, path: &[&str], messages: Vec<CorpusMessage>) {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        self.folders.push(CorpusFolder { path, exists: true, subscribed: true, messages });
    }
}

const DATE: &str = "14-Mar-2023 09:26:53 +0100";

fn message(what: &str, bytes: impl Into<Vec<u8>>) -> CorpusMessage {
    CorpusMessage { what: what.to_owned(), bytes: bytes.into(), flags: Vec::new(), date: Some(DATE.to_owned()) }
}

/// A plain message with a number, so that no two are equal.
pub fn plain_message(number: usize) -> CorpusMessage {
    let day = number % 28 + 1;
    let flags = ["\\Seen", "\\Answered", "\\Flagged", "\\Draft"];
    let body = "Tato zpráva je obyčejná.\r\n".repeat(number % 40 + 1);
    let bytes = format!(
        "From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: Message {number}\r\nMessage-ID: <{number}@example.com>\r\n\
         Date: Mon, {day} Jan 2024 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    );
    CorpusMessage {
        what: format!("plain {number}"),
        bytes: bytes.into_bytes(),
        flags: flags
            .iter()
            .enumerate()
            .filter(|(bit, _)| number >> bit & 1 == 1)
            .map(|(_, it)| (*it).to_owned())
            .collect(),
        date: Some(format!("{day:02}-Jan-2024 10:{:02}:00 +0000", number % 60)),
    }
}

/// The mailbox of an ordinary person: `messages` over a few folders.
pub fn ordinary(messages: usize) -> Corpus {
    let paths: [&[&str]; 5] = [&["INBOX"], &["Sent"], &["Projekte"], &["Projekte", "Größe & Maß"], &["Archiv 2023"]];
    let mut corpus = Corpus::default();
    for (index, path) in paths.iter().enumerate() {
        corpus.folder(path, (index..messages).step_by(paths.len()).map(plain_message).collect());
    }
    corpus
}

/// How large the largest things of the hostile mailbox are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Largest {
    /// 200 kB and 1,000 parts, for servers that look at each byte.
    Tiny,
    /// 2 MB and 10,000 parts, for servers and tests that only look at the kinds.
    Small,
    /// 50 MB.
    Full,
}

/// The mailbox of nightmares.
pub fn hostile(largest: Largest) -> Corpus {
    let mut corpus = Corpus::default();
    corpus.folder(&["INBOX"], vec![plain_message(1), plain_message(2)]);
    corpus.folder(&["Odd messages"], odd_messages(largest));
    corpus.folder(&["Flags"], odd_flags());
    corpus.folder(&["Dates"], odd_dates());
    for (index, path) in odd_folders().iter().enumerate() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        corpus.folder(&path, vec![plain_message(1000 + index)]);
    }
    corpus.folder(&["Empty"], Vec::new());
    for (name, exists, subscribed) in [("Not subscribed", true, false), ("Subscribed but missing", false, true)] {
        let messages = if exists { vec![plain_message(990)] } else { Vec::new() };
        corpus.folders.push(CorpusFolder { path: vec![name.to_owned()], exists, subscribed, messages });
    }
    corpus
}

fn odd_folders() -> Vec<Vec<String>> {
    let names = [
        "Входящие",
        "受信トレイ",
        "收件箱",
        "받은편지함",
        "صندوق الوارد",
        "דואר נכנס",
        "Εισερχόμενα",
        "กล่องจดหมาย",
        "इनबॉक्स",
        "Příliš žluťoučký kůň",
        "🎉 Party 👨‍👩‍👧‍👦",
        "e\u{301} decomposed",
        "é composed",
        "quotes \"double\" 'single'",
        "back\\slash",
        "percent % star *",
        "ampersand & co",
        "&-",
        "tilde ~",
        "hash #news",
        "bra[ck]ets {5}",
        "(paren)",
        "comma, semi; colon: bang!",
        " leading space",
        "trailing space ",
        "two  spaces",
        "a.dot",
        ".leading dot",
        "trailing dot.",
        "tab\there",
        "question?",
        "<angle>|",
        "Case",
        "CASE",
        "case",
        "Sent Items",
        "Deleted Items",
        "Junk E-mail",
        "Drafts",
        "Calendar",
        "Contacts",
        "Tasks",
        "Notes",
        "Public Folders",
        "NIL",
        "CON",
        "..",
        "inbox2",
        "$dollar",
        "=equals",
        "100%",
        "\u{202e}bidi",
        "zero\u{200b}width",
    ];
    let mut paths: Vec<Vec<String>> = names.iter().map(|name| vec![(*name).to_owned()]).collect();
    paths.push(vec!["n".repeat(200)]);
    paths.push(vec!["ñ".repeat(60)]);
    paths.push(["INBOX", "Child of inbox"].map(str::to_owned).to_vec());
    paths.push(["Outer", "INBOX"].map(str::to_owned).to_vec());
    paths.push(["Never made", "Below a missing parent"].map(str::to_owned).to_vec());
    paths.push((1..=20).map(|level| format!("L{level}")).collect());
    paths
}

fn odd_messages(largest: Largest) -> Vec<CorpusMessage> {
    let head = "From: a@example.com\r\nTo: b@example.com\r\nSubject: odd\r\n";
    let with = |rest: &str| format!("{head}{rest}");
    let mut messages = vec![
        message("empty", ""),
        message("one byte", "x"),
        message("only CRLF", "\r\n"),
        message("no header", "\r\nOnly a body, no header at all.\r\n"),
        message("header only", with("\r\n")),
        message("header without the blank line", with("")),
        message("no final CRLF", with("\r\nThe end is missing")),
        message("bare LF", with("\r\none\ntwo\nthree\r\n")),
        message("all bare LF", "From: a@example.com\nSubject: unix\n\nbody\n"),
        message("bare CR", with("\r\none\rtwo\rthree\r\n")),
        message("final bare CR", with("\r\nends with CR\r")),
        message("NUL", with("\r\nbefore\0after\r\n")),
        message("8-bit header", [head.as_bytes(), b"X-Latin: gr\xfc\xdfe\r\n\r\nbody\r\n"].concat()),
        message("invalid UTF-8 body", [head.as_bytes(), b"\r\n\xff\xfe\xc3\x28\r\n"].concat()),
        message("every byte but NUL", [head.as_bytes(), b"\r\n", &(1..=255).collect::<Vec<u8>>(), b"\r\n"].concat()),
        message("control characters", with("\r\n\x01\x02\x1b[31m\x7f\r\n")),
        message(
            "mbox From line",
            with("\r\nFrom here on\r\n>From there\r\nFrom a@example.com Mon Jan  1 00:00:00 2024\r\n"),
        ),
        message("mbox From line first", format!("From a@example.com Mon Jan  1 00:00:00 2024\r\n{head}\r\nbody\r\n")),
        message("dots", with("\r\n.\r\n..\r\n.\r\n")),
        message("folded header", format!("{head}X-Folded: {}\r\n\r\nbody\r\n", "word\r\n ".repeat(500))),
        message("header of 100 kB", format!("{head}X-Long: {}\r\n\r\nbody\r\n", "h".repeat(100_000))),
        message("5000 header lines", format!("{head}{}\r\nbody\r\n", "X-Line: value\r\n".repeat(5000))),
        message("header without colon", "This is no header line\r\nSubject: later\r\n\r\nbody\r\n"),
        message("broken MIME", with("Content-Type: multipart/mixed; boundary=\"x\r\n\r\n--x\r\n--x--\r\n--y")),
        message(
            "unending MIME",
            with("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nno end"),
        ),
        message("signed", SIGNED.replace('\n', "\r\n")),
        message("encrypted", ENCRYPTED.replace('\n', "\r\n")),
        message("looks like IMAP", with("\r\n* OK [ALERT] {3}\r\na1 NO\r\n)\r\n{10}\r\n")),
        message("trailing spaces", with("\r\nline with spaces   \r\n\t\r\n   ")),
        message("many blank lines", with(&"\r\n".repeat(5000))),
        message("nested 100 deep", nested(100)),
        message("no Message-ID", with("\r\nno id\r\n")),
        message("same Message-ID 1", with("Message-ID: <same@example.com>\r\n\r\nfirst\r\n")),
        message("same Message-ID 2", with("Message-ID: <same@example.com>\r\n\r\nsecond\r\n")),
        message("no date", with("\r\nno date given\r\n")),
    ];
    messages
        .extend((0..3).map(|_| message("exact double", with("Message-ID: <double@example.com>\r\n\r\nthe same\r\n"))));
    if let Some(last) = messages.iter_mut().find(|message| message.what == "no date") {
        last.date = None;
    }
    if largest == Largest::Tiny {
        messages.push(message("line of 200 kB", with(&format!("\r\n{}\r\n", "y".repeat(200_000)))));
        messages.push(message("1,000 parts", many_parts(1000)));
    } else {
        messages.push(message("line of 2 MB", with(&format!("\r\n{}\r\n", "y".repeat(2_000_000)))));
        messages.push(message("10,000 parts", many_parts(10_000)));
    }
    if largest == Largest::Full {
        let line = "0123456789abcdef".repeat(4) + "\r\n";
        messages.push(message("50 MB", with(&format!("\r\n{}", line.repeat(50_000_000 / line.len())))));
    }
    messages
}

fn many_parts(count: usize) -> String {
    let part = "--p\r\nContent-Type: text/plain\r\n\r\nx\r\n";
    format!(
        "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n{}--p--\r\n",
        part.repeat(count)
    )
}

fn nested(depth: usize) -> String {
    let open: String =
        (0..depth).map(|at| format!("Content-Type: multipart/mixed; boundary=b{at}\r\n\r\n--b{at}\r\n")).collect();
    let close: String = (0..depth).rev().map(|at| format!("\r\n--b{at}--\r\n")).collect();
    format!("Subject: nested\r\nMIME-Version: 1.0\r\n{open}Content-Type: text/plain\r\n\r\ncore{close}")
}

fn odd_flags() -> Vec<CorpusMessage> {
    let mut messages = Vec::new();
    let mut add = |number: usize, flags: Vec<String>| {
        let plain = plain_message(2000 + number);
        messages.push(CorpusMessage { what: format!("flags {}", flags.join(" ")), flags, ..plain });
    };
    let sets = [
        "",
        "\\Seen",
        "\\Answered",
        "\\Flagged",
        "\\Deleted",
        "\\Draft",
        "\\Seen \\Answered \\Flagged \\Deleted \\Draft",
        "$Forwarded",
        "$Junk",
        "$NotJunk",
        "$MDNSent",
        "$Important $Phishing",
        "NonJunk Junk",
        "$Label1 $label2",
        "work.todo",
        "key/with/slash",
        "a+b=c",
        "UPPER lower MiXeD",
        "\\Seen 1 22 333",
    ];
    for (number, set) in sets.iter().enumerate() {
        add(number, set.split_whitespace().map(str::to_owned).collect());
    }
    add(100, vec!["k".repeat(100)]);
    for tens in 0..30 {
        add(200 + tens, (0..10).map(|unit| format!("keyword{tens}{unit}")).collect());
    }
    messages
}

fn odd_dates() -> Vec<CorpusMessage> {
    let dates = [
        "01-Jan-1970 00:00:00 +0000",
        "01-Jan-1970 00:00:01 +0000",
        "13-Dec-1901 20:45:53 +0000",
        "01-Jan-1900 00:00:00 +0000",
        "19-Jan-2038 03:14:07 +0000",
        "19-Jan-2038 03:14:08 +0000",
        "01-Jan-2100 00:00:00 +0000",
        "31-Dec-2016 23:59:60 +0000",
        "29-Feb-2024 12:00:00 +0000",
        "31-Dec-1999 23:59:59 +1400",
        "01-Jan-2000 00:00:00 -1200",
        "26-Mar-2023 02:30:00 +0100",
        " 1-Jul-2020 08:00:00 +0545",
        "01-Jul-2020 08:00:00 -0330",
    ];
    let mut messages: Vec<CorpusMessage> = dates
        .iter()
        .enumerate()
        .map(|(number, date)| CorpusMessage {
            what: format!("date {date}"),
            date: Some((*date).to_owned()),
            ..plain_message(3000 + number)
        })
        .collect();
    messages.push(CorpusMessage { what: "date none".to_owned(), date: None, ..plain_message(3100) });
    messages
}

const SIGNED: &str = "\
From: ann@example.com
To: bob@example.com
Subject: signed
DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from:to:subject; bh=AAAA; b=BBBB
MIME-Version: 1.0
Content-Type: multipart/signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"; boundary=\"sig\"

--sig
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Trailing space must stay=20
-- =20
Ann

--sig
Content-Type: application/pgp-signature; name=\"signature.asc\"

-----BEGIN PGP SIGNATURE-----

iQEzBAEBCAAdFiEE0000000000000000000000000000000000
=abcd
-----END PGP SIGNATURE-----

--sig--
";

const ENCRYPTED: &str = "\
From: ann@example.com
To: bob@example.com
Subject: encrypted
MIME-Version: 1.0
Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=\"smime.p7m\"

MIIBHgYJKoZIhvcNAQcDoIIBDzCCAQsCAQAxgcAwgb0CAQAwJjASMRAwDgYDVQQDEwdDYXJsUlNB
AhBGNGvHgABWvBHTbi7NXXHQMA0GCSqGSIb3DQEBAQUABIGAC3EN5nGIiJi2lsGPcP2iJ97a4e8kbK
";
