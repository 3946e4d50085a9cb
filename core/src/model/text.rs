//! JSON text to a `Value`, with what a `Value` alone would not show: keys that stand twice, integers that were too long for
//! it, and where in the document something is wrong.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::error::{Dropped, Fault, ModelError, start_of};
use super::path::Path;
use super::{MAX_DEPTH, Strictness};

/// The text of a model.
pub(super) fn value(
    model: &str,
    text: &[u8],
    strictness: Strictness,
) -> Result<(Value, Vec<Dropped>), ModelError> {
    let rules = Rules {
        depth: MAX_DEPTH,
        losses: Some(strictness),
    };
    parse(model, text, rules)
}

/// Whether a text is JSON at all, nested no deeper than readers in other languages bear.
pub(super) fn check(name: &str, text: &[u8]) -> Result<(), ModelError> {
    let rules = Rules {
        depth: 100,
        losses: None,
    };
    parse(name, text, rules).map(|_| ())
}

#[derive(Clone, Copy)]
struct Rules {
    depth: usize,
    /// What becomes of that which a `Value` cannot hold; `None` if nobody will look at the value.
    losses: Option<Strictness>,
}

fn parse(model: &str, text: &[u8], rules: Rules) -> Result<(Value, Vec<Dropped>), ModelError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let offset = error.valid_up_to();
        ModelError::new(model, &Path::Root, Fault::NotUtf8 { offset })
    })?;
    let state = RefCell::new(State {
        model,
        rules,
        doubles: doubles(text),
        numbers: 0,
        dropped: Vec::new(),
        error: None,
    });
    let mut parser = serde_json::Deserializer::from_str(text);
    let root = Node {
        at: &Path::Root,
        state: &state,
    };
    let result = root.deserialize(&mut parser);
    let value = result.and_then(|value| parser.end().map(|()| value));
    if let Err(error) = &value {
        state.borrow_mut().note(&Path::Root, not_json(error));
    }
    let state = state.into_inner();
    match state.error {
        Some(error) => Err(error),
        None => Ok((value.ok().flatten().unwrap_or_default(), state.dropped)),
    }
}

struct State<'a> {
    model: &'a str,
    rules: Rules,
    /// Numbers that a parser makes doubles of, as they are written, by their position among the document's numbers.
    doubles: HashMap<usize, &'a str>,
    numbers: usize,
    dropped: Vec<Dropped>,
    error: Option<ModelError>,
}

impl State<'_> {
    /// The first error counts: it is the innermost.
    fn note(&mut self, at: &Path<'_>, fault: Fault) {
        let error = || ModelError::new(self.model, at, fault);
        self.error.get_or_insert_with(error);
    }
}

/// One value of the document; `None` if it was left out.
#[derive(Clone, Copy)]
struct Node<'a, 's> {
    at: &'a Path<'a>,
    state: &'a RefCell<State<'s>>,
}

impl<'s> Node<'_, 's> {
    /// Notes a parser's error where it was met; the place that is further in has been quicker.
    fn noted<T, E: fmt::Display>(&self, result: Result<T, E>) -> Result<T, E> {
        result.inspect_err(|error| self.state.borrow_mut().note(self.at, not_json(error)))
    }

    /// Ends the parser.
    fn refuse<T, E: de::Error>(&self, fault: Fault) -> Result<T, E> {
        self.state.borrow_mut().note(self.at, fault);
        Err(E::custom("refused"))
    }

    /// Reports what is left out, or ends the parser.
    fn lose<E: de::Error>(&self, fault: Fault) -> Result<(), E> {
        let losses = self.state.borrow().rules.losses;
        match losses {
            Some(Strictness::Strict) => self.refuse(fault),
            Some(Strictness::Lenient) => {
                let path = self.at.to_string();
                self.state
                    .borrow_mut()
                    .dropped
                    .push(Dropped { path, fault });
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The number at which the parser is now, if it was not one for a double.
    fn spelled(&self) -> Option<&'s str> {
        let mut state = self.state.borrow_mut();
        state.numbers += 1;
        state.doubles.get(&(state.numbers - 1)).copied()
    }

    fn inside<'n>(&self, at: &'n Path<'n>) -> Node<'n, 's>
    where
        Self: 'n,
    {
        let state = self.state;
        Node { at, state }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        let limit = self.state.borrow().rules.depth;
        if self.at.depth() > limit {
            return self.refuse(Fault::TooDeep { limit });
        }
        self.noted(parser.deserialize_any(self))
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Some(Value::Null))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(Value::Bool(flag)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        self.spelled();
        Ok(Some(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        self.spelled();
        Ok(Some(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        let spelled = self.spelled();
        if let Some(integer) = spelled.filter(|text| is_integer(text)) {
            let number = start_of(integer);
            self.lose(Fault::Inexact { number })?;
            return Ok(None);
        }
        // The parser is fast, and may be the last digit off.
        let exact = spelled.and_then(|text| text.parse().ok());
        Ok(Some(exact.unwrap_or(number).into()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Value::String(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        for index in 0.. {
            let at = self.at.index(index);
            match list.next_element_seed(self.inside(&at))? {
                Some(value) => values.extend(value),
                None => break,
            }
        }
        Ok(Some(Value::Array(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let at = self.at.key(&key);
            let inside = self.inside(&at);
            if object.contains_key(&key) {
                inside.lose(Fault::DuplicateKey)?;
            }
            if let Some(value) = map.next_value_seed(inside)? {
                object.insert(key, value);
            }
        }
        Ok(Some(Value::Object(object)))
    }
}

fn not_json(error: &impl fmt::Display) -> Fault {
    let reason = error.to_string();
    Fault::NotJson { reason }
}

/// The numbers of a text that are no `i64` or `u64`, by their position among all. Text that is no JSON gives something or
/// other; the parser will refuse it.
fn doubles(text: &str) -> HashMap<usize, &str> {
    let mut found = HashMap::new();
    let bytes = text.as_bytes();
    let (mut here, mut position) = (0, 0);
    while let Some(byte) = bytes.get(here) {
        match byte {
            b'"' => here += length_of_string(&bytes[here..]),
            b'-' | b'0'..=b'9' => {
                let rest = bytes[here..].iter();
                let length = rest.take_while(|byte| is_of_number(**byte)).count();
                let number = &text[here..here + length];
                if number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
                    found.insert(position, number);
                }
                position += 1;
                here += length;
            }
            _ => here += 1,
        }
    }
    found
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_integer(number: &str) -> bool {
    let digit = |byte: u8| byte == b'-' || byte.is_ascii_digit();
    number.bytes().all(digit)
}

/// Bytes up to and with the closing quote.
fn length_of_string(text: &[u8]) -> usize {
    let mut here = 1;
    while let Some(byte) = text.get(here) {
        match byte {
            b'"' => return here + 1,
            b'\\' => here += 2,
            _ => here += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
