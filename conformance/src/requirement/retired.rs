//! Ids that no requirement has any more: what they asked for is asked for by another one. None is ever used again.
//!
//! Data; that the register keeps to it is for the tests of the suite to see.

use serde::Deserialize;

use super::Side;

/// An id that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// The id.
    pub id: String,
    /// The requirement that asks for the same.
    pub by: String,
    /// The set that it was released with; absent if it was given up before.
    pub since: Option<String>,
    /// Who had to keep it, if it was released.
    pub side: Option<Side>,
    /// How binding it was, if it was released.
    pub level: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    retired: Vec<Retired>,
}

/// All of them.
///
/// # Errors
/// When the list that is part of this binary is no such list.
pub fn retired() -> Result<Vec<Retired>, toml::de::Error> {
    let file: File = toml::from_str(include_str!("../../retired.toml"))?;
    Ok(file.retired)
}
