//! Tables and laws of the heads of answers.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn head(status_code: i32, headers: &[(&str, &[&str])]) -> ServeHttpResponseInit {
    let headers = headers.iter().map(|(key, values)| HttpHeader {
        key: (*key).to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    });
    ServeHttpResponseInit {
        status_code,
        headers: headers.collect(),
    }
}

fn planned(method: &str, mut head: ServeHttpResponseInit) -> Result<ResponsePlan, AnswerError> {
    plan(method, &mut head, &HttpFaults::default())
}

#[rstest]
#[case(0, Ok(200))]
#[case(200, Ok(200))]
#[case(418, Ok(418))]
#[case(599, Ok(599))]
#[case(999, Ok(999))]
#[case(1000, Err(true))]
#[case(99, Err(true))]
#[case(1, Err(true))]
#[case(-1, Err(true))]
#[case(65_736, Err(true))]
#[case(i32::MIN, Err(true))]
#[case(i32::MAX, Err(true))]
#[case(100, Err(true))]
#[case(101, Err(true))]
#[case(103, Err(true))]
#[case(199, Err(true))]
fn each_status_is_final_or_none(#[case] number: i32, #[case] expected: Result<u16, bool>) {
    let plan = planned("GET", head(number, &[("X", &["1"])]));
    let got = plan
        .map(|plan| plan.status.as_u16())
        .map_err(|error| error.is_status());
    assert_eq!(got, expected);
}

#[test]
fn an_interim_status_is_named() {
    let error = planned("GET", head(103, &[])).unwrap_err();
    assert_eq!(error, AnswerError::Interim(103));
    let faults = HttpFaults {
        pass_interim_statuses: true,
        ..HttpFaults::default()
    };
    let plan = plan("GET", &mut head(103, &[]), &faults).unwrap();
    assert_eq!(plan.status, 103);
}

/// Method, status, Content-Length as sent; then what becomes of the body, its length, and the header that is left.
#[rstest]
#[case("GET", 200, &["5"], BodyPlan::Forward, Some(5), Some("5"))]
#[case("GET", 200, &[], BodyPlan::Forward, None, None)]
#[case("GET", 200, &["5", "5"], BodyPlan::Forward, Some(5), Some("5"))]
#[case("GET", 200, &["5, 5"], BodyPlan::Forward, Some(5), Some("5"))]
#[case("GET", 404, &["0"], BodyPlan::Forward, Some(0), Some("0"))]
#[case("HEAD", 200, &["5"], BodyPlan::Discard, None, Some("5"))]
#[case("HEAD", 200, &[], BodyPlan::Discard, None, None)]
#[case("HEAD", 204, &["5"], BodyPlan::Discard, None, None)]
#[case("head", 200, &["5"], BodyPlan::Forward, Some(5), Some("5"))]
#[case("GET", 204, &["5"], BodyPlan::Discard, None, None)]
#[case("GET", 205, &["5"], BodyPlan::Discard, None, None)]
#[case("GET", 304, &["5"], BodyPlan::Discard, None, Some("5"))]
#[case("POST", 201, &["5"], BodyPlan::Forward, Some(5), Some("5"))]
fn bodies_and_lengths(
    #[case] method: &str,
    #[case] status: i32,
    #[case] said: &[&str],
    #[case] body: BodyPlan,
    #[case] length: Option<u64>,
    #[case] left: Option<&str>,
) {
    let mut head = head(status, &[("Content-length", said), ("X", &["1"])]);
    let plan = plan(method, &mut head, &HttpFaults::default()).unwrap();
    assert_eq!((plan.body, plan.length), (body, length));
    let header = plan.headers.get(header::CONTENT_LENGTH);
    assert_eq!(header.map(|value| value.to_str().unwrap()), left);
    assert_eq!(plan.headers["x"], "1");
    let told = head
        .headers
        .iter()
        .any(|header| is_length(header) && !header.values.is_empty());
    assert_eq!(told, left.is_some());
}

#[rstest]
#[case(&["5", "6"], "5 and the Content-Length 6")]
#[case(&["five"], "five")]
#[case(&["-5"], "-5")]
fn lengths_that_are_none_are_named(#[case] said: &[&str], #[case] text: &str) {
    let error = planned("HEAD", head(200, &[("Content-Length", said)])).unwrap_err();
    assert!(!error.is_status());
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn who_ignores_lengths_ignores_those_that_are_none() {
    let faults = HttpFaults {
        ignore_lengths: true,
        ..HttpFaults::default()
    };
    let mut head = head(200, &[("Content-Length", &["five"])]);
    let plan = plan("GET", &mut head, &faults).unwrap();
    assert_eq!((plan.body, plan.length), (BodyPlan::Forward, None));
}

#[test]
fn what_a_fault_lets_through() {
    let odd = || {
        head(
            200,
            &[
                ("Connection", &["close"]),
                ("Bad Name", &["x"]),
                ("Good", &["a", "b\r\nInjected: c"]),
            ],
        )
    };
    let error = planned("GET", odd()).unwrap_err();
    assert_eq!(error, FieldError::Name("Bad Name".to_owned()).into());
    let faults = HttpFaults {
        pass_all_headers: true,
        ..HttpFaults::default()
    };
    let mut head = odd();
    let plan = plan("GET", &mut head, &faults).unwrap();
    assert_eq!(plan.headers["connection"], "close");
    assert_eq!(plan.headers.get_all("good").iter().count(), 1);
    assert_eq!(head, odd());
}

proptest! {
    /// A head is refused, or all that HTTP carries end to end goes on, in its order and in no other status.
    #[test]
    fn a_plan_is_faithful_or_there_is_none(
        status in prop_oneof![Just(0), 90_i32..1010, any::<i32>()],
        headers in proptest::collection::vec(("[A-Za-z-]{1,8}", proptest::collection::vec("[ -~]{0,6}", 0..3)), 0..5),
    ) {
        let headers: Vec<HttpHeader> = headers
            .into_iter()
            .map(|(key, values)| HttpHeader { key, values })
            .collect();
        let sent = ServeHttpResponseInit { status_code: status, headers };
        let mut left = sent.clone();
        match plan("GET", &mut left, &HttpFaults::default()) {
            Err(error) => {
                prop_assert!(error.is_status());
                prop_assert!(!(200..1000).contains(&status) && status != 0);
            }
            Ok(plan) => {
                prop_assert_eq!(i32::from(plan.status.as_u16()), if status == 0 { 200 } else { status });
                prop_assert!(!plan.status.is_informational());
                for HttpHeader { key, values } in &left.headers {
                    let all: Vec<&[u8]> = plan.headers.get_all(key).iter().map(|value| value.as_bytes()).collect();
                    prop_assert!(values.iter().all(|value| all.contains(&value.as_bytes())));
                }
            }
        }
    }
}
