//! An explanation as a coloured text. What a colour says, a line below the word says, too.

use super::Explanation;
use crate::display::{Html, Show, escape, thousands};
use std::collections::BTreeMap;

/// Blue for, orange against: distinct on white and on black, and to colour-blind eyes (Okabe and Ito
/// 2008).
const COLORS: [&str; 2] = ["#0072b2", "#e67800"];
/// The most that a background hides of the page's own, of 255: the page's letters stand on it.
const STRONGEST: f64 = 140.0;
/// Of the largest contribution, what has a colour, and what has a line and a mark, too.
const FAINT: f64 = 0.04;
const STRONG: f64 = 0.3;
/// The words that are shown of a text, and of a word its beginning.
const MOST_WORDS: usize = 2000;
const LONGEST_WORD: usize = 100;
/// The words that are listed for the answer, and against it.
const LISTED: usize = 6;

/// The words that are one, however they are written, and what they add together.
struct Listed {
    word: String,
    count: usize,
    sum: f64,
}

impl Listed {
    /// "×2 +1.20"
    fn number(&self) -> String {
        let times = if self.count > 1 { format!("×{} ", self.count) } else { String::new() };
        times + &signed(self.sum)
    }
}

/// With a true minus.
fn signed(number: f64) -> String {
    format!("{number:+.2}").replace('-', "−")
}

fn shortened(word: &str) -> String {
    match word.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

impl Explanation {
    fn headline(&self) -> String {
        let label =
            self.label_name.as_ref().map_or(String::new(), |label| format!(", label: {label}"));
        format!("{}, {:.1} %{label}", self.class_name, 100.0 * self.probability)
    }

    /// Those that count most for the answer, and against it.
    fn listed(&self) -> [Vec<Listed>; 2] {
        let mut words: BTreeMap<String, Listed> = BTreeMap::new();
        for (word, contribution) in &self.words {
            let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
            let bare = shortened(if bare.is_empty() { word } else { bare }).to_lowercase();
            let listed =
                words.entry(bare.clone()).or_insert(Listed { word: bare, count: 0, sum: 0.0 });
            listed.count += 1;
            listed.sum += contribution;
        }
        let mut all: Vec<Listed> = words.into_values().collect();
        all.sort_by(|a, b| b.sum.abs().total_cmp(&a.sum.abs()));
        // What is shown as 0 says nothing.
        all.retain(|listed| listed.sum.abs() >= 0.005);
        let (mut for_it, mut against): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|listed| listed.sum > 0.0);
        for_it.truncate(LISTED);
        against.truncate(LISTED);
        [for_it, against]
    }

    /// What is to be known about the numbers.
    fn remarks(&self) -> Vec<String> {
        let others = match self.others {
            0 => "",
            1 => " less the other's",
            _ => " less the mean of the others'",
        };
        let missing = match self.error() {
            error if error.abs() < 0.005 => String::new(),
            error => format!(" but for {}", signed(error)),
        };
        let mut remarks = vec![format!(
            "logit of {}{others}: {} without the words, {} with them; what all words add is the \
             difference{missing}",
            self.class_name,
            signed(self.baseline),
            signed(self.logit),
        )];
        if self.words.len() > MOST_WORDS {
            let all = thousands(self.words.len());
            remarks.push(format!("the first {} of {all} words are shown", thousands(MOST_WORDS)));
        }
        remarks.extend(self.notes.iter().cloned());
        remarks
    }

    /// The words that are shown, each with its contribution as a share of the largest one.
    fn shares(&self) -> impl Iterator<Item = (String, f64)> {
        let sizes = self.words.iter().map(|(_, contribution)| contribution.abs());
        let most = sizes.fold(f64::MIN_POSITIVE, f64::max);
        let shown = self.words.iter().take(MOST_WORDS);
        shown.map(move |(word, contribution)| (shortened(word), contribution / most))
    }

    fn gap(&self) -> &'static str {
        if self.spaced { " " } else { "" }
    }
}

/// A word on its colour.
fn coloured(word: &str, share: f64) -> String {
    let word = escape(word);
    if share.abs() < FAINT {
        return word;
    }
    let color = COLORS[usize::from(share < 0.0)];
    let strength = (STRONGEST * share.abs()).round() as u8;
    let line = match share {
        _ if share.abs() < STRONG => String::new(),
        _ if share > 0.0 => format!(";border-bottom:2px solid {color}"),
        _ => format!(";border-bottom:2px dashed {color}"),
    };
    format!("<span style=\"background-color:{color}{strength:02x}{line}\">{word}</span>")
}

