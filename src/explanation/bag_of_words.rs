//! The words that a model of word counts goes by.

use super::{Answer, Explanation};
use crate::dataloader::{Dataset, Features};
use crate::display::Bar;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::mode::Mode;
use crate::trainer::{Classifier, class_names, forward, learned};
use crate::vectorizer::{CountMatrix, FittedTfidf, FittedVectorizer};
use tch::Tensor;

const WHAT: &str = "the explanation";
/// So many cells are calculated with at once.
const CELLS: usize = 1 << 20;

impl FittedVectorizer {
    /// What a model that was trained on these counts says about a text, and what each word adds to
    /// that: how much the logits change if its term is left out (erasure: Li, Monroe and Jurafsky
    /// 2016, <https://arxiv.org/abs/1612.08220>). Of a linear model, such as logistic regression, that is
    /// the weight of the term times its count, shared out among the words where it stands, and
    /// nothing is missing. Of another one it may be: [`Explanation::error`] says how much.
    ///
    /// A model that was trained on TF-IDF weights is explained by [`FittedTfidf::explain`].
    ///
    /// # Errors
    /// As [`Trainer::predict`](crate::Trainer::predict).
    pub fn explain<M: Classifier<Features>>(&self, model: &M, text: &str) -> Result<Explanation> {
        explain(self, model, text, &self.transform(&[text])?)
    }
}

impl FittedTfidf {
    /// The same of a model that was trained on these weights, of the counts of this vectorizer.
    ///
    /// # Errors
    /// As [`FittedVectorizer::explain`].
    pub fn explain<M: Classifier<Features>>(
        &self,
        vectorizer: &FittedVectorizer,
        model: &M,
        text: &str,
    ) -> Result<Explanation> {
        explain(vectorizer, model, text, &self.transform(&vectorizer.transform(&[text])?)?)
    }
}

/// By a matrix of one row, what the model takes for the text.
fn explain<M: Classifier<Features>>(
    vectorizer: &FittedVectorizer,
    model: &M,
    text: &str,
    row: &CountMatrix,
) -> Result<Explanation> {
    let (interrupt, mut bar) = (Interrupt::listen(), Bar::start(WHAT));
    let cells = row.nnz();
    let ends = logits(model, &row.row_without(0, [0..0, 0..cells].into_iter()))?;
    let answer = Answer::of(&ends.f_get(0)?, learned(model) == Some(true))?;
    let ends: Vec<f64> = Vec::try_from(answer.margins(&ends)?)?;
    let (whole, baseline) = (ends[0], ends[1]);
    let mut changes = vec![0.0; row.shape().1];
    let at_once = (CELLS / cells.max(1)).max(1);
    for start in (0..cells).step_by(at_once) {
        if interrupt.happened() {
            return Err(Error::Stopped(WHAT.to_owned()));
        }
        let each = start..cells.min(start + at_once);
        let without = row.row_without(0, each.clone().map(|cell| cell..cell + 1));
        let without: Vec<f64> = Vec::try_from(answer.margins(&logits(model, &without)?)?)?;
        for (column, without) in row.indices()[each].iter().zip(without) {
            changes[*column as usize] = whole - without;
        }
        bar.at(start as f64 / cells as f64, String::new);
    }
    bar.done("all words");
    let words = shared_out(vectorizer.words(text), &changes);
    let mut explanation = answer.explained(words, true, (baseline, whole), &class_names(model));
    if cells == 0 {
        explanation.notes.push("the vocabulary has none of the text's words".to_owned());
    }
    Ok(explanation)
}

/// Gives each word its part of what its terms change.
fn shared_out(words: Vec<(&str, Vec<(u32, f64)>)>, changes: &[f64]) -> Vec<(String, f64)> {
    let mut counts = vec![0.0; changes.len()];
    for (column, share) in words.iter().flat_map(|word| &word.1) {
        counts[*column as usize] += share;
    }
    let part = |(column, share): &(u32, f64)| {
        let column = *column as usize;
        changes[column] * share / counts[column]
    };
    words.iter().map(|(word, terms)| ((*word).to_owned(), terms.iter().map(part).sum())).collect()
}

/// (rows, classes)
fn logits<M: Classifier<Features>>(model: &M, rows: &CountMatrix) -> Result<Tensor> {
    let _no_grad = tch::no_grad_guard();
    let all: Vec<usize> = (0..rows.len()).collect();
    let features = rows.gather(&all, model.var_store().device())?;
    forward(model, &features, all.len(), Mode::default())
}

#[cfg(test)]
mod tests {
    use crate::trainer::tests::{Model, alone, by_word, data};
    use crate::vectorizer::{CountVectorizer, TfidfTransformer};
    use crate::{DataLoader, Labels, Trainer};

    const TEXTS: [&str; 4] = ["A good, GOOD film", "bad film", "so-so film", "the film was good"];

