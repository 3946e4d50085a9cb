//! Every row of what a Go host accepts and refuses, measured on go-plugin 1.8.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::handshake::scan::Scan;

/// A certificate's outline: SEQUENCE { SEQUENCE {…}, SEQUENCE {…}, BIT STRING … }, 57 bytes, so that base64 needs no padding.
const DER: [u8; 57] = {
    let mut der = [0; 57];
    der[0] = 0x30;
    der[1] = 55;
    der[2] = 0x30;
    der[3] = 40;
    der[44] = 0x30;
    der[45] = 2;
    der[48] = 0x03;
    der[49] = 7;
    der
};

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |chunk: &[u8]| {
        (0..4)
            .map(|i| {
                let at = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
                (at(0) << 16 | at(1) << 8 | at(2)) >> (18 - 6 * i) & 63
            })
            .take(chunk.len() + 1)
            .map(|six| char::from(ALPHABET[six as usize]))
            .collect::<String>()
    };
    bytes.chunks(3).map(bits).collect()
}

#[track_caller]
fn check(line: impl AsRef<[u8]>, expect: Result<(&str, &str), &str>) {
    let line = line.as_ref();
    let found = parse(line);
    let found = match &found {
        Ok(handshake) => Ok((handshake.address.network(), handshake.address.to_string())),
        Err(error) => Err(error.kind()),
    };
    let found = found
        .as_ref()
        .map(|(network, address)| (*network, address.as_str()))
        .map_err(|kind| *kind);
    assert_eq!(found, expect, "{:?}", Raw::new(line));
}

#[rstest]
#[case::plain("1|1|tcp|127.0.0.1:1234|grpc")]
#[case::carriage_return("1|1|tcp|127.0.0.1:1234|grpc\r")]
#[case::line_feed("1|1|tcp|127.0.0.1:1234|grpc\n")]
#[case::blanks(" \t1|1|tcp|127.0.0.1:1234|grpc  ")]
#[case::unicode_blanks("\u{a0}1|1|tcp|127.0.0.1:1234|grpc\u{2003}")]
#[case::empty_certificate("1|1|tcp|127.0.0.1:1234|grpc|")]
#[case::many_fields("1|1|tcp|127.0.0.1:1234|grpc||||||")]
#[case::garbage_7th("1|1|tcp|127.0.0.1:1234|grpc||yes")]
#[case::false_7th("1|1|tcp|127.0.0.1:1234|grpc||false")]
#[case::blank_before_true("1|1|tcp|127.0.0.1:1234|grpc|| true")]
#[case::after_the_7th("1|1|tcp|127.0.0.1:1234|grpc|||true|x")]
#[case::sign("+1|+1|tcp|127.0.0.1:1234|grpc")]
#[case::leading_zeros("01|0001|tcp|127.0.0.1:1234|grpc")]
fn accepted(#[case] line: &str) {
    check(line, Ok(("tcp", "127.0.0.1:1234")));
}

