//! Reads error texts as people paste them: from azure/login, `az`, azwi, MSAL or a pod's log.

use std::collections::BTreeMap;

use super::{entry, placeholder};

/// The most of a text that is looked at, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// What an error text says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorText {
    /// The codes, in the order of the text, each once.
    pub codes: Vec<u32>,
    /// Values that the text quotes, by the placeholder of the catalogue: `issuer`, `subject`, `audience`, `key`, `application`, …
    pub values: BTreeMap<&'static str, String>,
}

/// Every AADSTS code in a text, once each, in its order; for a text that is only a number, that number.
pub fn codes_in(text: &str) -> Vec<u32> {
    let text = bounded(text);
    let mut codes = Vec::new();
    let number = |digits: &str| {
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        (4..=9)
            .contains(&end)
            .then(|| digits[..end].parse::<u32>().ok())
            .flatten()
    };
    let lower = text.to_ascii_lowercase();
    for (at, prefix) in lower.match_indices("aadsts") {
        codes.extend(number(&text[at + prefix.len()..]));
    }
    // The JSON body and its link name the code without the prefix.
    for (at, prefix) in lower
        .match_indices("error_codes\":[")
        .chain(lower.match_indices("/error?code="))
    {
        codes.extend(number(&text[at + prefix.len()..]));
    }
    if codes.is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_digit()) {
        codes.extend(number(text.trim()));
    }
    let mut seen = Vec::new();
    codes.retain(|code| {
        !seen.contains(code) && {
            seen.push(*code);
            true
        }
    });
    codes
}

/// Reads a whole error text: its codes, and what it quotes, found where the catalogue's text of that code has a placeholder. Tolerant of
/// older wordings, because only the words right before a value and the character right after it have to be there.
pub fn read(text: &str) -> ErrorText {
    let codes = codes_in(text);
    let plain = unescaped(bounded(text));
    let mut values = BTreeMap::new();
    for entry in codes.iter().filter_map(|code| entry(*code)) {
        let mut rest: &'static str = entry.template;
        while let Some((before, name, after)) = placeholder(rest) {
            if let Some(value) = value_between(&plain, before, after) {
                values.entry(name).or_insert(value);
            }
            rest = after;
        }
    }
    ErrorText { codes, values }
}

fn value_between(text: &str, before: &str, after: &str) -> Option<String> {
    // The last two words before the value, with its opening quote.
    let words = before
        .trim_end_matches(['\'', '('])
        .trim_end()
        .rsplitn(3, ' ')
        .take(2)
        .map(str::len)
        .sum::<usize>();
    let quote = before.len() - before.trim_end_matches(['\'', '(']).trim_end().len();
    let anchor = &before[before.len() - (words + 1 + quote).min(before.len())..];
    let anchor = anchor.trim_start();
    let at = text
        .to_ascii_lowercase()
        .find(&anchor.to_ascii_lowercase())?
        + anchor.len();
    let rest = &text[at..];
    let end = match after.chars().next() {
        Some(quote @ ('\'' | ')' | ',')) => rest.find(quote)?,
        Some('.') => rest
            .find(". ")
            .or_else(|| rest.trim_end().strip_suffix('.').map(str::len))?,
        _ => rest.find(char::is_whitespace).unwrap_or(rest.len()),
    };
    // What a quote ends is exact, blanks too: one may be what is wrong.
    let value = match after.starts_with('\'') {
        true => &rest[..end],
        false => rest[..end].trim(),
    };
    // A value with a line break in it is two lines of a log, not a value.
    (!value.is_empty() && value.len() <= 2048 && !value.contains('\n')).then(|| value.to_owned())
}

/// Quotes as logs write them, made plain.
fn unescaped(text: &str) -> String {
    text.replace("\\u0027", "'")
        .replace("\\u0022", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("\\'", "'")
        .replace(['‘', '’'], "'")
}

fn bounded(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> Option<String> {
        read(text).values.get(name).cloned()
    }

    #[test]
    fn texts_from_the_field() {
        let login = "Error: AADSTS700213: No matching federated identity record found for presented assertion subject 'repo:yoonaoh/x:ref:refs/heads/master'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion";
        assert_eq!(codes_in(login), [700_213]);
        assert_eq!(
            value(login, "subject").as_deref(),
            Some("repo:yoonaoh/x:ref:refs/heads/master")
        );

        let azwi = r#"{"error":"invalid_client","error_description":"AADSTS7000272: The certificate with identifier DFA184AB5E2B3F6529B8CFCE195305014236E297 used to sign the federated credential could not be found in the metadata of identity provider https://oidc.svasys.com. Please validate that your Identity Provider\u0027s metadata exposes the key used to sign the incoming token. Trace ID: x","error_codes":[7000272],"error_uri":"https://login.microsoftonline.com/error?code=7000272"}"#;
        assert_eq!(codes_in(azwi), [7_000_272]);
        assert_eq!(
            value(azwi, "key").as_deref(),
            Some("DFA184AB5E2B3F6529B8CFCE195305014236E297")
        );
        assert_eq!(
            value(azwi, "issuer").as_deref(),
            Some("https://oidc.svasys.com")
        );

        let old = "AADSTS70021: No matching federated identity record found for presented assertion. Assertion Issuer: 'https://i/'. Assertion Subject: 'system:serviceaccount:a:b'. Assertion Audience: 'api://AzureADTokenExchange'. https://docs";
        let read = read(old);
        let expected = [
            ("audience", "api://AzureADTokenExchange"),
            ("issuer", "https://i/"),
            ("subject", "system:serviceaccount:a:b"),
        ];
        assert_eq!(
            read.values,
            expected
                .map(|(name, value)| (name, value.to_owned()))
                .into()
        );

        let escaped = "level=error msg=\"AADSTS700211: No matching federated identity record found for presented assertion issuer \\u0027https://i/\\u0027.\"";
        assert_eq!(value(escaped, "issuer").as_deref(), Some("https://i/"));

        let missing = "AADSTS700016: Application with identifier 'f0' was not found in the directory 'Contoso'.";
        assert_eq!(value(missing, "application").as_deref(), Some("f0"));
        assert_eq!(value(missing, "tenant").as_deref(), Some("Contoso"));

        let none = "AADSTS7000226: No federated identity credential policy found on application (11-22). The client_assertion";
        assert_eq!(value(none, "application").as_deref(), Some("11-22"));
    }

    #[test]
    fn what_this_crate_renders_is_read_back() {
        for entry in super::super::all() {
            let mut names = Vec::new();
            let mut rest = entry.template;
            while let Some((_, name, after)) = placeholder(rest) {
                names.push(name);
                rest = after;
            }
            let arguments: Vec<(&str, String)> = names
                .iter()
                .map(|name| (*name, format!("value-of-{name}")))
                .collect();
            let borrowed: Vec<(&str, &str)> = arguments
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let read = read(&super::super::render(entry.code, &borrowed).to_string());
            assert_eq!(read.codes, [entry.code]);
            for (name, value) in arguments {
                assert_eq!(
                    read.values.get(name),
                    Some(&value),
                    "{}: {name}",
                    entry.code
                );
            }
        }
    }

    #[test]
    fn bare_and_strange_texts() {
        assert_eq!(codes_in("700213"), [700_213]);
        assert_eq!(
            codes_in("aadsts50027 and AADSTS50027, AADSTS90014"),
            [50_027, 90_014]
        );
        for nothing in ["AADSTS", "AADSTS99999999999999999999", "hello", ""] {
            assert!(codes_in(nothing).is_empty(), "{nothing}");
        }
        let _ = codes_in(&"AADSTSß".repeat(50_000));
    }
}
