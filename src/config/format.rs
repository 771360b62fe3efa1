//! The canonical layout of HCL, as `terraform fmt` makes it: two spaces a level, one space between tokens, `=` and
//! trailing comments of neighbouring lines aligned. Comments, blank lines and line ends stay.

use super::format_legacy::modern;
use super::format_template::template;
use super::hcl;
use super::hcl::without_bom;
use super::tokens::{Kind, Token, tokens};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::SourceId;

/// One line of output.
#[derive(Default)]
struct Line<'a> {
    indent: usize,
    /// Up to the `=` of an attribute on one line, or everything.
    lead: String,
    /// From the `=` on.
    assign: Option<String>,
    comment: Option<&'a str>,
}

/// The text as it should stand.
///
/// # Errors
/// The text does not parse.
pub fn format(id: SourceId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut said = Vec::new();
    let body = hcl::parse(id, text, &mut said);
    if !said.is_empty() {
        return Err(said);
    }
    let modern = modern(text, &body);
    let (plain, bom) = without_bom(&modern);
    let crlf = plain
        .find('\n')
        .is_some_and(|at| plain[..at].ends_with('\r'));
    let normal = plain.replace("\r\n", "\n");
    let mut made = layout(&normal);
    if crlf {
        made = made.replace('\n', "\r\n");
    }
    Ok(format!("{}{made}", &text[..bom]))
}

fn layout(text: &str) -> String {
    let all = tokens(text);
    let mut lines: Vec<Line> = Vec::new();
    let mut indents: Vec<usize> = Vec::new();
    for row in rows(&all) {
        lines.push(line(row, &mut indents));
    }
    align(&mut lines);
    let mut made = String::with_capacity(text.len() + text.len() / 8);
    for line in &lines {
        let mut out = "  ".repeat(line.indent);
        out.push_str(&line.lead);
        for part in [line.assign.as_deref(), line.comment].into_iter().flatten() {
            out.push_str(part);
        }
        // What ends a heredoc or a comment over several lines is not ours to trim.
        made.push_str(match out.contains('\n') {
            true => &out,
            false => out.trim_end(),
        });
        made.push('\n');
    }
    if !text.ends_with('\n') {
        made.pop();
    }
    made
}

/// The tokens of each line, without the line breaks.
fn rows<'t, 'a>(all: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut rows: Vec<&[Token]> = all.split(|token| token.kind == Kind::Newline).collect();
    if rows.last().is_some_and(|last| last.is_empty()) {
        rows.pop();
    }
    rows
}

fn line<'a>(row: &[Token<'a>], indents: &mut Vec<usize>) -> Line<'a> {
    let depth = |token: &Token| match token.kind {
        Kind::Open => 1,
        Kind::Close => -1,
        _ => 0,
    };
    let change: isize = row.iter().map(depth).sum();
    // As Terraform counts: what opens on one line is one level, and only the sum of a line matters.
    let mut indent = indents.len();
    if change > 0 {
        indents.push(change.unsigned_abs());
    } else if change < 0 {
        close(indents, change.unsigned_abs());
        indent = indents.len();
    }
    // Terraform aligns no `/* … */`: code could stand after it.
    let trails = |last: &Token| last.kind == Kind::Comment && !last.text.starts_with("/*");
    let (code, comment) = match row.split_last() {
        Some((last, code)) if trails(last) && !code.is_empty() => (code, Some(last.text)),
        _ => (row, None),
    };
    let mut level = 0;
    let equal = code.iter().position(|token| {
        level += depth(token);
        level == 0 && token.kind == Kind::Operator && token.text == "="
    });
    match equal.filter(|at| *at > 0 && change == 0) {
        Some(at) => Line {
            indent,
            lead: spaced(&code[..at]),
            assign: Some(spaced(&code[at..])),
            comment,
        },
        None => Line {
            indent,
            lead: spaced(code),
            assign: None,
            comment,
        },
    }
}