#[rstest]
#[case::empty("", Ok(("tcp", ":0")))]
#[case::no_host(":1234", Ok(("tcp", ":1234")))]
#[case::name("localhost:1234", Ok(("tcp", "localhost:1234")))]
#[case::absolute_name("localhost.:1234", Ok(("tcp", "localhost.:1234")))]
#[case::ipv6("[::1]:1234", Ok(("tcp", "[::1]:1234")))]
#[case::ipv6_zone("[fe80::1%lo]:1", Ok(("tcp", "[fe80::1%lo]:1")))]
#[case::port_zero("127.0.0.1:0", Ok(("tcp", "127.0.0.1:0")))]
#[case::no_port("127.0.0.1:", Ok(("tcp", "127.0.0.1:0")))]
#[case::signed_port("127.0.0.1:+80", Ok(("tcp", "127.0.0.1:80")))]
#[case::service("127.0.0.1:http", Ok(("tcp", "127.0.0.1:80")))]
#[case::service_case("127.0.0.1:HTTPS", Ok(("tcp", "127.0.0.1:443")))]
#[case::highest_port("127.0.0.1:65535", Ok(("tcp", "127.0.0.1:65535")))]
#[case::lowest_port("127.0.0.1:-0", Ok(("tcp", "127.0.0.1:0")))]
#[case::root(".", Err("handshake.address"))]
#[case::root_name(".:1", Ok(("tcp", ".:1")))]
#[case::underscore("a_b:1", Ok(("tcp", "a_b:1")))]
#[case::hyphen_first("-a:1", Err("handshake.no_such_host"))]
#[case::hyphen_last("a-:1", Err("handshake.no_such_host"))]
#[case::port_too_big_by_one("127.0.0.1:65536", Err("handshake.address"))]
#[case::zone_empty("[fe80::1%]:1", Err("handshake.no_such_host"))]
#[case::zone_of_ipv4("[127.0.0.1%lo]:1", Err("handshake.no_such_host"))]
#[case::no_colon("nonsense", Err("handshake.address"))]
#[case::big_port("127.0.0.1:99999", Err("handshake.address"))]
#[case::huge_port("127.0.0.1:99999999999999999999", Err("handshake.address"))]
#[case::negative_port("127.0.0.1:-1", Err("handshake.address"))]
#[case::unknown_service("127.0.0.1:nothing", Err("handshake.address"))]
#[case::bare_ipv6("::1:1234", Err("handshake.address"))]
#[case::bracket_open("[::1:1234", Err("handshake.address"))]
#[case::bracket_no_port("[::1]", Err("handshake.address"))]
#[case::bracket_text("[::1]x:1", Err("handshake.address"))]
#[case::bracket_colons("[::1]::1", Err("handshake.address"))]
#[case::bracket_inside("a[b:1", Err("handshake.address"))]
#[case::bracket_closing("a]b:1", Err("handshake.address"))]
#[case::leading_blank(" 127.0.0.1:1234", Err("handshake.no_such_host"))]
#[case::not_a_name("a b:1", Err("handshake.no_such_host"))]
#[case::digits_only("1.2.3:1", Err("handshake.no_such_host"))]
#[case::empty_label("a..b:1", Err("handshake.no_such_host"))]
fn tcp_address(#[case] address: &str, #[case] expect: Result<(&str, &str), &str>) {
    check(format!("1|1|tcp|{address}|grpc"), expect);
}

#[rstest]
#[case::empty("")]
#[case::relative("rel.sock")]
#[case::blanks_and_percent("/tmp/a b%20")]
#[case::abstract_name("@name")]
fn unix_address(#[case] address: &str) {
    check(format!("1|1|unix|{address}|grpc"), Ok(("unix", address)));
}

