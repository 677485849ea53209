//! Why a model answers as it does: which words of a text speak for its answer, and which against it.

mod bag_of_words;
mod mistakes;
mod show;

use crate::display::Show;
use crate::error::{Error, Result};
pub use mistakes::Explanations;
use tch::{Kind, Tensor};

/// What a model says about a text, and how much each of its words adds to that.
///
/// The contributions are to the logit of the answer, less the mean of the other classes' logits: of two
/// classes, the difference of the logits, which is the logarithm of the odds; where a text may have
/// several labels, to the logit of the most probable one alone. They add up to what all words together
/// change about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The model's answer, the class that is explained.
    pub class: i64,
    /// What that is called.
    pub class_name: String,
    /// Its probability, 0 to 1.
    pub probability: f64,
    /// The words, in their order, and what each adds: above 0 it speaks for the answer, below 0
    /// against it.
    pub words: Vec<(String, f64)>,
    /// The difference of the logits without the words ...
    pub baseline: f64,
    /// ... and with them.
    pub logit: f64,
    /// What the text's true class is called, of a mistake.
    pub label_name: Option<String>,
    /// What else has to be said: that not all of a long text was read, say.
    pub notes: Vec<String>,
    /// Whether spaces stand between the words.
    spaced: bool,
    /// The mean of so many other logits is taken from that of the answer: none, if each class is a question
    /// of its own.
    others: usize,
}

impl Explanation {
    /// What the words' contributions lack to add up to the difference that they make: it comes from
    /// the method, and is 0 where that is exact.
    pub fn error(&self) -> f64 {
        let sum: f64 = self.words.iter().map(|(_, contribution)| contribution).sum();
        self.logit - self.baseline - sum
    }

    /// Shows the text, coloured, and the words that count most, in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

/// The answer that is to be explained.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    class: i64,
    classes: i64,
    multi_label: bool,
    probability: f64,
}

impl Answer {
    /// The most probable class, or label, by logits of shape (classes).
    pub fn of(logits: &Tensor, multi_label: bool) -> Result<Answer> {
        let logits = logits.f_to_kind(Kind::Double)?;
        let shares =
            if multi_label { logits.f_sigmoid()? } else { logits.f_softmax(-1, Kind::Double)? };
        let class = i64::try_from(shares.f_argmax(-1, false)?)?;
        let probability = shares.f_double_value(&[class])?;
        if !probability.is_finite() {
            return Err(Error::Data(
                "the model's probabilities are NaN, as after a training that diverged: make or load \
                 the model anew, and train it with a smaller learning rate"
                    .to_owned(),
            ));
        }
        Ok(Answer { class, classes: logits.size()[0], multi_label, probability })
    }

    /// The logit of the answer less the mean of the others, of those of some rows; the logit alone, if
    /// each label is a question of its own. (B, classes) -> (B)
    pub fn margins(&self, logits: &Tensor) -> Result<Tensor> {
        let others = match self.multi_label {
            true => 0.0,
            false => -1.0 / (self.classes - 1).max(1) as f64,
        };
        let mut weights = vec![others; self.classes as usize];
        weights[self.class as usize] = 1.0;
        let weights = Tensor::f_from_slice(&weights)?.f_to_device(logits.device())?;
        Ok(logits.f_to_kind(Kind::Double)?.f_matmul(&weights)?)
    }

    /// The explanation by what each word adds.
    pub fn explained(
        self,
        words: Vec<(String, f64)>,
        spaced: bool,
        (baseline, logit): (f64, f64),
        names: &[String],
    ) -> Explanation {
        let name = names.get(self.class as usize).cloned();
        Explanation {
            class: self.class,
            class_name: name.unwrap_or_else(|| format!("class {}", self.class)),
            probability: self.probability,
            words,
            baseline,
            logit,
            label_name: None,
            notes: Vec::new(),
            spaced,
            others: if self.multi_label { 0 } else { self.classes as usize - 1 },
        }
    }
}
