//! Encoded texts, and batches of them.

use crate::cache::Key;
use crate::dataloader::Dataset;
use crate::display::{Html, Show, table};
use crate::error::{Error, Result};
use tch::{Device, Kind, Tensor};

/// Encoded texts of different lengths, one after the other in memory: four bytes a token, and no
/// padding before there are batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Encodings {
    ids: Vec<u32>,
    /// Where each text begins, and at last where the last one ends.
    starts: Vec<usize>,
    padding_id: u32,
    /// The most tokens that the model takes.
    max_length: usize,
    /// All batches are padded to this length.
    fixed_length: Option<usize>,
}

/// A batch of encoded texts, padded to the longest of them.
#[derive(Debug)]
pub struct Tokens {
    /// The numbers of the word pieces, i64, shape (batch, tokens).
    pub input_ids: Tensor,
    /// 1 for a token, 0 for padding, i64, shape (batch, tokens).
    pub attention_mask: Tensor,
    /// Whether there is padding, known without asking the graphics card.
    pub(crate) padded: bool,
    /// The largest of the ids, likewise.
    pub(crate) largest_id: i64,
}

impl Tokens {
    /// (batch, tokens).
    pub fn size(&self) -> (usize, usize) {
        let (rows, columns) = self.input_ids.size2().unwrap_or_default();
        (rows as usize, columns as usize)
    }
}

impl Encodings {
    pub(super) fn new(padding_id: u32, max_length: usize) -> Encodings {
        let (ids, starts) = (Vec::new(), vec![0]);
        Encodings { ids, starts, padding_id, max_length, fixed_length: None }
    }

    pub(super) fn push(&mut self, ids: &[u32]) {
        self.ids.extend_from_slice(ids);
        self.starts.push(self.ids.len());
    }

    /// Puts more texts behind these, encoded by the same tokenizer: of a file that is larger than the
    /// memory, the encoded texts may fit where the texts don't.
    ///
    /// # Errors
    /// [`Error::Data`] if they were encoded for another model.
    pub fn append(&mut self, more: &Encodings) -> Result<()> {
        let of = |it: &Encodings| (it.padding_id, it.max_length, it.fixed_length);
        if of(self) != of(more) {
            let message =
                "these texts were encoded for another model: encode all with one tokenizer";
            return Err(Error::Data(message.to_owned()));
        }
        let before = self.ids.len();
        self.ids.extend_from_slice(&more.ids);
        self.starts.extend(more.starts.iter().skip(1).map(|start| before + start));
        Ok(())
    }

    /// The token numbers of one text; `None` if there is no such row.
    pub fn ids(&self, row: usize) -> Option<&[u32]> {
        self.ids.get(*self.starts.get(row)?..*self.starts.get(row + 1)?)
    }

    /// Those of all texts, one after the other.
    pub(super) fn all_ids(&self) -> &[u32] {
        &self.ids
    }

    /// The number of tokens of each text.
    pub fn lengths(&self) -> Vec<usize> {
        self.starts.windows(2).map(|ends| ends[1] - ends[0]).collect()
    }

    /// Pads every batch to this length and takes texts in random order, whatever their lengths, as
    /// the course does. It costs time, and changes no result but for the order of the batches.
    ///
    /// # Errors
    /// [`Error::Argument`] if a text is longer, or the model can't take as many tokens.
    pub fn padded_to(mut self, length: usize) -> Result<Encodings> {
        let longest = self.lengths().into_iter().max().unwrap_or(0);
        if longest > length {
            let remedy = format!("the longest text has {longest} tokens");
            return Err(Error::argument("length", length, remedy));
        }
        if length > self.max_length {
            let remedy = format!("this model takes up to {} tokens", self.max_length);
            return Err(Error::argument("length", length, remedy));
        }
        self.fixed_length = Some(length);
        Ok(self)
    }

