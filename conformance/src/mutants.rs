//! The mutants of the suite: for every check at least one subject with the fault that it must catch.

pub mod host;
pub mod plugin;

use crate::mutant::Mutant;

/// The tables, in the order in which they are played; the first row of each side is the canary.
const TABLES: &[&[Mutant]] = &[
    host::MUTANTS,
    host::branches::MUTANTS,
    host::http::MUTANTS,
    host::api::MUTANTS,
    host::seams::MUTANTS,
    host::tls::MUTANTS,
    plugin::MUTANTS,
    plugin::api::MUTANTS,
    plugin::branches::MUTANTS,
    plugin::hooks::MUTANTS,
    plugin::seams::MUTANTS,
    plugin::http::MUTANTS,
    plugin::laws::MUTANTS,
    plugin::tls::MUTANTS,
];

/// Every mutant.
pub fn all() -> Vec<Mutant> {
    TABLES.concat()
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn every_mutant_says_what_it_does_wrong() {
        for mutant in all() {
            let about = mutant.about();
            assert!(
                about.len() > 10 && about.contains(' '),
                "{}: {about:?}",
                mutant.name
            );
        }
    }
}