#[rstest]
#[case::empty("", "handshake.blank")]
#[case::blanks(" \t\r\n", "handshake.blank")]
#[case::log_text("INFO starting", "handshake.malformed")]
#[case::two_fields("1|invalid", "handshake.malformed")]
#[case::three_fields("1|1|tcp", "handshake.malformed")]
#[case::only_bars("||||", "handshake.core_syntax")]
#[case::core_2("2|1|tcp|x:1|grpc", "handshake.core_version")]
#[case::core_0("0|1|tcp|x:1|grpc", "handshake.core_version")]
#[case::core_text("x|1|tcp|x:1|grpc", "handshake.core_syntax")]
#[case::core_empty("|1|tcp|x:1|grpc", "handshake.core_syntax")]
#[case::core_blank("1 |1|tcp|x:1|grpc", "handshake.core_syntax")]
#[case::core_sign("+|1|tcp|x:1|grpc", "handshake.core_syntax")]
#[case::core_underscore("1_0|1|tcp|x:1|grpc", "handshake.core_syntax")]
#[case::core_range("9223372036854775808|1|tcp|x:1|grpc", "handshake.core_range")]
#[case::core_lowest("-9223372036854775808|1|tcp|x:1|grpc", "handshake.core_version")]
#[case::core_below("-9223372036854775809|1|tcp|x:1|grpc", "handshake.core_range")]
#[case::byte_order_mark("\u{feff}1|1|tcp|x:1|grpc", "handshake.core_syntax")]
#[case::nul("\0\x31|1|tcp|x:1|grpc", "handshake.core_syntax")]
#[case::app_text("1|v1|tcp|x:1|grpc", "handshake.app_syntax")]
#[case::app_empty("1||tcp|x:1|grpc", "handshake.app_syntax")]
#[case::app_blank("1| 1|tcp|x:1|grpc", "handshake.app_syntax")]
#[case::app_range("1|99999999999999999999|tcp|x:1|grpc", "handshake.app_range")]
#[case::app_9("1|9|tcp|x:1|grpc", "handshake.app_version")]
#[case::app_negative("1|-1|tcp|x:1|grpc", "handshake.app_version")]
#[case::udp("1|1|udp|x:1|grpc", "handshake.network")]
#[case::tcp_upper("1|1|TCP|x:1|grpc", "handshake.network")]
#[case::network_empty("1|1||x:1|grpc", "handshake.network")]
#[case::network_blank("1|1|tcp |x:1|grpc", "handshake.network")]
#[case::protocol_http("1|1|tcp|x:1|http", "handshake.protocol")]
#[case::protocol_upper("1|1|tcp|x:1|GRPC", "handshake.protocol")]
#[case::protocol_empty("1|1|tcp|x:1|", "handshake.protocol")]
#[case::protocol_blank("1|1|tcp|x:1|grpc |", "handshake.protocol")]
#[case::protocol_missing("1|1|tcp|x:1", "handshake.protocol_missing")]
#[case::netrpc("1|1|tcp|x:1|netrpc", "handshake.netrpc")]
#[case::mux_true("1|1|tcp|x:1|grpc||true", "handshake.multiplexing")]
#[case::mux_one("1|1|tcp|x:1|grpc||1|more", "handshake.multiplexing")]
#[case::mux_t("1|1|tcp|x:1|grpc||t", "handshake.multiplexing")]
#[case::mux_upper_t("1|1|tcp|x:1|grpc||T", "handshake.multiplexing")]
#[case::mux_upper("1|1|tcp|x:1|grpc||TRUE", "handshake.multiplexing")]
#[case::mux_title("1|1|tcp|x:1|grpc||True", "handshake.multiplexing")]
#[case::core_before_all("2|9|udp|x|http", "handshake.core_version")]
#[case::app_before_network("1|9|udp|x|http", "handshake.app_version")]
#[case::network_before_protocol("1|1|udp|x|http", "handshake.network")]
#[case::address_before_protocol("1|1|tcp|x|http", "handshake.address")]
fn refused(#[case] line: &str, #[case] kind: &str) {
    check(line, Err(kind));
}

#[rstest]
#[case::label(63, 1, true)]
#[case::label_too_long(64, 1, false)]
#[case::name(62, 4, true)]
#[case::name_too_long(63, 4, false)]
fn lengths_of_names(#[case] label: usize, #[case] labels: usize, #[case] is_name: bool) {
    // Four labels of 62 and three dots are 251 bytes, four of 63 are 255; 253 are allowed.
    let name = vec!["a".repeat(label); labels].join(".");
    let found = parse(format!("1|1|tcp|{name}:1|grpc").as_bytes());
    assert_eq!(found.is_ok(), is_name, "{found:?}");
}

#[test]
fn invalid_utf8_is_refused_field_by_field() {
    check(b"\xff\xfe|1|tcp|x:1|grpc", Err("handshake.core_syntax"));
    check(b"1|1|tcp|\xff:1|grpc", Err("handshake.no_such_host"));
    check(b"1|1|unix|\xff|grpc", Ok(("unix", "\\xff")));
}