    /// The weights of a linear model for class 1, less those for class 0.
    fn weights(model: &Model) -> Vec<f64> {
        let both = model.weights();
        let half = both.len() / 2;
        (0..half).map(|term| f64::from(both[half + term]) - f64::from(both[term])).collect()
    }

    #[test]
    fn of_a_linear_model_the_contributions_are_weights_times_counts() {
        let vectorizers = [
            CountVectorizer::default(),
            CountVectorizer { ngram_range: (1, 2), ..Default::default() },
            CountVectorizer { binary: true, ..Default::default() },
        ];
        for settings in vectorizers {
            let (vectorizer, counts) = settings.fit_transform(&TEXTS).unwrap();
            let model = Model::new(counts.shape().1 as i64, 2);
            let weights = weights(&model);
            for (text, row) in TEXTS.iter().zip(counts.rows()) {
                let explanation = vectorizer.explain(&model, text).unwrap();
                let sign = if explanation.class == 1 { 1.0 } else { -1.0 };
                let terms = row.indices.iter().zip(row.values);
                let expected: f64 = terms
                    .map(|(&term, &count)| sign * weights[term as usize] * f64::from(count))
                    .sum();
                let sum: f64 = explanation.words.iter().map(|word| word.1).sum();
                assert!((sum - expected).abs() < 1e-5, "{sum} {expected}");
                assert!(explanation.error().abs() < 1e-5, "{explanation:?}");
                let odds = explanation.probability / (1.0 - explanation.probability);
                assert!((explanation.logit - odds.ln()).abs() < 1e-5);
            }
        }
        let (vectorizer, counts) = CountVectorizer::default().fit_transform(&TEXTS).unwrap();
        let model = Model::new(counts.shape().1 as i64, 2);
        let words = vectorizer.explain(&model, TEXTS[0]).unwrap().words;
        let texts: Vec<&str> = words.iter().map(|word| word.0.as_str()).collect();
        assert_eq!(texts, ["A", "good,", "GOOD", "film"]);
        // "A" is too short for a term, and the two others count the same.
        assert_eq!((words[0].1, words[1].1), (0.0, words[2].1));
    }

    #[test]
    fn weights_of_rare_words_are_explained_by_what_weighed_them() {
        let (vectorizer, counts) = CountVectorizer::default().fit_transform(&TEXTS).unwrap();
        let tfidf = TfidfTransformer::default().fit(&counts).unwrap();
        let model = Model::new(counts.shape().1 as i64, 2);
        let explanation = tfidf.explain(&vectorizer, &model, TEXTS[0]).unwrap();
        let rows = tfidf.transform(&vectorizer.transform(&[TEXTS[0]]).unwrap()).unwrap();
        let predicted = Trainer::default().predict(&model, &rows).unwrap();
        assert!((explanation.probability - f64::from(predicted.confidences()[0])).abs() < 1e-6);
        assert!(explanation.error().abs() < 1e-5);
    }

    #[test]
    fn what_a_training_has_taught_is_named() {
        let _alone = alone();
        let labels: Vec<i64> = (0..50).map(by_word).collect();
        let labels = Labels::from(labels).called(["bad", "good"]);
        let train = DataLoader::new(data(by_word).data().clone(), labels, 8).unwrap();
        let model = Model::new(3, 2);
        let optimizer = crate::Optimizer::Sgd;
        let trainer = Trainer { learning_rate: 0.5, optimizer, quiet: true, ..Default::default() };
        trainer.fit(&model, &train, &train).unwrap();
        let vectorizer = CountVectorizer::default().fit(&["good film", "bad film"]).unwrap();
        let explanation = vectorizer.explain(&model, "a good film").unwrap();
        assert_eq!((explanation.class, explanation.class_name.as_str()), (1, "good"));
        assert!(explanation.words[1].1 > 0.0 && explanation.words[1].1 > explanation.words[2].1);
        let none = vectorizer.explain(&model, "unwatchable").unwrap();
        assert_eq!(none.notes, ["the vocabulary has none of the text's words"]);
        assert!((none.logit - none.baseline).abs() < 1e-12);
    }

    #[test]
    fn texts_of_all_kinds_are_explained_at_once() {
        let vectorizer = CountVectorizer::default().fit(&TEXTS).unwrap();
        let model = Model::new(vectorizer.feature_names().len() as i64, 2);
        let million = "good \u{202e}bad\u{1b}[1m ".repeat(60_000);
        for text in ["", " ", "</div><script>good</script>", million.as_str()] {
            let explanation = vectorizer.explain(&model, text).unwrap();
            assert!(explanation.error().abs() < 1e-2 * (1.0 + explanation.logit.abs()));
        }
        assert!(vectorizer.explain(&Model::new(2, 2), "good").is_err());
    }
}
