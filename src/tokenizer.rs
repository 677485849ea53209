//! From texts to the numbers of their word pieces.

mod cut;
mod encodings;
mod in_order;
mod pieces;
mod settings;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

use crate::cache::{Kept, Key};
use crate::dataloader::Dataset;
use crate::display::{Bar, Html, table, thousands};
use crate::error::{Error, Result};
use crate::hub::folder::{TOKENIZER, tokenizer_files};
use crate::interrupt::Interrupt;
pub use encodings::{Encodings, Tokens};
pub(crate) use pieces::Pieces;
use settings::Settings;
use std::path::Path;
use tch::Tensor;
use tokenizers::{EncodeInput, TruncationDirection, TruncationParams};
use words::{Around, Words};

/// Texts that are encoded between two looks at the stop button.
const AT_ONCE: usize = 512;
/// So many vectors of a model may belong to no piece, without a word about it.
const ROUNDED_UP: i64 = 128;
/// From so many texts on, the result is kept on disk.
const WORTH_KEEPING: usize = 1000;

/// Cuts texts into the word pieces that a model knows: a `tokenizer.json` of Hugging Face.
#[derive(Clone)]
pub struct Tokenizer {
    tokenizer: tokenizers::Tokenizer,
    /// The file itself, by which results are kept.
    file: Vec<u8>,
    padding_id: u32,
    /// The vectors that the model has for pieces.
    vectors: u32,
    /// The most tokens that the model takes.
    max_length: usize,
    /// The tokens that are added to each text.
    special_tokens: usize,
    /// The same, of a tokenizer that cuts texts word by word.
    around: Option<Around>,
    /// Whether a text that is too long loses its beginning instead of its end.
    keeps_end: bool,
}

impl Tokenizer {
    /// Reads the tokenizer in the folder of a model with so many entries and positions.
    pub(crate) fn read(
        folder: &Path,
        padding_id: i64,
        vocab_size: i64,
        max_length: usize,
    ) -> Result<Tokenizer> {
        let has = |file: &str| folder.join(file).is_file();
        let name = tokenizer_files(has).first().copied().unwrap_or(TOKENIZER);
        let path = &folder.join(name);
        let settings = Settings::read(folder)?;
        let file = if name == TOKENIZER {
            whole_file(path, &settings)?
        } else {
            let built = vocabulary::read(folder, &settings)?.to_string(false);
            built.map_err(|error| Error::file(path, error))?.into_bytes()
        };
        let mut pieces = Tokenizer::of(file, padding_id, vocab_size, max_length)
            .map_err(|error| Error::file(path, format!("not a tokenizer.json: {error}")))?;
        pieces.keeps_end = settings.keeps_end().unwrap_or(pieces.keeps_end);
        if pieces.special_tokens == 0 {
            println!("{}: it puts no special tokens around a text", path.display());
        }
        let known = pieces.tokenizer.get_vocab(true).into_values().max();
        let known = known.map_or(0, |id| i64::from(id) + 1);
        // Many models round the number of their vectors up, and some tokenizers know pieces that are
        // in no text: transformers says nothing, and a piece without a vector is an error where it
        // comes up.
        if !(vocab_size - ROUNDED_UP..=vocab_size).contains(&known) {
            println!(
                "{}: {known} pieces, and {vocab_size} vectors in the model: are they of one model?",
                path.display()
            );
        }
        Ok(pieces)
    }

