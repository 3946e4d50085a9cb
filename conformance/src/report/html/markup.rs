//! HTML as a tree. Text and the values of attributes are escaped here and nowhere else, and only texts of this program can be markup.

use std::borrow::Cow;

/// Elements that have no end tag.
const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

/// An element with what is in it.
#[derive(Clone, Debug)]
pub struct Element {
    name: &'static str,
    classes: Vec<&'static str>,
    attributes: Vec<(&'static str, Option<String>)>,
    children: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Element(Element),
    Text(String),
    Raw(&'static str),
}

/// An element of this name.
pub fn el(name: &'static str) -> Element {
    Element {
        name,
        classes: Vec::new(),
        attributes: Vec::new(),
        children: Vec::new(),
    }
}

impl Element {
    /// With one more class.
    #[must_use]
    pub fn class(mut self, class: &'static str) -> Element {
        self.classes.push(class);
        self
    }

    /// With an attribute.
    #[must_use]
    pub fn attr(mut self, name: &'static str, value: impl Into<String>) -> Element {
        self.attributes.push((name, Some(value.into())));
        self
    }

    /// With an attribute that has no value.
    #[must_use]
    pub fn flag(mut self, name: &'static str) -> Element {
        self.attributes.push((name, None));
        self
    }

    /// With some text at its end.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Element {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// With an element at its end.
    #[must_use]
    pub fn child(mut self, child: Element) -> Element {
        self.children.push(Node::Element(child));
        self
    }

    /// With elements at its end.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Element>) -> Element {
        self.children
            .extend(children.into_iter().map(Node::Element));
        self
    }

    /// With markup of this program: a style, a script.
    #[must_use]
    pub fn raw(mut self, markup: &'static str) -> Element {
        self.children.push(Node::Raw(markup));
        self
    }

    /// As HTML.
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        if !self.classes.is_empty() {
            attribute(out, "class", &self.classes.join(" "));
        }
        for (name, value) in &self.attributes {
            match value {
                Some(value) => attribute(out, name, value),
                None => {
                    out.push(' ');
                    out.push_str(name);
                }
            }
        }
        out.push('>');
        if VOID.contains(&self.name) {
            return;
        }
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(out),
                Node::Text(text) => out.push_str(&escaped(text)),
                Node::Raw(markup) => out.push_str(markup),
            }
        }
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
        if [
            "tr", "section", "details", "form", "header", "thead", "li", "article",
        ]
        .contains(&self.name)
        {
            out.push('\n');
        }
    }
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    out.push_str(&escaped(value));
    out.push('"');
}

/// Text as it may stand between tags and between quotes. What HTML does not allow at all is shown as a replacement character.
pub fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |character: char| !"&<>\"'".contains(character) && !is_forbidden(character);
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            forbidden if is_forbidden(forbidden) => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

fn is_forbidden(character: char) -> bool {
    let noncharacter =
        u32::from(character) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&character);
    // A carriage return would be read as a line feed.
    noncharacter || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unescaped(text: &str) -> String {
        let text = text.replace("&lt;", "<").replace("&gt;", ">");
        let text = text.replace("&quot;", "\"").replace("&#39;", "'");
        text.replace("&amp;", "&")
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(text in any::<String>(), value in ".{0,40}") {
            let html = el("p").attr("title", value.clone()).text(text.clone()).render();
            let inner = html.strip_prefix("<p title=\"").unwrap().strip_suffix("</p>").unwrap();
            let (title, body) = inner.split_once("\">").unwrap();
            for part in [title, body] {
                prop_assert!(!part.contains(['<', '>', '"', '\'']), "{html}");
                prop_assert!(part.split('&').skip(1).all(|rest| rest.contains(';')), "{html}");
            }
            let shown = |text: &str| -> String {
                text.chars().map(|c| if is_forbidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
            };
            prop_assert_eq!(unescaped(body), shown(&text));
            prop_assert_eq!(unescaped(title), shown(&value));
        }
    }

    #[test]
    fn a_script_in_a_text_stays_text() {
        let html = el("p").text("</p><script>alert(1)</script>").render();
        assert_eq!(
            html,
            "<p>&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>"
        );
    }

    #[test]
    fn void_elements_have_no_end() {
        assert_eq!(el("input").flag("hidden").render(), "<input hidden>");
    }
}
