//! The guide as one web page: the administrator's documents with their pictures, from the same text as on paper and in the repository.
//!
//! The page loads nothing. Links between the documents lead to places in it; a link to any other document becomes plain text.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;

/// The documents by file name, in reading order.
const DOCUMENTS: [(&str, &str); 5] = [
    ("guide.md", include_str!("../docs/guide.md")),
    ("rules.md", include_str!("../docs/rules.md")),
    ("sign-in.md", include_str!("../docs/sign-in.md")),
    ("groupware.md", include_str!("../docs/groupware.md")),
    ("compatibility.md", include_str!("../docs/compatibility.md")),
];

const PICTURES: [(&str, &[u8]); 4] = [
    ("images/servers.png", include_bytes!("../docs/images/servers.png")),
    ("images/accounts.png", include_bytes!("../docs/images/accounts.png")),
    ("images/status.png", include_bytes!("../docs/images/status.png")),
    ("images/result.png", include_bytes!("../docs/images/result.png")),
];

/// The page.
pub fn page() -> String {
    let documents: Vec<(String, String)> =
        DOCUMENTS.iter().map(|(file, text)| (title(text), document(file, text))).collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Kerio IMAP Migration Tool: guide" }
                style { (PreEscaped(include_str!("guide.css"))) }
            }
            body {
                nav { ul { @for ((file, _), (title, _)) in DOCUMENTS.iter().zip(&documents) {
                    li { a href=(format!("#{}", stem(file))) { (title) } }
                } } }
                main { @for ((file, _), (_, text)) in DOCUMENTS.iter().zip(&documents) {
                    article id=(stem(file)) { (PreEscaped(text)) }
                } }
            }
        }
    };
    page.into_string()
}

fn stem(file: &str) -> &str {
    file.trim_end_matches(".md")
}

fn title(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned()
}

fn document(file: &str, text: &str) -> String {
    let events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let mut taken = BTreeSet::new();
    let mut placed = Vec::with_capacity(events.len());
    for (at, event) in events.iter().enumerate() {
        placed.push(match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let id = heading_id(file, &words_of_heading(&events[at + 1..]), &mut taken);
                let (classes, attrs) = (classes.clone(), attrs.clone());
                Event::Start(Tag::Heading { level: *level, id: Some(id.into()), classes, attrs })
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = CowStr::from(target(file, dest_url));
                Event::Start(Tag::Link { link_type: *link_type, dest_url, title: title.clone(), id: id.clone() })
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let dest_url = CowStr::from(picture(dest_url));
                Event::Start(Tag::Image { link_type: *link_type, dest_url, title: title.clone(), id: id.clone() })
            }
            // HTML in the documents is shown as text.
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text.clone()),
            event => event.clone(),
        });
    }
    let mut page = String::new();
    pulldown_cmark::html::push_html(&mut page, placed.into_iter());
    page
}

fn words_of_heading(events: &[Event<'_>]) -> String {
    let until = events.iter().take_while(|event| {
        !matches!(
            event,
            Event::End(TagEnd::Heading(
                HeadingLevel::H1
                    | HeadingLevel::H2
                    | HeadingLevel::H3
                    | HeadingLevel::H4
                    | HeadingLevel::H5
                    | HeadingLevel::H6
            ))
        )
    });
    until
        .filter_map(|event| if let Event::Text(text) | Event::Code(text) = event { Some(text.as_ref()) } else { None })
        .collect()
}

/// The id of a heading: its document, and its words in the form that GitHub uses.
fn heading_id(file: &str, words: &str, taken: &mut BTreeSet<String>) -> String {
    let slug: String = words
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            letter if letter.is_alphanumeric() || letter == '-' || letter == '_' => Some(letter),
            _ => None,
        })
        .collect();
    let plain = format!("{}--{slug}", stem(file));
    let mut id = plain.clone();
    let mut again = 0;
    while !taken.insert(id.clone()) {
        again += 1;
        id = format!("{plain}-{again}");
    }
    id
}

/// Where a link of a document leads on the page.
fn target(file: &str, link: &str) -> String {
    let (to, place) = link.split_once('#').unwrap_or((link, ""));
    let to = if to.is_empty() { file } else { to };
    let known = DOCUMENTS.iter().any(|(known, _)| *known == to);
    match (known, place) {
        (true, "") => format!("#{}", stem(to)),
        (true, place) => format!("#{}--{place}", stem(to)),
        (false, _) if link.starts_with("https://") => link.to_owned(),
        (false, _) => format!("#{}", stem(file)),
    }
}

/// A picture embedded in the page.
fn picture(name: &str) -> String {
    let found = PICTURES.iter().find(|(known, _)| *known == name);
    found.map_or_else(String::new, |(_, bytes)| format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
        page.split(name).skip(1).filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn every_link_within_the_guide_leads_to_a_place_in_it() {
        let page = page();
        let places: BTreeSet<&str> = attributes(&page, " id=\"").collect();
        let links: Vec<&str> = attributes(&page, "href=\"#").collect();
        assert!(links.len() > 8, "{links:?}");
        for link in links {
            assert!(places.contains(link), "{link} leads nowhere: {places:?}");
        }
    }

    #[test]
    fn the_guide_loads_nothing_and_has_its_pictures() {
        let page = page();
        let pictures: Vec<&str> = attributes(&page, "src=\"").collect();
        assert_eq!(pictures.len(), 4);
        assert!(pictures.iter().all(|source| source.starts_with("data:image/png;base64,iVBOR")));
        assert!(!page.contains("<script") && page.contains("<table>"));
    }
}
