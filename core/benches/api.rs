//! What a call of the plugin API costs through the API server and the in-memory backend, as a ratio to a bare tonic call of the same
//! messages: the median of single calls, with one caller and with 64, on one processor.
//!
//! The caller is one process, as a plugin is; the host another. Beside its API the host serves what the calls are held against: tonic's own
//! server with typed messages, which answers at once what the API has answered before.
//!
//! `scripts/bench`, with a number for more or fewer rounds than 11. It fails when something cannot be measured, and when a call costs
//! more than it may.

#[path = "stage/play.rs"]
mod play;

#[path = "stage/rounds.rs"]
mod rounds;

#[path = "stage/one_cpu.rs"]
mod one_cpu;

#[path = "api/bare.rs"]
mod bare;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use plugin_host::event::What;
use plugin_proto::api::{GetPost, GetServerVersion, GetUser, KVGet};
use plugin_proto::dial::{Target, dial};
use plugin_proto::pb::{GetPostRequest, GetServerVersionRequest, GetUserRequest, KvGetRequest};
use plugin_proto::{Form, InBandError, Methods, Rpc, call, find_api, reflect};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use bare::Bare;
use play::Result;
use rounds::{Rounds, Table};

/// The most that a call may cost, in bare calls.
const LIMIT: f64 = 1.15;
/// Callers at a time, and the calls of all of them together in one measurement.
const LOADS: [(usize, usize); 2] = [(1, 2_000), (64, 12_800)];
/// How long a connection may take.
const SOON: Duration = Duration::from_secs(5);
/// The argument of the process that is the host.
const HOST: &str = "--host";
/// Name and length of the value that is read.
const KEY: &str = "key";
const VALUE: usize = 100;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if play::is_plugin() {
        return runtime.block_on(play::be_the_plugin(&[], Methods::new()));
    }
    if std::env::args().any(|argument| argument == HOST) {
        return runtime.block_on(host());
    }
    one_cpu::pin()?;
    runtime.block_on(measure())
}

/// Calls a method with JSON.
async fn ask(api: &Channel, method: &str, request: Value) -> Result<Value> {
    let method = find_api(method).ok_or("no such method")?;
    let request = reflect::from_json(method, Form::Request, &request)?;
    let answer = call::call_raw(api, method.path, tonic::Request::new(request)).await?;
    let answer = reflect::to_json(method, Form::Response, &answer)?;
    match answer.get("error") {
        None | Some(Value::Null) => Ok(answer),
        Some(error) => Err(format!("{}: {error}", method.name).into()),
    }
}

fn id(answer: &Value, object: &str) -> Result<String> {
    let id = answer[object]["id"].as_str();
    Ok(id.ok_or("an object without an id")?.to_owned())
}

/// Makes what is read: the ids of a user and of a post.
async fn fill(api: &Channel) -> Result<(String, String)> {
    let user = json!({"username": "alice", "email": "alice@example.com", "password": "password1", "first_name": "Alice"});
    let user = id(
        &ask(api, "CreateUser", json!({ "user": user })).await?,
        "user",
    )?;
    let team = json!({"name": "bench", "display_name": "Bench", "type": "TEAM_TYPE_OPEN"});
    let team = id(
        &ask(api, "CreateTeam", json!({ "team": team })).await?,
        "team",
    )?;
    let channel = json!({"team_id": team, "name": "bench", "display_name": "Bench", "type": "CHANNEL_TYPE_OPEN"});
    let channel = ask(api, "CreateChannel", json!({ "channel": channel })).await?;
    let message = "a message of a usual length ".repeat(5);
    let post = json!({"user_id": user, "channel_id": id(&channel, "channel")?, "message": message, "props": {"from_bot": "true"}});
    let post = id(
        &ask(api, "CreatePost", json!({ "post": post })).await?,
        "post",
    )?;
    // Three bytes in four letters.
    let value = "eHh4".repeat(VALUE / 3);
    ask(api, "KVSet", json!({"key": KEY, "value": value})).await?;
    Ok((user, post))
}

