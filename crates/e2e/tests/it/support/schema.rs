//! Whether JSON is as a schema of the API's description says: the words of JSON Schema that the
//! description uses, but for patterns and formats, which the requests made from it try.

use serde_json::Value;

/// What is wrong with a value, each with its place; nothing when it fits.
pub(crate) fn misfits(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    look(document, schema, value, "", &mut wrong);
    wrong
}

fn look(document: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(place) = schema["$ref"].as_str() {
        let found = document.pointer(place.trim_start_matches('#'));
        let found = found.unwrap_or_else(|| panic!("{place} is not there"));
        look(document, found, value, at, wrong);
    }
    if !schema["type"].is_null() && !kinds(&schema["type"]).any(|kind| is_of(kind, value)) {
        wrong.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    let listed = schema["enum"].as_array();
    if listed.is_some_and(|listed| !listed.contains(value)) {
        wrong.push(format!("{at}: {value} is not listed"));
    }
    let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
    let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
    let number = value.as_i64();
    if number.is_some_and(|number| !(least..=most).contains(&number)) {
        wrong.push(format!("{at}: {value} is too little or too much"));
    }
    for part in list(&schema["allOf"]) {
        look(document, part, value, at, wrong);
    }
    for choice in ["oneOf", "anyOf"] {
        let parts = list(&schema[choice]);
        let mut fitting = parts
            .iter()
            .filter(|part| misfits(document, part, value).is_empty());
        if !parts.is_empty() && fitting.next().is_none() {
            wrong.push(format!("{at}: {value} fits none"));
        }
    }
    inside(document, schema, value, at, wrong);
}

/// The members of an object, the items of a list.
fn inside(document: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(items) = value.as_array().filter(|_| schema["items"].is_object()) {
        for (place, item) in items.iter().enumerate() {
            let place = format!("{at}/{place}");
            look(document, &schema["items"], item, &place, wrong);
        }
    }
    let Some(members) = value.as_object() else {
        return;
    };
    for name in list(&schema["required"]).iter().filter_map(Value::as_str) {
        if !members.contains_key(name) {
            wrong.push(format!("{at}: {name} is absent"));
        }
    }
    for (name, member) in members {
        let place = format!("{at}/{name}");
        match (
            schema["properties"].get(name),
            &schema["additionalProperties"],
        ) {
            (Some(known), _) => look(document, known, member, &place, wrong),
            (None, Value::Bool(false)) => wrong.push(format!("{place} is unknown")),
            (None, further) => look(document, further, member, &place, wrong),
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn kinds(value: &Value) -> impl Iterator<Item = &str> {
    let one = value.as_str().into_iter();
    one.chain(list(value).iter().filter_map(Value::as_str))
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other}"),
    }
}
