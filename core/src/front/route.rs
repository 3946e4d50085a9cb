//! Where a request goes, by its path as the client wrote it. Pure.
//!
//! Nothing is decoded, cleaned or joined: an id with an escape in it is no id, and `..` and `//` below an id are the plugin's.

use crate::ids::PluginId;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// To a plugin, if there is such a one.
    Plugin {
        id: PluginId,
        /// Path and query without the prefix; empty, or only a query, for exactly `/plugins/{id}`.
        rest: &'a str,
    },
    /// To a file that Mattermost's server serves without asking the plugin.
    Public,
    /// To a page of the front itself.
    Page(Page),
    /// Nowhere.
    Nothing,
}

/// A page of the front itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Status,
    StatusJson,
    Metrics,
}

/// The route of a path with its query.
pub(super) fn route(path_and_query: &str) -> Route<'_> {
    let path = path_and_query.split('?').next().unwrap_or_default();
    match path {
        "/" | "/status" => return Route::Page(Page::Status),
        "/status.json" => return Route::Page(Page::StatusJson),
        "/metrics" => return Route::Page(Page::Metrics),
        _ => {}
    }
    let Some(below) = path_and_query.strip_prefix("/plugins/") else {
        return Route::Nothing;
    };
    let end = below.find(['/', '?']).unwrap_or(below.len());
    let (name, rest) = below.split_at(end);
    match PluginId::parse(name) {
        // Ids are lower-case; in a path they are to be written as they are.
        Ok(id) if id.as_str() == name => match rest.starts_with("/public/") {
            true => Route::Public,
            false => Route::Plugin { id, rest },
        },
        _ => Route::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::root("/plugins/com.example.a/", "/")]
    #[case::bare("/plugins/com.example.a", "")]
    #[case::bare_query("/plugins/com.example.a?x=1", "?x=1")]
    #[case::query("/plugins/com.example.a/b?c=/d?e", "/b?c=/d?e")]
    #[case::escapes("/plugins/com.example.a/a%2Fb%20c/%zz", "/a%2Fb%20c/%zz")]
    #[case::slashes("/plugins/com.example.a//b//", "//b//")]
    #[case::dots("/plugins/com.example.a/../x/./y/..", "/../x/./y/..")]
    #[case::public_itself("/plugins/com.example.a/public", "/public")]
    #[case::publicity("/plugins/com.example.a/publicity/x", "/publicity/x")]
    #[case::public_below("/plugins/com.example.a/x/public/y", "/x/public/y")]
    fn plugins_get_the_rest_as_it_is(#[case] path: &str, #[case] rest: &str) {
        let id = PluginId::parse("com.example.a").unwrap();
        assert_eq!(route(path), Route::Plugin { id, rest });
    }

    #[rstest]
    #[case("/plugins")]
    #[case("/plugins/")]
    #[case("/plugins//com.example.a/")]
    #[case("/plugins/Com.Example.A/")]
    #[case("/plugins/com%2Eexample.a/")]
    #[case("/plugins/ab/")]
    #[case("//plugins/com.example.a/")]
    #[case("/x/../plugins/com.example.a/")]
    #[case("*")]
    #[case("")]
    #[case("/status/")]
    #[case("/metrics/x")]
    fn nothing_else_is_a_plugin(#[case] path: &str) {
        assert_eq!(route(path), Route::Nothing);
    }

    #[rstest]
    #[case("/", Page::Status)]
    #[case("/?x", Page::Status)]
    #[case("/status", Page::Status)]
    #[case("/status.json", Page::StatusJson)]
    #[case("/metrics?a=b", Page::Metrics)]
    fn pages(#[case] path: &str, #[case] page: Page) {
        assert_eq!(route(path), Route::Page(page));
    }

    #[test]
    fn public_files_are_nobodys() {
        assert_eq!(route("/plugins/com.example.a/public/../x?y"), Route::Public);
    }
}
