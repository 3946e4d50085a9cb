//! What a page of a channel and a search cost in a channel of 100,000 posts, as a ratio to the same in one of 1,000: they are to grow with
//! what is answered, not with the channel.
//!
//! Both servers are asked in turns, as plugins ask, but without a connection between; the median of per-round ratios counts.
//! `scripts/bench`, with a number for more or fewer rounds than 15. It fails when an answer is not the same size in both, and when one costs
//! more than it may.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use plugin_host::api::Backend as _;
use plugin_host::ids::PluginId;
use plugin_host::memory::{Making, Memory};
use plugin_proto::{Call, Form, Methods, find_api, reflect};
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const FEW: usize = 1_000;
const MANY: usize = 100_000;
/// The most that the same may cost with a hundred times the posts.
const LIMIT: f64 = 2.0;
/// Calls of one measurement.
const CALLS: usize = 50;
/// Posts on a page, as clients ask for them.
const PAGE: usize = 60;
/// The time of the first post, and how far one is from the next.
const BEGINNING: i64 = 1_700_000_000_000;
const STEP: i64 = 1000;

/// A server with a channel.
struct Server {
    methods: Methods,
    team: String,
    channel: String,
    /// Ids in the order of making.
    posts: Vec<String>,
    /// What making the last posts took, each.
    last: Duration,
}

impl Server {
    async fn with(posts: usize) -> Result<Self> {
        let clock = Arc::new(AtomicI64::new(1));
        let memory = Memory::of(Making {
            clock: Arc::new(move || clock.fetch_add(1, Ordering::Relaxed)),
            seed: 1,
            ..Making::default()
        });
        let mut methods = Methods::new();
        memory.register(&PluginId::parse("org.example.posts")?, &mut methods);
        let mut server = Self {
            methods,
            team: String::new(),
            channel: String::new(),
            posts: Vec::with_capacity(posts),
            last: Duration::ZERO,
        };
        let team = json!({"name": "one", "display_name": "One", "type": "TEAM_TYPE_OPEN"});
        server.team = server
            .made("CreateTeam", json!({ "team": team }), "team")
            .await?;
        let user = json!({"username": "anna", "email": "a@example.com", "password": "password1"});
        let user = server
            .made("CreateUser", json!({ "user": user }), "user")
            .await?;
        let channel = json!({"team_id": server.team, "name": "aa", "display_name": "Aa", "type": "CHANNEL_TYPE_OPEN"});
        server.channel = server
            .made("CreateChannel", json!({ "channel": channel }), "channel")
            .await?;
        let mut begun = Instant::now();
        for number in 0..posts {
            if number == posts - FEW / 2 {
                begun = Instant::now();
            }
            let post = server.post(number, &user);
            let id = server
                .made("CreatePost", json!({ "post": post }), "post")
                .await?;
            server.posts.push(id);
        }
        server.last = begun.elapsed() / (FEW as u32 / 2);
        Ok(server)
    }

    /// Every tenth is a reply to the one before; one word is in all, one in some, one in each alone.
    fn post(&self, number: usize, user: &str) -> Value {
        let root = match number % 10 {
            9 => &self.posts[number - 1],
            _ => "",
        };
        let some = number % 5;
        json!({
            "channel_id": self.channel, "user_id": user, "root_id": root,
            "create_at": BEGINNING + number as i64 * STEP,
            "message": format!("the common words and some{some} and number{number}"),
        })
    }

    fn call(&self, method: &str, request: &Value) -> Result<Call> {
        let row = find_api(method).ok_or("no such method")?;
        Ok(Call {
            path: row.path.into(),
            metadata: MetadataMap::new(),
            message: reflect::from_json(row, Form::Request, request)?,
        })
    }

    async fn made(&self, method: &str, request: Value, of: &str) -> Result<String> {
        let answer = self.answer(method, &request).await?;
        let id = answer[of]["id"].as_str();
        Ok(id.ok_or_else(|| format!("{method}: {answer}"))?.to_owned())
    }

    async fn answer(&self, method: &str, request: &Value) -> Result<Value> {
        let row = find_api(method).ok_or("no such method")?;
        let answer = self.methods.dispatch(self.call(method, request)?).await?;
        Ok(reflect::to_json(row, Form::Response, &answer)?)
    }

    /// The request of a question.
    fn request(&self, question: &Question) -> Value {
        let (channel, middle) = (&self.channel, &self.posts[self.posts.len() / 2]);
        let last = BEGINNING + self.posts.len() as i64 * STEP;
        match question.what {
            What::Page(page) => json!({"channel_id": channel, "page": page, "per_page": PAGE}),
            What::Around => json!({"channel_id": channel, "post_id": middle, "per_page": PAGE}),
            What::Since => json!({"channel_id": channel, "time": last - PAGE as i64 * STEP - 1}),
            What::Search(terms) => json!({"team_id": self.team, "params_list": [{"terms": terms}]}),
        }
    }
}

