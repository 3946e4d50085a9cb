//! Fields of encoded messages, cut out and put in without knowing the rest. Pure.
//!
//! What a message has besides the field in question stays as it is, unknown fields included. Only the fields of the message
//! itself are looked at; who wants to look deeper takes a value and looks again.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::encoding::{decode_varint, encode_varint};

/// Bytes that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message does not decode")]
pub struct WireError;

/// One field of a message.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its number.
    pub number: u32,
    /// All of it, tag included.
    pub whole: Bytes,
    /// What follows tag and length; `None` for a field without a length.
    pub value: Option<Bytes>,
}

/// The fields of a message in their order.
#[derive(Debug)]
pub struct Fields(Bytes);

/// Reads the fields of a message.
pub fn fields(message: &Bytes) -> Fields {
    Fields(message.clone())
}

impl Iterator for Fields {
    type Item = Result<Field, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.take();
        if field.is_err() {
            // Nothing after the error can be told apart.
            self.0.clear();
        }
        Some(field)
    }
}

impl Fields {
    fn take(&mut self) -> Result<Field, WireError> {
        let mut rest = self.0.clone();
        let tag = varint(&mut rest)?;
        let number = u32::try_from(tag >> 3).map_err(|_| WireError)?;
        let mut value = None;
        match tag & 7 {
            0 => drop(varint(&mut rest)?),
            1 => drop(split(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).map_err(|_| WireError)?;
                value = Some(split(&mut rest, length)?);
            }
            5 => drop(split(&mut rest, 4)?),
            // Groups: proto3 has none.
            _ => return Err(WireError),
        }
        if number == 0 {
            return Err(WireError);
        }
        let whole = self.0.split_to(self.0.len() - rest.len());
        Ok(Field {
            number,
            whole,
            value,
        })
    }
}

fn varint(rest: &mut Bytes) -> Result<u64, WireError> {
    decode_varint(rest).map_err(|_| WireError)
}

fn split(rest: &mut Bytes, length: usize) -> Result<Bytes, WireError> {
    if length > rest.len() {
        return Err(WireError);
    }
    Ok(rest.split_to(length))
}

/// The values of a repeated field.
pub fn values(message: &Bytes, number: u32) -> Result<Vec<Bytes>, WireError> {
    let mut values = Vec::new();
    for field in fields(message) {
        let field = field?;
        if field.number == number {
            values.push(field.value.ok_or(WireError)?);
        }
    }
    Ok(values)
}

/// The message in a field that is not repeated; where it is written more than once, its parts are one message together.
pub fn message(of: &Bytes, number: u32) -> Result<Option<Bytes>, WireError> {
    let mut parts = values(of, number)?;
    match parts.len() {
        0 | 1 => Ok(parts.pop()),
        _ => Ok(Some(parts.concat().into())),
    }
}

/// The string or bytes in a field that is not repeated; empty where it is absent.
pub fn scalar(of: &Bytes, number: u32) -> Result<Bytes, WireError> {
    Ok(values(of, number)?.pop().unwrap_or_default())
}

/// The message with other values in one field.
pub fn with(message: &Bytes, number: u32, values: &[Bytes]) -> Result<Bytes, WireError> {
    let mut changed =
        BytesMut::with_capacity(message.len() + values.iter().map(Bytes::len).sum::<usize>());
    for field in fields(message) {
        let field = field?;
        if field.number != number {
            changed.extend_from_slice(&field.whole);
        }
    }
    for value in values {
        put(&mut changed, number, value);
    }
    Ok(changed.freeze())
}

/// The message with a number in one field.
pub fn with_number(message: &Bytes, number: u32, value: u64) -> Result<Bytes, WireError> {
    let mut changed = BytesMut::from(with(message, number, &[])?);
    if value != 0 {
        encode_varint(u64::from(number) << 3, &mut changed);
        encode_varint(value, &mut changed);
    }
    Ok(changed.freeze())
}

/// Appends a field with a length.
pub fn put(message: &mut BytesMut, number: u32, value: &[u8]) {
    encode_varint(u64::from(number) << 3 | 2, message);
    encode_varint(value.len() as u64, message);
    message.put_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::pb::{FileInfo, Post};
    use proptest::prelude::*;
    use prost::Message as _;
    use rstest::rstest;

    fn bytes(message: &impl prost::Message) -> Bytes {
        message.encode_to_vec().into()
    }

    #[test]
    fn one_field_is_replaced_and_the_others_stay_unknown_ones_too() {
        let post = Post {
            id: "p".to_owned(),
            message: "old".to_owned(),
            create_at: 7,
            file_ids: vec!["a".to_owned(), "b".to_owned()],
            ..Post::default()
        };
        let mut wire = BytesMut::from(&*bytes(&post));
        put(&mut wire, 9999, b"from the future");
        let changed = with(&wire.freeze(), 11, &[Bytes::from_static(b"new")]).unwrap();
        assert_eq!(scalar(&changed, 9999).unwrap(), "from the future");
        let read = Post::decode(changed).unwrap();
        let expected = Post {
            message: "new".to_owned(),
            ..post
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn numbers_are_put_in_and_zero_is_absence() {
        const SIZE: u32 = 10;
        let info = FileInfo {
            size: 5,
            name: "n".to_owned(),
            ..FileInfo::default()
        };
        for size in [300, 0] {
            let message = with_number(&bytes(&info), SIZE, size).unwrap();
            let read = FileInfo::decode(message.clone()).unwrap();
            assert_eq!((read.name.as_str(), read.size.unsigned_abs()), ("n", size));
            assert_eq!(message.len(), read.encoded_len());
        }
    }

    #[test]
    fn a_message_in_parts_is_one_message() {
        let mut wire = BytesMut::new();
        put(
            &mut wire,
            3,
            &bytes(&Post {
                id: "p".to_owned(),
                ..Post::default()
            }),
        );
        put(
            &mut wire,
            3,
            &bytes(&Post {
                message: "m".to_owned(),
                ..Post::default()
            }),
        );
        let whole = message(&wire.freeze(), 3).unwrap().unwrap();
        let post = Post::decode(whole).unwrap();
        assert_eq!((post.id.as_str(), post.message.as_str()), ("p", "m"));
    }

    #[rstest]
    #[case::cut_tag(b"\x80")]
    #[case::cut_length(b"\x0a\x80")]
    #[case::length_beyond(b"\x0a\x05abc")]
    #[case::huge_length(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")]
    #[case::group(b"\x0b\x0c")]
    #[case::field_zero(b"\x02\x00")]
    #[case::cut_fixed(b"\x09\x01\x02")]
    fn what_is_no_message_is_an_error(#[case] wire: &'static [u8]) {
        let message = Bytes::from_static(wire);
        assert_eq!(with(&message, 1, &[]), Err(WireError));
        assert_eq!(fields(&message).filter(Result::is_err).count(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_fields_or_an_error_and_fields_are_all_of_them(wire: Vec<u8>) {
            let message = Bytes::from(wire);
            let read: Result<Vec<Field>, WireError> = fields(&message).collect();
            if let Ok(read) = read {
                let whole: Vec<u8> = read.iter().flat_map(|field| field.whole.to_vec()).collect();
                prop_assert_eq!(Bytes::from(whole), message);
            }
        }
    }
}
