//! The file `plan.json` of a body plan: a plan that failed, the law that it broke, and whom it was played with. Pure: text to value and back.

use plugin_host::body::laws::Law;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BodyPlan;

/// A body plan that was kept because a law did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredBodyPlan {
    /// The version of the suite that kept it.
    pub suite_version: String,
    /// The subject by its name on the command line.
    pub subject: String,
    /// The law that was broken.
    #[serde(with = "law_by_name")]
    pub law: Law,
    /// The plan.
    pub plan: BodyPlan,
}

impl StoredBodyPlan {
    /// Whether a text is such a file, and not one of a fault plan. A text that is neither is none.
    pub fn is_one(text: &str) -> bool {
        let value: Option<Value> = serde_json::from_str(text).ok();
        value.is_some_and(|value| value["plan"]["kind"] == "body")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Names the field and the line.
    pub fn parse(text: &str) -> Result<StoredBodyPlan, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("names, numbers and lists of them always serialize");
        text.push('\n');
        text
    }
}

mod law_by_name {
    use plugin_host::body::laws::Law;
    use serde::de::{Deserialize as _, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(law: &Law, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(law.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Law, D::Error> {
        let name = String::deserialize(deserializer)?;
        Law::named(&name).ok_or_else(|| {
            let known: Vec<&str> = Law::ALL.iter().map(|law| law.name()).collect();
            D::Error::custom(format!("no law {name:?}; there are {}", known.join(", ")))
        })
    }
}