/// What is asked about.
#[derive(Clone, Copy)]
enum What {
    Page(usize),
    Around,
    Since,
    Search(&'static str),
}

/// What is asked.
struct Question {
    method: &'static str,
    shown: &'static str,
    what: What,
    /// How many posts answer it.
    found: usize,
}

const QUESTIONS: &[Question] = &[
    Question {
        method: "GetPostsForChannel",
        shown: "newest page",
        what: What::Page(0),
        found: PAGE,
    },
    Question {
        method: "GetPostsForChannel",
        shown: "tenth page",
        what: What::Page(9),
        found: PAGE,
    },
    Question {
        method: "GetPostsBefore",
        shown: "before the middle",
        what: What::Around,
        found: PAGE,
    },
    Question {
        method: "GetPostsAfter",
        shown: "after the middle",
        what: What::Around,
        found: PAGE,
    },
    Question {
        method: "GetPostsSince",
        shown: "since a minute",
        what: What::Since,
        found: PAGE,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "a word of all",
        what: What::Search("common"),
        found: 100,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "a word of some",
        what: What::Search("some3"),
        found: 100,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "a word of one",
        what: What::Search("number500"),
        found: 1,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "two words",
        what: What::Search("common some3"),
        found: 100,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "a beginning of all",
        what: What::Search("num*"),
        found: 100,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "a beginning of some",
        what: What::Search("som*"),
        found: 100,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "a phrase",
        what: What::Search("\"common words\""),
        found: 100,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "a channel, no word",
        what: What::Search("in:aa"),
        found: 100,
    },
    Question {
        method: "SearchPostsInTeam",
        shown: "somebody",
        what: What::Search("from:anna"),
        found: 100,
    },
];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(measure())
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn measure() -> Result<()> {
    let rounds = rounds()?;
    let (few, many) = (Server::with(FEW).await?, Server::with(MANY).await?);
    println!("{rounds} rounds; medians\n");
    println!(
        "{:<20} {:>9} {:>9} {:>7} {:>7}",
        "us", FEW, MANY, "ratio", "limit"
    );
    let mut too_slow = Vec::new();
    let mut line = |shown: &str, few: f64, many: f64, ratio: f64| {
        if ratio > LIMIT {
            too_slow.push(format!("{shown}: {ratio:.2}"));
        }
        println!("{shown:<20} {few:>9.2} {many:>9.2} {ratio:>7.2} {LIMIT:>7.2}");
    };
    for question in QUESTIONS {
        for server in [&few, &many] {
            check(server, question).await?;
        }
        let mut taken = Vec::new();
        for round in 0..=rounds {
            let both = if round % 2 == 0 {
                let few = ask(&few, question).await?;
                (few, ask(&many, question).await?)
            } else {
                let many = ask(&many, question).await?;
                (ask(&few, question).await?, many)
            };
            // The first round warms up.
            if round > 0 {
                taken.push(both);
            }
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / CALLS as f64;
        let ratio = |(few, many): &(Duration, Duration)| many.as_secs_f64() / few.as_secs_f64();
        line(
            question.shown,
            median(taken.iter().map(|(few, _)| each(*few))),
            median(taken.iter().map(|(_, many)| each(*many))),
            median(taken.iter().map(ratio)),
        );
    }
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let ratio = many.last.as_secs_f64() / few.last.as_secs_f64();
    line("a new post", micros(few.last), micros(many.last), ratio);
    if too_slow.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a hundred times the posts cost more than {LIMIT} times: {}",
        too_slow.join(", ")
    )
    .into())
}

/// Both answers have the same size, or nothing is compared.
async fn check(server: &Server, question: &Question) -> Result<()> {
    let answer = server
        .answer(question.method, &server.request(question))
        .await?;
    let list = match question.what {
        What::Search(_) => &answer["posts"],
        _ => &answer["post_list"]["order"],
    };
    let found = list.as_array().map_or(0, Vec::len);
    if found != question.found {
        let total = server.posts.len();
        return Err(format!(
            "{}: {found} of {total} posts, not {}",
            question.shown, question.found
        )
        .into());
    }
    Ok(())
}

async fn ask(server: &Server, question: &Question) -> Result<Duration> {
    let call = server.call(question.method, &server.request(question))?;
    let again = || Call {
        path: call.path.clone(),
        metadata: MetadataMap::new(),
        message: call.message.clone(),
    };
    let begun = Instant::now();
    for _ in 0..CALLS {
        std::hint::black_box(server.methods.dispatch(again()).await?);
    }
    Ok(begun.elapsed())
}

fn rounds() -> Result<usize> {
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    Ok(given.map_or(Ok(15), |rounds| rounds.parse())?)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
