//! By the other doors of the API: on a unix socket, with a token that is demanded, and with errors as a gRPC status.

use std::sync::Arc;

use plugin_conformance::plugin_run::filled;
use plugin_host::api::Scripted;
use plugin_host::api::scripted::Answer;
use plugin_host::options::{ApiErrors, ApiOptions, ApiTransport};
use plugin_proto::pb::AppError;
use plugin_proto::{Form, find_api, reflect};
use rstest::rstest;
use serde_json::{Value, json};

use super::caller::{self, Orders};

const METHODS: [&str; 3] = ["GetUser", "KVSet", "CreatePost"];

fn refusal() -> AppError {
    AppError {
        id: "store.sql_user.missing_account.const".to_owned(),
        message: "there is none".to_owned(),
        status_code: 404,
        r#where: "GetUser".to_owned(),
        ..AppError::default()
    }
}

#[rstest]
#[case::unix_socket_and_token(ApiTransport::Unix, ApiErrors::InBand)]
#[case::unix_socket_and_status(ApiTransport::Unix, ApiErrors::Status)]
#[case::port_and_status(ApiTransport::Tcp, ApiErrors::Status)]
#[tokio::test]
async fn calls_and_refusals_come_through_every_door(
    #[case] transport: ApiTransport,
    #[case] errors: ApiErrors,
) {
    let Some(venv) = caller::venv() else { return };
    let api = ApiOptions {
        transport,
        errors,
        require_token: true,
    };
    let scripted = Scripted::new();
    let mut orders = Orders::new();
    for name in METHODS {
        let method = find_api(name).unwrap();
        let (request, response) = (filled::message(method.request), filled::response(method));
        for _ in ["plain", "awaited"] {
            for answer in [Answer::Message(&response), Answer::Refused(refusal())] {
                scripted
                    .expect_json(method, Some(&request), answer)
                    .unwrap();
            }
        }
        orders.extend([
            (name.to_owned(), request.clone()),
            (name.to_owned(), request),
        ]);
    }
    let told = caller::play_by(api, &venv, &orders, Arc::new(scripted.clone())).await;
    assert_eq!(scripted.surprises(), []);
    assert_eq!(scripted.missing(), [""; 0]);
    let (code, origin) = match errors {
        ApiErrors::InBand => (Value::Null, "GetUser"),
        ApiErrors::Status => (json!("NOT_FOUND"), ""),
    };
    for (kind, told) in told {
        for (order, told) in orders.chunks(2).zip(told.chunks(2)) {
            let name = &order[0].0;
            let method = find_api(name).unwrap();
            let sent = filled::response(method);
            let sent = reflect::from_json(method, Form::Response, &sent).unwrap();
            let sent = reflect::to_json(method, Form::Response, &sent).unwrap();
            let came = caller::answer(method, &told[0]);
            assert_eq!(came, Some(sent), "{kind} {name}");
            let error = &told[1]["error"];
            assert_eq!(told[1]["code"], code, "{kind} {name}");
            assert_eq!(error["error_id"], "store.sql_user.missing_account.const");
            assert_eq!(error["message"], "there is none", "{kind} {name}");
            assert_eq!(error["status_code"], 404, "{kind} {name}");
            assert_eq!(error["where"], origin, "{kind} {name}");
        }
    }
}
