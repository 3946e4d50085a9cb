//! Many callers at once, calls while a plugin ends or dies, and what is large.

use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use fake_interpreters::script::{Answer, Script, Serve};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tonic::Status;

use super::super::held_call::HeldCall;
use super::super::stage::{Setting, Stage};
use super::door::{Door, Said};
use super::story::{Story, text};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::driver::protocol::{Order, Stopped};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Sixty-four callers at once.
    "host/api/callers" => callers: ["AP-015"], deadline(90);
    /// Calls that are under way when the plugin is stopped.
    "host/api/stop" => stop: ["AP-016"], deadline(90);
    /// A plugin that dies in the middle of a call.
    "host/api/death" => death: ["AP-017"], deadline(90);
    /// The largest values and files.
    "host/api/limits" => limits: ["AP-018"], deadline(180);
}

/// How many call at once.
const CALLERS: usize = 64;

async fn callers(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let user = story.user("ada").await?;
    let mut doors = Vec::new();
    for _ in 0..8 {
        doors.push(Door::open(&story.plugin).await?);
    }
    let call = |at: usize, method: &'static str, request: Value| {
        let door = &doors[at % doors.len()];
        async move { door.call(method, &request).await }
    };
    let rule = story.rule("AP-015", "calls-mixed");
    // One of them may have the lock.
    let locks = join_all((0..CALLERS).map(|at| {
        call(
            at,
            "KVCompareAndSet",
            json!({"key": "lock", "new_value": value(at)}),
        )
    }))
    .await;
    let mut holders = Vec::new();
    for (at, said) in locks.into_iter().enumerate() {
        match said? {
            Said::Answer(answer) if answer["success"] == true => holders.push(at),
            Said::Answer(_) => {}
            other => rule.holds("KVCompareAndSet", false, "an answer", other.words()),
        }
    }
    rule.holds(
        "KVCompareAndSet",
        holders.len() == 1,
        "one holder of the lock",
        format!("{holders:?}"),
    );
    if let [holder] = holders[..] {
        rule.answers(
            "KVGet",
            json!({"key": "lock"}),
            json!({ "value": value(holder) }),
        )
        .await?;
    }
    // Each has a value of its own.
    let own = (0..CALLERS).map(|at| {
        let call = &call;
        async move {
            let key = format!("own-{at}");
            call(at, "KVSet", json!({"key": key, "value": value(at)})).await?;
            Ok::<_, Interruption>((at, call(at, "KVGet", json!({ "key": key })).await?))
        }
    });
    for done in join_all(own).await {
        let (at, said) = done?;
        let kept = matches!(&said, Said::Answer(answer) if answer["value"] == value(at));
        rule.holds(
            "KVGet",
            kept,
            format!("the value of caller {at}"),
            said.words(),
        );
    }
    // All posts are there, each once.
    let post = |at: usize| json!({"post": {"user_id": user, "channel_id": channel, "message": format!("post {at}"), "create_at": at + 1}});
    let mut posted = Vec::new();
    for said in join_all((0..CALLERS).map(|at| call(at, "CreatePost", post(at)))).await {
        match said? {
            Said::Answer(answer) => posted.push(text(&answer["post"]["id"])),
            other => rule.holds("CreatePost", false, "a post", other.words()),
        }
    }
    posted.reverse();
    let all = json!({"channel_id": channel, "per_page": 100});
    rule.answers(
        "GetPostsForChannel",
        all,
        json!({"post_list": {"order": posted}}),
    )
    .await?;
    rule.answers(
        "GetChannel",
        json!({ "channel_id": channel }),
        json!({"channel": {"total_msg_count": CALLERS}}),
    )
    .await?;
    story.end().await
}

fn value(at: usize) -> String {
    fake_interpreters::base64::encode(format!("caller {at}").as_bytes())
}

