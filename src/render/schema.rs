//! The JSON Schema of stack files in YAML, from the field tables. It never refuses a file that `validate` takes;
//! what only an evaluation can tell is left to `validate`.

use serde_json::{Map, Value as Json, json};

use crate::model::language::{Attribute, Attributes, LanguageBlock, Stands, Takes};
use crate::model::schema::{Absent, Compare, Default, Field, Group, Shape, Type};

/// The schema of a whole file (JSON Schema, draft 2020-12). `meta` are the attributes that every resource takes.
pub fn schema(shapes: &[&'static Shape], language: &[LanguageBlock], meta: &[Attribute]) -> Json {
    let mut properties = Map::new();
    for block in language {
        properties.insert(block.word.to_owned(), language_block(block));
    }
    let mut definitions = Map::new();
    definitions.insert(
        "expression".to_owned(),
        json!({
            "description": "A template: `${…}` is evaluated.",
            "type": "string",
            "pattern": r"[$%]\{",
        }),
    );
    definitions.insert(
        "literal".to_owned(),
        json!({ "not": { "anyOf": [{ "type": "null" }, expression()] } }),
    );
    for shape in shapes.iter().filter(|shape| !shape.implied) {
        definitions.insert(
            shape.kind.to_owned(),
            resource(shape, shapes, meta, Place::Inside),
        );
        let block = match shape.parents {
            [] => reference(shape.kind),
            _ => {
                let name = format!("top_{}", shape.kind);
                definitions.insert(name.clone(), resource(shape, shapes, meta, Place::Top));
                reference(&name)
            }
        };
        properties.insert(
            shape.kind.to_owned(),
            labelled(shape.doc, nullable(block), false),
        );
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trustform stack",
        "description": "A file trust.yaml or *.trust.yaml: what a Microsoft Entra tenant should hold.",
        "type": "object",
        "properties": properties,
        "patternProperties": ignored(),
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// Where a resource's block stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In its parent, or at the top where it has none.
    Inside,
    /// At the top, naming its parent.
    Top,
}

fn resource(shape: &Shape, shapes: &[&'static Shape], meta: &[Attribute], place: Place) -> Json {
    let mut own = properties(shape.fields);
    for attribute in meta {
        own.insert(attribute.name.to_owned(), language_attribute(attribute));
    }
    if place == Place::Top {
        let doc = "The block that it belongs to: `${application.label}`.";
        own.insert(
            "parent".to_owned(),
            json!({ "description": doc, "type": "string" }),
        );
    }
    for child in shapes
        .iter()
        .filter(|child| !child.implied && child.nests_in(shape.kind))
    {
        let blocks = labelled(child.doc, nullable(reference(child.kind)), false);
        own.insert(child.kind.to_owned(), blocks);
    }
    let mut block = object(own, shape.fields);
    if place == Place::Top {
        require(&mut block, "parent");
    }
    let rules: Vec<Json> = shape.groups.iter().flat_map(group).collect();
    if !rules.is_empty() {
        block["allOf"] = rules.into();
    }
    block
}

/// An object with these fields.
fn fields(fields: &[Field]) -> Json {
    object(properties(fields), fields)
}

fn properties(fields: &[Field]) -> Map<String, Json> {
    let written = fields.iter().filter(|field| !field.computed);
    written
        .map(|field| (field.name.to_owned(), one_field(field)))
        .collect()
}

/// An object with these properties, of which the required ones among the fields must be there.
fn object(mut properties: Map<String, Json>, fields: &[Field]) -> Json {
    if fields.iter().any(|field| holds_blocks(field.ty)) {
        properties.insert("dynamic".to_owned(), dynamic());
    }
    let mut block = json!({
        "type": "object",
        "properties": properties,
        "patternProperties": ignored(),
        "additionalProperties": false,
    });
    for field in fields.iter().filter(|field| field.required) {
        require(&mut block, field.name);
    }
    block
}

fn holds_blocks(ty: Type) -> bool {
    match ty {
        Type::Block(_) | Type::BlockOrFalse(_) | Type::Labelled(_) => true,
        Type::List(element) => holds_blocks(*element),
        _ => false,
    }
}

/// Nested blocks, one for each element, by their word.
fn dynamic() -> Json {
    json!({
        "description": "Nested blocks, one for each element: in `content`, `${word.key}` and `${word.value}` are the element's.",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "for_each": { "description": "A list, a set or a map.", "type": ["array", "object", "string"] },
                "iterator": { "description": "What the element is called. Default: the block's word.", "type": "string" },
                "labels": { "description": "The block's label, where it has one.", "type": ["array", "string"] },
                "content": { "description": "What each block holds.", "type": "object" },
            },
            "required": ["for_each", "content"],
            "additionalProperties": false,
        },
    })
}

fn one_field(field: &Field) -> Json {
    let mut json = typed(field.ty, field.words);
    // A required field may still wait for what gives it a value.
    if !field.required || field.pending {
        json = nullable(json);
    }
    let mut text = field.doc.to_owned();
    if field.absent == Absent::Reset && field.compare != Compare::Never {
        text.push_str(" Not declared: it goes back to the default.");
    }
    json["description"] = text.into();
    match field.default {
        Default::Bool(flag) => json["default"] = flag.into(),
        Default::Text(text) => json["default"] = text.into(),
        Default::None | Default::Null | Default::EmptySet => {}
    }
    json
}

fn typed(ty: Type, words: &[&str]) -> Json {
    match ty {
        Type::Bool => or_expression(json!({ "type": "boolean" })),
        Type::Number => or_expression(json!({ "type": "number" })),
        Type::String if !words.is_empty() => or_expression(json!({ "enum": words })),
        // A number or a boolean converts, as in `owner_id: 5544123`.
        Type::String => json!({ "type": ["string", "number", "boolean"] }),
        Type::Reference => json!({ "type": "string" }),
        Type::List(element) | Type::Set(element) => {
            or_expression(json!({ "type": "array", "items": typed(*element, words) }))
        }
        Type::Map(element) => or_expression(
            json!({ "type": "object", "additionalProperties": typed(*element, words) }),
        ),
        Type::Block(inner) => or_expression(fields(inner)),
        Type::BlockOrFalse(inner) => {
            json!({ "anyOf": [fields(inner), { "type": "boolean" }, expression()] })
        }
        Type::Labelled(inner) => or_expression(json!({
            "type": "object",
            "patternProperties": ignored(),
            "additionalProperties": nullable(or_expression(fields(inner))),
        })),
    }
}

/// Blocks by their labels.
fn labelled(doc: &str, block: Json, single: bool) -> Json {
    let mut json = json!({
        "description": doc,
        "type": ["object", "null"],
        "patternProperties": ignored(),
        "additionalProperties": block,
    });
    if single {
        json["maxProperties"] = 1.into();
    }
    json
}

/// "Exactly one of": one has to be there, and of two that are written out neither is an expression that may be null.
fn group(group: &Group) -> Vec<Json> {
    let (names, needed) = match group {
        Group::One(names) => (names, true),
        Group::AtMostOne(names) => (names, false),
    };
    let mut rules = Vec::new();
    if needed {
        let any: Vec<Json> = names
            .iter()
            .map(|name| json!({ "required": [name] }))
            .collect();
        rules.push(json!({ "anyOf": any }));
    }
    for (index, first) in names.iter().enumerate() {
        for second in &names[index + 1..] {
            let literal: Map<String, Json> = [first, second]
                .into_iter()
                .map(|name| ((*name).to_owned(), reference("literal")))
                .collect();
            rules.push(json!({ "not": { "required": [first, second], "properties": literal } }));
        }
    }
    rules
}

fn language_block(block: &LanguageBlock) -> Json {
    let inner = match block.attributes {
        Attributes::Free => {
            return json!({ "description": block.doc, "type": ["object", "null"] });
        }
        Attributes::Fields(table) => fields(table),
        Attributes::Own(attributes) | Attributes::Open(attributes) => {
            let properties: Map<String, Json> = attributes
                .iter()
                .map(|attribute| (attribute.name.to_owned(), language_attribute(attribute)))
                .collect();
            let mut inner = object(properties, &[]);
            for attribute in attributes.iter().filter(|attribute| attribute.required) {
                require(&mut inner, attribute.name);
            }
            if matches!(block.attributes, Attributes::Open(_)) {
                inner["additionalProperties"] = true.into();
            }
            inner
        }
    };
    match block.stands {
        Stands::Named => {}
        Stands::Alone => return described(nullable(inner), block.doc),
        Stands::Repeated => {
            let list = json!({ "type": "array", "items": inner.clone() });
            return described(json!({ "anyOf": [inner, list] }), block.doc);
        }
    }
    let single = matches!(block.attributes, Attributes::Fields(_));
    let inner = if single { inner } else { nullable(inner) };
    labelled(block.doc, inner, single)
}

fn described(mut json: Json, doc: &str) -> Json {
    json["description"] = doc.into();
    json
}

fn language_attribute(attribute: &Attribute) -> Json {
    let mut json = match attribute.takes {
        Takes::Bool => or_expression(json!({ "type": "boolean" })),
        Takes::Text | Takes::TypeExpression => json!({ "type": "string" }),
        Takes::Any => json!({}),
    };
    json["description"] = attribute.doc.into();
    json
}

/// Keys that begin with `x-` are for anchors and other tools.
fn ignored() -> Json {
    json!({ "^x-": {} })
}

fn expression() -> Json {
    reference("expression")
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn or_expression(json: Json) -> Json {
    json!({ "anyOf": [json, expression()] })
}

fn nullable(mut json: Json) -> Json {
    if let Some(any) = json.get_mut("anyOf").and_then(Json::as_array_mut) {
        any.push(json!({ "type": "null" }));
        return json;
    }
    if let Some(types) = json.get_mut("type").and_then(Json::as_array_mut) {
        types.push("null".into());
        return json;
    }
    json!({ "anyOf": [json, { "type": "null" }] })
}

fn require(block: &mut Json, name: &str) {
    match block.get_mut("required").and_then(Json::as_array_mut) {
        Some(required) => required.push(name.into()),
        None => block["required"] = json!([name]),
    }
}