/// The host, and beside it what its API is held against; ends with its stdin.
#[expect(
    clippy::print_stdout,
    reason = "whoever started it reads the addresses there"
)]
async fn host() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (environment, address) = play::start(folder.path(), |what| match what {
        What::ApiListening { address } => Some(address),
        _ => None,
    })
    .await?;
    let api = dial(&Target::Tcp(address.clone()), SOON).await?;
    let (user, post) = fill(&api).await?;
    let mut bare = Bare::default();
    let calls = Calls::new(&user, &post);
    bare.learn::<GetServerVersion>(&api, calls.version).await?;
    bare.learn::<KVGet>(&api, calls.value).await?;
    bare.learn::<GetPost>(&api, calls.post).await?;
    bare.learn::<GetUser>(&api, calls.user).await?;
    println!("{address} {} {user} {post}", bare.serve().await?);
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    environment.shutdown().await;
    Ok(())
}

/// The requests.
struct Calls {
    version: GetServerVersionRequest,
    value: KvGetRequest,
    post: GetPostRequest,
    user: GetUserRequest,
}

impl Calls {
    fn new(user: &str, post: &str) -> Self {
        Self {
            version: GetServerVersionRequest {},
            value: KvGetRequest {
                key: KEY.to_owned(),
            },
            post: GetPostRequest {
                post_id: post.to_owned(),
            },
            user: GetUserRequest {
                user_id: user.to_owned(),
            },
        }
    }
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn measure() -> Result<()> {
    let mut host = Command::new(std::env::current_exe()?)
        .arg(HOST)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(host.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
    let [api, bare, user, post] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(format!("the host said {line:?}").into());
    };
    let both = Both {
        rounds: Rounds::given_or(11),
        bare: dial(&Target::Tcp(bare.to_owned()), SOON).await?,
        api: dial(&Target::Tcp(api.to_owned()), SOON).await?,
    };
    println!("{} rounds on one CPU; medians\n", both.rounds);
    Table::head("a call of the API, p50", "bare us", "us");
    let mut table = Table::default();
    let calls = Calls::new(user, post);
    both.compare::<GetServerVersion>(&mut table, &calls.version)
        .await?;
    both.compare::<KVGet>(&mut table, &calls.value).await?;
    both.compare::<GetPost>(&mut table, &calls.post).await?;
    both.compare::<GetUser>(&mut table, &calls.user).await?;
    // It ends with its stdin.
    drop(host.stdin.take());
    host.wait()?;
    table.verdict()
}

struct Both {
    rounds: Rounds,
    bare: Channel,
    api: Channel,
}

impl Both {
    async fn compare<R: Rpc>(&self, table: &mut Table, request: &R::Request) -> Result<()>
    where
        R::Request: Clone,
        R::Response: InBandError,
    {
        for (callers, calls) in LOADS {
            let taken = self.rounds.take_turns(
                async || p50::<R>(&self.bare, request, callers, calls).await,
                async || p50::<R>(&self.api, request, callers, calls).await,
            );
            let taken = taken.await?;
            let name = format!("{}, {callers} at a time", R::METHOD.name);
            let us = taken.each(|time| time.as_secs_f64() * 1e6);
            table.row(&name, us, taken.ratio(), ..=LIMIT);
        }
        Ok(())
    }
}

/// The median of single calls.
async fn p50<R: Rpc>(
    channel: &Channel,
    request: &R::Request,
    callers: usize,
    calls: usize,
) -> Result<Duration>
where
    R::Request: Clone,
    R::Response: InBandError,
{
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let (channel, request) = (channel.clone(), request.clone());
        let path = PathAndQuery::from_static(R::METHOD.path);
        running.spawn(async move {
            let mut grpc = Grpc::new(channel);
            let mut taken = Vec::with_capacity(calls / callers);
            for _ in 0..calls / callers {
                let began = Instant::now();
                grpc.ready().await?;
                let codec = ProstCodec::<R::Request, R::Response>::default();
                let sent = tonic::Request::new(request.clone());
                let answer = grpc.unary(sent, path.clone(), codec).await?.into_inner();
                taken.push(began.elapsed());
                if let Some(error) = answer.in_band_error() {
                    return Err(format!("{}: {error:?}", R::METHOD.name).into());
                }
            }
            Result::Ok(taken)
        });
    }
    let mut taken = Vec::with_capacity(calls);
    while let Some(ended) = running.join_next().await {
        taken.extend(ended??);
    }
    taken.sort_unstable();
    Ok(taken[taken.len() / 2])
}
