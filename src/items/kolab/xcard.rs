//! xCard (RFC 6351) as vCard 4.0, which is then read like any other.

use super::{empty, other};
use crate::domain::{ItemFault, ItemForm};
use crate::items::line::{Line, escape};
use crate::xml::Element;

/// The parts of a name and of an address in their order.
const NAME: [&str; 5] = ["surname", "given", "additional", "prefix", "suffix"];
const ADDRESS: [&str; 7] = ["pobox", "ext", "street", "locality", "region", "code", "country"];

/// The cards of a document.
pub(super) fn cards(root: &Element) -> Result<String, ItemFault> {
    if root.name != "vcards" {
        return Err(other(root, ItemForm::CardXml));
    }
    let mut text = String::new();
    for card in root.children.iter().filter(|child| child.name == "vcard") {
        text.push_str("BEGIN:VCARD\r\nVERSION:4.0\r\n");
        for child in &card.children {
            // A group keeps the properties of one company together; vCard 3.0 cannot.
            let lines = if child.name == "group" { child.children.as_slice() } else { std::slice::from_ref(child) };
            lines.iter().filter_map(line).for_each(|line| line.write(&mut text));
        }
        text.push_str("END:VCARD\r\n");
    }
    if text.is_empty() { Err(empty(ItemForm::CardXml)) } else { Ok(text) }
}

fn line(element: &Element) -> Option<Line> {
    if matches!(element.name.as_str(), "x-custom" | "x-kolab-version" | "version" | "prodid") {
        return None;
    }
    let structured = |names: &[&str]| {
        let part = |name: &&str| {
            let values = element.children.iter().filter(|child| child.name == **name);
            values.map(|value| escape(value.text.trim())).collect::<Vec<_>>().join(",")
        };
        names.iter().map(part).collect::<Vec<_>>().join(";")
    };
    let values: Vec<&Element> = element.children.iter().filter(|child| child.name != "parameters").collect();
    let value = match element.name.as_str() {
        "n" => structured(&NAME),
        "adr" => structured(&ADDRESS),
        name => {
            let separator = if name == "org" { ";" } else { "," };
            let written = |value: &&Element| {
                if value.name == "text" { escape(&value.text) } else { value.text.trim().to_owned() }
            };
            values.iter().map(written).collect::<Vec<_>>().join(separator)
        }
    };
    let mut line = Line::new(&element.name.to_ascii_uppercase(), value);
    for parameter in element.named("parameters").iter().flat_map(|it| &it.children) {
        let values = parameter.children.iter().map(|value| value.text.trim().to_owned()).collect();
        line.parameters.push((parameter.name.to_ascii_uppercase(), values));
    }
    if values.first().is_some_and(|value| value.name == "uri") && matches!(element.name.as_str(), "tel" | "photo") {
        line.parameters.push(("VALUE".to_owned(), vec!["uri".to_owned()]));
    }
    Some(line)
}
