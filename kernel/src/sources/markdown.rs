//! Doc comments as text that reads well in a tooltip.

/// The lines of a doc comment.
pub fn uncommented(comment: &str) -> Vec<String> {
    let line = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!"));
    if let Some(line) = line {
        return vec![line.to_owned()];
    }
    let block = comment.trim_start_matches(['/', '*', '!']).trim_end_matches(['/', '*']);
    let bare = |line: &str| line.trim_start().strip_prefix("* ").unwrap_or(line).to_owned();
    block.lines().map(bare).collect()
}

/// What a string literal stands for.
pub fn unquoted(literal: &str) -> String {
    if let Some(raw) = literal.strip_prefix('r') {
        return raw.trim_matches('#').trim_matches('"').to_owned();
    }
    let text = literal.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    text.unwrap_or(literal).replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\")
}

/// Without the margin, the hidden lines of examples, and links that lead nowhere here.
pub fn tidy(lines: &[String]) -> String {
    let mut text = String::new();
    let mut example = false;
    for line in lines {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        if line.trim_start().starts_with("```") {
            text += if example { "```" } else { "```rust" };
            example = !example;
        } else if example {
            if line.trim() == "#" || line.trim_start().starts_with("# ") {
                continue;
            }
            text += line;
        } else if line.starts_with('[') && line.contains("]: ") {
            continue;
        } else {
            text += &unlinked(line);
        }
        text.push('\n');
    }
    text.trim().to_owned()
}

/// Links in their three forms become their text.
fn unlinked(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        let Some(close) = rest[open..].find(']').map(|close| open + close) else {
            break;
        };
        let text = &rest[open + 1..close];
        let after = &rest[close + 1..];
        let target = match after.as_bytes().first() {
            Some(b'(') => after.find(')'),
            Some(b'[') => after.find(']'),
            _ => None,
        };
        out += &rest[..open];
        match target {
            Some(end) => {
                out += text;
                rest = &after[end + 1..];
            }
            None if text.starts_with('`') => {
                out += text;
                rest = after;
            }
            None => {
                out += &rest[open..=close];
                rest = after;
            }
        }
    }
    out + rest
}

/// As HTML.
pub fn html(markdown: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(markdown));
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_their_text() {
        let line =
            "See [`Vec`], [the book](https://a.b/c), [`push`](Self::push) and [it][ref]; a[0].";
        assert_eq!(unlinked(line), "See `Vec`, the book, `push` and it; a[0].");
    }

    #[test]
    fn hidden_lines_of_an_example_go() {
        let lines = [" Text", " ```no_run", " # use a::b;", " let x = 1;", " ```", " [`b`]: a::b"];
        let lines = lines.map(str::to_owned);
        assert_eq!(tidy(&lines), "Text\n```rust\nlet x = 1;\n```");
    }
}
