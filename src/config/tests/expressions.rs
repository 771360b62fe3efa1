//! Expressions and the answers that `terraform console` 1.11 gives; where we differ, the row says so.

use super::answer;
use crate::config::language;

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(expression, expected)| (expression, expected, answer(expression)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(expression, expected, found)| {
            format!("{expression}\n  expected {expected}\n  found    {found}")
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn numbers_and_operators() {
    check(&[
        ("1 + 2 * 3", "7"),
        (r#"1 + "2""#, "3"),
        ("0.1 + 0.2", "0.3"),
        ("7 / 2", "3.5"),
        ("-5 % 3", "-2"),
        ("5 % 3.5", "1.5"),
        (r#"-"3""#, "-3"),
        ("1 - -1", "2"),
        ("2 > 1 && 1 >= 1", "true"),
        (r#""10" < 9"#, "false"),
        ("null == null", "true"),
        (r#""5" == 5"#, "false"),
        ("[1] == [1]", "true"),
        ("{ a = 1 } != { a = 2 }", "true"),
        (r#"!"true""#, "false"),
        (r#"true && "false""#, "false"),
        ("false || true", "true"),
        ("false && nonsense", "false"), // Terraform checks the name; it never matters here
        (r#""a" < "b""#, "error: the operator needs a number"),
        ("null + 1", "error: the operator needs a number"),
        (
            "1 / 0",
            "error: the result is no number that can be kept exactly",
        ), // Terraform: +Inf
        (
            "9007199254740991 + 2",
            "error: the result is no number that can be kept exactly",
        ),
        (
            "9007199254740991 / 2",
            "error: the result is no number that can be kept exactly",
        ),
        ("12345678901234.1 + 0.2", "12345678901234.3"),
        ("1 == 1 ? 2 : 3", "2"),
    ]);
}

#[test]
fn conditionals_and_conversions() {
    check(&[
        (r#"true ? 1 : "x""#, r#""1""#),
        (r#"true ? [1] : ["a"]"#, r#"["1"]"#),
        ("true ? { a = 1 } : { b = 2 }", r#"{"a":1}"#),
        ("true ? null : 1", "null"),
        (
            "true ? 1 : [1]",
            "error: the two results of a condition must have one type",
        ),
        (r#"true ? tolist([1]) : ["a"]"#, r#"["1"]"#),
        (r#"tobool("1")"#, "true"),
        (
            r#"tobool("yes")"#,
            "error: `tobool`: expected a bool, found the string `\"yes\"`: write `true` or `false`",
        ),
        (r#"tonumber("1.50")"#, "1.5"),
        (
            r#"tonumber("x")"#,
            "error: `tonumber`: expected a number, found the string `\"x\"`",
        ),
        ("tostring(0.1)", r#""0.1""#),
        ("tostring(1e15)", r#""1000000000000000""#),
        ("tostring(true)", r#""true""#),
        ("tostring(null)", "null"),
        (r#"toset([1, "1"])"#, r#"["1"]"#),
        (r#"toset(["b", "a", "b"])"#, r#"["a","b"]"#),
        (r#"tolist([1, "a"])"#, r#"["1","a"]"#),
        (r#"tomap({ a = 1, b = "x" })"#, r#"{"a":"1","b":"x"}"#),
        (r#"try(tonumber("x"), "y")"#, r#""y""#),
        ("can({}.a)", "false"),
        ("can(1)", "true"),
    ]);
}

#[test]
fn templates() {
    check(&[
        (r#""a${1 + 1}b""#, r#""a2b""#),
        (r#""${[1]}""#, "[1]"),
        (
            r#""x${[1]}""#,
            "error: expected a string, found a list of 1 element",
        ),
        (r#""x${null}""#, "error: text cannot hold null"),
        (r#""$${a} %%{b}""#, r#""${a} %{b}""#),
        (r#""%{ if true }yes%{ else }no%{ endif }""#, r#""yes""#),
        (r#""%{ for x in ["a", "b"] }${x},%{ endfor }""#, r#""a,b,""#),
        (r#""  ${~ 1 ~}  ""#, r#""1""#),
        (r#""\u00e9\n\t\"\\""#, r#""é\n\t\"\\""#),
        ("<<EOT\na\n  b ${1}\nEOT", r#""a\n  b 1\n""#),
        ("<<-EOT\n    a\n      b\n    EOT", r#""a\n  b\n""#),
    ]);
}

#[test]
fn collections() {
    check(&[
        ("[for k, v in { b = 1, a = 2 } : k]", r#"["a","b"]"#),
        (
            "[for i, v in [\"x\", \"y\"] : \"${i}${v}\"]",
            r#"["0x","1y"]"#,
        ),
        ("[for v in toset([\"b\", \"a\"]) : v]", r#"["a","b"]"#),
        ("[for v in [1, 2, 3] : v * 2 if v != 2]", "[2,6]"),
        (
            r#"{ for k in ["a", "b"] : k => upper(k) }"#,
            r#"{"a":"A","b":"B"}"#,
        ),
        (
            r#"{ for k in ["a", "b", "a"] : k => 1 }"#,
            "error: two elements of this `for` have the key `a`",
        ),
        (
            r#"{ for k in ["a", "b", "a"] : k => 1... }"#,
            r#"{"a":[1,1],"b":[1]}"#,
        ),
        ("[{ a = 1 }, { a = 2 }][*].a", "[1,2]"),
        ("[{ a = 1 }, { a = 2 }].*.a", "[1,2]"),
        ("null[*]", "[]"),
        (r#""s"[*]"#, r#"["s"]"#),
        ("[1, 2][1]", "2"),
        (r#"[1, 2]["0"]"#, "1"),
        ("[1, 2][2]", "error: there is no element `2`"),
        (r#"{ a = 1 }["a"]"#, "1"),
        ("{ a = { b = [5] } }.a.b[0]", "5"),
        ("{ a = 1 }.b", "error: the object has no attribute `b`"),
        (r#"{ "a b" = 1, (upper("c")) = 2 }"#, r#"{"C":2,"a b":1}"#),
        ("toset([1])[0]", "error: a set has no order and no index"),
    ]);
}

#[test]
fn functions_on_text() {
    check(&[
        (
            r#"format("%s-%d-%v-%q-%05.1f", "a", 3, [1], "x", 2.5)"#,
            r#""a-3-[1]-\"x\"-002.5""#,
        ),
        (r#"format("%5s|%-5s|%%", "a", "b")"#, r#""    a|b    |%""#),
        (r#"format("%d", "7")"#, r#""7""#),
        (r#"format("%s", true)"#, r#""true""#),
        (r#"format("%s")"#, "error: `format`: no argument for `%s`"),
        (
            r#"format("a", 1)"#,
            "error: `format`: more arguments than verbs",
        ),
        (r#"join("-", ["a", 1])"#, r#""a-1""#),
        (r#"split(",", "a,,b")"#, r#"["a","","b"]"#),
        (r#"split(",", "")"#, r#"[""]"#),
        (r#"lower("ÀB")"#, r#""àb""#),
        ("upper(1)", r#""1""#),
        (r#"replace("a.b.c", ".", "-")"#, r#""a-b-c""#),
        (r#"trimspace("  a ")"#, r#""a""#),
        (r#"trimprefix("abc", "a")"#, r#""bc""#),
        (r#"trimsuffix("abc", "c")"#, r#""ab""#),
        (r#"trim("?!a?", "!?")"#, r#""a""#),
        (r#"substr("hello", -3, -1)"#, r#""llo""#),
        (r#"substr("hello", 1, 2)"#, r#""el""#),
        (r#"startswith("abc", "ab")"#, "true"),
        (r#"length("añb")"#, "3"),
        (r#"base64encode("hello")"#, r#""aGVsbG8=""#),
        (r#"base64decode("aGVsbG8=")"#, r#""hello""#),
        (
            r#"sha256("a")"#,
            r#""ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb""#,
        ),
        (
            r#"jsonencode({ b = 1, a = "<x>" })"#,
            r#""{\"a\":\"\\u003cx\\u003e\",\"b\":1}""#,
        ),
        (r#"jsondecode("{\"a\":[1,null]}")"#, r#"{"a":[1,null]}"#),
        (r#"file("key.pem")"#, r#""PEM\n""#),
        (
            r#"file("../out")"#,
            "error: cannot read `\"../out\"`: it lies outside of `/repo`",
        ),
    ]);
}

#[test]
fn functions_on_collections() {
    check(&[
        (
            "merge({ a = 1 }, null, { b = 2, a = 3 })",
            r#"{"a":3,"b":2}"#,
        ),
        ("merge()", "{}"),
        (r#"concat([1], ["a"])"#, r#"[1,"a"]"#),
        (
            "concat([1], toset([2]))",
            "error: `concat`: expected a list",
        ),
        ("keys({ b = 1, a = 2 })", r#"["a","b"]"#),
        ("values({ b = 1, a = 2 })", "[2,1]"),
        (r#"lookup({ a = 1 }, "b", "x")"#, r#""x""#),
        (
            r#"lookup({ a = 1 }, "b")"#,
            "error: `lookup`: there is no key `b`, and no third argument to take its place",
        ),
        (r#"contains([1, "a"], "1")"#, "false"),
        (r#"contains(["a"], "a")"#, "true"),
        ("flatten([1, [2, [3]], toset([4])])", "[1,2,3,4]"),
        (r#"distinct([1, "1", "a"])"#, r#"["1","a"]"#),
        (r#"sort(["b", "a", "C"])"#, r#"["C","a","b"]"#),
        (r#"coalesce(null, "", 1)"#, r#""1""#),
        (r#"coalesce("a", 1)"#, r#""a""#),
        (r#"element(["a", "b"], 5)"#, r#""b""#),
        (r#"element(["a"], -1)"#, r#""a""#),
        (
            r#"setproduct(["a", "b"], [1, 2])"#,
            r#"[["a",1],["a",2],["b",1],["b",2]]"#,
        ),
        (r#"zipmap(["a", "b"], [1, 2])"#, r#"{"a":1,"b":2}"#),
        ("length([1, 2])", "2"),
        ("length({})", "0"),
        ("reverse([1, 2])", "[2,1]"),
        ("one([])", "null"),
        (r#"compact(["a", "", null])"#, r#"["a"]"#),
        ("setunion([1], [2])", "[1,2]"),
        ("setsubtract([1, 2], [2])", "[1]"),
        ("alltrue([true, false])", "false"),
        ("merge([{ a = 1 }, { b = 2 }]...)", r#"{"a":1,"b":2}"#),
        ("uper(1)", "error: there is no function `uper`"),
        ("upper()", "error: `upper` takes 1 argument"),
        (
            "timestamp()",
            "error: there is no function `timestamp` here: a plan must say the same today and tomorrow: give the time as a variable",
        ),
    ]);
}

/// Where we differ from Terraform on purpose: what the reference says of it is true.
#[test]
fn differences() {
    for it in language::DIFFERENCES {
        assert_eq!(answer(it.expression), it.here, "{}", it.expression);
    }
    check(&[
        ("pow(2, 0.5)", "1.4142135623731"),
        ("log(50, 10)", "1.69897000433602"),
        ("tostring(9007199254740991)", r#""9007199254740991""#),
        (
            "jsonencode(1e30)",
            "error: this number is too large to be kept exactly",
        ),
        // No difference: a name that nothing declares is a mistake, also in `try`.
        ("try(nope.x, 1)", "error: nothing is called `nope`"),
        ("can(local.nope)", "error: no local `nope` is declared"),
        ("try({ a = 1 }.b, 2)", "2"),
    ]);
    for refused in [
        "timestamp()",
        "uuid()",
        r#"bcrypt("x")"#,
        r#"sensitive("x")"#,
        r#"nonsensitive("x")"#,
        r#"abspath(".")"#,
        r#"pathexpand("~")"#,
    ] {
        let found = answer(refused);
        assert!(found.starts_with("error: there is no function"), "{found}");
    }
}

/// `terraform.txt`: an expression and its answer on each line; how the answers were obtained stands in its head.
#[test]
fn terraforms_answers() {
    let mut rows = 0;
    let mut wrong = String::new();
    for line in include_str!("terraform.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (expression, expected) = line.split_once('\t').unwrap();
        rows += 1;
        let found = answer(expression);
        let same = match expected.trim() {
            "error" => found.starts_with("error: "),
            expected => found == expected,
        };
        if !same {
            wrong += &format!("{expression}\n  expected {expected}\n  found    {found}\n");
        }
    }
    assert!(rows >= 980, "{rows}");
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// `templates.jsonl`: a template and its answer, as in `terraform.txt`, on each line. They were drawn at random.
#[test]
fn terraforms_templates() {
    let mut rows = 0;
    for line in include_str!("templates.jsonl").lines() {
        let (template, expected): (String, String) = serde_json::from_str(line).unwrap();
        rows += 1;
        assert_eq!(answer(&template), expected, "{template}");
    }
    assert!(rows >= 200, "{rows}");
}
