//! Every first line that hosts are judged by, each with the requirement that it belongs to.
//!
//! Accepted or refused as go-plugin's `client.go` does with a host that allows only gRPC and application protocol 1. A refusal counts only
//! with its word: a host that refuses a line for another reason has not looked at what the row is about. `{address}` and `{port}` are
//! where the plugin listens, `{case}` is the folder that is the host's working directory.

use super::row::{Row, rows};

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
const TIMEOUT: &str = "timeout while waiting for plugin to start";

/// The table.
pub const ROWS: &[Row] = rows! {
    "HS-001" {
        runs "plain": "1|1|tcp|{address}|grpc\n",
        runs "in five pieces": "1|1|tcp|{address}|grpc\n"; pieces(5, 10),
        runs "byte by byte": "1|1|tcp|{address}|grpc\n"; pieces(26, 1),
        runs "late": "1|1|tcp|{address}|grpc\n"; late(600),
    }
    // White space.
    "HS-002" {
        runs "carriage return": "1|1|tcp|{address}|grpc\r\n",
        runs "blanks and tabs around": " \t1|1|tcp|{address}|grpc \t \n",
        runs "no-break space around": "\u{a0}1|1|tcp|{address}|grpc\u{a0}\n",
        runs "em space around": "\u{2003}1|1|tcp|{address}|grpc\u{2003}\n",
        refused "blank in core": b"1 |1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_syntax", CORE_SYNTAX,
        refused "blank in app": b"1| 1|tcp|127.0.0.1:1234|grpc\n" => "handshake.app_syntax", APP_SYNTAX,
        refused "blank after network": b"1|1|tcp |127.0.0.1:1234|grpc\n" => "handshake.network", NETWORK,
        refused "blank before network": b"1|1| tcp|127.0.0.1:1234|grpc\n" => "handshake.network", NETWORK,
        refused "blank in address": b"1|1|tcp| 127.0.0.1:1234|grpc\n" => "handshake.no_such_host", "no such host",
        refused "blank in protocol": b"1|1|tcp|127.0.0.1:1234|grpc |\n" => "handshake.protocol", PROTOCOL,
    }
    // What is ignored.
    "HS-003" {
        runs "empty sixth field": "1|1|tcp|{address}|grpc|\n",
        runs "many empty fields": "1|1|tcp|{address}|grpc||||||\n",
        runs "garbage seventh field": "1|1|tcp|{address}|grpc||yes|and|more\n",
        runs "false seventh field": "1|1|tcp|{address}|grpc||false\n",
        runs "later lines": "1|1|tcp|{address}|grpc\n2|2|udp|x|y\nhello\n",
    }
    // No handshake.
    "HS-005" {
        refused "empty line first": b"\n1|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.blank", UNRECOGNIZED,
        refused "blanks first": b" \t \n1|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.blank", UNRECOGNIZED,
        refused "log text first": b"INFO starting up\n1|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.malformed", "Unrecognized remote plugin message: INFO starting up",
        refused "two fields": b"1|invalid\n" => "handshake.malformed", "Unrecognized remote plugin message: 1|invalid",
        refused "three fields": b"1|1|tcp\n" => "handshake.malformed", "Unrecognized remote plugin message: 1|1|tcp",
    }
    // Core protocol version.
    "HS-006" {
        runs "plus sign": "+1|1|tcp|{address}|grpc\n",
        runs "leading zeros": "001|1|tcp|{address}|grpc\n",
        refused "two": b"2|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_version", CORE_VERSION,
        refused "zero": b"0|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_version", CORE_VERSION,
        refused "minus one": b"-1|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_version", CORE_VERSION,
        refused "letter": b"x|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_syntax", CORE_SYNTAX,
        refused "fraction": b"1.0|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_syntax", CORE_SYNTAX,
        refused "empty": b"|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_syntax", CORE_SYNTAX,
        refused "nothing but bars": b"||||\n" => "handshake.core_syntax", CORE_SYNTAX,
        refused "byte order mark": b"\xef\xbb\xbf1|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_syntax", "parsing \"\\ufeff1\": invalid syntax",
        refused "NUL byte": b"\x001|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_syntax", CORE_SYNTAX,
        refused "byte that is no UTF-8": b"\xff|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_syntax", CORE_SYNTAX,
        refused "out of range": b"99999999999999999999|1|tcp|127.0.0.1:1234|grpc\n" => "handshake.core_range", CORE_RANGE,
    }
    // Application protocol version.
    "HS-007" {
        runs "plus sign": "1|+1|tcp|{address}|grpc\n",
        runs "leading zero": "1|01|tcp|{address}|grpc\n",
        refused "nine": b"1|9|tcp|127.0.0.1:1234|grpc\n" => "handshake.app_version", APP_VERSION,
        refused "zero": b"1|0|tcp|127.0.0.1:1234|grpc\n" => "handshake.app_version", APP_VERSION,
        refused "minus one": b"1|-1|tcp|127.0.0.1:1234|grpc\n" => "handshake.app_version", APP_VERSION,
        refused "letter": b"1|v1|tcp|127.0.0.1:1234|grpc\n" => "handshake.app_syntax", APP_SYNTAX,
        refused "empty": b"1||tcp|127.0.0.1:1234|grpc\n" => "handshake.app_syntax", APP_SYNTAX,
        refused "out of range": b"1|99999999999999999999|tcp|127.0.0.1:1234|grpc\n" => "handshake.app_range", "value out of range",
    }
    // Network.
    "HS-008" {
        refused "udp": b"1|1|udp|127.0.0.1:1234|grpc\n" => "handshake.network", NETWORK,
        refused "capitals": b"1|1|TCP|127.0.0.1:1234|grpc\n" => "handshake.network", NETWORK,
        refused "a capital": b"1|1|Unix|127.0.0.1:1234|grpc\n" => "handshake.network", NETWORK,
        refused "tcp4": b"1|1|tcp4|127.0.0.1:1234|grpc\n" => "handshake.network", NETWORK,
        refused "empty": b"1|1||127.0.0.1:1234|grpc\n" => "handshake.network", NETWORK,
    }
    // Tcp addresses that are none.
    "HS-009" {
        refused "no port": b"1|1|tcp|nonsense|grpc\n" => "handshake.address", "address nonsense: missing port in address",
        refused "port too large": b"1|1|tcp|127.0.0.1:99999|grpc\n" => "handshake.address", "address 99999: invalid port",
        refused "negative port": b"1|1|tcp|127.0.0.1:-1|grpc\n" => "handshake.address", "invalid port",
        refused "unknown service": b"1|1|tcp|127.0.0.1:no-such-service|grpc\n" => "handshake.address", "unknown port",
        refused "bare IPv6": b"1|1|tcp|::1:1234|grpc\n" => "handshake.address", "too many colons in address",
        refused "open bracket": b"1|1|tcp|[::1:1234|grpc\n" => "handshake.address", "missing ']' in address",
        refused "host that is no name": b"1|1|tcp|not a name:1234|grpc\n" => "handshake.no_such_host", "no such host",
    }
    // Addresses of every form.
    "HS-010" {
        runs "name": "1|1|tcp|localhost:{port}|grpc\n",
        runs "no host": "1|1|tcp|:{port}|grpc\n",
        runs "IPv6 in brackets": "1|1|tcp|[::1]:{port}|grpc\n"; on("::1"),
        runs "socket": "1|1|unix|{case}/plain.sock|grpc\n"; on_socket("{case}/plain.sock"),
        runs "socket with blanks and percent": "1|1|unix|{case}/a b%20%2f.sock|grpc\n"; on_socket("{case}/a b%20%2f.sock"),
        runs "socket relative to the host": "1|1|unix|relative.sock|grpc\n"; on_socket("{case}/relative.sock"),
        unreachable "empty tcp address": "1|1|tcp||grpc\n",
        unreachable "port zero": "1|1|tcp|127.0.0.1:0|grpc\n",
        unreachable "service name": "1|1|tcp|127.0.0.1:gopher|grpc\n",
        unreachable "empty socket path": "1|1|unix||grpc\n",
    }
    // Protocol.
    "HS-011" {
        refused "absent": b"1|1|tcp|127.0.0.1:1234\n" => "handshake.protocol_missing", PROTOCOL,
        refused "netrpc": b"1|1|tcp|127.0.0.1:1234|netrpc\n" => "handshake.netrpc", PROTOCOL,
        refused "empty": b"1|1|tcp|127.0.0.1:1234||\n" => "handshake.protocol", PROTOCOL,
        refused "http": b"1|1|tcp|127.0.0.1:1234|http\n" => "handshake.protocol", PROTOCOL,
        refused "capitals": b"1|1|tcp|127.0.0.1:1234|GRPC\n" => "handshake.protocol", PROTOCOL,
        refused "longer word": b"1|1|tcp|127.0.0.1:1234|grpcs\n" => "handshake.protocol", PROTOCOL,
    }
    // Certificate.
    "HS-012" {
        runs "50 bytes of anything": "1|1|tcp|{address}|grpc|~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n",
        refused "base64 of no certificate": b"1|1|tcp|127.0.0.1:1234|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n" => "handshake.certificate_malformed", NOT_DER,
        refused "padded base64": b"1|1|tcp|127.0.0.1:1234|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n" => "handshake.certificate_encoding", BASE64,
        refused "url-safe base64": b"1|1|tcp|127.0.0.1:1234|grpc|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU-_\n" => "handshake.certificate_encoding", BASE64,
        refused "certificate": b"1|1|tcp|127.0.0.1:1234|grpc|MIIBgDCCASWgAwIBAgIUC6z5Z7mSK4Unzf6kzcV60hTyvgMwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjExMTgwM1oYDzIxMjYxMDI5MTExODAzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASCL8Xk2CDdg40d93DrU42AFCrSvUYU8h/On02yxtaMtbO5j6LIAU5wVGImAEnT9EfLtZNFCsajXO19YVDEdnmCo1MwUTAdBgNVHQ4EFgQUQwqdx7ujFbp0XLbdVG/9G6dNwMQwHwYDVR0jBBgwFoAUQwqdx7ujFbp0XLbdVG/9G6dNwMQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAqBs/sSuxAPc4iab70yz4MqMLvss7lqbbFg7xNobkWMgCIQCE3H0NeknoN5Pz9YyL2b7u08xhQSCFN5886nYcfNAILA\n" => "handshake.auto_mtls", "nil pointer dereference",
    }
    // Length.
    "HS-013" {
        runs "65,535 bytes": "1|1|unix|{case}/long.sock|grpc||\n"; on_socket("{case}/long.sock"); padded_to(65_535),
        refused "65,536 bytes": b"1|1|unix|{case}/longer.sock|grpc||\n" => "handshake.overlong", "Failed to read any lines from plugin's stdout"; on_socket("{case}/longer.sock"); padded_to(65_536),
        refused "a line without end": b"1|1|tcp|127.0.0.1:1234|grpc||" => "handshake.overlong", "Failed to read any lines from plugin's stdout"; padded_to(300_000),
    }
    // Order.
    "HS-017" {
        refused "all but the first right": b"2|9|udp|x|http\n" => "handshake.core_version", CORE_VERSION,
        refused "from the second": b"1|9|udp|x|http\n" => "handshake.app_version", APP_VERSION,
        refused "from the third": b"1|1|udp|127.0.0.1:1234|http\n" => "handshake.network", NETWORK,
        refused "from the fourth": b"1|1|tcp|nonsense|http\n" => "handshake.address", "missing port in address",
        refused "from the fifth": b"1|1|tcp|127.0.0.1:1234|http|QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n" => "handshake.protocol", PROTOCOL,
    }
    // Multiplexing.
    "HS-019" {
        refused "true": b"1|1|tcp|127.0.0.1:1234|grpc||true\n" => "handshake.multiplexing", "",
        refused "one": b"1|1|tcp|127.0.0.1:1234|grpc||1\n" => "handshake.multiplexing", "",
    }
};

/// Lines that end without a line feed, judged with a short start timeout.
pub const ENDINGS: &[Row] = rows! {
    "HS-004" {
        refused "no line feed": b"1|1|tcp|127.0.0.1:1234|grpc" => "handshake.timeout", TIMEOUT,
        refused "half a line": b"1|1|tcp|127.0." => "handshake.timeout", TIMEOUT,
        refused "carriage return alone": b"1|1|tcp|127.0.0.1:1234|grpc\r" => "handshake.timeout", TIMEOUT,
        runs "end of stdout": "1|1|tcp|{address}|grpc"; closes_stdout(),
        runs "line feed": "1|1|tcp|{address}|grpc\n",
    }
};
