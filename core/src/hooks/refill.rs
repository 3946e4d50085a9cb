//! Puts back into a post that comes from a plugin what was taken out of it on the way there. Pure.
//!
//! A post that comes back replaces the whole of what was sent, and the plugin was not sent the secrets of the thread's
//! participants: without this, their absence would be taken for the plugin's wish. Only participants that come back get their
//! secrets back, by their ids; a field that the plugin has filled keeps what it says.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use plugin_proto::reflect;

use crate::hooks::redact::{PACKAGE, SECRETS};
use crate::hooks::wire::{self, Field, WireError};

/// Numbers of the fields in question.
struct Numbers {
    participants: u32,
    id: u32,
    secrets: Vec<u32>,
}

fn numbers() -> &'static Numbers {
    static NUMBERS: OnceLock<Numbers> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        let number = |message: &str, field: &str| {
            let message = reflect::pool().get_message_by_name(&format!("{PACKAGE}.{message}"));
            let field = message.and_then(|message| message.get_field_by_name(field));
            field.expect("the pinned contract has the field").number()
        };
        let of_users = SECRETS.iter().filter(|(message, _)| *message == "User");
        Numbers {
            participants: number("Post", "participants"),
            id: number("User", "id"),
            secrets: of_users
                .flat_map(|(_, fields)| fields.iter().map(|field| number("User", field)))
                .collect(),
        }
    })
}

/// The post that came back, with the secrets of the one that was asked about.
pub(super) fn post(asked: &Bytes, returned: Bytes) -> Result<Bytes, WireError> {
    let numbers = numbers();
    let mut known = BTreeMap::new();
    for user in wire::values(asked, numbers.participants)? {
        let secrets: Vec<Field> = wire::fields(&user)
            .filter(|field| {
                let number = field.as_ref().map(|field| field.number);
                number.map_or(true, |number| numbers.secrets.contains(&number))
            })
            .collect::<Result<_, _>>()?;
        if !secrets.is_empty() {
            known.insert(wire::scalar(&user, numbers.id)?, secrets);
        }
    }
    if known.is_empty() {
        return Ok(returned);
    }
    let mut whole = BytesMut::with_capacity(returned.len());
    for field in wire::fields(&returned) {
        let field = field?;
        match &field.value {
            Some(user) if field.number == numbers.participants => {
                let user = match known.get(&wire::scalar(user, numbers.id)?) {
                    Some(secrets) => filled(user, secrets)?,
                    None => user.clone(),
                };
                wire::put(&mut whole, field.number, &user);
            }
            _ => whole.extend_from_slice(&field.whole),
        }
    }
    Ok(whole.freeze())
}

/// The user with those of the fields that it does not have, all in the order of their numbers: whoever writes messages in that
/// order finds the very bytes again that were sent.
fn filled(user: &Bytes, secrets: &[Field]) -> Result<Bytes, WireError> {
    let mut fields: Vec<Field> = wire::fields(user).collect::<Result<_, _>>()?;
    let has = |number| fields.iter().any(|field: &Field| field.number == number);
    let missing: Vec<Field> = secrets
        .iter()
        .filter(|secret| !has(secret.number))
        .cloned()
        .collect();
    fields.extend(missing);
    fields.sort_by_key(|field| field.number);
    let parts: Vec<&[u8]> = fields.iter().map(|field| &field.whole[..]).collect();
    Ok(parts.concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::pb::{Post, User};
    use prost::Message as _;

    fn user(id: &str, password: &str) -> User {
        User {
            id: id.to_owned(),
            username: format!("name of {id}"),
            password: password.to_owned(),
            auth_data: (!password.is_empty()).then(|| "saml".to_owned()),
            ..User::default()
        }
    }

    fn refilled(asked: &Post, returned: &Post) -> Post {
        let bytes = |post: &Post| Bytes::from(post.encode_to_vec());
        Post::decode(post(&bytes(asked), bytes(returned)).unwrap()).unwrap()
    }

    fn with(participants: Vec<User>) -> Post {
        Post {
            message: "m".to_owned(),
            participants,
            ..Post::default()
        }
    }

    #[test]
    fn who_comes_back_has_the_secrets_again_and_who_does_not_is_gone() {
        let asked = with(vec![
            user("a", "hash a"),
            user("b", "hash b"),
            user("c", ""),
        ]);
        let returned = with(vec![user("c", ""), user("a", ""), user("new", "")]);
        let expected = with(vec![user("c", ""), user("a", "hash a"), user("new", "")]);
        assert_eq!(refilled(&asked, &returned), expected);
    }

    #[test]
    fn what_the_plugin_says_itself_stays() {
        let asked = with(vec![user("a", "hash")]);
        let mut returned = with(vec![user("a", "")]);
        returned.participants[0].password = "another".to_owned();
        let found = refilled(&asked, &returned).participants.remove(0);
        assert_eq!(
            (found.password.as_str(), found.auth_data),
            ("another", Some("saml".to_owned()))
        );
    }

    #[test]
    fn a_post_that_comes_back_as_it_was_sent_is_the_very_same() {
        let whole = Bytes::from(with(vec![user("a", "hash")]).encode_to_vec());
        let sent = Bytes::from(with(vec![user("a", "")]).encode_to_vec());
        assert_eq!(post(&whole, sent).unwrap(), whole);
    }
}