#[rstest]
#[case::fifty_of_anything("=".repeat(50), Ok(("tcp", ":1")))]
#[case::one_more_than_fifty("A".repeat(51), Err("handshake.certificate_malformed"))]
#[case::certificate(base64(&DER), Err("handshake.auto_mtls"))]
#[case::not_der("A".repeat(52), Err("handshake.certificate_malformed"))]
#[case::one_byte_more(base64(&[&DER[..], &[0]].concat()), Err("handshake.certificate_malformed"))]
#[case::cut_off(base64(&DER[..54]), Err("handshake.certificate_malformed"))]
#[case::pem_text(
    base64(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
    Err("handshake.certificate_malformed")
)]
#[case::padded(format!("{}==", "A".repeat(54)), Err("handshake.certificate_encoding"))]
#[case::url_safe(format!("{}-_", "A".repeat(54)), Err("handshake.certificate_encoding"))]
#[case::impossible_length("A".repeat(53), Err("handshake.certificate_encoding"))]
fn certificate(#[case] field: String, #[case] expect: Result<(&str, &str), &str>) {
    check(format!("1|1|tcp|:1|grpc|{field}"), expect);
    check(format!("1|1|tcp|:1|grpc|{field}|x"), expect);
}

/// What a host says that asked for a certificate.
fn secured(field: &str) -> Result<Vec<u8>, &'static str> {
    let read = parse_secured(format!("1|1|tcp|:1|grpc{field}").as_bytes());
    read.map(|handshake| handshake.certificate.unwrap())
        .map_err(|error| error.kind())
}

#[rstest]
#[case::absent(String::new(), "handshake.certificate_missing")]
#[case::empty("|".to_owned(), "handshake.certificate_missing")]
#[case::fifty_of_anything(format!("|{}", "=".repeat(50)), "handshake.certificate_missing")]
#[case::not_der(format!("|{}", "A".repeat(52)), "handshake.certificate_malformed")]
#[case::outline_of_a_certificate(format!("|{}", base64(&DER)), "handshake.certificate_malformed")]
#[case::padded(format!("|{}==", "A".repeat(54)), "handshake.certificate_encoding")]
fn a_certificate_that_was_asked_for_has_to_be_one(#[case] field: String, #[case] kind: &str) {
    assert_eq!(secured(&field), Err(kind));
}

#[test]
fn a_certificate_that_was_asked_for_is_handed_on() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
    let params = rcgen::CertificateParams::default();
    let der = params.self_signed(&pair).unwrap().der().to_vec();
    assert_eq!(secured(&format!("|{}", base64(&der))), Ok(der.clone()));
    assert_eq!(secured(&format!("|{}||x", base64(&der))), Ok(der));
    check("1|1|tcp|:1|grpc", Ok(("tcp", ":1")));
    assert_eq!(parse(b"1|1|tcp|:1|grpc").unwrap().certificate, None);
}

#[test]
fn a_certificate_is_refused_before_multiplexing() {
    check(
        format!("1|1|tcp|:1|grpc|{}|true", base64(&DER)),
        Err("handshake.auto_mtls"),
    );
}

#[rstest]
#[case(
    "x|1|tcp|x:1|grpc",
    "error parsing core protocol version: strconv.Atoi: parsing \"x\": invalid syntax"
)]
#[case(
    "||||",
    "error parsing core protocol version: strconv.Atoi: parsing \"\": invalid syntax"
)]
#[case(
    "\u{feff}1|1|tcp|x:1|grpc",
    "error parsing core protocol version: strconv.Atoi: parsing \"\\ufeff1\": invalid syntax"
)]
#[case(
    "1|v1|tcp|x:1|grpc",
    "Error parsing protocol version \"v1\": strconv.Atoi: parsing \"v1\": invalid syntax"
)]
#[case(
    "1|99999999999999999999|tcp|x:1|grpc",
    "Error parsing protocol version \"99999999999999999999\": strconv.Atoi: parsing \"99999999999999999999\": value out of range"
)]
#[case(
    "1|9|tcp|x:1|grpc",
    "incompatible API version with plugin. Plugin version: 9, Client versions: [1]"
)]
#[case("1|1|udp|127.0.0.1:1234|grpc", "unknown address type: 127.0.0.1:1234")]
#[case("1|1|tcp|nonsense|grpc", "address nonsense: missing port in address")]
#[case("1|1|tcp|127.0.0.1:99999|grpc", "address 99999: invalid port")]
#[case(
    "1|1|tcp|::1:1234|grpc",
    "address ::1:1234: too many colons in address"
)]
#[case("1|1|tcp| 127.0.0.1:1234|grpc", "lookup  127.0.0.1: no such host")]
#[case(
    "1|1|tcp|x:1|http",
    "unsupported plugin protocol \"http\". Supported: [grpc]"
)]
#[case(
    "1|1|tcp|x:1",
    "unsupported plugin protocol \"netrpc\". Supported: [grpc]"
)]
#[case("INFO x", "Unrecognized remote plugin message: INFO x")]
#[case("", "Unrecognized remote plugin message: ")]
fn go_says(#[case] line: &str, #[case] wording: &str) {
    assert_eq!(parse(line.as_bytes()).unwrap_err().go_wording(), wording);
}

