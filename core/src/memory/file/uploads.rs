//! Files uploaded in parts. The last part makes the file, and ends the session.

use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::pb::{
    CreateUploadSessionRequest, CreateUploadSessionResponse, FileInfo, FileWillBeUploadedRequest,
    GetUploadSessionRequest, GetUploadSessionResponse, UploadDataRequest, UploadDataResponse,
    UploadSession,
};
use plugin_proto::{Methods, hook};

use crate::api::plugins::Stop;
use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::file::{NO_USER, upload};
use crate::memory::names::invalid;
use crate::memory::rows::{form, row};
use crate::memory::{Refusal, Store, Tables, fresh, handlers};

/// A first part that is not the whole has at least so many bytes.
const FIRST_PART: usize = 5 << 20;

row!(UploadSession, "upload_sessions", wire("UploadSession"), String: |session| session.id.clone());

/// A part that has come, from where on in the whole.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    #[prost(string, tag = "1")]
    upload_id: String,
    #[prost(uint64, tag = "2")]
    offset: u64,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(with = "form::base64")]
    data: Bytes,
}
row!(
    Part, "upload_parts", own,
    (String, u64): |part| (part.upload_id.clone(), part.offset)
);

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CreateUploadSession => create,
        GetUploadSession => get,
    );
    acts!(methods, store, caller;
        UploadData => data,
    );
}

fn missing(id: &str) -> Refusal {
    Refusal::new("app.upload.get.app_error", 404).about(format!("upload_id={id}"))
}

fn create(
    t: &mut Tables,
    _: &PluginId,
    r: CreateUploadSessionRequest,
) -> Result<CreateUploadSessionResponse, Refusal> {
    let mut session = r.upload_session.unwrap_or_default();
    if session.id.is_empty() {
        session.id = t.new_id();
    }
    session.create_at = t.now();
    session.file_offset = 0;
    let described = FileInfo {
        id: session.id.clone(),
        create_at: session.create_at,
        creator_id: session.user_id.clone(),
        name: session.filename.clone(),
        ..FileInfo::default()
    };
    session.path = match session.r#type.as_str() {
        "import" => format!("import/{}_{}", session.id, session.filename),
        _ => upload::path_of(&described, &session.channel_id),
    };
    check(&session)?;
    if session.r#type == "attachment" {
        let channel = t.channels.get(&session.channel_id);
        let unknown = || Refusal::new("app.upload.create.incorrect_channel_id.app_error", 400);
        if channel.ok_or_else(unknown)?.delete_at != 0 {
            let id = "app.upload.create.cannot_upload_to_deleted_channel.app_error";
            return Err(Refusal::new(id, 400));
        }
    }
    if t.files.sessions.contains_key(&session.id) {
        return Err(Refusal::new("app.upload.create.save.app_error", 500));
    }
    t.files.sessions.put(session.clone());
    Ok(CreateUploadSessionResponse {
        upload_session: Some(session),
        error: None,
    })
}

/// The first rule that a session breaks.
fn check(session: &UploadSession) -> Result<(), Refusal> {
    let refuse = |id| {
        Err(invalid(
            id,
            "UploadSession.IsValid",
            format!("id={}", session.id),
        ))
    };
    if !fresh::is_id(&session.id) {
        return refuse("model.upload_session.is_valid.id.app_error");
    }
    if !matches!(session.r#type.as_str(), "attachment" | "import") {
        return refuse("model.upload_session.is_valid.type.app_error");
    }
    if !fresh::is_id(&session.user_id) && session.user_id != NO_USER {
        return refuse("model.upload_session.is_valid.user_id.app_error");
    }
    if session.r#type == "attachment" && !fresh::is_id(&session.channel_id) {
        return refuse("model.upload_session.is_valid.channel_id.app_error");
    }
    if session.filename.is_empty() {
        return refuse("model.upload_session.is_valid.filename.app_error");
    }
    if session.file_size <= 0 {
        return refuse("model.upload_session.is_valid.file_size.app_error");
    }
    Ok(())
}

fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetUploadSessionRequest,
) -> Result<GetUploadSessionResponse, Refusal> {
    let upload = t
        .files
        .sessions
        .get(&r.upload_id)
        .ok_or_else(|| missing(&r.upload_id))?;
    Ok(GetUploadSessionResponse {
        upload_session: Some(upload.clone()),
        error: None,
    })
}

