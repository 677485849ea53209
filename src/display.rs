//! Showing things in a notebook.

/// A piece of HTML to be shown. As the last line of a cell it appears below it; a cell shows one
/// block of HTML, so pictures that belong together go into one.
#[derive(Clone, Debug)]
pub struct Html(pub String);

impl Html {
    /// Shows the HTML. Where there is no HTML to be seen, as in a terminal, the text stands for it.
    pub(crate) fn show(html: &str, text: &str) {
        println!("EVCXR_BEGIN_CONTENT text/html\n{html}\nEVCXR_END_CONTENT");
        println!("EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT");
    }

    /// What the notebook calls for the value of a cell's last line.
    pub fn evcxr_display(&self) {
        Html::show(&self.0, "(a picture or a table)");
    }
}

/// Makes any text safe to stand in HTML: a review can inject no markup.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escape("<b a=\"x\">&'\n"), "&lt;b a=&quot;x&quot;&gt;&amp;&#39; ");
    }
}
