//! Messages found in every old mailbox, which trouble programs that trust Message-IDs, headers or line lengths.

use super::compose::{Body, Composer, Head};

/// The number of odd messages.
pub(super) const COUNT: usize = 9;

/// All of them, as bytes; two are identical.
pub(super) fn messages(composer: &mut Composer<'_>, mut head: impl FnMut(&mut Composer<'_>) -> Head) -> Vec<Vec<u8>> {
    let mut messages = Vec::with_capacity(COUNT);

    let without_id = Head { message_id: None, ..head(composer) };
    messages.push(composer.message(&without_id, Body::Text(5)));

    let doubled = head(composer);
    let double = composer.message(&doubled, Body::Text(8));
    messages.push(double.clone());
    messages.push(double);

    let reused = head(composer);
    messages.push(composer.message(&reused, Body::Text(3)));
    messages.push(composer.message(&reused, Body::Text(7)));

    let bare = head(composer);
    messages.push(format!("Subject: bare header\r\nDate: {}\r\n\r\n", bare.date.to_rfc2822()).into_bytes());

    let mut latin = b"From: J\xfcrgen <j@example.net>\r\nSubject: Gr\xfc\xdfe in 8 bits\r\n\r\n".to_vec();
    latin.extend_from_slice(b"F\xfcr Elise, ohne MIME.\r\n");
    messages.push(latin);

    let long = head(composer);
    let mut endless = composer.message(&Head { subject: String::new(), ..long }, Body::Text(1));
    endless.extend(std::iter::repeat_n(b'x', 5000));
    endless.extend_from_slice(b"\r\n");
    messages.push(endless);

    messages.push(b"From nobody Mon Jan  1 00:00:00 2001\r\nNo header at all, only a line.\r\n".to_vec());
    messages
}
