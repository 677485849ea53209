//! How reviews show themselves in a notebook.

use super::{Reviews, Splits};
use crate::display::{Html, Show, escape, table, thousands};
use crate::error::{Error, Result};
use crate::plots::{bar_chart, histogram, side_by_side};

/// The characters of a text that a table shows.
const EXCERPT: usize = 160;

impl Reviews {
    /// Shows the first rows as a table in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The first `rows` reviews as a table, long texts cut.
    fn table(&self, rows: usize) -> Html {
        let (texts, labels) = (self.texts().unwrap_or_default(), self.labels().unwrap_or_default());
        let body: Vec<Vec<String>> = texts
            .iter()
            .zip(&labels)
            .take(rows)
            .map(|(text, label)| vec![excerpt(text), label.to_string()])
            .collect();
        let count = thousands(self.len());
        let which = if rows < self.len() { format!("the first {rows} of {count}") } else { count };
        let caption = format!("{which} reviews; labels: {}", self.legend());
        table(&caption, &["text", "label"], &body)
    }

    /// What the labels mean: "0 = negative, 1 = positive".
    pub(super) fn legend(&self) -> String {
        let names = self.class_names.iter().enumerate();
        names.map(|(label, name)| format!("{label} = {name}")).collect::<Vec<_>>().join(", ")
    }

    /// One review in full, to be read.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such row; they are numbered from 0.
    pub fn review(&self, row: usize) -> Result<Html> {
        let (texts, labels) = (self.texts()?, self.labels()?);
        let (Some(text), Some(label)) = (texts.get(row), labels.get(row)) else {
            let remedy = format!("there are {} reviews, numbered from 0", self.len());
            return Err(Error::argument("row", row, remedy));
        };
        let name = self.class_names.get(*label as usize).map_or("", String::as_str);
        let html = format!(
            "<blockquote style=\"max-width:48em\">{}</blockquote><p>label {label}: {}</p>",
            escape(text),
            escape(name)
        );
        Ok(Html::new(html).with_text(format!("{text}\n\nlabel {label}: {name}")))
    }

    /// Two figures: how many reviews each class has, and how long the reviews are.
    ///
    /// # Errors
    /// [`Error::Data`] if the frame was changed and lacks a column.
    pub fn figures(&self) -> Result<Html> {
        let counts = self.class_counts()?;
        let bars: Vec<(String, f64)> = self
            .class_names
            .iter()
            .cloned()
            .zip(counts.iter().map(|&count| count as f64))
            .collect();
        let words: Vec<f64> =
            self.texts()?.iter().map(|text| text.split_whitespace().count() as f64).collect();
        Ok(side_by_side(&[
            bar_chart("Reviews of each class", "class", "reviews", &bars),
            histogram("Length of the reviews", "words in a review", "reviews", &words),
        ]))
    }
}

impl Splits {
    /// Shows the size and the classes of each split in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Reviews {
    fn to_html(&self) -> Html {
        self.table(5).with_text(format!("{:?}", self.frame))
    }
}

impl Show for Splits {
    fn to_html(&self) -> Html {
        let header: Vec<&str> = ["split", "reviews"]
            .into_iter()
            .chain(self.train.class_names.iter().map(String::as_str))
            .collect();
        let rows: Vec<Vec<String>> = self
            .named()
            .map(|(name, reviews)| {
                let counts = reviews.class_counts().unwrap_or_default();
                let numbers = [reviews.len()].into_iter().chain(counts);
                [name.to_owned()].into_iter().chain(numbers.map(thousands)).collect()
            })
            .into();
        table("the three splits", &header, &rows)
    }
}

fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(EXCERPT).collect();
    if start.len() < text.len() { start + " …" } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn review_text_cannot_inject_markup() {
        let text = "<script>alert(1)</script>".to_owned();
        let mut reviews = Reviews::from_rows(vec![text.clone()], vec![0]).unwrap();
        reviews.class_names = vec![text];
        for shown in [reviews.table(1), reviews.review(0).unwrap()] {
            let html = shown.html();
            assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
        }
    }

    #[test]
    fn a_row_that_is_not_there_is_named() {
        let reviews = Reviews::from_rows(vec!["a".to_owned()], vec![0]).unwrap();
        let error = reviews.review(1).unwrap_err().to_string();
        assert_eq!(error, "row = 1: there are 1 reviews, numbered from 0");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"\u{1f600}".repeat(200)), "\u{1f600}".repeat(160) + " …");
    }
}
