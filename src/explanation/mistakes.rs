//! The mistakes of a model, explained.

use super::Explanation;
use crate::display::{Html, Show};
use crate::error::{Error, Result};
use crate::metrics::Evaluation;

/// Some explanations, one below the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanations(pub Vec<Explanation>);

impl Explanations {
    /// Shows all of them in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Explanations {
    fn to_html(&self) -> Html {
        if self.0.is_empty() {
            return "there is nothing to explain".to_html();
        }
        let all: Vec<Html> = self.0.iter().map(Show::to_html).collect();
        let html: Vec<&str> = all.iter().map(Html::html).collect();
        let text: Vec<&str> = all.iter().map(Html::text).collect();
        Html::new(html.join("<hr>")).with_text(text.join("\n\n"))
    }
}

impl Evaluation {
    /// The `count` most confident mistakes, explained: by what words did the model go? `texts` are
    /// those of the data that was evaluated, and `explain` is what explains one of them:
    /// `result.explain_mistakes(&texts, 5, |text| vectorizer.explain(&model, text))?`
    ///
    /// # Errors
    /// [`Error::Data`] if there are not as many texts as examples; those of `explain`.
    pub fn explain_mistakes<T: AsRef<str>>(
        &self,
        texts: &[T],
        count: usize,
        explain: impl Fn(&str) -> Result<Explanation>,
    ) -> Result<Explanations> {
        if texts.len() != self.labels.len() {
            return Err(Error::Data(format!(
                "{} texts, but {} examples were evaluated: give the texts of the same data",
                texts.len(),
                self.labels.len()
            )));
        }
        let mistakes = self.mistakes().into_iter().take(count);
        let explained = mistakes.map(|mistake| {
            let label_name = Some(mistake.label_name);
            Ok(Explanation { label_name, ..explain(texts[mistake.row].as_ref())? })
        });
        Ok(Explanations(explained.collect::<Result<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trainer;
    use crate::trainer::tests::{Model, by_word, data};
    use crate::vectorizer::CountVectorizer;

    #[test]
    fn mistakes_are_explained_with_their_labels() {
        let vectorizer = CountVectorizer::default().fit(&["good film", "bad film"]).unwrap();
        let model = Model::new(3, 2);
        let texts: Vec<&str> = (0..50).map(|row| ["good film", "bad film"][row % 2]).collect();
        for labels in [by_word as fn(usize) -> i64, |row| 1 - by_word(row)] {
            let result = Trainer::default().evaluate(&model, &data(labels)).unwrap();
            let explain = |text: &str| vectorizer.explain(&model, text);
            let shown = result.explain_mistakes(&texts, 3, explain).unwrap();
            let mistakes = result.mistakes();
            assert_eq!(shown.0.len(), mistakes.len().min(3));
            for (explanation, mistake) in shown.0.iter().zip(&mistakes) {
                assert_eq!(explanation.class, mistake.prediction);
                assert_eq!(explanation.label_name.as_ref(), Some(&mistake.label_name));
                assert!((explanation.probability - f64::from(mistake.confidence)).abs() < 1e-6);
            }
            assert!(result.explain_mistakes(&texts[1..], 3, explain).is_err());
            let none = result.explain_mistakes(&texts, 0, explain).unwrap();
            assert!(none.to_html().text().contains("nothing to explain"));
        }
    }
}
