//! The JSON Schema of a plan's JSON (`plan --format json`). New members may be added: none is forbidden.

use serde_json::{Value as Json, json};

/// What [`super::json::plan`] prints.
pub fn schema() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of trustform",
        "description": "What `trustform plan --format json` prints.",
        "type": "object",
        "required": ["format", "stack", "tenant_id", "digest", "changes", "access", "notes", "pending", "refusals", "requests", "outputs"],
        "properties": {
            "format": { "description": "Which form this is.", "const": "trustform-plan/1" },
            "stack": text("The stack's name."),
            "tenant_id": text("The tenant's GUID."),
            "digest": hash("SHA-256 over every request: `apply --expect` takes it."),
            "changes": list("What changes, by address.", change()),
            "access": access(),
            "notes": list("What is to be known besides.", note()),
            "pending": list("What waits for variables.", object(&[
                ("address", text("The resource.")),
                ("needs", list("The variables without a value.", json!({ "type": "string" }))),
            ], &[])),
            "refusals": list("Guards that an apply would refuse with.", object(&[
                ("guard", text("The guard's name.")),
                ("message", text("What it refuses, and why.")),
                ("lift", text("The word that lifts it.")),
            ], &[])),
            "requests": list("The exact requests, in the order in which they may be sent.", request()),
            "outputs": json!({ "description": "Outputs by name; null where the value is not known yet.", "type": "object" }),
        },
    })
}

fn change() -> Json {
    let field = object(
        &[
            ("path", text("The attribute, dotted as in the file.")),
            ("before", any("What is there; null for nothing.")),
            ("after", any("What will be there; null for nothing.")),
        ],
        &[],
    );
    object(
        &[
            (
                "address",
                text("The resource, as in `application.deployer`."),
            ),
            (
                "action",
                words(
                    "What happens to it.",
                    &["create", "update", "delete", "restore"],
                ),
            ),
            (
                "reason",
                words(
                    "Why.",
                    &[
                        "absent",
                        "differs",
                        "adopted",
                        "not-declared",
                        "unmanaged",
                        "soft-deleted",
                        "destroy",
                    ],
                ),
            ),
            ("fields", list("The attributes that differ.", field)),
        ],
        &[
            ("remark", text("More to say, in a few words.")),
            (
                "keys",
                list("Each key of a published set that changes.", key()),
            ),
        ],
    )
}

fn key() -> Json {
    let action = json!({
        "description": "What happens to it; null where it stays as it is.",
        "enum": ["create", "update", "delete", null],
    });
    let moment = |doc: &str| json!({ "description": doc, "type": ["string", "null"], "format": "date-time" });
    object(
        &[
            ("kid", text("The key's id.")),
            ("action", action),
            ("published_at", moment("When it was published.")),
            (
                "signs_since",
                moment("Since when the file says that it signs."),
            ),
        ],
        &[],
    )
}

fn access() -> Json {
    let permission = object(
        &[
            ("api", text("The API's name.")),
            ("name", text("The permission.")),
            ("delegated", flag("Held for signed-in users only.")),
        ],
        &[(
            "tier",
            json!({ "description": "0 leads to control of the tenant, 1 of much of what is in it.", "type": "integer" }),
        )],
    );
    let danger = object(
        &[
            ("who", text("Who is among them.")),
            ("example", text("A subject that shows it.")),
        ],
        &[],
    );
    let grantee = object(
        &[
            ("who", text("Who, as a sentence's subject.")),
            (
                "right",
                words("What is gained or lost.", &["act", "permissions"]),
            ),
            ("identity", text("The identity's name.")),
            ("credential", text("The credential that admits them.")),
            (
                "holding",
                list(
                    "What the identity may do, or what of that changes.",
                    permission,
                ),
            ),
            (
                "token",
                json!({ "description": "The shortest token that is admitted on one side only, by claim.", "type": "object", "additionalProperties": { "type": "string" } }),
            ),
            ("dangers", list("The worst that is among them.", danger)),
            (
                "partly",
                flag("Some of it was admitted before, or still is."),
            ),
            (
                "undecided",
                flag("The exact comparison was given up; it counts as a change."),
            ),
        ],
        &[
            ("address", text("Where the identity is declared.")),
            ("example", text("The same token in words.")),
            ("condition", text("What the sentence holds under.")),
        ],
    );
    let mut widening = object(
        &[
            ("digest", hash("What an `approve` block names.")),
            (
                "changes",
                list("One sentence for each.", json!({ "type": "string" })),
            ),
        ],
        &[],
    );
    widening["description"] = "What of it the guard against widening counts.".into();
    let mut access = object(
        &[
            ("gained", list("Who gains access.", grantee.clone())),
            ("lost", list("Who loses access.", grantee)),
        ],
        &[("widening", widening)],
    );
    access["description"] = "Who may act as which identity afterwards, and no longer may.".into();
    access
}

fn note() -> Json {
    object(
        &[
            ("code", text("Kebab-case and stable.")),
            (
                "level",
                words("How bad it is.", &["error", "warning", "note"]),
            ),
            ("message", text("What is to be said.")),
            ("help", list("What to do.", json!({ "type": "string" }))),
        ],
        &[("subject", text("The resource or object."))],
    )
}

fn request() -> Json {
    object(
        &[
            ("address", text("The resource that it is for.")),
            ("method", text("GET, POST, PATCH, PUT or DELETE.")),
            ("service", words("Who gets it.", &["graph", "arm", "blob"])),
            (
                "path",
                text("The path with its query; holes that earlier answers fill stand in `${…}`."),
            ),
            (
                "headers",
                json!({ "description": "Headers beside those of every request.", "type": "object", "additionalProperties": { "type": "string" } }),
            ),
            ("body", any("The body; null for none.")),
            (
                "needs",
                list(
                    "The requests, by their place from 0, that have to be done before.",
                    json!({ "type": "integer", "minimum": 0 }),
                ),
            ),
        ],
        &[],
    )
}

/// An object with members that are always there, and members that may be null.
fn object(always: &[(&str, Json)], nullable: &[(&str, Json)]) -> Json {
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let mut properties = serde_json::Map::new();
    for (name, schema) in always {
        properties.insert((*name).to_owned(), schema.clone());
    }
    for (name, schema) in nullable {
        let schema =
            json!({ "description": schema["description"], "anyOf": [schema, { "type": "null" }] });
        properties.insert((*name).to_owned(), schema);
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

fn list(doc: &str, items: Json) -> Json {
    json!({ "description": doc, "type": "array", "items": items })
}

fn text(doc: &str) -> Json {
    json!({ "description": doc, "type": "string" })
}

fn hash(doc: &str) -> Json {
    json!({ "description": doc, "type": "string", "pattern": "^[0-9a-f]{64}$" })
}

fn flag(doc: &str) -> Json {
    json!({ "description": doc, "type": "boolean" })
}

fn words(doc: &str, words: &[&str]) -> Json {
    json!({ "description": doc, "enum": words })
}

fn any(doc: &str) -> Json {
    json!({ "description": doc })
}
