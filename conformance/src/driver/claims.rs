//! What our driver says to `hello`, and which orders it does not know: all is claimed and obeyed, unless it is told to be less.
//!
//! The lesser drivers exist for tests: they show that the suite judges by what is claimed.

use std::str::FromStr;

use super::protocol::hello::{Feature, Hello, MINIMAL, UNSUPPORTED};
use super::protocol::{Order, Refusal};

/// Which claims are made, `--claim WHICH`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Claim {
    /// Everything.
    #[default]
    All,
    /// The orders that every driver obeys, and nothing that can be left out but bounds and messages.
    Minimal,
    /// Everything, and then this order is not known.
    Dead(String),
}

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Claim, String> {
        match text.split_once(':') {
            None if text == "all" => Ok(Claim::All),
            None if text == "minimal" => Ok(Claim::Minimal),
            Some(("dead", order)) if Order::WORDS.contains(&order) => {
                Ok(Claim::Dead(order.to_owned()))
            }
            _ => Err("all, minimal or dead:ORDER".to_owned()),
        }
    }
}

impl Claim {
    /// The answer to `hello`.
    pub(super) fn hello(&self) -> Hello {
        let all = Hello::all(concat!("plugin-host ", env!("CARGO_PKG_VERSION")));
        match self {
            Claim::All | Claim::Dead(_) => all,
            Claim::Minimal => Hello {
                orders: MINIMAL.map(str::to_owned).into(),
                settings: Default::default(),
                events: Default::default(),
                features: [Feature::Messages].into(),
                ..all
            },
        }
    }

    /// The answer to an order that this driver does not know.
    pub(super) fn refuses(&self, order: &Order) -> Option<Refusal> {
        let word = order.word();
        let known = match self {
            Claim::All => true,
            Claim::Minimal => MINIMAL.contains(&word),
            Claim::Dead(dead) => dead != word,
        };
        (!known).then(|| Refusal {
            kind: UNSUPPORTED.to_owned(),
            message: format!("this driver does not know the order {word}"),
            ..Refusal::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_is_known_unless_it_is_dead() {
        let read = |text: &str| text.parse::<Claim>().unwrap();
        let metrics = Order::Metrics {};
        for (claim, claimed, known) in [
            ("all", true, true),
            ("minimal", false, false),
            ("dead:metrics", true, false),
        ] {
            let claim = read(claim);
            let hello = claim.hello();
            assert_eq!(hello.check(), Ok(()));
            assert_eq!(hello.orders.contains("metrics"), claimed);
            assert_eq!(claim.refuses(&metrics).is_none(), known);
            assert_eq!(claim.refuses(&Order::Shutdown {}), None);
        }
        for text in ["", "dead", "dead:dance", "none"] {
            assert!(text.parse::<Claim>().is_err(), "{text}");
        }
    }
}
