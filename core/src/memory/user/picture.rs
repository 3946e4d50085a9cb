//! Users' pictures.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetProfileImageRequest, GetProfileImageResponse, SetProfileImageRequest,
    SetProfileImageResponse,
};

use crate::ids::PluginId;
use crate::memory::user::{Picture, cleaned};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, handlers, picture};

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetProfileImage => get,
        SetProfileImage => set,
    );
}

/// Who has set none, has one that the server made.
fn get(
    t: &mut Tables,
    _: &PluginId,
    r: GetProfileImageRequest,
) -> Result<GetProfileImageResponse, Refusal> {
    let user = t.users.find(&r.user_id)?;
    let image = match t.users.pictures.get(&user.id) {
        Some(picture) => picture.image.clone(),
        None => picture::made_of(&user.id).into(),
    };
    Ok(GetProfileImageResponse { image, error: None })
}

fn set(
    t: &mut Tables,
    _: &PluginId,
    r: SetProfileImageRequest,
) -> Result<SetProfileImageResponse, Refusal> {
    t.users.find(&r.user_id)?;
    let image = picture::square(&r.data).map_err(|error| match error {
        picture::Unusable::Decode => {
            Refusal::new("api.user.upload_profile_user.decode.app_error", 400)
        }
        picture::Unusable::Encode => {
            Refusal::new("api.user.upload_profile_user.encode.app_error", 500)
        }
    })?;
    let image = bytes::Bytes::from(image);
    let old = t.users.pictures.get(&r.user_id);
    if old.is_some_and(|old| old.image == image) {
        return Ok(SetProfileImageResponse::default());
    }
    t.users.pictures.put(Picture {
        user_id: r.user_id.clone(),
        image,
    });
    let now = t.now();
    t.users.change(&r.user_id, |user| {
        user.last_picture_update = now;
        user.update_at = now;
    });
    let shown = cleaned(t.users.find(&r.user_id)?.clone());
    t.event("user_updated", To::All, [("user", written(&shown))]);
    Ok(SetProfileImageResponse::default())
}
