//! The doors by which real plugins reach their API: tokens and sockets.

use super::*;

#[tokio::test]
async fn real_plugins_show_their_token_and_no_other_door_takes_it() {
    let memory = Memory::default();
    let required = ApiOptions {
        require_token: true,
        ..ApiOptions::default()
    };
    let mut world = world_with(&memory, required);
    world.activate().await.unwrap();
    let address = world
        .event(|what| matches!(what, plugin_host::event::What::ApiListening { .. }))
        .await;
    let plugin_host::event::What::ApiListening { address } = address else {
        unreachable!("the event that was waited for")
    };
    let own = calling("GetPluginID", json!({}));
    let foreign = ApiOrder {
        label: Some("foreign".to_owned()),
        target: Some(address),
        ..ApiOrder::new("GetPluginID", json!({}))
    };
    let asks = own.hook(
        "OnActivate",
        Answer::Api(foreign, Box::new(Answer::empty())),
    );
    let plugin = world.beside("com.example.honest", &Script::serving(asks));
    world.environment.activate(&plugin.directory).await.unwrap();
    world.order("com.example.honest").await;
    assert_eq!(
        answer_of(&plugin),
        json!({"plugin_id": "com.example.honest"})
    );
    let refused = plugin
        .entries()
        .unwrap()
        .into_iter()
        .find_map(|entry| match entry.event {
            Event::Api { label, status, .. } if label.as_deref() == Some("foreign") => status,
            _ => None,
        });
    assert!(
        refused
            .unwrap()
            .starts_with("Unauthenticated: the token is not")
    );
}

#[tokio::test]
async fn sockets_of_real_plugins_are_gone_after_a_stop_and_after_a_crash() {
    let memory = Memory::default();
    let unix = ApiOptions {
        transport: ApiTransport::Unix,
        ..ApiOptions::default()
    };
    let world = world_with(&memory, unix);
    for (plugin, crashes) in [("com.example.stops", false), ("com.example.crashes", true)] {
        let serve = calling("GetPluginID", json!({}));
        let serve = match crashes {
            true => serve.hook("GenerateSupportData", Answer::Exit(3)),
            false => serve,
        };
        let folder = world.beside(plugin, &Script::serving(serve));
        world.environment.activate(&folder.directory).await.unwrap();
        world.order(plugin).await;
        assert_eq!(answer_of(&folder), json!({ "plugin_id": plugin }));
        let env = folder
            .entries()
            .unwrap()
            .into_iter()
            .find_map(|entry| match entry.event {
                Event::Started { env, .. } => Some(env),
                _ => None,
            });
        let target = env.unwrap()["MATTERMOST_PLUGIN_API_TARGET"].clone();
        let socket = PathBuf::from(target.strip_prefix("unix://").unwrap());
        assert!(socket.exists(), "{target}");
        match crashes {
            true => {
                let hooks = world.environment.hooks(&id(plugin)).unwrap();
                let request = plugin_proto::pb::GenerateSupportDataRequest::default();
                let ended = hooks.call::<plugin_proto::hook::GenerateSupportData>(request);
                assert!(matches!(ended.await, Outcome::Failed(_)));
                timeout(LONG, world.environment.wait_exit(&id(plugin)))
                    .await
                    .unwrap();
                let state = || world.environment.status(&id(plugin)).unwrap().state;
                let given_up = async {
                    while state() != State::FailedToStayRunning {
                        tokio::task::yield_now().await;
                    }
                };
                timeout(LONG, given_up).await.unwrap();
            }
            false => drop(world.environment.deactivate(&id(plugin)).await.unwrap()),
        }
        assert!(!socket.parent().unwrap().exists(), "{target}");
    }
}
