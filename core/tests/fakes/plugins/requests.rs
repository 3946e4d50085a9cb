//! Requests over HTTP from plugin to plugin.

use super::*;

fn echo() -> Serve {
    Serve::good().http([HttpStep::Echo {}])
}

fn http(method: &str, url: &str, body: &[u8]) -> Value {
    json!({"method": method, "url": url, "body": STANDARD.encode(body), "headers": {"x-one": "1", "mattermost-plugin-id": "forged"}})
}

#[tokio::test]
async fn a_plugin_asks_another_and_itself() {
    let memory = Memory::default();
    let world = world(&memory);
    let large = vec![b'x'; 5 << 20];
    for (caller, target) in [
        ("com.example.asks", "com.example.answers"),
        ("com.example.both", "com.example.both"),
    ] {
        let url = format!("/{target}/a%20b?b=2&a=1");
        let order = |label: &str, body: &[u8]| ApiOrder {
            label: Some(label.to_owned()),
            ..ApiOrder::new("PluginHTTP", http("POST", &url, body))
        };
        let (small, then) = (order("own", b"text"), order("large", &large));
        let then = Answer::Api(then, Box::new(Answer::empty()));
        let asks = echo().hook(HOOK, Answer::Api(small, Box::new(then)));
        let caller_folder = world.beside(caller, &Script::serving(asks));
        let target_folder = match caller == target {
            true => caller_folder.clone(),
            false => world.beside(target, &Script::serving(echo())),
        };
        for folder in [&caller_folder, &target_folder] {
            world.environment.activate(&folder.directory).await.unwrap();
        }
        world.order(caller).await;
        let answer = answer_of(&caller_folder);
        assert_eq!(
            (answer.get("error"), &answer["status_code"]),
            (None, &json!(200))
        );
        assert_eq!(answer["body"], STANDARD.encode("text"));
        let whole = answer_as(&caller_folder, "large");
        assert_eq!(whole["body"], STANDARD.encode(&large));
        let init = request_of(&target_folder, "ServeHTTP")["init"].clone();
        assert_eq!(init["url"], "/a%20b?a=1&b=2");
        assert_eq!(init["method"], "POST");
        assert_eq!(init["content_length"], 4);
        let mut headers: Vec<_> = init["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|header| header["key"].as_str().unwrap())
            .collect();
        headers.sort_unstable();
        assert_eq!(
            headers,
            ["Mattermost-Plugin-Id", "Mattermost-User-Id", "X-One"]
        );
        let caller_is = json!({"key": "Mattermost-Plugin-Id", "values": [caller]});
        assert!(
            init["headers"].as_array().unwrap().contains(&caller_is),
            "{init}"
        );
        assert!(init["plugin_context"]["request_id"].is_string());
    }
}

#[tokio::test]
async fn what_goes_wrong_with_a_request_to_a_plugin_is_an_answer_of_http() {
    let memory = Memory::default();
    let world = world(&memory);
    let head = HttpMessage::head(200).header("A", "1").header("A", "2");
    for (plugin, steps) in [
        (
            "com.example.teapot",
            vec![HttpMessage::head(418).with("short").complete().step()],
        ),
        (
            "com.example.silent",
            vec![HttpMessage::head(0).complete().step()],
        ),
        (
            "com.example.breaks",
            vec![HttpMessage::piece("x", 1).step()],
        ),
        ("com.example.joins", vec![head.complete().step()]),
        ("com.example.ends", vec![HttpStep::Exit { code: 1 }]),
    ] {
        let folder = world.beside(plugin, &Script::serving(Serve::good().http(steps)));
        world.environment.activate(&folder.directory).await.unwrap();
    }
    let asleep = world.beside("com.example.asleep", &Preset::Good.script());
    world.environment.activate(&asleep.directory).await.unwrap();
    world
        .environment
        .deactivate(&id("com.example.asleep"))
        .await;
    world.activate().await.unwrap();
    let without_hook = format!("/{}/x", world.plugin.id);
    for (url, status, body) in [
        ("/com.example.teapot/", 418, Some("short")),
        ("/com.example.silent/", 200, Some("")),
        ("/com.example.breaks/", 502, None),
        ("/com.example.ends/", 502, None),
        ("/com.example.asleep/", 404, Some("404 page not found\n")),
        ("/com.example.nobody/", 404, Some("404 page not found\n")),
        ("/Com.Example.Teapot/", 404, Some("404 page not found\n")),
        (without_hook.as_str(), 404, Some("404 page not found\n")),
        ("/com.example.teapot", 400, None),
        ("http://h//x", 400, None),
        ("/com.example.teapot/%2525", 418, Some("short")),
        ("/com.example.teapot/%25", 400, None),
    ] {
        let answer = ask(&memory, "PluginHTTP", json!({ "url": url })).await;
        assert_eq!(answer["status_code"], status, "{url}: {answer}");
        let told = answer
            .get("body")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let told = String::from_utf8(STANDARD.decode(told).unwrap()).unwrap();
        match body {
            Some(body) => assert_eq!(told, body, "{url}"),
            None => assert!(!told.is_empty(), "{url}"),
        }
    }
    let joined = ask(&memory, "PluginHTTP", json!({"url": "/com.example.joins/"})).await;
    assert_eq!(joined["headers"], json!({"A": "1, 2"}));
    for request in [
        json!({"method": "no method", "url": "/com.example.teapot/"}),
        json!({"url": "/com.example.teapot/%zz"}),
        json!({"url": "/com.example.teapot/", "headers": {"a b": "x"}}),
        json!({"url": "/com.example.teapot/", "headers": {"a": "x\ny"}}),
    ] {
        let (error, status) = refused(&memory, "PluginHTTP", request).await;
        assert_eq!(
            (error.as_str(), status),
            ("plugin.api.invalid_request.app_error", 400)
        );
    }
}

#[tokio::test]
async fn plugins_that_ask_each_other_for_ever_are_stopped() {
    let memory = Memory::of(Making {
        chain_limit: 3,
        ..Making::default()
    });
    let world = world(&memory);
    let (one, other) = ("com.example.one", "com.example.other");
    let mut folders = Vec::new();
    for (plugin, target) in [(one, other), (other, one)] {
        let order = ApiOrder::new("PluginHTTP", json!({"url": format!("/{target}/")}));
        let steps = [
            HttpStep::Api(order),
            HttpMessage::head(200).complete().step(),
        ];
        let serve = Serve::good().naming_hooks().http(steps);
        let folder = world.beside(plugin, &Script::serving(serve));
        world.environment.activate(&folder.directory).await.unwrap();
        folders.push(folder);
    }
    let answer = ask(&memory, "PluginHTTP", json!({"url": format!("/{one}/")})).await;
    assert_eq!(answer["status_code"], 200);
    let mut errors = Vec::new();
    for folder in &folders {
        for entry in folder.entries().unwrap() {
            if let Event::Api {
                response: Some(response),
                ..
            } = entry.event
            {
                errors.push(response["error"]["id"].clone());
            }
        }
    }
    let stopped = errors.iter().filter(|error| **error == TOO_DEEP).count();
    assert_eq!((errors.len(), stopped), (3, 1), "{errors:?}");
}

#[tokio::test]
async fn who_goes_away_takes_the_request_along() {
    let memory = Memory::default();
    let world = world(&memory);
    let hangs = world.beside(
        "com.example.hangs",
        &Script::serving(Serve::good().http([HttpStep::Hang {}])),
    );
    world.environment.activate(&hangs.directory).await.unwrap();
    let mut methods = Methods::new();
    memory.register(&id("com.example.asking"), &mut methods);
    let call = plugin_proto::Call {
        path: find_api("PluginHTTP").unwrap().path.into(),
        metadata: tonic::metadata::MetadataMap::new(),
        message: plugin_proto::reflect::from_json(
            find_api("PluginHTTP").unwrap(),
            plugin_proto::Form::Request,
            &json!({"url": "/com.example.hangs/"}),
        )
        .unwrap(),
    };
    let seen = |wanted: fn(&Event) -> bool| {
        let hangs = hangs.clone();
        async move {
            let waiting = async {
                while !hangs
                    .entries()
                    .unwrap()
                    .iter()
                    .any(|entry| wanted(&entry.event))
                {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            timeout(LONG, waiting).await.unwrap();
        }
    };
    tokio::select! {
        answer = methods.dispatch(call) => panic!("{answer:?}"),
        () = seen(|event| matches!(event, Event::Rpc { path, .. } if path.ends_with("/ServeHTTP"))) => {}
    }
    seen(|event| matches!(event, Event::Abandoned { path } if path.ends_with("/ServeHTTP"))).await;
}
