//! Files: their descriptions, their bytes, and how posts get them.

mod kinds;

mod upload;

mod uploads;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use plugin_proto::Methods;
use plugin_proto::pb::{
    CopyFileInfosRequest, CopyFileInfosResponse, FileInfo, GetFileInfoRequest, GetFileInfoResponse,
    GetFileInfosRequest, GetFileInfosResponse, GetFileLinkRequest, GetFileLinkResponse,
    GetFileRequest, GetFileResponse, Post, ReadFileRequest, ReadFileResponse,
    SetFileSearchableContentRequest, SetFileSearchableContentResponse, UploadSession,
};
use sha2::{Digest as _, Sha256};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::page::Page;
use crate::memory::rows::{Rows, form, row};
use crate::memory::{Refusal, Store, Tables, handlers, picture};

/// Who made a file that a plugin uploaded.
const NO_USER: &str = "nouser";

/// All files, deleted ones too.
#[derive(Debug, Default)]
pub(super) struct Files {
    rows: Rows<File>,
    /// The store: bytes by path. Copies of a file's description share them.
    bytes: Rows<Contents>,
    sessions: Rows<UploadSession>,
    parts: Rows<uploads::Part>,
    /// The uploads of which plugins are being asked about the whole.
    ending: HashSet<String>,
    /// By post.
    of_post: HashMap<String, Vec<String>>,
}
area!(Files: rows, bytes, sessions, parts; index);

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[prost(message, required, tag = "1")]
    #[serde(with = "info_json")]
    info: FileInfo,
    #[prost(string, tag = "2")]
    path: String,
    /// What was read out of it.
    #[prost(string, tag = "3")]
    #[serde(default)]
    content: String,
}
row!(File, "files", own, String: |file| file.info.id.clone());
form::inner!(info_json: plugin_proto::pb::FileInfo, model);

#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "form::base64")]
    data: Bytes,
}
row!(Contents, "file_contents", own, String: |contents| contents.path.clone());

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        CopyFileInfos => copy,
        GetFileInfo => info,
        GetFileInfos => list,
        GetFile => get,
        GetFileLink => link,
        ReadFile => read,
        SetFileSearchableContent => set_content,
    );
    upload::register(methods, store, caller);
    uploads::register(methods, store, caller);
}

impl Files {
    fn live(&self, id: &str) -> Result<&File, Refusal> {
        let missing =
            || Refusal::new("app.file_info.get.app_error", 404).about(format!("file_id={id}"));
        self.rows
            .get(id)
            .filter(|row| row.info.delete_at == 0)
            .ok_or_else(missing)
    }

    fn bytes_at(&self, path: &str) -> Result<Bytes, Refusal> {
        let missing = || Refusal::new("api.file.read_file.app_error", 500).about(path);
        let contents = self.bytes.get(path);
        contents
            .map(|contents| contents.data.clone())
            .ok_or_else(missing)
    }

    fn index(&mut self) {
        self.of_post.clear();
        for File { info, .. } in self.rows.values() {
            if !info.post_id.is_empty() {
                let of_post = self.of_post.entry(info.post_id.clone()).or_default();
                of_post.push(info.id.clone());
            }
        }
    }
}

/// Gives a post its files: those that nobody's post has yet and that are its author's, or a plugin's. The others it goes without.
pub(super) fn claim(t: &mut Tables, post: &mut Post) {
    let (post_id, channel_id, author) = (&post.id, &post.channel_id, &post.user_id);
    let files = &mut t.files;
    post.file_ids.retain(|id| {
        let is_free = |info: &FileInfo| {
            let is_theirs = info.creator_id == *author || info.creator_id == NO_USER;
            info.post_id.is_empty() && info.delete_at == 0 && is_theirs
        };
        if !files.rows.get(id).is_some_and(|file| is_free(&file.info)) {
            return false;
        }
        if let Some(File { info, .. }) = files.rows.get_mut(id) {
            info.post_id.clone_from(post_id);
            info.channel_id.clone_from(channel_id);
        }
        let of_post = files.of_post.entry(post_id.clone()).or_default();
        of_post.push(id.clone());
        true
    });
}

/// Deletes the files of a deleted post.
pub(super) fn delete_of(t: &mut Tables, post_id: &str, now: i64) {
    for id in t.files.of_post.get(post_id).cloned().unwrap_or_default() {
        if let Some(row) = t.files.rows.get_mut(&id) {
            row.info.delete_at = now;
            row.info.update_at = now;
        }
    }
}