/// Takes so many brackets off the levels that opened them.
fn close(indents: &mut Vec<usize>, mut brackets: usize) {
    while brackets > 0 {
        let Some(last) = indents.last_mut() else {
            return;
        };
        if *last > brackets {
            *last -= brackets;
            return;
        }
        brackets -= *last;
        indents.pop();
    }
}

/// Pads `=` and comments of neighbouring lines to one column.
fn align(lines: &mut [Line]) {
    let width = |text: &str| text.chars().count();
    chains(
        lines,
        |line| line.assign.is_some(),
        |line| width(&line.lead),
        |line, column| {
            let missing = column - width(&line.lead) + 1;
            line.lead.push_str(&" ".repeat(missing));
        },
    );
    let whole = move |line: &Line| {
        2 * line.indent + width(&line.lead) + line.assign.as_deref().map_or(0, width)
    };
    chains(
        lines,
        |line| line.comment.is_some(),
        whole,
        |line, column| {
            let missing = column - whole(line) + 1;
            let text = line.assign.as_mut().unwrap_or(&mut line.lead);
            text.push_str(&" ".repeat(missing));
        },
    );
}

fn chains(
    lines: &mut [Line],
    linked: impl Fn(&Line) -> bool,
    width: impl Fn(&Line) -> usize,
    pad: impl Fn(&mut Line, usize),
) {
    for chain in lines.chunk_by_mut(|a, b| linked(a) && linked(b)) {
        if !chain.first().is_some_and(&linked) {
            continue;
        }
        let column = chain.iter().map(&width).max().unwrap_or(0);
        chain.iter_mut().for_each(|line| pad(line, column));
    }
}

/// Tokens with the spaces that belong between them.
pub(super) fn spaced(tokens: &[Token]) -> String {
    let mut text = String::new();
    for (at, token) in tokens.iter().enumerate() {
        if space(&tokens[..at], token) {
            text.push(' ');
        }
        match token.kind {
            kind @ (Kind::Text | Kind::Heredoc) => text.push_str(&template(token.text, kind)),
            _ => text.push_str(token.text),
        }
    }
    text
}

/// Whether a space stands between the last of the tokens so far and the next.
fn space(so_far: &[Token], right: &Token) -> bool {
    let Some((left, before)) = so_far.split_last() else {
        return false;
    };
    let is =
        |token: &Token, texts: &[&str]| token.kind == Kind::Operator && texts.contains(&token.text);
    if left.text == "{" && right.text == "}" {
        return false;
    }
    if is(right, &[",", ".", "...", "::"]) || is(left, &[".", "::"]) {
        return false;
    }
    if left.text == "{" || right.text == "}" {
        return true;
    }
    if left.kind == Kind::Open || right.kind == Kind::Close {
        return false;
    }
    // A call, an index.
    if right.text == "(" && left.kind == Kind::Word && !is_keyword(left.text) {
        return false;
    }
    // What ends with a value: an index, or a subtraction, may follow.
    let value = |tokens: &[Token]| match tokens {
        [.., token] if token.kind == Kind::Word => !is_keyword(token.text),
        [.., token] if matches!(token.kind, Kind::Close | Kind::Text) => true,
        // A splat, not a product.
        [.., access, star] => is(star, &["*"]) && matches!(access.text, "." | "["),
        _ => false,
    };
    if right.text == "[" && value(so_far) {
        return false;
    }
    if is(left, &["!"]) {
        return false;
    }
    if is(left, &["-"]) {
        return value(before);
    }
    true
}

