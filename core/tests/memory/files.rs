//! Files, uploads in parts, and the server's own emoji.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::channels::channel;
use crate::teams::team;
use crate::users::user;
use crate::world::{Answer, BEGINNING, World};

const MISSING: &str = "app.file_info.get.app_error";

fn text(text: &str) -> String {
    STANDARD.encode(text)
}

#[track_caller]
fn upload(w: &World, name: &str, data: &str) -> String {
    let answer = w.ok("UploadFile", json!({"data": text(data), "filename": name}));
    answer["file_info"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_file_is_uploaded_and_read() {
    let w = World::new();
    let one = channel(&w, &team(&w, "one"), "aa");
    w.fired();
    let made = w.answers("UploadFile", json!({"data": text("abc"), "channel_id": one, "filename": "../x/Big.TXT"}),
        json!({"file_info": {"name": "Big.TXT", "extension": "txt", "size": 3, "mime_type": "text/plain; charset=utf-8", "creator_id": "nouser",
            "post_id": "", "channel_id": "", "width": 0, "has_preview_image": false}}));
    let id = made["file_info"]["id"].as_str().unwrap().to_owned();
    assert!(made["file_info"]["create_at"].as_i64() > Some(BEGINNING));
    let fired = w.fired();
    assert_eq!(
        (fired.len(), fired[0].0, &fired[0].1["file_content"]),
        (1, "FileWillBeUploaded", &json!(text("abc")))
    );
    w.answers(
        "GetFileInfo",
        json!({ "file_id": id }),
        json!({ "file_info": made["file_info"] }),
    );
    w.answers(
        "GetFile",
        json!({ "file_id": id }),
        json!({"data": text("abc")}),
    );
    let path = format!("20231114/teams/noteam/channels/{one}/users/nouser/{id}/Big.TXT");
    w.answers(
        "ReadFile",
        json!({ "path": path }),
        json!({"data": text("abc")}),
    );
    w.refuses(
        "ReadFile",
        json!({"path": "nowhere"}),
        "api.file.read_file.app_error",
        500,
    );
    w.refuses("GetFile", json!({"file_id": "unknown"}), MISSING, 404);
    w.refuses("GetFileInfo", json!({"file_id": "unknown"}), MISSING, 404);
    w.refuses(
        "UploadFile",
        json!({"channel_id": "unknown"}),
        "api.file.upload_file.incorrect_channelId.app_error",
        400,
    );
    w.ok("UploadFile", json!({}));
    w.ok(
        "SetFileSearchableContent",
        json!({"file_id": id, "content": "words"}),
    );
    w.refuses(
        "SetFileSearchableContent",
        json!({"file_id": "unknown"}),
        MISSING,
        404,
    );
    w.hooks.answer("FileWillBeUploaded", Answer::Change(json!({"file_content": text("changed"), "file_info": {"id": "other", "name": "new.txt"}})));
    let changed = w.answers(
        "UploadFile",
        json!({"data": text("x"), "filename": "a.txt"}),
        json!({"file_info": {"name": "new.txt", "size": 7}}),
    );
    w.answers(
        "GetFile",
        json!({"file_id": changed["file_info"]["id"]}),
        json!({"data": text("changed")}),
    );
    w.hooks.answer("FileWillBeUploaded", Answer::Reject("no"));
    w.refuses(
        "UploadFile",
        json!({"data": text("x")}),
        "File rejected by plugin. no",
        400,
    );
}

#[test]
fn images_are_known_as_such() {
    let w = World::new();
    let alice = user(&w, "alice");
    let image = w.ok("GetProfileImage", json!({ "user_id": alice }))["image"].clone();
    let made = w.answers("UploadFile", json!({"data": image, "filename": "a.png"}),
        json!({"file_info": {"width": 128, "height": 128, "mime_type": "image/png", "has_preview_image": true}}));
    let info = w.ok("GetFileInfo", json!({"file_id": made["file_info"]["id"]}));
    assert!(info["file_info"]["mini_preview"].is_string());
    w.memory
        .configure(|config| config["FileSettings"]["MaxImageResolution"] = 100.into());
    w.refuses(
        "UploadFile",
        json!({"data": image, "filename": "a.png"}),
        "api.file.upload_file.large_image.app_error",
        400,
    );
}

#[test]
fn posts_claim_files() {
    let w = World::new();
    let one = channel(&w, &team(&w, "one"), "aa");
    let (alice, bob) = (user(&w, "alice"), user(&w, "bob"));
    let file = upload(&w, "a.txt", "abc");
    let copies = w.ok(
        "CopyFileInfos",
        json!({"user_id": bob, "file_ids": [file, file]}),
    )["file_ids"]
        .clone();
    assert_eq!(copies.as_array().map(Vec::len), Some(2));
    w.answers(
        "GetFileInfo",
        json!({"file_id": copies[0]}),
        json!({"file_info": {"creator_id": bob, "post_id": "", "name": "a.txt"}}),
    );
    w.answers(
        "GetFile",
        json!({"file_id": copies[0]}),
        json!({"data": text("abc")}),
    );
    w.refuses(
        "CopyFileInfos",
        json!({"user_id": bob, "file_ids": [file, "unknown"]}),
        MISSING,
        404,
    );
    w.answers("CopyFileInfos", json!({}), json!({"file_ids": []}));
    let post = |user: &str, ids: Value| {
        w.ok(
            "CreatePost",
            json!({"post": {"user_id": user, "channel_id": one, "file_ids": ids}}),
        )["post"]
            .clone()
    };
    let first = post(&alice, json!([file, file, "unknown", copies[0]]));
    assert_eq!(first["file_ids"], json!([file]));
    w.answers(
        "GetFileInfo",
        json!({ "file_id": file }),
        json!({"file_info": {"post_id": first["id"], "channel_id": one}}),
    );
    // A file has one post.
    assert_eq!(post(&alice, json!([file]))["file_ids"], Value::Null);
    assert_eq!(
        post(&bob, json!([copies[0]]))["file_ids"],
        json!([copies[0]])
    );
    let link = || json!({ "file_id": file });
    w.refuses(
        "GetFileLink",
        json!({"file_id": "unknown"}),
        "plugin_api.get_file_link.disabled.app_error",
        501,
    );
    w.memory
        .configure(|config| config["FileSettings"]["EnablePublicLink"] = true.into());
    w.refuses("GetFileLink", json!({"file_id": "unknown"}), MISSING, 404);
    w.refuses(
        "GetFileLink",
        json!({"file_id": copies[1]}),
        "plugin_api.get_file_link.no_post.app_error",
        400,
    );
    let found = w.ok("GetFileLink", link())["link"].clone();
    let start = format!("http://localhost:8065/files/{file}/public?h=");
    assert_eq!(
        found
            .as_str()
            .and_then(|link| link.strip_prefix(&start))
            .map(str::len),
        Some(43)
    );
    w.ok("DeletePost", json!({"post_id": first["id"]}));
    w.refuses("GetFileInfo", link(), MISSING, 404);
    let list = |request: Value| -> Vec<String> {
        let infos = w.ok("GetFileInfos", request)["file_infos"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        infos
            .iter()
            .map(|info| info["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let big = upload(&w, "b.txt", "abcdefgh");
    assert_eq!(
        list(json!({"per_page": 9, "options": {"user_id": "nouser"}})),
        [big.as_str()]
    );
    assert_eq!(
        list(
            json!({"per_page": 9, "options": {"user_id": "nouser", "include_deleted": true, "sort_by": "Size", "sort_order": "desc"}})
        ),
        [big.as_str(), &file]
    );
    assert_eq!(
        list(json!({"per_page": 9, "options": {"channel_id": one}})),
        [copies[0].as_str().unwrap()]
    );
    assert_eq!(list(json!({"per_page": 9})).len(), 4);
    assert!(list(json!({})).is_empty());
    for bad in [
        json!({"options": {"sort_by": "Name"}}),
        json!({"page": -1}),
        json!({"per_page": -1}),
    ] {
        w.refuses(
            "GetFileInfos",
            bad,
            "app.file_info.get_with_options.app_error",
            400,
        );
    }
}

#[test]
fn a_file_comes_in_parts() {
    let w = World::new();
    let one = channel(&w, &team(&w, "one"), "aa");
    let alice = user(&w, "alice");
    w.fired();
    let given = |change: Value| {
        let mut given = json!({"type": "attachment", "user_id": alice, "channel_id": one, "filename": "a.txt", "file_size": 3});
        for (key, value) in change.as_object().unwrap() {
            given[key] = value.clone();
        }
        json!({ "upload_session": given })
    };
    for (change, id) in [
        (
            json!({"id": "x"}),
            "model.upload_session.is_valid.id.app_error",
        ),
        (
            json!({"type": "other"}),
            "model.upload_session.is_valid.type.app_error",
        ),
        (
            json!({"user_id": "x"}),
            "model.upload_session.is_valid.user_id.app_error",
        ),
        (
            json!({"channel_id": "x"}),
            "model.upload_session.is_valid.channel_id.app_error",
        ),
        (
            json!({"filename": ""}),
            "model.upload_session.is_valid.filename.app_error",
        ),
        (
            json!({"file_size": 0}),
            "model.upload_session.is_valid.file_size.app_error",
        ),
        (
            json!({"channel_id": "unknown4567890123456789abc"}),
            "app.upload.create.incorrect_channel_id.app_error",
        ),
    ] {
        w.refuses("CreateUploadSession", given(change), id, 400);
    }
    let session = w.answers(
        "CreateUploadSession",
        given(json!({"file_offset": 9})),
        json!({"upload_session": {"file_offset": 0, "file_size": 3}}),
    );
    let id = &session["upload_session"]["id"];
    w.answers(
        "GetUploadSession",
        json!({ "upload_id": id }),
        session.clone(),
    );
    w.refuses(
        "CreateUploadSession",
        given(json!({ "id": id })),
        "app.upload.create.save.app_error",
        500,
    );
    let part = |offset: usize, data: &[u8]| json!({"upload_session": {"id": id, "file_offset": offset}, "data": STANDARD.encode(data)});
    w.refuses(
        "UploadData",
        part(1, b"a"),
        "app.upload.upload_data.concurrent.app_error",
        400,
    );
    w.refuses(
        "UploadData",
        part(0, b"a"),
        "app.upload.upload_data.first_part_too_small.app_error",
        400,
    );
    let made = w.answers(
        "UploadData",
        part(0, b"abcdef"),
        json!({"file_info": {"name": "a.txt", "size": 3, "creator_id": alice, "channel_id": one}}),
    );
    assert_eq!(w.fired_names(), ["FileWillBeUploaded"]);
    w.answers(
        "GetFile",
        json!({"file_id": made["file_info"]["id"]}),
        json!({"data": text("abc")}),
    );
    w.refuses(
        "UploadData",
        part(0, b"abc"),
        "app.upload.get.app_error",
        404,
    );
    w.refuses(
        "GetUploadSession",
        json!({ "upload_id": id }),
        "app.upload.get.app_error",
        404,
    );
    // In two parts.
    let size = (5 << 20) + 1;
    let id =
        w.ok("CreateUploadSession", given(json!({ "file_size": size })))["upload_session"]["id"]
            .clone();
    let part = |offset: usize, data: &[u8]| json!({"upload_session": {"id": id, "file_offset": offset}, "data": STANDARD.encode(data)});
    w.answers(
        "UploadData",
        part(0, &vec![b'x'; size - 1]),
        json!({"file_info": null}),
    );
    w.answers(
        "GetUploadSession",
        json!({ "upload_id": id }),
        json!({"upload_session": {"file_offset": size - 1}}),
    );
    w.fired();
    w.hooks.answer("FileWillBeUploaded", Answer::Reject("no"));
    w.refuses(
        "UploadData",
        part(size - 1, b"y"),
        "app.upload.run_plugins_hook.rejected",
        400,
    );
    w.refuses(
        "GetUploadSession",
        json!({ "upload_id": id }),
        "app.upload.get.app_error",
        404,
    );
    w.ok("DeleteChannel", json!({ "channel_id": one }));
    w.refuses(
        "CreateUploadSession",
        given(json!({})),
        "app.upload.create.cannot_upload_to_deleted_channel.app_error",
        400,
    );
    w.ok(
        "CreateUploadSession",
        given(json!({"type": "import", "channel_id": ""})),
    );
}

#[test]
fn emoji_of_the_servers_own() {
    let w = World::new();
    let alice = user(&w, "alice");
    let image = w.ok("GetProfileImage", json!({ "user_id": alice }))["image"].clone();
    let bytes = STANDARD.decode(image.as_str().unwrap()).unwrap();
    let add = |name: &str| w.memory.add_emoji(&alice, name, bytes.clone().into());
    let refused = |name: &str| add(name).unwrap_err().id.into_owned();
    assert_eq!(refused("smile"), "model.emoji.system_emoji_name.app_error");
    assert_eq!(refused("no blanks"), "model.emoji.name.app_error");
    assert_eq!(refused(&"x".repeat(65)), "model.emoji.name.app_error");
    let ids: Vec<_> = ["zz_own", "aa_own"]
        .iter()
        .map(|name| add(name).unwrap())
        .collect();
    assert_eq!(refused("aa_own"), "api.emoji.create.duplicate.app_error");
    w.answers(
        "GetEmoji",
        json!({"emoji_id": ids[0]}),
        json!({"emoji": {"name": "zz_own", "creator_id": alice}}),
    );
    w.answers(
        "GetEmojiByName",
        json!({"name": "aa_own"}),
        json!({"emoji": {"id": ids[1]}}),
    );
    w.refuses(
        "GetEmojiByName",
        json!({"name": "smile"}),
        "app.emoji.get_by_name.no_result",
        404,
    );
    w.refuses(
        "GetEmoji",
        json!({"emoji_id": "unknown"}),
        "app.emoji.get.no_result",
        404,
    );
    w.answers(
        "GetEmojiList",
        json!({"sort_by": "name", "per_page": 9}),
        json!({"emojis": [{"name": "aa_own"}, {"name": "zz_own"}]}),
    );
    w.answers(
        "GetEmojiList",
        json!({"sort_by": "name", "per_page": 1, "page": 1}),
        json!({"emojis": [{"name": "zz_own"}]}),
    );
    let any = w.ok(
        "GetEmojiList",
        json!({"sort_by": "anything", "per_page": 9}),
    );
    assert_eq!(any["emojis"].as_array().map(Vec::len), Some(2));
    w.answers("GetEmojiList", json!({}), json!({"emojis": []}));
    w.answers(
        "GetEmojiImage",
        json!({"emoji_id": ids[0]}),
        json!({"image": image, "content_type": "png"}),
    );
    w.refuses(
        "GetEmojiImage",
        json!({"emoji_id": "unknown"}),
        "app.emoji.get.no_result",
        404,
    );
    let broken = w
        .memory
        .add_emoji(&alice, "broken_own", (&b"no image"[..]).into())
        .unwrap();
    w.refuses(
        "GetEmojiImage",
        json!({ "emoji_id": broken }),
        "api.emoji.get_image.decode.app_error",
        500,
    );
    let lost = w
        .memory
        .add_emoji(&alice, "lost_own", (&b""[..]).into())
        .unwrap();
    w.refuses(
        "GetEmojiImage",
        json!({ "emoji_id": lost }),
        "api.emoji.get_image.read.app_error",
        404,
    );
    w.memory.remove_emoji(&ids[0]);
    w.refuses(
        "GetEmoji",
        json!({"emoji_id": ids[0]}),
        "app.emoji.get.no_result",
        404,
    );
    w.memory
        .configure(|config| config["FileSettings"]["DriverName"] = "".into());
    w.refuses(
        "GetEmojiByName",
        json!({"name": "aa_own"}),
        "api.emoji.storage.app_error",
        403,
    );
    w.memory
        .configure(|config| config["ServiceSettings"]["EnableCustomEmoji"] = false.into());
    w.refuses(
        "GetEmojiByName",
        json!({"name": "aa_own"}),
        "api.emoji.disabled.app_error",
        403,
    );
    w.refuses(
        "GetEmoji",
        json!({"emoji_id": ids[1]}),
        "api.emoji.disabled.app_error",
        403,
    );
    w.ok("GetEmojiImage", json!({"emoji_id": ids[1]}));
    let list = w.ok("GetEmojiList", json!({"per_page": 9}));
    assert_eq!(list["emojis"].as_array().map(Vec::len), Some(3));
}