/// Ends at the first that there is not; the copies made before stay.
fn copy(
    t: &mut Tables,
    _: &PluginId,
    r: CopyFileInfosRequest,
) -> Result<CopyFileInfosResponse, Refusal> {
    let mut file_ids = Vec::with_capacity(r.file_ids.len());
    for id in &r.file_ids {
        let mut row = t.files.live(id)?.clone();
        let now = t.now();
        row.info.id = t.new_id();
        row.info.creator_id.clone_from(&r.user_id);
        (row.info.create_at, row.info.update_at) = (now, now);
        row.info.post_id.clear();
        row.info.channel_id.clear();
        file_ids.push(row.info.id.clone());
        t.files.rows.put(row);
    }
    Ok(CopyFileInfosResponse {
        file_ids,
        error: None,
    })
}

fn info(
    t: &mut Tables,
    _: &PluginId,
    r: GetFileInfoRequest,
) -> Result<GetFileInfoResponse, Refusal> {
    let row = t.files.live(&r.file_id)?;
    let mut info = row.info.clone();
    if info.mini_preview.is_none() && kinds::is_image(&info.mime_type) {
        let preview = t
            .files
            .bytes
            .get(&row.path)
            .and_then(|contents| picture::mini_preview(&contents.data));
        info.mini_preview = preview.map(Bytes::from);
        if let Some(row) = t.files.rows.get_mut(&r.file_id) {
            row.info.mini_preview.clone_from(&info.mini_preview);
        }
    }
    Ok(GetFileInfoResponse {
        file_info: Some(info),
        error: None,
    })
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetFileInfosRequest,
) -> Result<GetFileInfosResponse, Refusal> {
    let options = r.options.unwrap_or_default();
    let known = matches!(options.sort_by.as_str(), "" | "CreateAt" | "Size");
    if !known || r.page < 0 || r.per_page < 0 {
        return Err(Refusal::new(
            "app.file_info.get_with_options.app_error",
            400,
        ));
    }
    let wanted = |info: &&FileInfo| {
        (options.user_id.is_empty() || info.creator_id == options.user_id)
            && (options.channel_id.is_empty() || info.channel_id == options.channel_id)
            && (options.include_deleted || info.delete_at == 0)
    };
    let mut infos: Vec<_> = t
        .files
        .rows
        .values()
        .map(|row| &row.info)
        .filter(wanted)
        .collect();
    let by_size = options.sort_by == "Size";
    let key = |info: &FileInfo| if by_size { info.size } else { info.create_at };
    let descending = options.sort_order == "desc";
    infos.sort_by(|one, other| {
        let order = key(one).cmp(&key(other));
        let order = if descending { order.reverse() } else { order };
        order.then_with(|| one.id.cmp(&other.id))
    });
    let page = Page::of(r.page, r.per_page).cut(infos.into_iter());
    Ok(GetFileInfosResponse {
        file_infos: page.cloned().collect(),
        error: None,
    })
}

fn get(t: &mut Tables, _: &PluginId, r: GetFileRequest) -> Result<GetFileResponse, Refusal> {
    let path = &t.files.live(&r.file_id)?.path;
    Ok(GetFileResponse {
        data: t.files.bytes_at(path)?,
        error: None,
    })
}

fn link(
    t: &mut Tables,
    _: &PluginId,
    r: GetFileLinkRequest,
) -> Result<GetFileLinkResponse, Refusal> {
    if !t.config.yes("FileSettings", "EnablePublicLink") {
        return Err(Refusal::new(
            "plugin_api.get_file_link.disabled.app_error",
            501,
        ));
    }
    let info = &t.files.live(&r.file_id)?.info;
    if info.post_id.is_empty() {
        return Err(Refusal::new(
            "plugin_api.get_file_link.no_post.app_error",
            400,
        ));
    }
    let salt = t.config.text("FileSettings", "PublicLinkSalt");
    let hash = Sha256::digest(format!("{salt}{}", info.id).as_bytes());
    let site = t.config.text("ServiceSettings", "SiteURL");
    Ok(GetFileLinkResponse {
        link: format!(
            "{site}/files/{}/public?h={}",
            info.id,
            URL_SAFE_NO_PAD.encode(hash)
        ),
        error: None,
    })
}

fn read(t: &mut Tables, _: &PluginId, r: ReadFileRequest) -> Result<ReadFileResponse, Refusal> {
    Ok(ReadFileResponse {
        data: t.files.bytes_at(&r.path)?,
        error: None,
    })
}

fn set_content(
    t: &mut Tables,
    _: &PluginId,
    r: SetFileSearchableContentRequest,
) -> Result<SetFileSearchableContentResponse, Refusal> {
    t.files.live(&r.file_id)?;
    if let Some(row) = t.files.rows.get_mut(&r.file_id) {
        row.content = r.content;
    }
    Ok(SetFileSearchableContentResponse::default())
}
