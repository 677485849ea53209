//! The words that a pretrained model goes by.

use super::AutoModelForSequenceClassification;
use super::layers::Pass;
use super::legendre::gauss_legendre;
use crate::dataloader::Dataset;
use crate::display::{Bar, thousands};
use crate::error::{Error, Result};
use crate::explanation::{Answer, Explanation};
use crate::interrupt::Interrupt;
use crate::mode::Mode;
use crate::tokenizer::{Pieces, Tokens};
use crate::trainer::guarded;
use tch::{Kind, Tensor};

const WHAT: &str = "the explanation";
/// Points of the path that are tried one after the other, until the contributions add up ...
const POINTS: [usize; 4] = [20, 40, 160, 1024];
/// ... but for this share of the difference of the logits, or of 0.1, if that is more.
const MISSING: f64 = 9e-4;
/// So many tokens go through the encoder at once.
const TOKENS: usize = 4096;

impl AutoModelForSequenceClassification {
    /// What the model says about a text, and what each of its words adds to that: integrated gradients
    /// (Sundararajan, Taly and Yan 2017, <https://arxiv.org/abs/1703.01365>) of the logits, along the
    /// straight path from a text without words to this one. There, each word piece is `[MASK]`, which a
    /// pretrained model knows as "some word", or padding, if its tokenizer has no such piece; the
    /// special tokens and the positions are those of the text. The contributions of the pieces of a
    /// word are summed up; a word is what stands between spaces, and in scripts without spaces a piece.
    ///
    /// The integral is taken by the Gauss–Legendre rule with 20 to 1024 points, as many as are needed for
    /// the contributions to add up; [`Explanation::error`] says what is missing. A text is cut off
    /// after `max_length` tokens, as [`Tokenizer::encode`](crate::Tokenizer::encode) does, and the
    /// explanation says so. Dropout is not at work, and the numbers have 32 bits.
    ///
    /// # Errors
    /// [`Error::Argument`] if the model can't take texts of that length, [`Error::Data`] if the
    /// probabilities are NaN, [`Error::Memory`] if the device is too small, [`Error::Stopped`] by the
    /// stop button.
    pub fn explain(&self, text: &str, max_length: usize) -> Result<Explanation> {
        let encoded = self.tokenizer.encode(&[text], max_length)?;
        let tokens = encoded.gather(&[0], self.store.device())?;
        let pieces = self.tokenizer.pieces(text, max_length)?;
        let path = Path::of(self, &tokens, &pieces)?;
        let (ends, answer) = path.ends()?;
        let parts = path.contributions(answer, ends)?;
        let (words, spaced) = pieces.words(text, &parts);
        let mut explanation = answer.explained(words, spaced, ends, &self.class_names());
        if pieces.left_out > 0 {
            let (read, all) = (pieces.read(), pieces.read() + pieces.left_out);
            explanation.notes.push(format!(
                "the model read the first {} of {} word pieces (max_length = {max_length})",
                thousands(read),
                thousands(all)
            ));
        }
        Ok(explanation)
    }
}

/// The straight path from a text without words to a text.
struct Path<'a> {
    model: &'a AutoModelForSequenceClassification,
    input_ids: &'a Tensor, // (1, T)
    /// The vectors of the word pieces where it begins, and how they change to its end, (1, T, E).
    start: Tensor,
    change: Tensor,
}