/// One line of those that are listed.
fn list(what: &str, listed: &[Listed]) -> String {
    let word = |one: &Listed| format!("<bdi>{}</bdi> {}", escape(&one.word), one.number());
    let words: Vec<String> = listed.iter().map(word).collect();
    let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    format!("<div>{what}: {words}</div>")
}

impl Show for Explanation {
    fn to_html(&self) -> Html {
        let words: Vec<String> =
            self.shares().map(|(word, share)| coloured(&word, share)).collect();
        let [for_it, against] = self.listed();
        let key = [
            format!("<span style=\"border-bottom:2px solid {}\">▲ for it</span>", COLORS[0]),
            format!("<span style=\"border-bottom:2px dashed {}\">▼ against it</span>", COLORS[1]),
        ];
        let html = format!(
            "<div style=\"max-width:60em\"><div><b><bdi>{}</bdi></b></div>\
             <div dir=\"auto\" style=\"line-height:1.8;overflow-wrap:anywhere\">{}</div>{}{}\
             <small style=\"opacity:0.7\">{}</small></div>",
            escape(&self.headline()),
            words.join(self.gap()),
            list(&key[0], &for_it),
            list(&key[1], &against),
            escape(&self.remarks().join("; ")),
        );
        Html::new(html).with_text(self.text(&for_it, &against))
    }
}

impl Explanation {
    /// The same where there are no colours.
    fn text(&self, for_it: &[Listed], against: &[Listed]) -> String {
        let marked = |(word, share): (String, f64)| match share {
            _ if share >= STRONG => format!("{word}▲"),
            _ if share <= -STRONG => format!("{word}▼"),
            _ => word,
        };
        let words: Vec<String> = self.shares().map(marked).collect();
        let line = |listed: &[Listed]| {
            let line = |one: &Listed| format!("{} {}", one.word, one.number());
            let lines: Vec<String> = listed.iter().map(line).collect();
            if lines.is_empty() { "none".to_owned() } else { lines.join(", ") }
        };
        format!(
            "{}\n{}\n▲ for it: {}\n▼ against it: {}\n{}",
            self.headline(),
            words.join(self.gap()),
            line(for_it),
            line(against),
            self.remarks().join("; "),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explanation(words: &[(&str, f64)]) -> Explanation {
        let words: Vec<(String, f64)> =
            words.iter().map(|(word, number)| ((*word).to_owned(), *number)).collect();
        Explanation {
            class: 1,
            class_name: "positive".to_owned(),
            probability: 0.973,
            logit: words.iter().map(|word| word.1).sum(),
            words,
            baseline: 0.0,
            label_name: Some("negative".to_owned()),
            notes: Vec::new(),
            spaced: true,
            others: 1,
        }
    }

    #[test]
    fn colours_lines_and_numbers_say_the_same() {
        let shown =
            explanation(&[("A", 0.0), ("wonderful", 2.0), ("Wonderful,", 1.0), ("dull!", -1.5)]);
        let shown = shown.to_html();
        let (html, text) = (shown.html(), shown.text());
        assert!(
            html.contains("#0072b28c;border-bottom:2px solid #0072b2\">wonderful</span>"),
            "{html}"
        );
        assert!(html.contains("border-bottom:2px dashed #e67800\">dull!</span>"), "{html}");
        assert!(
            html.contains("<bdi>wonderful</bdi> ×2 +3.00")
                && html.contains("<bdi>dull</bdi> −1.50"),
            "{html}"
        );
        assert!(
            text.starts_with(
                "positive, 97.3 %, label: negative\nA wonderful▲ Wonderful,▲ dull!▼\n"
            )
        );
        assert!(text.contains("▼ against it: dull −1.50\n"), "{text}");
        assert!(text.contains("what all words add is the difference"), "{text}");
    }

    #[test]
    fn any_text_is_shown_safely() {
        let long = "x".repeat(1_000_000);
        let words = [
            ("</div><script>alert(1)</script>", 1.0),
            ("\u{1b}[31mred", -1.0),
            ("\u{202e}turned", 0.5),
            ("سلام", 0.4),
            (long.as_str(), 0.3),
        ];
        let shown = explanation(&words).to_html();
        for shown in [shown.html(), shown.text()] {
            assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
            assert!(shown.len() < 10_000, "{}", shown.len());
        }
        assert!(!shown.html().contains("<script") && shown.html().matches("</div>").count() == 5);
        let many = explanation(&vec![("word", 0.1); 100_000]).to_html();
        assert!(many.html().len() < 500_000 && many.text().contains("2,000 of 100,000 words"));
        let none = explanation(&[]).to_html();
        assert!(none.text().contains("for it: none"), "{}", none.text());
    }
}
