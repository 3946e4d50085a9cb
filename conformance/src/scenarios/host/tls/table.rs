//! The plugins by which AutoMTLS is judged, as go-plugin's own host was measured with them: each with the requirement that it belongs to.

use fake_interpreters::script::{
    Alpn, Certificate, Client, HANDSHAKE, HANDSHAKE_SECURED, HANDSHAKE_SECURED_UNIX, Script, Serve,
    Served, Tls,
};

/// One plugin.
#[derive(Clone, Debug)]
pub struct Row {
    /// The requirement that it is about.
    pub id: &'static str,
    /// What is special about it.
    pub name: &'static str,
    /// The words by which it may be refused; several where the order of events on the wire decides.
    pub kinds: &'static [&'static str],
    /// What a Go host says.
    pub go: &'static str,
    /// `None` is a plugin that knows nothing of AutoMTLS.
    tls: Option<Tls>,
    line: &'static str,
}

impl Row {
    /// The script of the fake.
    pub fn script(&self) -> Script {
        let serve = Serve {
            tls: self.tls.clone(),
            ..Serve::good()
        };
        Script::new()
            .check_cookie()
            .listen()
            .serve(serve)
            .write(self.line)
    }
}

fn row(
    id: &'static str,
    name: &'static str,
    tls: Tls,
    kinds: &'static [&'static str],
    go: &'static str,
) -> Row {
    Row {
        id,
        name,
        kinds,
        go,
        tls: Some(tls),
        line: HANDSHAKE_SECURED,
    }
}

fn of(certificate: Certificate) -> Tls {
    Tls {
        certificate,
        ..Tls::default()
    }
}

fn behind(served: Served) -> Tls {
    Tls {
        served,
        ..Tls::default()
    }
}

const NO_TLS: &[&str] = &["tls.plain_text", "tls.closed"];
const TIME: &str = "x509: certificate has expired or is not yet valid";
const NAME: &str = "x509: certificate is valid for";

/// The plugins that a host refuses. Those that it talks to in TLS let every host in, so that the refusal is the host's.
pub fn refused() -> Vec<Row> {
    let (fit, unfit) = (by_connection(), by_certificate());
    let mut rows: Vec<Row> = fit.into_iter().chain(unfit).collect();
    for row in &mut rows {
        if let Some(tls) = &mut row.tls {
            tls.client = Client::NotAsked;
        }
    }
    rows.extend(by_line());
    rows
}

fn by_connection() -> Vec<Row> {
    let stolen = behind(Served::WithoutKey);
    let tls12 = Tls {
        only_tls12: true,
        ..stolen.clone()
    };
    let alpn = |alpn| Tls {
        alpn,
        ..Tls::default()
    };
    vec![
        row(
            "HS-203",
            "another certificate",
            behind(Served::Other),
            &["tls.other_certificate"],
            "x509: certificate signed by unknown authority",
        ),
        row(
            "HS-204",
            "another key",
            stolen,
            &["tls.signature"],
            "tls: invalid signature by the server certificate",
        ),
        row(
            "HS-204",
            "another key by TLS 1.2",
            tls12,
            &["tls.signature"],
            "tls: invalid signature by the server certificate",
        ),
        row(
            "HS-208",
            "no ALPN",
            alpn(Alpn::Silent),
            &["tls.alpn"],
            "missing selected ALPN property",
        ),
        row(
            "HS-208",
            "http/1.1 alone",
            alpn(Alpn::Http1),
            &["tls.alpn"],
            "tls: no application protocol",
        ),
        row(
            "HS-209",
            "plain text",
            behind(Served::PlainText),
            NO_TLS,
            "tls: first record does not look like a TLS handshake",
        ),
        row(
            "HS-209",
            "closed connections",
            behind(Served::Nothing),
            NO_TLS,
            "EOF",
        ),
    ]
}

