//! `core/MODEL.md` is written from the table. This test compares; with `UPDATE_MODEL_MD=1` it writes.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use plugin_host::model::table::{self, Field, Form, Item, Lack, Shape, Slot, Written};
use plugin_host::model::{MAX_DEPTH, MODELS, PLACES};

#[test]
fn the_document_says_what_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("MODEL.md");
    let text = document();
    if env::var_os("UPDATE_MODEL_MD").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let different = committed
        .lines()
        .zip(text.lines())
        .position(|(a, b)| a != b);
    assert!(
        committed == text,
        "core/MODEL.md is not what the table says (first at line {}); write it by UPDATE_MODEL_MD=1 \
         cargo test -p plugin-host --test model",
        different.map_or(committed.lines().count(), |line| line + 1)
    );
}

/// The models in their order, each followed by the messages that are only part of it.
fn shapes() -> Vec<&'static Shape> {
    let mut shapes: Vec<&'static Shape> = Vec::new();
    let mut waiting: Vec<_> = MODELS.iter().rev().map(|name| (*name).to_owned()).collect();
    while let Some(name) = waiting.pop() {
        let shape = table::shape(&name).unwrap();
        let known = |other: &&Shape| other.descriptor() == shape.descriptor();
        if shapes.iter().any(known) {
            continue;
        }
        shapes.push(shape);
        for field in shape.fields().iter().rev() {
            if let (Item::Object(inner), true) = (field.slot.item(), field.form != Form::WireOnly) {
                let is_model = MODELS
                    .iter()
                    .any(|name| inner.ends_with(&format!(".{name}")));
                if !is_model {
                    waiting.push(inner.clone());
                }
            }
        }
    }
    shapes
}

fn document() -> String {
    let mut text = format!(
        "# Mattermost's own JSON and the contract's messages

Written from the table in `src/model/rows.rs` by the test `model` (`UPDATE_MODEL_MD=1` writes it, otherwise it compares).

What holds everywhere:

- A missing key and `null` are the same to the wire. The last column lists what else is the same; all of it is written back
  as the column before says. What is not listed there comes back as it was.
- A key that is in no table is refused, and so is a key of \"not carried\" that says anything but `null`, `\"\"`, `0`, `false`, `[]`
  or `{{}}`. A lenient reading leaves it out and reports it.
- Free-form objects hold `null` and `{{}}` apart. Their integers go up to 2^53 in either direction; a larger one is refused,
  or left out and reported. On the way to JSON, NaN and the infinities are refused.
- Nothing is nested deeper than {MAX_DEPTH} steps of a path.
- Two keys of one name: refused in text, or the last one counts and it is reported.
- `null` inside of a list, or as a value in a map, is refused, free-form objects aside.
"
    );
    for shape in shapes() {
        section(&mut text, shape);
    }
    text += "\n## Blobs\n\nJSON that travels as bytes. The bytes stay as they are; that they are JSON is checked. Empty bytes and none are the same.\n\n| blob | message | field |\n| --- | --- | --- |\n";
    for (message, field, kind) in PLACES {
        writeln!(text, "| {} | {message} | `{field}` |", kind.name()).unwrap();
    }
    text
}

fn section(text: &mut String, shape: &Shape) {
    writeln!(text, "\n## {}\n", shape.descriptor().name()).unwrap();
    *text += "| key | field | holds | nothing is written as | the same to the wire |\n";
    *text += "| --- | --- | --- | --- | --- |\n";
    let (wire_only, keyed): (Vec<_>, Vec<_>) = shape
        .fields()
        .iter()
        .partition(|field| field.form == Form::WireOnly);
    for field in keyed {
        let name = match field.descriptor.name() {
            name if name == field.key => "=".to_owned(),
            name => format!("`{name}`"),
        };
        let (key, holds) = (&field.key, holds(field));
        let (nothing, same) = (nothing(field), same(field));
        writeln!(text, "| `{key}` | {name} | {holds} | {nothing} | {same} |").unwrap();
    }
    if !wire_only.is_empty() {
        let names: Vec<_> = wire_only
            .iter()
            .map(|field| format!("`{}`", field.descriptor.name()))
            .collect();
        writeln!(
            text,
            "\nOnly on the wire, lost on the way to JSON: {}.",
            names.join(", ")
        )
        .unwrap();
    }
    if !shape.lacks().is_empty() {
        let keys: Vec<_> = shape.lacks().iter().map(lack).collect();
        writeln!(text, "\nNot carried: {}.", keys.join(", ")).unwrap();
    }
}

