//! One request, from its head to the head of its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST,
    HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use plugin_proto::ending::Tasks;
use plugin_proto::pb::{PluginContext, ServeHttpRequestInit};

use crate::environment::Environment;
use crate::front::answer::{Answer, see_off};
use crate::front::gauges::Gauges;
use crate::front::options::{FrontOptions, Limits, Session};
use crate::front::page;
use crate::front::record::Record;
use crate::front::refusal::Refusal;
use crate::front::request_id::{self, REQUEST_ID};
use crate::front::route::{Page, Route, route};
use crate::front::socket::Link;
use crate::front::upload::Upload;
use crate::front::visitor;
use crate::hooks::{HttpAnswer, Outcome};
use crate::http_rules::fields::text;
use crate::http_rules::{BodyPlan, FieldError, Whence, request};
use crate::ids::PluginId;

/// Who asks.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) peer: SocketAddr,
    pub(super) link: Arc<Link>,
    /// The peer as plugins are told of it, written once for all requests of a connection.
    written: Arc<Written>,
}

struct Written {
    address: String,
    ip: String,
}

impl Client {
    pub(super) fn new(peer: SocketAddr, link: Arc<Link>) -> Self {
        let written = Written {
            address: peer.to_string(),
            ip: peer.ip().to_canonical().to_string(),
        };
        Self {
            peer,
            link,
            written: Arc::new(written),
        }
    }
}

/// What answers all requests of a front.
pub(super) struct Handler {
    environment: Environment,
    options: FrontOptions,
    tasks: Tasks,
    pub(super) gauges: Arc<Gauges>,
}

