//! The head of a request as the plugin gets it. Pure.

use http::request::Parts;
use http::{HeaderMap, Version, header};
use plugin_proto::pb::{HttpHeader, PluginContext, ServeHttpRequestInit};

use super::fields::{self, FieldError, canonical, text};

/// What the head of a request does not say itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Whence {
    /// Path and query as the plugin is to see them: without `/plugins/` and its id, and nothing else changed.
    pub url: String,
    /// Address and port of the client.
    pub remote_addr: String,
    /// On whose behalf it is asked.
    pub context: Option<PluginContext>,
    /// Bytes of the body, where they are known; a request without a body has 0.
    pub length: Option<u64>,
}

/// The head of a request that came by HTTP.
///
/// As Go has it: `Host` is a field of its own and no header, names are written like `Content-Type`, `proto` is `HTTP/2.0`, and the request
/// URI is what stood in the request line.
///
/// # Errors
/// When its headers are too large together.
pub fn init(parts: &Parts, whence: Whence) -> Result<ServeHttpRequestInit, FieldError> {
    let (proto_major, proto_minor) = numbers(parts.version);
    let mut init = ServeHttpRequestInit {
        plugin_context: whence.context,
        method: parts.method.as_str().to_owned(),
        url: whence.url,
        proto: format!("HTTP/{proto_major}.{proto_minor}"),
        proto_major,
        proto_minor,
        headers: headers(&parts.headers),
        host: host(parts),
        remote_addr: whence.remote_addr,
        request_uri: request_uri(parts),
        content_length: whence
            .length
            .map_or(-1, |length| i64::try_from(length).unwrap_or(-1)),
    };
    // What came by HTTP is made of names and values.
    fields::remove_hop_by_hop(&mut init.headers);
    fields::fit(&init.headers)?;
    Ok(init)
}

/// Takes away what belongs to the client's connection, and refuses headers that are none: who calls this host as a library may have
/// made them up.
///
/// # Errors
/// The first header that is none, or that they are too large together.
pub fn check(init: &mut ServeHttpRequestInit) -> Result<(), FieldError> {
    fields::remove_hop_by_hop(&mut init.headers);
    fields::checked(&init.headers).map(drop)
}

fn numbers(version: Version) -> (i32, i32) {
    match version {
        Version::HTTP_09 => (0, 9),
        Version::HTTP_10 => (1, 0),
        Version::HTTP_2 => (2, 0),
        Version::HTTP_3 => (3, 0),
        _ => (1, 1),
    }
}

/// The authority of the request line beats the header (RFC 9112, 3.2.2); in HTTP/2 it is a field of its own.
fn host(parts: &Parts) -> String {
    match (parts.uri.authority(), parts.headers.get(header::HOST)) {
        (Some(authority), _) => authority.to_string(),
        (None, Some(host)) => text(host),
        (None, None) => String::new(),
    }
}

/// In HTTP/2 the path alone has been sent; the rest of the URI is put together from other fields.
fn request_uri(parts: &Parts) -> String {
    match parts.uri.path_and_query() {
        Some(path) if parts.version >= Version::HTTP_2 => path.to_string(),
        _ => parts.uri.to_string(),
    }
}

/// One entry for each name, with all its values in their order.
fn headers(map: &HeaderMap) -> Vec<HttpHeader> {
    let names = map.keys().filter(|name| *name != header::HOST);
    let entry = |name: &header::HeaderName| {
        let mut values: Vec<String> = map.get_all(name).iter().map(text).collect();
        if name == header::COOKIE && values.len() > 1 {
            // HTTP/2 may cut the header into pieces, which elsewhere would be several of it (RFC 9113, 8.2.3).
            values = vec![values.join("; ")];
        }
        HttpHeader {
            key: canonical(name.as_str()),
            values,
        }
    };
    names.map(entry).collect()
}

#[cfg(test)]
mod tests;
