//! Every first line that hosts are judged by, each with the requirement that it belongs to.
//!
//! Accepted or refused as go-plugin's `client.go` does with a host that allows only gRPC and application protocol 1. A refusal counts only
//! with its word: a host that refuses a line for another reason has not looked at what the row is about. `{address}` and `{port}` are
//! where the plugin listens, `{case}` is the folder that is the host's working directory.

use super::row::Row;

const CORE_SYNTAX: &str = "error parsing core protocol version: strconv.Atoi: parsing ";
const CORE_RANGE: &str = "error parsing core protocol version: strconv.Atoi: parsing \"99999999999999999999\": value out of range";
const CORE_VERSION: &str = "incompatible core API version with plugin. Plugin version: ";
const APP_SYNTAX: &str = "Error parsing protocol version ";
const APP_VERSION: &str = "incompatible API version with plugin. Plugin version: ";
const UNRECOGNIZED: &str = "Unrecognized remote plugin message: ";
const NETWORK: &str = "unknown address type: 127.0.0.1:1234";
const PROTOCOL: &str = "nsupported plugin protocol";
const BASE64: &str = "error parsing server cert: illegal base64 data at input byte ";
const NOT_DER: &str = "error parsing server cert: x509: malformed certificate";

/// The table.
pub const ROWS: &[Row] = &[
    Row::runs("HS-001", "plain", "1|1|tcp|{address}|grpc\n"),
    Row::runs("HS-001", "in five pieces", "1|1|tcp|{address}|grpc\n").pieces(5, 10),
    Row::runs("HS-001", "byte by byte", "1|1|tcp|{address}|grpc\n").pieces(26, 1),
    Row::runs("HS-001", "late", "1|1|tcp|{address}|grpc\n").late(600),
    // ---- white space ----
    Row::runs("HS-002", "carriage return", "1|1|tcp|{address}|grpc\r\n"),
    Row::runs("HS-002", "blanks and tabs around", " \t1|1|tcp|{address}|grpc \t \n"),
    Row::runs("HS-002", "no-break space around", "\u{a0}1|1|tcp|{address}|grpc\u{a0}\n"),
    Row::runs("HS-002", "em space around", "\u{2003}1|1|tcp|{address}|grpc\u{2003}\n"),
    Row::refused("HS-002", "blank in core", b"1 |1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_syntax", CORE_SYNTAX),
    Row::refused("HS-002", "blank in app", b"1| 1|tcp|127.0.0.1:1234|grpc\n", "handshake.app_syntax", APP_SYNTAX),
    Row::refused("HS-002", "blank after network", b"1|1|tcp |127.0.0.1:1234|grpc\n", "handshake.network", NETWORK),
    Row::refused("HS-002", "blank before network", b"1|1| tcp|127.0.0.1:1234|grpc\n", "handshake.network", NETWORK),
    Row::refused("HS-002", "blank in address", b"1|1|tcp| 127.0.0.1:1234|grpc\n", "handshake.no_such_host", "no such host"),
    Row::refused("HS-002", "blank in protocol", b"1|1|tcp|127.0.0.1:1234|grpc |\n", "handshake.protocol", PROTOCOL),
    // ---- what is ignored ----
    Row::runs("HS-003", "empty sixth field", "1|1|tcp|{address}|grpc|\n"),
    Row::runs("HS-003", "many empty fields", "1|1|tcp|{address}|grpc||||||\n"),
    Row::runs("HS-003", "garbage seventh field", "1|1|tcp|{address}|grpc||yes|and|more\n"),
    Row::runs("HS-003", "false seventh field", "1|1|tcp|{address}|grpc||false\n"),
    Row::runs("HS-003", "later lines", "1|1|tcp|{address}|grpc\n2|2|udp|x|y\nhello\n"),
    // ---- no handshake ----
    Row::refused("HS-005", "empty line first", b"\n1|1|tcp|127.0.0.1:1234|grpc\n", "handshake.blank", UNRECOGNIZED),
    Row::refused("HS-005", "blanks first", b" \t \n1|1|tcp|127.0.0.1:1234|grpc\n", "handshake.blank", UNRECOGNIZED),
    Row::refused(
        "HS-005",
        "log text first",
        b"INFO starting up\n1|1|tcp|127.0.0.1:1234|grpc\n",
        "handshake.malformed",
        "Unrecognized remote plugin message: INFO starting up",
    ),
    Row::refused("HS-005", "two fields", b"1|invalid\n", "handshake.malformed", "Unrecognized remote plugin message: 1|invalid"),
    Row::refused("HS-005", "three fields", b"1|1|tcp\n", "handshake.malformed", "Unrecognized remote plugin message: 1|1|tcp"),
    // ---- core protocol version ----
    Row::runs("HS-006", "plus sign", "+1|1|tcp|{address}|grpc\n"),
    Row::runs("HS-006", "leading zeros", "001|1|tcp|{address}|grpc\n"),
    Row::refused("HS-006", "two", b"2|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_version", CORE_VERSION),
    Row::refused("HS-006", "zero", b"0|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_version", CORE_VERSION),
    Row::refused("HS-006", "minus one", b"-1|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_version", CORE_VERSION),
    Row::refused("HS-006", "letter", b"x|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_syntax", CORE_SYNTAX),
    Row::refused("HS-006", "fraction", b"1.0|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_syntax", CORE_SYNTAX),
    Row::refused("HS-006", "empty", b"|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_syntax", CORE_SYNTAX),
    Row::refused("HS-006", "nothing but bars", b"||||\n", "handshake.core_syntax", CORE_SYNTAX),
    Row::refused(
        "HS-006",
        "byte order mark",
        b"\xef\xbb\xbf1|1|tcp|127.0.0.1:1234|grpc\n",
        "handshake.core_syntax",
        "parsing \"\\ufeff1\": invalid syntax",
    ),
    Row::refused("HS-006", "NUL byte", b"\x001|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_syntax", CORE_SYNTAX),
    Row::refused("HS-006", "byte that is no UTF-8", b"\xff|1|tcp|127.0.0.1:1234|grpc\n", "handshake.core_syntax", CORE_SYNTAX),
    Row::refused(
        "HS-006",
        "out of range",
        b"99999999999999999999|1|tcp|127.0.0.1:1234|grpc\n",
        "handshake.core_range",
        CORE_RANGE,
    ),
    // ---- application protocol version ----
    Row::runs("HS-007", "plus sign", "1|+1|tcp|{address}|grpc\n"),
    Row::runs("HS-007", "leading zero", "1|01|tcp|{address}|grpc\n"),
    Row::refused("HS-007", "nine", b"1|9|tcp|127.0.0.1:1234|grpc\n", "handshake.app_version", APP_VERSION),
    Row::refused("HS-007", "zero", b"1|0|tcp|127.0.0.1:1234|grpc\n", "handshake.app_version", APP_VERSION),
    Row::refused("HS-007", "minus one", b"1|-1|tcp|127.0.0.1:1234|grpc\n", "handshake.app_version", APP_VERSION),
    Row::refused("HS-007", "letter", b"1|v1|tcp|127.0.0.1:1234|grpc\n", "handshake.app_syntax", APP_SYNTAX),
    Row::refused("HS-007", "empty", b"1||tcp|127.0.0.1:1234|grpc\n", "handshake.app_syntax", APP_SYNTAX),
    Row::refused(
        "HS-007",
        "out of range",
        b"1|99999999999999999999|tcp|127.0.0.1:1234|grpc\n",
        "handshake.app_range",
        "value out of range",
    ),
    // ---- network ----
    Row::refused("HS-008", "udp", b"1|1|udp|127.0.0.1:1234|grpc\n", "handshake.network", NETWORK),
    Row::refused("HS-008", "capitals", b"1|1|TCP|127.0.0.1:1234|grpc\n", "handshake.network", NETWORK),
    Row::refused("HS-008", "a capital", b"1|1|Unix|127.0.0.1:1234|grpc\n", "handshake.network", NETWORK),
    Row::refused("HS-008", "tcp4", b"1|1|tcp4|127.0.0.1:1234|grpc\n", "handshake.network", NETWORK),
    Row::refused("HS-008", "empty", b"1|1||127.0.0.1:1234|grpc\n", "handshake.network", NETWORK),
    // ---- tcp addresses that are none ----
    Row::refused("HS-009", "no port", b"1|1|tcp|nonsense|grpc\n", "handshake.address", "address nonsense: missing port in address"),
    Row::refused("HS-009", "port too large", b"1|1|tcp|127.0.0.1:99999|grpc\n", "handshake.address", "address 99999: invalid port"),
    Row::refused("HS-009", "negative port", b"1|1|tcp|127.0.0.1:-1|grpc\n", "handshake.address", "invalid port"),
    Row::refused("HS-009", "unknown service", b"1|1|tcp|127.0.0.1:no-such-service|grpc\n", "handshake.address", "unknown port"),
    Row::refused("HS-009", "bare IPv6", b"1|1|tcp|::1:1234|grpc\n", "handshake.address", "too many colons in address"),
    Row::refused("HS-009", "open bracket", b"1|1|tcp|[::1:1234|grpc\n", "handshake.address", "missing ']' in address"),
    Row::refused("HS-009", "host that is no name", b"1|1|tcp|not a name:1234|grpc\n", "handshake.no_such_host", "no such host"),
    // ---- addresses of every form ----
    Row::runs("HS-010", "name", "1|1|tcp|localhost:{port}|grpc\n"),
    Row::runs("HS-010", "no host", "1|1|tcp|:{port}|grpc\n"),
    Row::runs("HS-010", "IPv6 in brackets", "1|1|tcp|[::1]:{port}|grpc\n").on("::1"),
    Row::runs("HS-010", "socket", "1|1|unix|{case}/plain.sock|grpc\n").on_socket("{case}/plain.sock"),
    Row::runs("HS-010", "socket with blanks and percent", "1|1|unix|{case}/a b%20%2f.sock|grpc\n").on_socket("{case}/a b%20%2f.sock"),
    Row::runs("HS-010", "socket relative to the host", "1|1|unix|relative.sock|grpc\n").on_socket("{case}/relative.sock"),
    Row::unreachable("HS-010", "empty tcp address", "1|1|tcp||grpc\n"),
    Row::unreachable("HS-010", "port zero", "1|1|tcp|127.0.0.1:0|grpc\n"),
    Row::unreachable("HS-010", "service name", "1|1|tcp|127.0.0.1:gopher|grpc\n"),
    Row::unreachable("HS-010", "empty socket path", "1|1|unix||grpc\n"),
    // ---- protocol ----
    Row::refused("HS-011", "absent", b"1|1|tcp|127.0.0.1:1234\n", "handshake.protocol_missing", PROTOCOL),
    Row::refused("HS-011", "netrpc", b"1|1|tcp|127.0.0.1:1234|netrpc\n", "handshake.netrpc", PROTOCOL),
    Row::refused("HS-011", "empty", b"1|1|tcp|127.0.0.1:1234||\n", "handshake.protocol", PROTOCOL),
    Row::refused("HS-011", "http", b"1|1|tcp|127.0.0.1:1234|http\n", "handshake.protocol", PROTOCOL),
    Row::refused("HS-011", "capitals", b"1|1|tcp|127.0.0.1:1234|GRPC\n", "handshake.protocol", PROTOCOL),
    Row::refused("HS-011", "longer word", b"1|1|tcp|127.0.0.1:1234|grpcs\n", "handshake.protocol", PROTOCOL),
    // ---- certificate ----
    Row::runs("HS-012", "50 bytes of anything", "1|1|tcp|{address}|grpc|~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"),
    Row::refused(
        "HS-012",
        "base64 of no certificate",
        b"1|1|tcp|127.0.0.1:1234|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n",
        "handshake.certificate_malformed",
        NOT_DER,
    ),
    Row::refused(
        "HS-012",
        "padded base64",
        b"1|1|tcp|127.0.0.1:1234|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n",
        "handshake.certificate_encoding",
        BASE64,
    ),
    Row::refused(
        "HS-012",
        "url-safe base64",
        b"1|1|tcp|127.0.0.1:1234|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU-_\n",
        "handshake.certificate_encoding",
        BASE64,
    ),
    Row::refused("HS-012", "certificate", CERTIFICATE, "handshake.auto_mtls", "nil pointer dereference"),
    // ---- length ----
    Row::runs("HS-013", "65,535 bytes", "1|1|unix|{case}/long.sock|grpc||\n").on_socket("{case}/long.sock").padded_to(65_535),
    Row::refused(
        "HS-013",
        "65,536 bytes",
        b"1|1|unix|{case}/longer.sock|grpc||\n",
        "handshake.overlong",
        "Failed to read any lines from plugin's stdout",
    )
    .on_socket("{case}/longer.sock")
    .padded_to(65_536),
    Row::refused(
        "HS-013",
        "a line without end",
        b"1|1|tcp|127.0.0.1:1234|grpc||",
        "handshake.overlong",
        "Failed to read any lines from plugin's stdout",
    )
    .padded_to(300_000),
    // ---- order ----
    Row::refused("HS-017", "all but the first right", b"2|9|udp|x|http\n", "handshake.core_version", CORE_VERSION),
    Row::refused("HS-017", "from the second", b"1|9|udp|x|http\n", "handshake.app_version", APP_VERSION),
    Row::refused("HS-017", "from the third", b"1|1|udp|127.0.0.1:1234|http\n", "handshake.network", NETWORK),
    Row::refused("HS-017", "from the fourth", b"1|1|tcp|nonsense|http\n", "handshake.address", "missing port in address"),
    Row::refused(
        "HS-017",
        "from the fifth",
        b"1|1|tcp|127.0.0.1:1234|http|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n",
        "handshake.protocol",
        PROTOCOL,
    ),
    // ---- multiplexing ----
    Row::refused("HS-019", "true", b"1|1|tcp|127.0.0.1:1234|grpc||true\n", "handshake.multiplexing", ""),
    Row::refused("HS-019", "one", b"1|1|tcp|127.0.0.1:1234|grpc||1\n", "handshake.multiplexing", ""),
];

