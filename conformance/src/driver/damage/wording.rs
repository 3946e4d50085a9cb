//! What a damaged API does wrong, in a sentence. Pure.

use plugin_proto::{API, Form, Method};

use super::change::{Act, Change, Step};
use super::{Damage, Damages, Deed, Silence};

impl Damages {
    /// What is wrong, in words.
    pub fn about(&self) -> String {
        let all: Vec<String> = self.0.iter().map(Damage::about).collect();
        all.join(" ")
    }
}

impl Damage {
    fn about(&self) -> String {
        match self {
            Damage::Hook(hook, Silence::Never) => format!("Does not call the hook {}.", hook.name),
            Damage::Hook(hook, Silence::Unheard) => {
                format!("Calls the hook {} and ignores what it says.", hook.name)
            }
            Damage::Methods(methods, deed) => {
                let names = names(methods);
                match deed {
                    Deed::Swallow => {
                        format!("{names} answers with an empty message and does nothing.")
                    }
                    Deed::Invent => format!(
                        "{names} answers with something in every field, whatever it is asked."
                    ),
                    Deed::Hang => format!("{names} never answers."),
                    Deed::Status => format!(
                        "{names} answers with a gRPC status, as if it were not implemented."
                    ),
                    Deed::Forget => {
                        format!(
                            "Of {names} nothing is known any more when the plugin starts again."
                        )
                    }
                    Deed::Stale => format!("The first answer of {names} is the answer to all."),
                    Deed::Change(Form::Request, change) => {
                        format!("In what {names} is asked {change}.")
                    }
                    Deed::Change(Form::Response, change) => {
                        format!("In the answer of {names} {change}.")
                    }
                }
            }
        }
    }
}

fn names(methods: &[&'static Method]) -> String {
    if methods.len() == API.len() {
        return "every method".to_owned();
    }
    let names: Vec<&str> = methods.iter().map(|method| method.name).collect();
    names.join(" and ")
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps = self.path.iter().map(|step| match step {
            Step::Field(name) => name.as_str(),
            Step::Each => "each",
        });
        let path = steps.collect::<Vec<_>>().join(".");
        match &self.act {
            Act::Drop => write!(f, "{path} is missing"),
            Act::Set(value) => write!(f, "{path} is always {value}"),
            Act::Pop => write!(f, "the last of {path} is missing"),
            Act::Reverse => write!(f, "{path} are in reverse order"),
            Act::Double => write!(f, "each of {path} is there twice"),
            Act::Without(field) => write!(f, "those of {path} that have {field} are missing"),
        }
    }
}
