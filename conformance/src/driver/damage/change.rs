//! The change of one part of a message in its JSON form: where, and what becomes of it.

use serde_json::Value;

use super::DamageError;

/// Where, and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub(super) path: Vec<Step>,
    pub(super) act: Act,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// The field of this name.
    Field(String),
    /// Each entry of a list, each value of a map.
    Each,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// It is not there.
    Drop,
    /// It is this.
    Set(Value),
    /// The last entry is not there.
    Pop,
    /// The entries stand the other way round.
    Reverse,
    /// Each entry is there twice.
    Double,
    /// Entries that have this field are not there.
    Without(String),
}

impl Change {
    /// Reads a path and what becomes of it.
    pub(super) fn read(text: &str) -> Result<Change, DamageError> {
        let unknown = || DamageError::Deed(text.to_owned());
        let (path, act) = text.split_once(' ').ok_or_else(unknown)?;
        let mut steps = Vec::new();
        for part in path.split('.') {
            let (name, each) = match part.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (part, false),
            };
            if name.is_empty() {
                return Err(unknown());
            }
            steps.push(Step::Field(name.to_owned()));
            steps.extend(each.then_some(Step::Each));
        }
        let act = match act.split_once(' ').unwrap_or((act, "")) {
            ("drop", "") => Act::Drop,
            ("pop", "") => Act::Pop,
            ("reverse", "") => Act::Reverse,
            ("double", "") => Act::Double,
            ("without", field) if !field.is_empty() => Act::Without(field.to_owned()),
            ("set", json) => {
                let value = serde_json::from_str(json);
                Act::Set(value.map_err(|error| DamageError::Json(text.to_owned(), error))?)
            }
            _ => return Err(unknown()),
        };
        Ok(Change { path: steps, act })
    }

    /// Makes the change.
    pub(super) fn make(&self, message: &mut Value) {
        self.descend(message, &self.path);
    }

    fn descend(&self, value: &mut Value, path: &[Step]) {
        match (path, value) {
            ([], value) => self.act_on(value),
            ([Step::Field(name)], Value::Object(fields)) => match &self.act {
                Act::Drop => drop(fields.remove(name)),
                Act::Set(new) => drop(fields.insert(name.clone(), new.clone())),
                _ => {
                    if let Some(value) = fields.get_mut(name) {
                        self.act_on(value);
                    }
                }
            },
            ([Step::Field(name), rest @ ..], Value::Object(fields)) => {
                if let Some(value) = fields.get_mut(name) {
                    self.descend(value, rest);
                }
            }
            ([Step::Each, rest @ ..], Value::Array(entries)) => {
                for entry in entries {
                    self.descend(entry, rest);
                }
            }
            ([Step::Each, rest @ ..], Value::Object(entries)) => {
                for entry in entries.values_mut() {
                    self.descend(entry, rest);
                }
            }
            _ => {}
        }
    }

    fn act_on(&self, value: &mut Value) {
        match (&self.act, value) {
            (Act::Drop, value) => *value = Value::Null,
            (Act::Set(new), value) => value.clone_from(new),
            (Act::Pop, Value::Array(entries)) => drop(entries.pop()),
            (Act::Reverse, Value::Array(entries)) => entries.reverse(),
            (Act::Double, Value::Array(entries)) => {
                *entries = entries
                    .drain(..)
                    .flat_map(|entry| [entry.clone(), entry])
                    .collect();
            }
            (Act::Without(field), Value::Array(entries)) => {
                entries.retain(|entry| entry.get(field).is_none());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, before: Value, expect: Value) {
        let mut after = before;
        Change::read(text).unwrap().make(&mut after);
        assert_eq!(after, expect, "{text}");
    }

    #[test]
    fn a_change_is_made_where_the_path_leads() {
        let two = || json!({"list": [{"a": 1, "gone": 5}, {"a": 2}], "map": {"x": {"a": 3}}});
        check("map drop", two(), json!({"list": two()["list"]}));
        check(
            "list[].a drop",
            two(),
            json!({"list": [{"gone": 5}, {}], "map": two()["map"]}),
        );
        check(
            "map[].a set 7",
            json!({"map": two()["map"]}),
            json!({"map": {"x": {"a": 7}}}),
        );
        check("list pop", json!({"list": [1, 2]}), json!({"list": [1]}));
        check(
            "list reverse",
            json!({"list": [1, 2]}),
            json!({"list": [2, 1]}),
        );
        check(
            "list double",
            json!({"list": [1, 2]}),
            json!({"list": [1, 1, 2, 2]}),
        );
        check(
            "list without gone",
            json!({"list": two()["list"]}),
            json!({"list": [{"a": 2}]}),
        );
    }

    #[test]
    fn what_is_not_there_is_not_made() {
        check("error.status_code set 500", json!({}), json!({}));
        check("user.name drop", json!({"error": {}}), json!({"error": {}}));
        check("fresh set true", json!({}), json!({"fresh": true}));
    }
}
