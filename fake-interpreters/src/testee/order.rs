//! How an order reads: `conformance <nonce> <word> [rest]`, or `<word> [rest]` in the environment.

/// What the plugin is told to do in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Repeated in the evidence; empty when the order has none.
    pub(super) nonce: String,
    pub(super) word: Word,
}

/// The words of the orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Allow,
    Modify,
    Reject(String),
    Dismiss,
    Fail(String),
    Sleep(u64),
    Exit(i32),
    /// The language's polite way to end, from within a handler: an exception like any other.
    Quit(String),
    /// So many bytes to stdout and as many to stderr.
    Flood(usize),
    Api {
        method: String,
        request: String,
    },
    Log {
        level: String,
        text: String,
    },
    Env(Vec<String>),
    /// The answer itself, in its JSON form.
    Answer(String),
}

impl Order {
    /// The order in the hook's text, else the one in the environment, else `allow`.
    pub(super) fn find(text: &str, environment: Option<&str>) -> Self {
        Self::in_text(text)
            .or_else(|| environment.map(Self::in_environment))
            .unwrap_or(Self {
                nonce: String::new(),
                word: Word::Allow,
            })
    }

    fn in_text(text: &str) -> Option<Self> {
        let text = text.strip_prefix('/').unwrap_or(text);
        let rest = text.strip_prefix("conformance ")?;
        let (nonce, order) = split(rest);
        Some(Self {
            nonce: nonce.to_owned(),
            word: Word::parse(order),
        })
    }

    fn in_environment(order: &str) -> Self {
        Self::in_text(order).unwrap_or_else(|| Self {
            nonce: String::new(),
            word: Word::parse(order),
        })
    }
}

impl Word {
    /// The word and what goes with it.
    pub(super) fn parse(order: &str) -> Self {
        let (word, rest) = split(order);
        match word {
            "" | "allow" => Self::Allow,
            "modify" => Self::Modify,
            "reject" => Self::Reject(rest.to_owned()),
            "dismiss" => Self::Dismiss,
            "fail" => Self::Fail(rest.to_owned()),
            "sleep" => rest
                .trim()
                .parse()
                .map_or_else(|_| not_understood(order), Self::Sleep),
            "exit" => rest
                .trim()
                .parse()
                .map_or_else(|_| not_understood(order), Self::Exit),
            "quit" => Self::Quit(rest.to_owned()),
            "flood" => rest
                .trim()
                .parse()
                .map_or_else(|_| not_understood(order), Self::Flood),
            "api" => {
                let (method, request) = split(rest);
                Self::Api {
                    method: method.to_owned(),
                    request: request.to_owned(),
                }
            }
            "log" => {
                let (level, text) = split(rest);
                Self::Log {
                    level: level.to_owned(),
                    text: text.to_owned(),
                }
            }
            "answer" => Self::Answer(rest.to_owned()),
            "env" => Self::Env(rest.split_whitespace().map(str::to_owned).collect()),
            _ => not_understood(order),
        }
    }
}

/// An order that is none must not look like one that was obeyed.
fn not_understood(order: &str) -> Word {
    Word::Fail(format!("order not understood: {order}"))
}

/// The first word and what follows it.
fn split(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_from_text_and_from_the_environment() {
        let check = |text: &str, environment: Option<&str>, nonce: &str, word: Word| {
            let expect = Order {
                nonce: nonce.to_owned(),
                word,
            };
            assert_eq!(
                Order::find(text, environment),
                expect,
                "{text:?} {environment:?}"
            );
        };
        check("hello", None, "", Word::Allow);
        check("conformance n1 allow", None, "n1", Word::Allow);
        check("conformance n1", None, "n1", Word::Allow);
        check("/conformance n1 modify", None, "n1", Word::Modify);
        check(
            "conformance n1 reject too  long",
            None,
            "n1",
            Word::Reject("too  long".to_owned()),
        );
        check(
            "conformance n1 dismiss",
            Some("fail x"),
            "n1",
            Word::Dismiss,
        );
        check(
            "",
            Some("fail no licence"),
            "",
            Word::Fail("no licence".to_owned()),
        );
        check("", Some("conformance n2 sleep 20"), "n2", Word::Sleep(20));
        check("conformance n1 exit 7", None, "n1", Word::Exit(7));
        check(
            "conformance n1 sleep soon",
            None,
            "n1",
            Word::Fail("order not understood: sleep soon".to_owned()),
        );
        let api = Word::Api {
            method: "KVSet".to_owned(),
            request: r#"{"key": "a b"}"#.to_owned(),
        };
        check(
            r#"conformance n1 api KVSet {"key": "a b"}"#,
            None,
            "n1",
            api,
        );
        check(
            "conformance n1 env A B",
            None,
            "n1",
            Word::Env(vec!["A".to_owned(), "B".to_owned()]),
        );
        check(
            "conformance n1 log warn a b",
            None,
            "n1",
            Word::Log {
                level: "warn".to_owned(),
                text: "a b".to_owned(),
            },
        );
    }
}