    /// That of a `tokenizer.json`.
    fn of(
        file: Vec<u8>,
        padding_id: i64,
        vocab_size: i64,
        max_length: usize,
    ) -> tokenizers::Result<Tokenizer> {
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(&file)?;
        // Such a file may say how to pad and where to cut; how long a text may be is decided by the
        // caller.
        let cut = tokenizer.get_truncation().map(|truncation| truncation.direction);
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None)?;
        let around = Around::of(&tokenizer, &file);
        let special_tokens = tokenizer.encode("", true)?.len();
        Ok(Tokenizer {
            tokenizer,
            file,
            padding_id: padding_id.max(0) as u32,
            vectors: u32::try_from(vocab_size).unwrap_or(u32::MAX),
            max_length,
            special_tokens,
            around,
            keeps_end: cut == Some(TruncationDirection::Left),
        })
    }

    /// The same for a model that takes texts of another length.
    pub(crate) fn for_texts_up_to(self, max_length: usize) -> Tokenizer {
        Tokenizer { max_length, ..self }
    }

    /// Encodes texts as the model was trained on them, with its special tokens; what is longer
    /// than `max_length` tokens is cut off, at its beginning if the tokenizer's files say so
    /// (`truncation_side`), else at its end. All cores work on it; of a thousand texts and more the
    /// result is kept on disk.
    ///
    /// # Errors
    /// [`Error::Argument`] if the model can't take texts of that length, [`Error::Stopped`] by the
    /// stop button, [`Error::Data`] if a text can't be encoded.
    pub fn encode<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        max_length: usize,
    ) -> Result<Encodings> {
        let least = self.special_tokens + 1;
        if !(least..=self.max_length).contains(&max_length) {
            let remedy = format!("this model takes {least} to {} tokens", self.max_length);
            return Err(Error::argument("max_length", max_length, remedy));
        }
        if texts.len() < WORTH_KEEPING {
            return self.encode_now(texts, max_length);
        }
        let mut key = Key::default();
        key.add(&self.file);
        key.add(&self.vectors.to_le_bytes());
        key.add(&max_length.to_le_bytes());
        if self.keeps_end {
            key.add(b"its end");
        }
        texts.iter().for_each(|text| key.add(text.as_ref().as_bytes()));
        let kept = Kept::of("tokens", key);
        let found = kept.find().and_then(|tensors| {
            Encodings::from_tensors(&tensors, self.padding_id, self.max_length)
        });
        if let Some(encodings) = found {
            return Ok(encodings);
        }
        let encodings = self.encode_now(texts, max_length)?;
        kept.keep(&encodings.to_tensors()?);
        Ok(encodings)
    }

    fn encode_now<T: AsRef<str>>(&self, texts: &[T], max_length: usize) -> Result<Encodings> {
        let failed = |error: tokenizers::Error| Error::Data(format!("can't encode: {error}"));
        let mut tokenizer = self.tokenizer.clone();
        let direction = match self.keeps_end {
            true => TruncationDirection::Left,
            false => TruncationDirection::Right,
        };
        let truncation = TruncationParams { max_length, direction, ..Default::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(failed)?;
        let (interrupt, mut bar) = (Interrupt::listen(), Bar::start("tokenizing"));
        let mut encodings = Encodings::new(self.padding_id, self.max_length);
        let (mut words, mut ids) = (Words::default(), Vec::new());
        for some in texts.chunks(AT_ONCE) {
            if interrupt.happened() {
                return Err(Error::Stopped("the tokenization".to_owned()));
            }
            let some: Vec<&str> = some.iter().map(AsRef::as_ref).collect();
            if let Some(around) = &self.around {
                words.learn(&self.tokenizer, &some).map_err(failed)?;
                for text in some {
                    words.encode(text, around, (max_length, self.keeps_end), &mut ids);
                    self.push(&ids, &mut encodings)?;
                }
            } else {
                let inputs: Vec<EncodeInput<'_>> = some.into_iter().map(Into::into).collect();
                for encoding in tokenizer.encode_batch_fast(inputs, true).map_err(failed)? {
                    self.push(encoding.get_ids(), &mut encodings)?;
                }
            }
            let (done, all) = (encodings.len(), texts.len());
            bar.at(done as f64 / all as f64, || {
                format!("{} of {} texts", thousands(done), thousands(all))
            });
        }
        bar.done(&format!("{} texts", thousands(texts.len())));
        Ok(encodings)
    }

    fn push(&self, ids: &[u32], encodings: &mut Encodings) -> Result<()> {
        if let Some(&id) = ids.iter().find(|&&id| id >= self.vectors) {
            return Err(self.without_vector(id, encodings.len()));
        }
        if ids.is_empty() {
            return Err(Error::Data(format!(
                "row {} (from 0) has no word pieces, and this tokenizer puts no special tokens around them: \
                 leave it out",
                encodings.len()
            )));
        }
        encodings.push(ids);
        Ok(())
    }

    fn without_vector(&self, id: u32, row: usize) -> Error {
        let (piece, vectors) = (self.piece(id).unwrap_or_default(), self.vectors);
        Error::Data(format!(
            "row {row} (from 0) has the piece {piece:?}, number {id}, and the model has vectors for \
             {vectors} pieces only: take config.json, weights and tokenizer of one model"
        ))
    }

    /// The `tokenizer.json` that this was read from.
    pub(crate) fn file(&self) -> &[u8] {
        &self.file
    }

    /// The `tokenizer_config.json` that goes with it: transformers then takes the file as it is,
    /// instead of one of its own classes, which may read texts differently.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.max_length,
            "pad_token": self.piece(self.padding_id),
            "truncation_side": if self.keeps_end { "left" } else { "right" },
        })
    }

    /// The word piece with this number; `None` if there is none.
    pub fn piece(&self, id: u32) -> Option<String> {
        self.tokenizer.id_to_token(id)
    }

    /// The number of a word piece; `None` if there is none.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.tokenizer.token_to_id(piece)
    }

    /// How many word pieces there are.
    pub fn vocab_size(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// The number of the piece that fills up the rows of a batch.
    pub(crate) fn padding_id(&self) -> u32 {
        self.padding_id
    }

    /// How many vectors a model has for the pieces: as many as there are, or a few more.
    pub(crate) fn vectors(&self) -> u32 {
        self.vectors
    }

    /// The most tokens that the model takes.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// One row of a batch as a table: the pieces, their numbers, and the attention mask.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such row.
    pub fn table(&self, tokens: &Tokens, row: usize) -> Result<Html> {
        let (rows, _) = tokens.size();
        if row >= rows {
            let remedy = format!("there are {rows} rows, numbered from 0");
            return Err(Error::argument("row", row, remedy));
        }
        let numbers = |tensor: &Tensor| -> Result<Vec<i64>> {
            Ok(Vec::try_from(tensor.f_get(row as i64)?.f_to_device(tch::Device::Cpu)?)?)
        };
        let (ids, mask) = (numbers(&tokens.input_ids)?, numbers(&tokens.attention_mask)?);
        let body: Vec<Vec<String>> = ids
            .iter()
            .zip(&mask)
            .map(|(&id, mask)| {
                let piece = u32::try_from(id).ok().and_then(|id| self.piece(id));
                vec![piece.unwrap_or_default(), id.to_string(), mask.to_string()]
            })
            .collect();
        let caption = format!("row {row} of the batch, {} tokens with padding", ids.len());
        Ok(table(&caption, &["piece", "input_ids", "attention_mask"], &body))
    }
}

/// A `tokenizer.json`, with what the settings beside it change in it.
fn whole_file(path: &Path, settings: &Settings) -> Result<Vec<u8>> {
    let file = std::fs::read(path).map_err(|error| Error::file(path, error))?;
    let Ok(mut json) = serde_json::from_slice(&file) else { return Ok(file) };
    let Some(changed) = vocabulary::override_letters(&mut json, settings) else { return Ok(file) };
    println!("{}: otherwise than there, {changed}, as tokenizer_config.json says", path.display());
    Ok(json.to_string().into_bytes())
}

/// Its size: a vocabulary has tens of thousands of pieces.
impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("vocab_size", &self.vocab_size())
            .field("max_length", &self.max_length)
            .finish()
    }
}
