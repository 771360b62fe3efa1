//! Where an expression has another answer than in Terraform, on purpose. What a test asks of each row is the answer here.

use crate::model::language::Difference;

const EXACT: &str =
    "numbers have 15 digits, whole ones are exact up to 2^53; what would not be exact is no answer";
const LISTS: &str = "a tuple is a list: there is no other kind";
const DECIDES: &str = "the left side decides, as in Terraform since 1.12";

/// In the order of the reference: operators and literals, then functions.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        expression: "1 / 3",
        terraform: "some 150 digits",
        here: "0.333333333333333",
        why: EXACT,
    },
    Difference {
        expression: "9007199254740993",
        terraform: "9007199254740993",
        here: "error: this number is too large to be kept exactly",
        why: EXACT,
    },
    Difference {
        expression: "10 % 0",
        terraform: "10",
        here: "error: the result is no number that can be kept exactly",
        why: "a division by 0 has no rest",
    },
    Difference {
        expression: "-0",
        terraform: "-0",
        here: "0",
        why: "zero has no sign",
    },
    Difference {
        expression: "false && tobool(\"x\")",
        terraform: "error",
        here: "false",
        why: DECIDES,
    },
    Difference {
        expression: "{ a = 1, a = 2 }",
        terraform: "{\"a\":2}",
        here: "error: syntax error: this key is in the object already",
        why: "one of the two would be lost without a word",
    },
    Difference {
        expression: "tolist([1]) == [1]",
        terraform: "false",
        here: "true",
        why: LISTS,
    },
    Difference {
        expression: "concat(tolist([1]), tolist([\"a\"]))",
        terraform: "[\"1\",\"a\"]",
        here: "[1,\"a\"]",
        why: LISTS,
    },
    Difference {
        expression: "lookup(tomap({ a = 1 }), \"b\", \"x\")",
        terraform: "error",
        here: "\"x\"",
        why: "a map is an object: there is no other kind",
    },
    Difference {
        expression: "element([\"a\", \"b\"], -1)",
        terraform: "error",
        here: "\"b\"",
        why: "what is below 0 counts from the end",
    },
    Difference {
        expression: "format(\"%v\", null)",
        terraform: "known after apply",
        here: "\"null\"",
        why: "it is known already",
    },
    Difference {
        expression: "substr(\"hello\", -2, 0)",
        terraform: "\"lo\"",
        here: "\"\"",
        why: "no character is asked for",
    },
    Difference {
        expression: "textencodebase64(\"a\", \"shift_jis\")",
        terraform: "\"YQ==\"",
        here: "error: `textencodebase64`: the encodings are `UTF-8`, `UTF-16LE` and `UTF-16BE`",
        why: "nothing that is declared here takes another",
    },
    Difference {
        expression: "jsonencode(0.000001)",
        terraform: "\"0.000001\"",
        here: "\"1e-6\"",
        why: "the same number",
    },
    Difference {
        expression: "yamldecode(\"2026-01-01\")",
        terraform: "\"2026-01-01T00:00:00Z\"",
        here: "\"2026-01-01\"",
        why: "a date is text, as it is written",
    },
    Difference {
        expression: "yamldecode(\"a: 1\\na: 2\")",
        terraform: "{\"a\":2}",
        here: "error: `yamldecode`: this is not YAML: the key `a` is written already (line 2, column 1)",
        why: "one of the two would be lost without a word",
    },
    Difference {
        expression: "cidrnetmask(\"010.0.0.0/8\")",
        terraform: "\"255.0.0.0\"",
        here: "error: `cidrnetmask`: expected a network, as in `10.0.0.0/16`",
        why: "a 0 in front means an octal number elsewhere",
    },
];
