//! The profiles of `run --profile`: how much of the suite is played, from a smoke test to everything. Which scenarios each has is data in
//! `tiers.toml`. Pure.
//!
//! Invariant: smoke is part of core, and core of full: what core has is by construction all of smoke and more.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RunError;
use super::select::{Selected, glob};

/// How much is played.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Whether anything works at all: 3 seconds.
    Smoke,
    /// What breaks most often: 30 seconds.
    Core,
    /// Everything.
    #[default]
    Full,
}

impl Tier {
    /// All of them, the smallest first.
    pub const ALL: [Tier; 3] = [Tier::Smoke, Tier::Core, Tier::Full];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::Smoke => "smoke",
            Tier::Core => "core",
            Tier::Full => "full",
        }
    }

    /// The tier of this name.
    pub fn named(name: &str) -> Option<Tier> {
        Tier::ALL.into_iter().find(|tier| tier.as_str() == name)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which scenarios the tiers have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiers {
    /// Globs for smoke.
    pub smoke: Vec<String>,
    /// Globs for core, in addition to those of smoke.
    pub core: Vec<String>,
}

impl Tiers {
    /// Those of this binary.
    ///
    /// # Errors
    /// When the data of this binary are broken.
    pub fn embedded() -> Result<Tiers, RunError> {
        toml::from_str(include_str!("../../tiers.toml"))
            .map_err(|error| RunError::Tiers(error.to_string()))
    }

    /// Whether a tier has this scenario.
    pub fn has(&self, tier: Tier, scenario: &str) -> bool {
        let any = |globs: &[String]| globs.iter().any(|pattern| glob(pattern, scenario));
        match tier {
            Tier::Smoke => any(&self.smoke),
            Tier::Core => any(&self.smoke) || any(&self.core),
            Tier::Full => true,
        }
    }

    /// What a tier has of a selection.
    pub fn keep(&self, tier: Tier, mut selected: Vec<Selected>) -> Vec<Selected> {
        selected.retain(|selected| self.has(tier, selected.scenario.name));
        selected
    }
}

#[cfg(test)]
mod tests;