fn by_certificate() -> Vec<Row> {
    vec![
        row(
            "HS-205",
            "expired",
            of(Certificate::Expired),
            &["tls.expired"],
            TIME,
        ),
        row(
            "HS-205",
            "not yet valid",
            of(Certificate::NotYetValid),
            &["tls.not_yet_valid"],
            TIME,
        ),
        row(
            "HS-206",
            "no alternative name",
            of(Certificate::NoName),
            &["tls.no_name"],
            "x509: certificate relies on legacy Common Name field",
        ),
        row(
            "HS-206",
            "another name",
            of(Certificate::OtherName),
            &["tls.other_name"],
            NAME,
        ),
        row(
            "HS-206",
            "an address",
            of(Certificate::AddressOnly),
            &["tls.other_name"],
            NAME,
        ),
        row(
            "HS-207",
            "for clients only",
            of(Certificate::ClientOnly),
            &["tls.usage"],
            "x509: certificate specifies an incompatible key usage",
        ),
    ]
}

/// Lines of plugins that serve plain text.
fn by_line() -> Vec<Row> {
    const MISSING: &[&str] = &["handshake.certificate_missing"];
    const MALFORMED: &[&str] = &["handshake.certificate_malformed"];
    const ENCODING: &[&str] = &["handshake.certificate_encoding"];
    const UNAVAILABLE: &str = "Unavailable at its first call";
    const NOT_DER: &str = "error parsing server cert: x509: malformed certificate";
    const BASE64: &str = "error parsing server cert: illegal base64 data at input byte ";
    let line = |id, name, line, kinds, go| Row {
        id,
        name,
        kinds,
        go,
        tls: None,
        line,
    };
    vec![
        line("HS-210", "no field", HANDSHAKE, MISSING, UNAVAILABLE),
        line(
            "HS-210",
            "empty field",
            "1|1|tcp|{address}|grpc|\n",
            MISSING,
            UNAVAILABLE,
        ),
        line(
            "HS-210",
            "50 bytes of anything",
            "1|1|tcp|{address}|grpc|~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n",
            MISSING,
            UNAVAILABLE,
        ),
        line(
            "HS-211",
            "base64 of no certificate",
            "1|1|tcp|{address}|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n",
            MALFORMED,
            NOT_DER,
        ),
        line(
            "HS-211",
            "padded base64",
            "1|1|tcp|{address}|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n",
            ENCODING,
            BASE64,
        ),
        line(
            "HS-211",
            "url-safe base64",
            "1|1|tcp|{address}|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU-_\n",
            ENCODING,
            BASE64,
        ),
    ]
}

/// The plugins that run.
pub fn good() -> Vec<Row> {
    let kinds = [
        ("as go-plugin makes it", Certificate::GoPlugin),
        ("P-256, no CA", Certificate::P256),
        ("P-384, no CA", Certificate::P384),
        ("RSA", Certificate::Rsa),
        ("Ed25519", Certificate::Ed25519),
        ("usage not restricted", Certificate::AnyUsage),
        ("for servers only, no CA", Certificate::ServerOnly),
    ];
    let good = kinds.map(|(name, kind)| row("HS-202", name, of(kind), &[], ""));
    good.into()
}

/// A good plugin at each place, and with each version.
pub fn secured_places(serve: &Serve) -> [(&'static str, Script); 3] {
    let serving = |only_tls12| Serve {
        tls: Some(Tls {
            only_tls12,
            ..Tls::default()
        }),
        ..serve.clone()
    };
    let script = |listening: Script, serve, line| listening.serve(serve).write(line);
    [
        (
            "tcp",
            script(Script::new().listen(), serving(false), HANDSHAKE_SECURED),
        ),
        (
            "unix",
            script(
                Script::new().listen_unix(),
                serving(false),
                HANDSHAKE_SECURED_UNIX,
            ),
        ),
        (
            "tls-1-2",
            script(Script::new().listen(), serving(true), HANDSHAKE_SECURED),
        ),
    ]
}

/// What the host's certificate has in it, as DER.
pub fn of_the_host() -> [(&'static str, &'static [u8]); 5] {
    [
        (
            "a key on the curve P-521",
            &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23],
        ),
        ("the alternative name localhost", b"\x82\x09localhost"),
        (
            "the usage for clients",
            &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02],
        ),
        (
            "the usage for servers",
            &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
        ),
        (
            "that it is a CA",
            &[
                0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xff,
            ],
        ),
    ]
}