/// Words that stand before a value and are none.
fn is_keyword(text: &str) -> bool {
    matches!(text, "in" | "if" | "for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::Sources;

    fn formatted(text: &str) -> String {
        format(Sources::default().add("x.hcl", text), text).unwrap()
    }

    #[track_caller]
    fn check(from: &str, to: &str) {
        assert_eq!(formatted(from), to);
        assert_eq!(formatted(to), to, "a second time");
    }

    #[test]
    fn indentation_and_alignment() {
        check(
            "application \"a\"{\ndisplay_name=\"a\"\n   web {\nredirect_uris=[\n\"https://a\",\n  \"https://b\"\n]\n homepage_url   =   \"x\"\n}\n}\n",
            "application \"a\" {\n  display_name = \"a\"\n  web {\n    redirect_uris = [\n      \"https://a\",\n      \"https://b\"\n    ]\n    homepage_url = \"x\"\n  }\n}\n",
        );
        check(
            "locals {\n  a = 1 # one\n  long_name = 2   # two\n\n  b = { # map\n    x = 1\n  }\n  c = 3\n}\n",
            "locals {\n  a         = 1 # one\n  long_name = 2 # two\n\n  b = { # map\n    x = 1\n  }\n  c = 3\n}\n",
        );
        check(
            "a = 1 /* one */\nbb = 2 # two\nccc = 3    # three\n",
            "a   = 1 /* one */\nbb  = 2 # two\nccc = 3 # three\n",
        );
    }

    #[test]
    fn expressions() {
        check(
            "locals {\na=b?1:-2\nc=[for x in y:upper( x )if x!=\"\"]\nd={for k,v in m:k=>v...}\ne=a.b[ 0 ].c[*].d.*.e[*][0]*[1]\nf=!x&&-y<(1+2)*3\ng=a -b*-c\nh={}\ni=[]\nj=\"${ x }\"\nk=merge(a,{b=1})\nl=[[1],[2]]\n}\n",
            "locals {\n  a = b ? 1 : -2\n  c = [for x in y : upper(x) if x != \"\"]\n  d = { for k, v in m : k => v... }\n  e = a.b[0].c[*].d.*.e[*][0] * [1]\n  f = !x && -y < (1 + 2) * 3\n  g = a - b * -c\n  h = {}\n  i = []\n  j = x\n  k = merge(a, { b = 1 })\n  l = [[1], [2]]\n}\n",
        );
    }

    #[test]
    fn brackets_in_one_line() {
        check(
            "locals {\na = [{\nx = 1\n}, {\ny = 2\n}]\nb = merge({\nc = 1\n},\nd)\n}\n",
            "locals {\n  a = [{\n    x = 1\n    }, {\n    y = 2\n  }]\n  b = merge({\n    c = 1\n    },\n  d)\n}\n",
        );
        check(
            "locals {\na = [\n{\nx = 1\n},\n{\ny = 2\n}\n]\n}\n",
            "locals {\n  a = [\n    {\n      x = 1\n    },\n    {\n      y = 2\n    }\n  ]\n}\n",
        );
    }

    #[test]
    fn what_stays() {
        let heredoc = "locals {\n  a = <<-EOT\n      text  ${x}\n\tb=1\n  EOT\n  # comment\n  /* a\n     b */\n  c = 1\n}\n\n\n# end\n";
        check(heredoc, heredoc);
        for nested in [
            "a = <<E\n${<<E\nq   r\nE\n}\n x   y\nE\nb = 1\n",
            "a = \"x${<<E\n}  \\\"  \nE\n}\"\nb = 1\n",
            "a = \"x${[ # }\n  1]}  y\"\nb = 1\n",
        ] {
            check(nested, nested);
        }
        // A mark that only goes with a letter is part of the word.
        check("a=z\u{741}\n", "a = z\u{741}\n");
        check(
            "a=1\r\n\r\nlong=2\r\n",
            "a=1\r\n\r\nlong=2\r\n"
                .replace("a=1", "a = 1")
                .replace("long=2", "long = 2")
                .as_str(),
        );
        check("\u{feff}a=1", "\u{feff}a = 1");
        check("", "");
        assert!(format(Sources::default().add("x", ""), "a = [\n").is_err());
    }
}