    /// What decides about everything that is made of these texts.
    pub(crate) fn add_to(&self, key: &mut Key) {
        key.add_all(self.ids.iter().map(|id| id.to_le_bytes()));
        key.add_all(self.starts.iter().map(|start| start.to_le_bytes()));
        key.add(format!("{:?}", self.fixed_length).as_bytes());
    }

    pub(super) fn to_tensors(&self) -> Result<Vec<(String, Tensor)>> {
        let ids: Vec<i32> = self.ids.iter().map(|&id| id as i32).collect();
        let starts: Vec<i64> = self.starts.iter().map(|&start| start as i64).collect();
        Ok(vec![
            ("ids".to_owned(), Tensor::f_from_slice(&ids)?),
            ("starts".to_owned(), Tensor::f_from_slice(&starts)?),
        ])
    }

    /// None if these are no encodings.
    pub(super) fn from_tensors(
        tensors: &[(String, Tensor)],
        padding_id: u32,
        max_length: usize,
    ) -> Option<Encodings> {
        let numbers = |name| -> Option<Vec<i64>> {
            let (_, tensor) = tensors.iter().find(|(known, _)| known == name)?;
            Vec::try_from(tensor.f_to_kind(Kind::Int64).ok()?).ok()
        };
        Some(Encodings {
            ids: numbers("ids")?.into_iter().map(|id| id as u32).collect(),
            starts: numbers("starts")?.into_iter().map(|start| start as usize).collect(),
            padding_id,
            max_length,
            fixed_length: None,
        })
    }

    /// Shows how many texts and tokens there are in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Encodings {
    fn to_html(&self) -> Html {
        let mut lengths = self.lengths();
        lengths.sort_unstable();
        let at = |share: usize| lengths.get(lengths.len() * share / 100).copied().unwrap_or(0);
        let facts = [
            ("texts", lengths.len()),
            ("tokens", self.ids.len()),
            ("median length (tokens)", at(50)),
            ("length that 95 % don't exceed", at(95)),
            ("longest", lengths.last().copied().unwrap_or(0)),
        ];
        let rows = facts.map(|(name, value)| vec![name.to_owned(), value.to_string()]);
        table("encoded texts", &["", "value"], &rows)
    }
}

impl Dataset for Encodings {
    type Batch = Tokens;

    fn fingerprint(&self) -> Result<String> {
        let mut key = Key::default();
        self.add_to(&mut key);
        Ok(key.finish())
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn gather(&self, rows: &[usize], device: Device) -> Result<Tokens> {
        let texts: Vec<&[u32]> = rows
            .iter()
            .map(|&row| {
                let remedy = || format!("there are {} rows, numbered from 0", self.len());
                self.ids(row).ok_or_else(|| Error::argument("rows", row, remedy()))
            })
            .collect::<Result<_>>()?;
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let columns = self.fixed_length.unwrap_or(longest);
        let mut input_ids = vec![i64::from(self.padding_id); texts.len() * columns];
        let mut attention_mask = vec![0i64; texts.len() * columns];
        for (row, text) in texts.iter().enumerate() {
            let start = row * columns;
            for (place, &id) in input_ids[start..].iter_mut().zip(*text) {
                *place = i64::from(id);
            }
            attention_mask[start..start + text.len()].fill(1);
        }
        let shape = [texts.len() as i64, columns as i64];
        let tensor = |numbers: &[i64]| -> Result<Tensor> {
            Ok(Tensor::f_from_slice(numbers)?.f_view(shape)?.f_to_device(device)?)
        };
        Ok(Tokens {
            input_ids: tensor(&input_ids)?,
            attention_mask: tensor(&attention_mask)?,
            padded: texts.iter().any(|text| text.len() < columns),
            largest_id: input_ids.iter().max().copied().unwrap_or(0),
        })
    }

    fn length_of(&self, row: usize) -> Option<usize> {
        Some(self.fixed_length.unwrap_or(self.ids(row)?.len()))
    }
}
