//! A file uploaded at once. Plugins may change it or refuse it, before anything is kept.

use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::pb::{
    FileInfo, FileWillBeUploadedRequest, UploadFileRequest, UploadFileResponse,
};
use plugin_proto::{Methods, hook};
use time::OffsetDateTime;

use crate::ids::PluginId;
use crate::memory::act::{Act, acts, rejected};
use crate::memory::file::{Contents, File, NO_USER, kinds};
use crate::memory::{Refusal, Store, Tables, picture};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    acts!(methods, store, caller;
        UploadFile => upload,
    );
}

async fn upload(act: Act, r: UploadFileRequest) -> Result<UploadFileResponse, Refusal> {
    let (info, path) = act.with(|t| {
        if !r.channel_id.is_empty() && t.channels.get(&r.channel_id).is_none() {
            let id = "api.file.upload_file.incorrect_channelId.app_error";
            return Err(Refusal::new(id, 400).about(format!("channel_id={}", r.channel_id)));
        }
        let id = "api.file.upload_file.large_image.app_error";
        let mut info = describe(t, &r.filename, &r.data, id)?;
        NO_USER.clone_into(&mut info.creator_id);
        info.channel_id.clone_from(&r.channel_id);
        let path = path_of(&info, &r.channel_id);
        Ok((info, path))
    })?;
    let id = info.id.clone();
    let asked = FileWillBeUploadedRequest {
        file_info: Some(info),
        file_content: r.data,
        ..FileWillBeUploadedRequest::default()
    };
    let answer = act.filter::<hook::FileWillBeUploaded>(asked).await;
    let answer = answer.map_err(|stopped| rejected(stopped, "File rejected by plugin. "))?;
    let data = answer.file_content;
    let info = FileInfo {
        // The bytes are found by it.
        id,
        size: i64::try_from(data.len()).unwrap_or(i64::MAX),
        // A file is in a channel when a post of it has the file.
        channel_id: String::new(),
        ..answer.file_info.unwrap_or_default()
    };
    act.with(|t| keep(t, &info, path, data));
    Ok(UploadFileResponse {
        file_info: Some(info),
        error: None,
    })
}

/// The description of a new file that has these bytes.
pub(super) fn describe(
    t: &mut Tables,
    name: &str,
    data: &[u8],
    too_large: &'static str,
) -> Result<FileInfo, Refusal> {
    let name = kinds::file_name(name);
    let extension = kinds::extension(name);
    let mime_type = kinds::mime_type(&extension).to_owned();
    let facts = Some(data)
        .filter(|_| kinds::is_image(&mime_type))
        .and_then(picture::facts);
    let now = t.now();
    let mut info = FileInfo {
        id: t.new_id(),
        create_at: now,
        update_at: now,
        name: name.to_owned(),
        extension,
        size: i64::try_from(data.len()).unwrap_or(i64::MAX),
        mime_type,
        ..FileInfo::default()
    };
    if let Some(facts) = facts {
        let pixels = i64::from(facts.width) * i64::from(facts.height);
        if pixels > t.config.number("FileSettings", "MaxImageResolution") {
            return Err(Refusal::new(too_large, 400));
        }
        info.width = i32::try_from(facts.width).unwrap_or(i32::MAX);
        info.height = i32::try_from(facts.height).unwrap_or(i32::MAX);
        info.has_preview_image = true;
    }
    Ok(info)
}

/// Where a file's bytes are in the store.
pub(super) fn path_of(info: &FileInfo, channel_id: &str) -> String {
    let day = OffsetDateTime::from_unix_timestamp(info.create_at / 1000);
    let day = day.unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    format!(
        "{:04}{:02}{:02}/teams/noteam/channels/{channel_id}/users/{}/{}/{}",
        day.year(),
        u8::from(day.month()),
        day.day(),
        info.creator_id,
        info.id,
        info.name
    )
}

/// Keeps a file.
pub(super) fn keep(t: &mut Tables, info: &FileInfo, path: String, data: Bytes) {
    // A copy: the original shares its memory with the whole read buffer.
    let data = Bytes::copy_from_slice(&data);
    t.files.bytes.put(Contents {
        path: path.clone(),
        data,
    });
    t.files.rows.put(File {
        info: info.clone(),
        path,
        content: String::new(),
    });
}
