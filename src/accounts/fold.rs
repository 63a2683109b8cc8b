//! The form in which words are compared: lower case without accents, one space between words, `camelCase` and `snake_case` divided.

/// Letters with marks, and the letters that replace them.
const LETTERS: [(&str, &str); 26] = [
    ("áàâäãåăąāǎ", "a"),
    ("æ", "ae"),
    ("çćčċ", "c"),
    ("ďđð", "d"),
    ("éèêëěęėēẽ", "e"),
    ("ğģ", "g"),
    ("íìîïįīıĩ", "i"),
    ("ķ", "k"),
    ("łľĺļ", "l"),
    ("ñńňņ", "n"),
    ("óòôöõøőō", "o"),
    ("œ", "oe"),
    ("ŕř", "r"),
    ("śšşș", "s"),
    ("ß", "ss"),
    ("ťţț", "t"),
    ("þ", "th"),
    ("úùûüůűūų", "u"),
    ("ýÿ", "y"),
    ("źžż", "z"),
    ("ё", "е"),
    ("й", "и"),
    ("ї", "і"),
    ("ґ", "г"),
    ("ά", "α"),
    ("ό", "ο"),
];

/// Folds a text. What is neither a letter nor a digit divides words.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let letters: Vec<char> = text.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).collect();
    for (index, &c) in letters.iter().enumerate() {
        if !c.is_alphanumeric() {
            push_space(&mut folded);
            continue;
        }
        let before = index.checked_sub(1).map(|index| letters[index]);
        let after = letters.get(index + 1);
        // PrimarySmtpAddress, SMTPAddress; but not EMAIL.
        if c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            })
        {
            push_space(&mut folded);
        }
        for small in c.to_lowercase() {
            match LETTERS.iter().find(|(marked, _)| marked.contains(small)) {
                Some((_, plain)) => folded.push_str(plain),
                None if matches!(small, '\u{300}'..='\u{36f}') => {}
                None => folded.push(small),
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn push_space(folded: &mut String) {
    if !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_title_are_one() {
        for (text, folded) in [
            ("E-Mail", "e mail"),
            ("eMail", "e mail"),
            ("  e_mail ", "e mail"),
            ("PrimarySmtpAddress", "primary smtp address"),
            ("SMTPAddress", "smtp address"),
            ("EMAIL", "email"),
            ("Přihlašovací jméno", "prihlasovaci jmeno"),
            ("Jme\u{301}no", "jmeno"),
            ("Hasło", "haslo"),
            ("Straße", "strasse"),
            ("Учётная запись", "учетная запись"),
            ("Имей\u{306}л", "имеил"),
            ("İsim", "isim"),
            ("--", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }
}
