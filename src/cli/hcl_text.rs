//! Words of HCL for files that are written.

/// A string of HCL in which nothing is a template.
pub fn quoted(text: &str) -> String {
    let text = text.replace("${", "$${").replace("%{", "%%{");
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A name that a reference can use.
pub fn label(name: &str) -> String {
    let mut label: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    if !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        label.insert_str(0, "app_");
    }
    label.truncate(100);
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stay_text() {
        assert_eq!(quoted("a\"${x}\n"), r#""a\"$${x}\u000a""#);
        assert_eq!(label("1 für alle"), "app_1_f_r_alle");
    }
}
