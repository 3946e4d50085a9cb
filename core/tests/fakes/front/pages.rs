//! The front's own pages.

use serde_json::Value;

use super::{Behind, head, last};

async fn page(behind: &Behind, method: &str, path: &str) -> String {
    let wire = behind.dial().await;
    let mut wire = wire;
    wire.send(format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    ))
    .await;
    wire.rest().await.0
}

#[tokio::test]
async fn plugins_are_shown_as_they_are() {
    let mut behind = Behind::with([head(), last()], |_| {}, |options| options.pages = true).await;
    let id = behind.world.id.clone();
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    wire.until("\r\n0\r\n\r\n").await;
    assert_eq!(behind.access().await.status, Some(200));
    let pid = behind.world.environment.status(&id).unwrap().pid.unwrap();

    let html = page(&behind, "GET", "/status").await;
    assert!(
        html.contains("Content-Type: text/html; charset=utf-8\r\n"),
        "{html}"
    );
    assert!(
        html.contains("Content-Security-Policy: default-src 'none'"),
        "{html}"
    );
    assert!(
        html.contains(&format!("<a href=\"/plugins/{id}/\">{id}</a>")),
        "{html}"
    );
    assert!(html.contains(&format!("<td>{pid}</td>")), "{html}");
    assert!(page(&behind, "GET", "/").await.contains("<h1>Plugins</h1>"));

    let json = page(&behind, "GET", "/status.json").await;
    let (head, body) = json.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("Content-Type: application/json\r\n"),
        "{head}"
    );
    let json: Value = serde_json::from_str(body).unwrap();
    assert_eq!(json["plugins"][0]["id"], id.as_str());
    assert_eq!(json["plugins"][0]["state"], "running");
    assert_eq!(json["plugins"][0]["pid"], pid);

    let metrics = page(&behind, "GET", "/metrics").await;
    for line in [
        "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n".to_owned(),
        format!(
            "plugin_host_hook_duration_seconds_count{{plugin=\"{id}\",hook=\"ServeHTTP\",success=\"true\"}} 1\n"
        ),
        format!("plugin_host_plugin_up{{plugin=\"{id}\"}} 1\n"),
        "plugin_host_front_requests_under_way 1\n".to_owned(),
        "plugin_host_front_requests_total{status=\"2xx\"} 4\n".to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line} is missing in {metrics}");
    }
}

#[tokio::test]
async fn pages_can_only_be_read() {
    let behind = Behind::with([], |_| {}, |options| options.pages = true).await;
    let post = page(&behind, "POST", "/status.json").await;
    assert!(
        post.starts_with("HTTP/1.1 405 ") && post.contains("Allow: GET, HEAD\r\n"),
        "{post}"
    );
    let head = page(&behind, "HEAD", "/status.json").await;
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
}