fn lack(lack: &Lack) -> String {
    match lack.written.value() {
        Some(value) => format!("`{}` (written as `{value}`)", lack.key),
        None => {
            assert_eq!(lack.written, Written::Never);
            format!("`{}`", lack.key)
        }
    }
}

fn item(item: &Item) -> String {
    match item {
        Item::Text => "text".to_owned(),
        Item::Bytes => "base64".to_owned(),
        Item::Flag => "true or false".to_owned(),
        Item::Int32 => "32-bit number".to_owned(),
        Item::Int64 => "64-bit number".to_owned(),
        Item::Letter(_, letters) => {
            let letters: Vec<_> = letters
                .iter()
                .map(|letter| format!("`\"{letter}\"`"))
                .collect();
            letters.join(" ")
        }
        Item::Object(name) => name.rsplit('.').next().unwrap_or(name).to_owned(),
        Item::Free(_) => "free-form object".to_owned(),
        Item::Wrapped(_, inner) => slot(inner),
    }
}

fn slot(slot: &Slot) -> String {
    match slot {
        Slot::One(one) => item(one),
        Slot::List(one) => format!("list of {}", item(one)),
        Slot::Map(one) => format!("map to {}", item(one)),
    }
}

fn holds(field: &Field) -> String {
    match field.form {
        Form::Same => slot(&field.slot),
        Form::Object => "any JSON; on the wire a free-form object".to_owned(),
        Form::Decimal => "64-bit number; on the wire its decimal text".to_owned(),
        Form::IsTime => "time; on the wire whether there is one".to_owned(),
        Form::OneText => "text; on the wire a list of texts".to_owned(),
        Form::ListOfOne => "list of texts; on the wire one text".to_owned(),
        Form::Is(word) => format!("true or false; on the wire the text `{word}` or not"),
        Form::WireOnly => unreachable!("it has no key"),
    }
}

fn nothing(field: &Field) -> String {
    match field.empty_value() {
        Some(value) => format!("`{value}`"),
        None => "no key".to_owned(),
    }
}

/// What the wire cannot tell apart, beside `null` and no key.
fn same(field: &Field) -> &'static str {
    match (field.form, &field.slot) {
        (Form::Object, _) => "another value than an object is not carried",
        (Form::Decimal, _) => "a text that is no decimal number is refused on the way to JSON",
        (Form::IsTime, _) => "`0`; all other times, which come back as `1`",
        (Form::OneText, _) => {
            "`\"\"`; several texts are refused on the way to JSON, and one empty text comes back as none"
        }
        (Form::ListOfOne, _) => "`[]`; a second text, or an empty one, is not carried",
        (Form::Is(_), _) => "`false`; any other text comes back as none",
        (_, Slot::List(_)) => "`[]`",
        (_, Slot::Map(Item::Wrapped(..))) => "`{}`; in it, `null` and `[]`, written as `null`",
        (_, Slot::Map(_)) => "`{}`",
        (_, Slot::One(_)) if field.loses_presence() => {
            "`\"\"`; set to it on the wire, it comes back as not set"
        }
        (_, Slot::One(_)) if field.descriptor.supports_presence() => "nothing else",
        (_, Slot::One(Item::Flag)) => "`false`",
        (_, Slot::One(Item::Int32 | Item::Int64)) => "`0`",
        (_, Slot::One(_)) => "`\"\"`",
    }
}