async fn stop(case: &mut Case) -> ScenarioResult {
    let setting = Setting::new()
        .bound("api_close", Duration::from_millis(300))
        .bound("hook", Duration::from_secs(20))
        .bound("shutdown", Duration::from_secs(15));
    let stage = Stage::open_with(case, setting).await?;
    // Its own post waits for a hook that never answers.
    let serve = Serve::default().hook("MessageWillBePosted", Answer::Hang);
    let plugin = stage.started("plugin", &Script::serving(serve)).await?;
    let other = stage.started("other", &super::super::stage::good()).await?;
    let (door, others) = (Door::open(&plugin).await?, Door::open(&other).await?);
    let made = door
        .call(
            "CreateTeam",
            &json!({"team": {"name": "one", "display_name": "One", "type": "TEAM_TYPE_OPEN"}}),
        )
        .await?;
    let user = door.call("CreateUser", &json!({"user": {"username": "ada", "email": "ada@localhost", "password": "secret-word-1"}})).await?;
    let (Said::Answer(team), Said::Answer(user)) = (made, user) else {
        return Err(Interruption::broken_off("there is no team or no user"));
    };
    let square = json!({"team_id": team["team"]["id"], "name": "town-square"});
    let Said::Answer(square) = door.call("GetChannelByName", &square).await? else {
        return Err(Interruption::broken_off("there is no channel"));
    };
    let post = json!({"post": {"user_id": user["user"]["id"], "channel_id": square["channel"]["id"], "message": "m"}});
    let held = {
        let door = door.clone();
        tokio::spawn(async move { (door.call("CreatePost", &post).await, Instant::now()) })
    };
    stage
        .journal(&plugin, |entries| {
            !super::super::traces::calls(entries, "MessageWillBePosted").is_empty()
        })
        .await?;
    // A call whose request never ends: no handler of it can.
    let endless = HeldCall::open(door.target()).await;
    let endless = endless.map_err(|error| Interruption::broken_off(error.to_string()))?;
    let before = door.raw("GetServerVersion", Bytes::new()).await;
    let begun = Instant::now();
    let order = Order::Deactivate {
        plugin: plugin.id.clone(),
    };
    let stopping = stage.try_ask::<Stopped>(order);
    let calling = async {
        // As long as there is a door, whoever calls is answered.
        let mut answered = usize::from(before.is_ok());
        loop {
            match door.raw("GetServerVersion", Bytes::new()).await {
                Ok(_) => answered += 1,
                Err(status) => return (answered, status),
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let (stopped, (answered, last)) = tokio::join!(stopping, calling);
    let took = begun.elapsed();
    drop(endless);
    let held = tokio::time::timeout(case.scaled(Duration::from_secs(5)), held).await;
    let beside = others.raw("GetServerVersion", Bytes::new()).await;
    let seen = || {
        case.require("AP-016")
            .seen("answers until it stopped", some(answered))
            .and("the end of the door", last.words().as_str())
    };
    let is_stopped = matches!(&stopped, Ok(Ok(stopped)) if stopped.stopped);
    seen().holds(
        is_stopped,
        "a plugin that is stopped",
        stopped.words(),
        "stop-held",
    );
    seen().within(case.scaled(Duration::from_secs(8)), took, "stop-held");
    let ended = matches!(&held, Ok(Ok(_)));
    seen().holds(
        ended,
        "the call that was under way ends",
        if ended {
            "it ended"
        } else {
            "it is still under way"
        },
        "call-left",
    );
    let gone = matches!(
        last.code(),
        tonic::Code::Unavailable
            | tonic::Code::Cancelled
            | tonic::Code::Unknown
            | tonic::Code::Internal
    );
    seen().holds(
        gone,
        "calls at a door that is gone fail at once",
        last.words(),
        "call-left",
    );
    seen().holds(
        beside.is_ok(),
        "another plugin's call is answered",
        beside.words(),
        "other-plugin-touched",
    );
    stage.close().await
}

async fn death(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    // Asked about its own post, it dies: its call has no caller any more.
    let dying = Serve::default()
        .hook("MessageHasBeenPosted", Answer::empty())
        .hook("MessageWillBePosted", Answer::Exit(3));
    let living = Serve::default().hook("MessageHasBeenPosted", Answer::empty());
    let script = Script::serving(dying)
        .next_start()
        .then(&Script::serving(living));
    let plugin = stage.started("plugin", &script).await?;
    let other = stage.started("other", &super::super::stage::good()).await?;
    let door = Door::open(&plugin).await?;
    let others = Door::open(&other).await?;
    let set = door
        .call("KVSet", &json!({"key": "k", "value": "dg=="}))
        .await?;
    let made = door
        .call(
            "CreateTeam",
            &json!({"team": {"name": "one", "display_name": "One", "type": "TEAM_TYPE_OPEN"}}),
        )
        .await?;
    let user = door.call("CreateUser", &json!({"user": {"username": "ada", "email": "ada@localhost", "password": "secret-word-1"}})).await?;
    let (Said::Answer(_), Said::Answer(team), Said::Answer(user)) = (set, made, user) else {
        return Err(Interruption::broken_off(
            "there is no value, no team or no user",
        ));
    };
    let square = json!({"team_id": team["team"]["id"], "name": "town-square"});
    let square = match door.call("GetChannelByName", &square).await? {
        Said::Answer(answer) => answer["channel"]["id"].clone(),
        other => return Err(Interruption::broken_off(other.words())),
    };
    let post = |message: &str| json!({"post": {"user_id": user["user"]["id"], "channel_id": square, "message": message}});
    let begun = Instant::now();
    let said = door.call("CreatePost", &post("deadly")).await?;
    let took = begun.elapsed();
    let gone = stage
        .done::<crate::driver::protocol::Ended>(Order::WaitExit {
            plugin: plugin.id.clone(),
            within_ms: 8000,
        })
        .await?;
    let seen = || {
        case.require("AP-017")
            .seen("what came of the call", said.words().as_str())
            .and("the plugin's end", gone.exited.words().as_str())
    };
    seen().within(case.scaled(Duration::from_secs(8)), took, "call-left");
    let beside = others.call("KVGet", &json!({"key": "k"})).await?;
    seen().holds(
        matches!(beside, Said::Answer(_)),
        "another plugin's call is answered",
        beside.words(),
        "other-plugin-touched",
    );
    stage
        .restart(&plugin)
        .await?
        .map_err(|refusal| Interruption::broken_off(refusal.message))?;
    let door = Door::open(&plugin).await?;
    let kept = door.call("KVGet", &json!({"key": "k"})).await?;
    let is_kept = matches!(&kept, Said::Answer(answer) if answer["value"] == "dg==");
    seen().holds(
        is_kept,
        "the value that was set before",
        kept.words(),
        "state-lost",
    );
    let team = door
        .call("GetTeam", &json!({"team_id": team["team"]["id"]}))
        .await?;
    seen().holds(
        matches!(team, Said::Answer(_)),
        "the team that was made before",
        team.words(),
        "state-lost",
    );
    let again = door.call("CreatePost", &post("after")).await?;
    seen().holds(
        matches!(again, Said::Answer(_)),
        "a post of the next process",
        again.words(),
        "call-left",
    );
    stage.close().await
}

/// What the SDK sends at most.
const LARGEST: usize = 100 << 20;

/// A message that is a short text and long bytes: `head`, then the field of this number.
fn long(head: &[u8], number: u8, length: usize) -> Result<Bytes, Interruption> {
    let mut message = BytesMut::with_capacity(length + 64);
    message.put_slice(head);
    message.put_u8(number << 3 | 2);
    prost::encode_length_delimiter(length, &mut message)?;
    message.put_bytes(b'x', length);
    Ok(message.freeze())
}

async fn limits(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let door = &story.door;
    // UploadFile with data in its second field, KVSet with the key `k`.
    let file = door
        .raw("UploadFile", long(&[], upload_data_field(), LARGEST)?)
        .await;
    let over = door
        .raw("KVSet", long(&[0x0a, 1, b'k'], 2, LARGEST + (2 << 20))?)
        .await;
    let control = door.raw("GetServerVersion", Bytes::new()).await;
    let seen = || {
        let judge = case
            .require("AP-018")
            .go_host("refuses it with RESOURCE_EXHAUSTED");
        judge.seen(
            "control: a small call",
            control.as_ref().ok().map(Bytes::len),
        )
    };
    seen().holds(
        is_told(&file),
        "a file of 100 MiB is taken, or refused with the size or the limit",
        told(&file),
        "large-file-lost",
    );
    seen().holds(
        is_told(&over),
        "a value of 102 MiB is taken, or refused with the size or the limit",
        told(&over),
        "large-value-lost",
    );
    if let Ok(answer) = &file
        && !answer.is_empty()
    {
        let listed = story.did("GetFileInfos", json!({"per_page": 1})).await?;
        let size = &listed["file_infos"][0]["size"];
        seen().holds(
            *size == LARGEST,
            format!("a file of {LARGEST} bytes"),
            size.to_string(),
            "large-file-lost",
        );
    }
    story.end().await
}

/// The number of the field that holds a file's bytes.
fn upload_data_field() -> u8 {
    let request = plugin_proto::find_api("UploadFile")
        .and_then(|method| plugin_proto::reflect::pool().get_message_by_name(method.request));
    let field = request.and_then(|request| request.get_field_by_name("data"));
    field
        .and_then(|field| u8::try_from(field.number()).ok())
        .unwrap_or_default()
}

/// Taken, or refused with a number in the reason, in band or by the status that names a limit.
fn is_told(answer: &Result<Bytes, Status>) -> bool {
    match answer {
        Ok(_) => true,
        Err(status) => {
            let limit = matches!(
                status.code(),
                tonic::Code::ResourceExhausted | tonic::Code::OutOfRange
            );
            limit
                && status
                    .message()
                    .bytes()
                    .any(|letter| letter.is_ascii_digit())
        }
    }
}

fn told(answer: &Result<Bytes, Status>) -> String {
    match answer {
        Ok(answer) => format!("{} bytes", answer.len()),
        Err(status) => status.words(),
    }
}
