//! How reviews show themselves in a notebook.

use super::classes::legend;
use super::quote::{excerpt, list};
use super::{Reviews, Splits};
use crate::display::{Html, Show, cut, escape, table, thousands};
use crate::error::{Error, Result};
use crate::plots::{bar_chart, histogram, side_by_side};

/// The characters of a text that a table shows.
const EXCERPT: usize = 160;
/// Of a longer review the beginning is shown.
const LONGEST: usize = 20_000;

impl Reviews {
    /// Shows the first rows as a table in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The first `rows` reviews as a table, long texts cut.
    fn table(&self, rows: usize) -> Result<Html> {
        let first = self.some(0, rows);
        let (header, meaning, labels) = match self.is_multi_label() {
            true => ("labels", list(&self.class_names), first.joined_labels()?),
            false => {
                let numbers = first.labels()?.iter().map(i64::to_string).collect();
                ("label", legend(&self.class_names), numbers)
            }
        };
        let body: Vec<Vec<String>> = first
            .texts()?
            .iter()
            .zip(labels)
            .map(|(text, label)| vec![excerpt(text, EXCERPT), label])
            .collect();
        let count = thousands(self.len());
        let which = if rows < self.len() { format!("the first {rows} of {count}") } else { count };
        let caption = format!("{which} reviews; labels: {meaning}");
        Ok(table(&caption, &["text", header], &body))
    }

    /// So many reviews from a row on.
    pub(super) fn some(&self, row: usize, rows: usize) -> Reviews {
        Reviews { frame: self.frame.slice(row as i64, rows), class_names: self.class_names.clone() }
    }

    /// The labels of each text, "sport, politics".
    fn joined_labels(&self) -> Result<Vec<String>> {
        let labels = self.multi_labels()?;
        Ok((0..labels.len()).map(|row| labels.names(row).join(", ")).collect())
    }

    /// One review in full, to be read; of more than 20,000 characters, its beginning.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such row; they are numbered from 0.
    pub fn review(&self, row: usize) -> Result<Html> {
        let this = self.some(row.min(self.len()), 1);
        let texts = this.texts()?;
        let Some(text) = texts.first() else {
            let remedy = format!("there are {} reviews, numbered from 0", self.len());
            return Err(Error::argument("row", row, remedy));
        };
        let text = cut(text, LONGEST);
        let label = match self.is_multi_label() {
            true => format!("labels: {}", this.joined_labels()?.concat()),
            false => {
                let label = this.labels()?.first().copied().unwrap_or_default();
                let name = self.class_names.get(label as usize).map_or("", String::as_str);
                format!("label {label}: {name}")
            }
        };
        let html = format!(
            "<blockquote style=\"max-width:48em\">{}</blockquote><p>{}</p>",
            on_lines(&text),
            escape(&label)
        );
        Ok(Html::new(html).with_text(format!("{text}\n\n{label}")))
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
        or_complaint(self.table(5)).with_text(format!("{:?}", self.frame))
    }
}

impl Show for Splits {
    fn to_html(&self) -> Html {
        or_complaint(self.table())
    }
}

impl Splits {
    fn table(&self) -> Result<Html> {
        let header: Vec<&str> = ["split", "reviews"]
            .into_iter()
            .chain(self.train.class_names.iter().map(String::as_str))
            .collect();
        let mut rows = Vec::new();
        for (name, reviews) in self.named() {
            let numbers = [reviews.len()].into_iter().chain(reviews.class_counts()?);
            rows.push([name.to_owned()].into_iter().chain(numbers.map(thousands)).collect());
        }
        Ok(table("the three splits", &header, &rows))
    }
}

/// A frame that was changed may have nothing to show but what is wrong with it.
fn or_complaint(shown: Result<Html>) -> Html {
    shown.unwrap_or_else(|error| error.to_string().to_html())
}

/// A text as HTML, with its line breaks.
fn on_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.split(['\n', '\r']).map(escape).collect::<Vec<_>>().join("<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn review_text_cannot_inject_markup() {
        let text = "<script>alert(1)</script>".to_owned();
        let mut reviews = Reviews::from_rows(vec![text.clone()], vec![0]).unwrap();
        reviews.class_names = vec![text];
        for shown in [reviews.table(1), reviews.review(0)] {
            let shown = shown.unwrap();
            let html = shown.html();
            assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
        }
    }

    #[test]
    fn a_row_that_is_not_there_is_named() {
        let reviews = Reviews::from_rows(vec!["a".to_owned()], vec![0]).unwrap();
        let error = reviews.review(1).unwrap_err().to_string();
        assert!(reviews.review(usize::MAX).is_err());
        assert_eq!(error, "row = 1: there are 1 reviews, numbered from 0");
    }

    #[test]
    fn a_review_keeps_its_line_breaks() {
        let text = "<b>one\r\ntwo\rthree\n\nfour".to_owned();
        let review = Reviews::from_rows(vec![text], vec![0]).unwrap().review(0).unwrap();
        let html = review.html();
        assert!(html.contains(">&lt;b&gt;one<br>two<br>three<br><br>four<"), "{html}");
    }

    #[test]
    fn a_changed_frame_says_what_is_wrong_with_it() {
        let mut reviews = Reviews::from_rows(vec!["a".to_owned()], vec![0]).unwrap();
        reviews.frame.drop_in_place("label").unwrap();
        let shown = reviews.to_html();
        assert!(shown.html().contains("no column &quot;label&quot;"), "{}", shown.html());
    }
}