/// Nothing is answered as long as something is missing.
async fn data(act: Act, r: UploadDataRequest) -> Result<UploadDataResponse, Refusal> {
    let given = r.upload_session.unwrap_or_default();
    let whole = act.with(|t| take(t, &given, &r.data))?;
    let Some((info, data)) = whole else {
        return Ok(UploadDataResponse::default());
    };
    let asked = FileWillBeUploadedRequest {
        file_info: Some(info.clone()),
        file_content: data,
        ..FileWillBeUploadedRequest::default()
    };
    let answer = act.filter::<hook::FileWillBeUploaded>(asked).await;
    act.with(|t| {
        let session = forget(t, &given.id).ok_or_else(|| missing(&given.id))?;
        let answer = answer.map_err(|stopped| match stopped.how {
            Stop::Rejected(reason) => {
                let details = format!("Filename={} Reason={reason}", info.name);
                Refusal::new("app.upload.run_plugins_hook.rejected", 400).about(details)
            }
            Stop::Refused(error) => Refusal::given(*error),
        })?;
        let data = answer.file_content;
        // What plugins make of the description reaches the plugins after them, not the store.
        let info = FileInfo {
            size: i64::try_from(data.len()).unwrap_or(i64::MAX),
            ..info
        };
        upload::keep(t, &info, session.path, data);
        Ok(UploadDataResponse {
            file_info: Some(info),
            error: None,
        })
    })
}

/// An upload is over: what has come of it is forgotten.
fn forget(t: &mut Tables, id: &str) -> Option<UploadSession> {
    t.files.ending.remove(id);
    t.files.parts.remove_all(|part| part.upload_id == id);
    t.files.sessions.remove(id)
}

/// Takes a part; the whole, if it is that now.
fn take(
    t: &mut Tables,
    given: &UploadSession,
    part: &[u8],
) -> Result<Option<(FileInfo, Bytes)>, Refusal> {
    let session = t.files.sessions.get(&given.id);
    let session = session.ok_or_else(|| missing(&given.id))?;
    if t.files.ending.contains(&given.id) || given.file_offset != session.file_offset {
        return Err(Refusal::new(
            "app.upload.upload_data.concurrent.app_error",
            400,
        ));
    }
    let size = usize::try_from(session.file_size).unwrap_or(usize::MAX);
    let offset = usize::try_from(session.file_offset).unwrap_or_default();
    let part = part.get(..size.saturating_sub(offset)).unwrap_or(part);
    if offset == 0 && part.len() < FIRST_PART && part.len() < size {
        let id = "app.upload.upload_data.first_part_too_small.app_error";
        return Err(Refusal::new(id, 400));
    }
    let end = offset + part.len();
    t.files.parts.put(Part {
        upload_id: given.id.clone(),
        offset: offset as u64,
        data: Bytes::copy_from_slice(part),
    });
    if let Some(session) = t.files.sessions.get_mut(&given.id) {
        session.file_offset = i64::try_from(end).unwrap_or(i64::MAX);
    }
    match end < size {
        true => Ok(None),
        false => whole(t, &given.id).map(Some),
    }
}

/// All parts are there: the file that they make. Nothing more is taken.
fn whole(t: &mut Tables, id: &str) -> Result<(FileInfo, Bytes), Refusal> {
    let session = t.files.sessions.get(id).cloned();
    let session = session.ok_or_else(|| missing(id))?;
    let parts = t.files.parts.range((id.to_owned(), 0)..);
    let parts = parts.take_while(|((of, _), _)| of == id);
    let mut data = Vec::with_capacity(usize::try_from(session.file_size).unwrap_or_default());
    parts.for_each(|(_, part)| data.extend_from_slice(&part.data));
    let data = Bytes::from(data);
    t.files.ending.insert(id.to_owned());
    let too_large = "app.upload.upload_data.large_image.app_error";
    let described = upload::describe(t, &session.filename, &data, too_large);
    if described.is_err() {
        forget(t, id);
    }
    let info = FileInfo {
        creator_id: session.user_id,
        channel_id: session.channel_id,
        ..described?
    };
    Ok((info, data))
}