#[test]
fn go_names_the_first_bad_byte_of_a_certificate() {
    let error = parse(format!("1|1|tcp|:1|grpc|{}==", "A".repeat(54)).as_bytes()).unwrap_err();
    assert_eq!(
        error.go_wording(),
        "error parsing server cert: illegal base64 data at input byte 54"
    );
    assert!(
        error
            .to_string()
            .ends_with("byte 54 is '=' (leave the padding out)"),
        "{error}"
    );
}

#[test]
fn an_incompatible_core_comes_with_advice() {
    let wording = parse(b"2|1|tcp|x:1|grpc").unwrap_err().go_wording();
    assert!(wording.starts_with(
        "incompatible core API version with plugin. Plugin version: 2, Core version: 1\n\n"
    ));
}

proptest! {
    #[test]
    fn never_panics(line in proptest::collection::vec(prop_oneof![Just(b'|'), Just(b':'), Just(b'1'), any::<u8>()], 0..80)) {
        let error = parse(&line).err();
        if let Some(error) = error {
            prop_assert!(error.kind().starts_with("handshake."));
            prop_assert!(!error.to_string().contains('\n'));
            error.go_wording();
        }
    }

    #[test]
    fn white_space_around_the_line_changes_nothing(line in "[1|]{0,4}\\|tcp\\|[a-z:1]{0,6}\\|grpc", left in "[ \t\u{a0}]{0,3}", right in "[ \t\r\u{2003}]{0,3}") {
        prop_assert_eq!(parse(format!("{left}{line}{right}").as_bytes()), parse(line.as_bytes()));
    }

    #[test]
    fn fields_after_the_seventh_change_nothing(rest in "[^\n ]{0,20}[^\\s]") {
        let line = "1|1|tcp|:1|grpc||x|";
        prop_assert_eq!(parse(format!("{line}{rest}").as_bytes()), parse(line.as_bytes()));
    }

    #[test]
    fn a_damaged_handshake_is_one_or_an_error_with_a_name(
        at in any::<prop::sample::Index>(),
        length in 0_usize..4,
        with in prop_oneof![Just(Vec::new()), Just(vec![b'|']), Just(b"99999999999999999999".to_vec()), Just(vec![0]), proptest::collection::vec(any::<u8>(), 0..6)],
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut line = b"1|1|tcp|127.0.0.1:54321|grpc||true\n".to_vec();
        let at = at.index(line.len());
        let end = (at + length).min(line.len());
        line.splice(at..end, with);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(line.len() + 1)).collect();
        cuts.extend([0, line.len()]);
        cuts.sort_unstable();
        let mut scan = Scan::default();
        let mut first = None;
        for pair in cuts.windows(2) {
            if let Some((found, _)) = scan.push(&line[pair[0]..pair[1]]) {
                first = Some(found);
                break;
            }
        }
        let first = first.unwrap_or_else(|| scan.end());
        match first.line().and_then(parse) {
            Ok(handshake) => prop_assert_eq!(handshake.app_version, 1),
            Err(error) => {
                prop_assert!(error.kind().starts_with("handshake."));
                prop_assert!(error.to_string().len() < 2_000);
            }
        }
    }
}
