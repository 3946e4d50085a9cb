//! Messages of hooks for a driver that does not read them: it is given their bytes in base64, and gives such bytes back.

use fake_interpreters::base64;
use plugin_proto::{Form, find_hook, reflect};
use serde_json::{Value, json};

/// A request as its bytes. One that is no message of the hook has none: it is the driver's to refuse what does not exist.
pub(super) fn request(hook: &str, request: &Value) -> Value {
    let request = match request {
        Value::Null => &json!({}),
        request => request,
    };
    let bytes = find_hook(hook).map(|method| reflect::from_json(method, Form::Request, request));
    match bytes {
        Some(Ok(bytes)) => base64::encode(&bytes).into(),
        Some(Err(_)) | None => "".into(),
    }
}

/// An answer with its response read. One that cannot be read stays what it is.
pub(super) fn answer(hook: &str, mut answer: Value) -> Value {
    let read = || {
        let bytes = base64::decode(answer.get("response")?.as_str()?)?;
        reflect::to_json(find_hook(hook)?, Form::Response, &bytes).ok()
    };
    if let Some(response) = read() {
        answer["response"] = response;
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stand_for_what_they_say() {
        let hook = "MessageWillBePosted";
        let sent = request(hook, &json!({"post": {"message": "hi"}}));
        let bytes = base64::decode(sent.as_str().unwrap()).unwrap();
        let read = reflect::to_json(find_hook(hook).unwrap(), Form::Request, &bytes).unwrap();
        assert_eq!(read["post"]["message"], "hi");
        assert_eq!(request("NoSuchHook", &Value::Null), "");
        assert_eq!(request(hook, &Value::Null), "");

        // rejection_reason is the second field of the response.
        let said = json!({"outcome": "answered", "response": base64::encode(b"\x12\x02no")});
        assert_eq!(answer(hook, said)["response"]["rejection_reason"], "no");
        let odd = json!({"outcome": "answered", "response": "/w=="});
        assert_eq!(answer(hook, odd.clone()), odd);
    }
}