impl<'a> Path<'a> {
    fn of(
        model: &'a AutoModelForSequenceClassification,
        tokens: &'a Tokens,
        pieces: &Pieces,
    ) -> Result<Path<'a>> {
        let _no_grad = tch::no_grad_guard();
        let tokenizer = &model.tokenizer;
        // MPNet has both, and was trained with the first.
        let mask = ["<mask>", "[MASK]"].into_iter().find_map(|piece| tokenizer.id(piece));
        let nothing = mask.map_or(model.config.padding_id, i64::from);
        let ids: Vec<i64> = Vec::try_from(tokens.input_ids.f_get(0)?)?;
        let no_words: Vec<i64> = ids
            .iter()
            .zip(&pieces.spans)
            .map(|(&id, span)| if span.is_some() { nothing } else { id })
            .collect();
        let no_words = Tensor::f_from_slice(&no_words)?.f_unsqueeze(0)?;
        let no_words = no_words.f_to_device(tokens.input_ids.device())?;
        let vectors = |ids: &Tensor| guarded(WHAT, || model.encoder.words().forward(ids));
        let start = vectors(&no_words)?;
        let change = vectors(&tokens.input_ids)? - &start;
        Ok(Path { model, input_ids: &tokens.input_ids, start, change })
    }

    /// The logits at some places of the path, 0 to 1, and the vectors there: (P, classes), (P, T, E)
    fn at(&self, places: &[f64]) -> Result<(Tensor, Tensor)> {
        let count = places.len() as i64;
        let places = Tensor::f_from_slice(places)?.f_to_kind(Kind::Float)?;
        let places = places.f_to_device(self.start.device())?.f_view([count, 1, 1])?;
        let words = (&self.start + &self.change * places).f_set_requires_grad(true)?;
        let input_ids = self.input_ids.f_expand([count, -1], false)?;
        let mode = Mode::default();
        let logits = guarded(WHAT, || {
            let words = Some(words.shallow_clone());
            let mut pass = Pass { words, ..Pass::new(mode) };
            self.model.head.forward(&self.model.encoder.forward(&input_ids, &mut pass), mode)
        })?;
        Ok((logits, words))
    }

    /// The margins of the answer at the beginning and at the end of the path.
    fn ends(&self) -> Result<((f64, f64), Answer)> {
        let _no_grad = tch::no_grad_guard();
        let (logits, _) = self.at(&[0.0, 1.0])?;
        let answer = Answer::of(&logits.f_get(1)?, self.model.is_multi_label() == Some(true))?;
        let margins: Vec<f64> = Vec::try_from(answer.margins(&logits)?)?;
        Ok(((margins[0], margins[1]), answer))
    }

    /// What each token adds to the margin of the answer.
    fn contributions(&self, answer: Answer, (baseline, logit): (f64, f64)) -> Result<Vec<f64>> {
        let (interrupt, mut bar) = (Interrupt::listen(), Bar::start(WHAT));
        let whole = logit - baseline;
        let mut parts = Vec::new();
        for (round, points) in POINTS.into_iter().enumerate() {
            parts = self.integral(points, answer, &interrupt, &mut bar)?;
            let missing = whole - parts.iter().sum::<f64>();
            if missing.abs() <= MISSING * whole.abs().max(0.1) || round + 1 == POINTS.len() {
                bar.done(&format!("{points} points of the path"));
                break;
            }
        }
        Ok(parts)
    }

    fn integral(
        &self,
        points: usize,
        answer: Answer,
        interrupt: &Interrupt,
        bar: &mut Bar,
    ) -> Result<Vec<f64>> {
        let rule = gauss_legendre(points);
        let tokens = self.input_ids.size()[1] as usize;
        let mut mean = self.change.f_zeros_like()?; // (1, T, E)
        for (number, some) in rule.chunks((TOKENS / tokens).max(1)).enumerate() {
            if interrupt.happened() {
                return Err(Error::Stopped(WHAT.to_owned()));
            }
            let (places, weights): (Vec<f64>, Vec<f64>) = some.iter().copied().unzip();
            let (logits, words) = self.at(&places)?;
            let sum = answer.margins(&logits)?.f_sum(Kind::Double)?;
            let gradients = Tensor::f_run_backward(&[&sum], &[&words], false, false)?; // (P, T, E)
            let weights = Tensor::f_from_slice(&weights)?.f_to_kind(Kind::Float)?;
            let weights = weights.f_to_device(self.start.device())?.f_view([-1, 1, 1])?;
            let weighted = gradients[0].f_mul(&weights)?;
            mean =
                mean.f_add(&weighted.f_sum_dim_intlist([0i64].as_slice(), true, Kind::Float)?)?;
            bar.at(((number + 1) * places.len()) as f64 / points as f64, || {
                format!("{points} points")
            });
        }
        let parts = mean.f_mul(&self.change)?.f_to_kind(Kind::Double)?;
        let parts = parts.f_sum_dim_intlist([-1i64].as_slice(), false, Kind::Double)?; // (1, T)
        Ok(Vec::try_from(parts.f_get(0)?)?)
    }
}