impl Handler {
    pub(super) fn new(environment: Environment, options: FrontOptions, tasks: Tasks) -> Self {
        Self {
            environment,
            options,
            tasks,
            gauges: Arc::default(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// Answers a request, in every case.
    pub(super) async fn handle(
        self: Arc<Self>,
        client: Client,
        request: Request<Incoming>,
    ) -> Response<Answer> {
        let (parts, body) = request.into_parts();
        let id = request_id::of(&parts.headers);
        let mut record = Record::begin(
            &self.gauges,
            self.options.on_access.as_ref(),
            client,
            id,
            &parts,
        );
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let routed = match has_one_host(&parts) {
            true => route(path),
            false => return refuse(Refusal::NoHost, record),
        };
        match routed {
            Route::Plugin { id, rest } => {
                let rest = visitor::without_login(rest).into_owned();
                record.plugin = Some(id.clone());
                self.ask(&id, rest, parts, body, record).await
            }
            Route::Page(page) if self.options.pages => self.page(page, record),
            Route::Public => refuse(Refusal::Public, record),
            Route::Page(_) | Route::Nothing => refuse(Refusal::NoPage, record),
        }
    }

    async fn ask(
        &self,
        id: &PluginId,
        url: String,
        parts: Parts,
        body: Incoming,
        mut record: Record,
    ) -> Response<Answer> {
        let limit = self.options.limits.body_bytes;
        if limit.is_some_and(|limit| body.size_hint().lower() > limit) {
            record.link().has_unread();
            return refuse(Refusal::TooLarge, record);
        }
        let hooks = match self.environment.hooks(id) {
            Ok(hooks) => hooks,
            Err(_) if self.environment.status(id).is_none() => {
                return refuse(Refusal::NoPlugin, record);
            }
            Err(_) => return refuse(Refusal::NotRunning, record),
        };
        let identify = self.options.identify.as_ref();
        let session = identify.and_then(|identify| identify(&parts));
        let length = match body.is_end_stream() {
            true => Some(0),
            false => body.size_hint().exact(),
        };
        let Ok(head) = head(parts, url, length, session, &record) else {
            record.link().has_unread();
            return refuse(Refusal::LargeHead, record);
        };
        let too_large = Arc::new(AtomicBool::new(false));
        let upload = Upload::new(
            body,
            limit,
            record.received(),
            Arc::clone(&too_large),
            Arc::clone(record.link()),
        );
        match hooks.serve_http(head, upload).await {
            Outcome::Answered(answer) => self.answered(answer, record),
            // `ServeHTTP` has no error in band.
            Outcome::NotImplemented | Outcome::Refused(_) => {
                refuse(Refusal::NotImplemented, record)
            }
            Outcome::Failed(failure) => {
                record.failure = Some(failure.kind.word());
                let refusal = match too_large.load(Ordering::Relaxed) {
                    true => Refusal::TooLarge,
                    false => Refusal::of(&failure),
                };
                refuse(refusal, record)
            }
        }
    }

    fn answered(&self, answer: HttpAnswer, mut record: Record) -> Response<Answer> {
        let HttpAnswer { plan, body, .. } = answer;
        record.status = Some(plan.status);
        let mut headers = plan.headers;
        headers.insert(REQUEST_ID, record.id().clone());
        let content = match (plan.body, body.all_at_once()) {
            (BodyPlan::Forward, None) => Answer::pieces(body, record, self.tasks.clone()),
            (BodyPlan::Forward, Some(all)) => {
                // The client need not wait for the end of the plugin's stream.
                see_off(body, &self.tasks);
                Answer::text(all, record)
            }
            (BodyPlan::Discard, whole) => {
                match whole {
                    Some(_) => see_off(body, &self.tasks),
                    None => body.discard(),
                }
                Answer::text(Bytes::new(), record)
            }
        };
        respond(plan.status, headers, content)
    }

    fn page(&self, page: Page, record: Record) -> Response<Answer> {
        if !matches!(*record.method(), Method::GET | Method::HEAD) {
            return refuse(Refusal::ReadOnly, record);
        }
        let plugins = self.environment.statuses();
        let (content_type, text) = match page {
            Page::Status => ("text/html; charset=utf-8", page::html(&plugins)),
            Page::StatusJson => ("application/json", page::json(&plugins)),
            Page::Metrics => {
                let calls = self.environment.metrics().snapshot().to_prometheus();
                let text = calls + &self.gauges.to_prometheus(&plugins);
                ("text/plain; version=0.0.4; charset=utf-8", text)
            }
        };
        let headers = [
            (CONTENT_TYPE, content_type),
            (CACHE_CONTROL, "no-store"),
            // What a plugin said is shown on the page; should it ever be more than text, it still does nothing.
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            ),
            (HeaderName::from_static("x-content-type-options"), "nosniff"),
        ]
        .map(|(name, value)| (name, HeaderValue::from_static(value)));
        own(StatusCode::OK, headers, text.into(), record)
    }
}

/// HTTP/1.1 wants exactly one `Host`; who names two could mean a different one to each of two readers.
fn has_one_host(parts: &Parts) -> bool {
    let hosts = parts.headers.get_all(HOST).iter().count();
    match parts.version {
        Version::HTTP_11 => hosts == 1,
        _ => hosts <= 1,
    }
}

fn refuse(refusal: Refusal, record: Record) -> Response<Answer> {
    let (status, text) = refusal.says();
    own(
        status,
        refusal.headers(),
        Bytes::from_static(text.as_bytes()),
        record,
    )
}

/// An answer of our own.
fn own(
    status: StatusCode,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    text: Bytes,
    mut record: Record,
) -> Response<Answer> {
    record.status = Some(status);
    let mut all = HeaderMap::new();
    all.extend(headers);
    all.insert(REQUEST_ID, record.id().clone());
    all.insert(CONTENT_LENGTH, text.len().into());
    let text = match *record.method() == Method::HEAD {
        true => Bytes::new(),
        false => text,
    };
    respond(status, all, Answer::text(text, record))
}

fn respond(status: StatusCode, headers: HeaderMap, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The head of a request as its plugin gets it.
fn head(
    mut parts: Parts,
    url: String,
    length: Option<u64>,
    session: Option<Session>,
    record: &Record,
) -> Result<ServeHttpRequestInit, FieldError> {
    let said = |name| {
        parts
            .headers
            .get(name)
            .map(|value: &HeaderValue| text(value))
    };
    let written = &record.client().written;
    let context = PluginContext {
        session_id: String::new(),
        request_id: text(record.id()),
        ip_address: written.ip.clone(),
        accept_language: said(ACCEPT_LANGUAGE).unwrap_or_default(),
        user_agent: said(USER_AGENT).unwrap_or_default(),
    };
    visitor::cleanse(&mut parts.headers);
    let session_id = session.map(|session| {
        visitor::introduce(&mut parts.headers, &session);
        session.session_id
    });
    let whence = Whence {
        url,
        remote_addr: written.address.clone(),
        context: Some(PluginContext {
            session_id: session_id.unwrap_or_default(),
            ..context
        }),
        length,
    };
    request::init(&parts, whence)
}