/// Lines that end without a line feed, judged with a short start timeout.
pub const ENDINGS: &[Row] = &[
    Row::refused("HS-004", "no line feed", b"1|1|tcp|127.0.0.1:1234|grpc", "handshake.timeout", TIMEOUT),
    Row::refused("HS-004", "half a line", b"1|1|tcp|127.0.", "handshake.timeout", TIMEOUT),
    Row::refused("HS-004", "carriage return alone", b"1|1|tcp|127.0.0.1:1234|grpc\r", "handshake.timeout", TIMEOUT),
    Row::runs("HS-004", "end of stdout", "1|1|tcp|{address}|grpc").closes_stdout(),
    Row::runs("HS-004", "line feed", "1|1|tcp|{address}|grpc\n"),
];

const TIMEOUT: &str = "timeout while waiting for plugin to start";

/// A line with a real certificate, as a Go plugin sends it that was asked for TLS.
const CERTIFICATE: &[u8] = b"1|1|tcp|127.0.0.1:1234|grpc|MIIBgDCCASWgAwIBAgIUC6z5Z7mSK4Unzf6kzcV60hTyvgMwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjExMTgwM1oYDzIxMjYxMDI5MTExODAzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASCL8Xk2CDdg40d93DrU42AFCrSvUYU8h/On02yxtaMtbO5j6LIAU5wVGImAEnT9EfLtZNFCsajXO19YVDEdnmCo1MwUTAdBgNVHQ4EFgQUQwqdx7ujFbp0XLbdVG/9G6dNwMQwHwYDVR0jBBgwFoAUQwqdx7ujFbp0XLbdVG/9G6dNwMQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAqBs/sSuxAPc4iab70yz4MqMLvss7lqbbFg7xNobkWMgCIQCE3H0NeknoN5Pz9YyL2b7u08xhQSCFN5886nYcfNAILA\n";
