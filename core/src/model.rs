//! Mattermost's own JSON, the one of its REST API, from and to the contract's messages.
//!
//! One table says how the two differ ([`table`]); everything else is read off the descriptor. What cannot make the way is
//! an error that names its path; [`Strictness::Lenient`] leaves it out and says so. What presence the wire cannot express
//! is listed in `core/MODEL.md`, which is written from the same table.
//!
//! Not here: whether an id, a role or a size makes sense. Keys are matched exactly: this is for JSON that a program wrote.

mod blob;
mod error;
mod path;
mod read;
mod rows;
mod structure;
pub mod table;
mod text;
mod write;

use bytes::Bytes;
use plugin_proto::pb;
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::Value;

pub use blob::{Blob, BlobKind, BlobMessage, PLACES};
pub use error::{Dropped, Fault, ModelError};

use path::Path;
use read::Reader;
use table::Shape;
use write::Writer;

/// Deepest nesting of JSON in either direction, counted in steps of the path.
///
/// A step into a free-form map costs three levels of messages on the wire, and readers of protobuf give up at a hundred.
pub const MAX_DEPTH: usize = 32;

/// What becomes of JSON that the wire has no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// It is an error.
    Strict,
    /// It is left out, and reported.
    Lenient,
}

/// A message that has a form in Mattermost's own JSON.
pub trait Modelled: Message + Default {
    /// Its name in the contract, without the package.
    const NAME: &'static str;
}

macro_rules! modelled {
    ($($message:ident = $name:literal),* $(,)?) => {
        /// The messages that have a form in Mattermost's own JSON, by their names without the package.
        pub const MODELS: &[&str] = &[$($name),*];
        $(impl Modelled for pb::$message {
            const NAME: &'static str = $name;
        })*
    };
}

modelled! {
    User = "User",
    Team = "Team",
    TeamMember = "TeamMember",
    TeamUnread = "TeamUnread",
    TeamStats = "TeamStats",
    Channel = "Channel",
    ChannelMember = "ChannelMember",
    Post = "Post",
    PostMetadata = "PostMetadata",
    PostEmbed = "PostEmbed",
    Reaction = "Reaction",
    PostList = "PostList",
    PostSearchResults = "PostSearchResults",
    SearchParams = "SearchParams",
    SearchParameter = "SearchParameter",
    FileInfo = "FileInfo",
    GetFileInfosOptions = "GetFileInfosOptions",
    PluginKvSetOptions = "PluginKVSetOptions",
    Preference = "Preference",
    Command = "Command",
    CommandArgs = "CommandArgs",
    CommandResponse = "CommandResponse",
    PushNotification = "PushNotification",
    Bot = "Bot",
    ProductLimits = "ProductLimits",
    EmailNotificationContent = "EmailNotificationContent",
    SyncResponse = "SyncResponse",
}

/// A message as Mattermost would write it.
pub fn to_json<M: Modelled>(message: &M) -> Result<Value, ModelError> {
    wire_to_json(M::NAME, &message.encode_to_vec())
}

/// Several messages as one JSON array.
pub fn list_to_json<M: Modelled>(messages: &[M]) -> Result<Value, ModelError> {
    let shape = shape_of(M::NAME)?;
    let writer = Writer::new(M::NAME);
    let one = |(index, message): (usize, &M)| {
        let at = Path::Root;
        let at = at.index(index);
        let message = decode(shape, &message.encode_to_vec())
            .map_err(|fault| ModelError::new(M::NAME, &at, fault))?;
        writer.object(shape, &message, &at)
    };
    messages.iter().enumerate().map(one).collect()
}

/// A message from what Mattermost wrote, and what was left out of it; in [`Strictness::Strict`], nothing ever is.
pub fn from_json<M: Modelled>(
    json: &Value,
    strictness: Strictness,
) -> Result<(M, Vec<Dropped>), ModelError> {
    let mut reader = Reader::new(M::NAME, strictness);
    let message = reader.object(shape_of(M::NAME)?, json, &Path::Root)?;
    Ok((typed(&message)?, reader.dropped))
}

/// Several messages from one JSON array.
pub fn list_from_json<M: Modelled>(
    json: &Value,
    strictness: Strictness,
) -> Result<(Vec<M>, Vec<Dropped>), ModelError> {
    let mut reader = Reader::new(M::NAME, strictness);
    let shape = shape_of(M::NAME)?;
    let mut messages = Vec::new();
    for (index, json) in reader.array(json, &Path::Root)?.iter().enumerate() {
        let message = reader.object(shape, json, &Path::Root.index(index))?;
        messages.push(typed(&message)?);
    }
    Ok((messages, reader.dropped))
}

/// A message from JSON text. Beyond [`from_json`], it notices keys that stand twice and integers that no `Value` holds.
pub fn from_slice<M: Modelled>(
    text: &[u8],
    strictness: Strictness,
) -> Result<(M, Vec<Dropped>), ModelError> {
    let (json, mut dropped) = text::value(M::NAME, text, strictness)?;
    let (message, more) = from_json(&json, strictness)?;
    dropped.extend(more);
    Ok((message, dropped))
}

/// The value of a JSON text that holds models, by whatever it is called: with the same care as [`from_slice`] has.
pub(crate) fn value_from_slice(name: &str, text: &[u8]) -> Result<Value, ModelError> {
    let (value, _) = text::value(name, text, Strictness::Strict)?;
    Ok(value)
}

/// [`to_json`] for a message that is known by its name only.
pub fn wire_to_json(name: &str, wire: &[u8]) -> Result<Value, ModelError> {
    let shape = shape_of(name)?;
    let message = decode(shape, wire).map_err(|fault| ModelError::new(name, &Path::Root, fault))?;
    Writer::new(name).object(shape, &message, &Path::Root)
}

/// [`from_json`] for a message that is known by its name only.
pub fn json_to_wire(
    name: &str,
    json: &Value,
    strictness: Strictness,
) -> Result<(Bytes, Vec<Dropped>), ModelError> {
    let mut reader = Reader::new(name, strictness);
    let message = reader.object(shape_of(name)?, json, &Path::Root)?;
    Ok((message.encode_to_vec().into(), reader.dropped))
}

fn shape_of(name: &str) -> Result<&'static Shape, ModelError> {
    let known = MODELS.contains(&name).then(|| table::shape(name)).flatten();
    known.ok_or_else(|| ModelError::new(name, &Path::Root, Fault::NoModel))
}

fn decode(shape: &Shape, wire: &[u8]) -> Result<DynamicMessage, Fault> {
    DynamicMessage::decode(shape.descriptor().clone(), wire).map_err(|error| Fault::Wire {
        reason: error.to_string(),
    })
}

fn typed<M: Modelled>(message: &DynamicMessage) -> Result<M, ModelError> {
    message.transcode_to().map_err(|error| {
        let reason = error.to_string();
        ModelError::new(M::NAME, &Path::Root, Fault::Wire { reason })
    })
}
