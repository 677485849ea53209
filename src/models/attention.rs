//! What the heads of a model look at.

use super::AutoModelForSequenceClassification;
use crate::dataloader::Dataset;
use crate::display::{Html, Show, caption};
use crate::error::{Error, Result};
use crate::plots::{heat_map, raster};
use tch::{Device, Kind, Tensor};

/// A picture of one head has no more cells in a row; those of a longer text are put together.
const MOST_CELLS: usize = 64;
/// That of all heads has so many in each.
const SMALL: usize = 32;
/// How wide each of these is, in pixels.
const WIDTH: usize = 56;

/// How much each token of a text takes up of each other one, in each head of each block, see
/// [`attention`](AutoModelForSequenceClassification::attention).
#[derive(Debug)]
pub struct Attention {
    /// The tokens.
    pub tokens: Vec<String>,
    /// Of each block, (heads, tokens, tokens), f32, on the CPU.
    blocks: Vec<Tensor>,
}

impl AutoModelForSequenceClassification {
    /// What each head of each block looks at in a text, which is cut off after `max_length` tokens. It
    /// shows itself as one picture of all heads; [`Attention::head`] shows one of them with the tokens.
    ///
    /// # Errors
    /// [`Error::Argument`] if the model can't take texts of that length, [`Error::Memory`] if the
    /// device is too small, [`Error::Stopped`] by the stop button.
    pub fn attention(&self, text: &str, max_length: usize) -> Result<Attention> {
        let encoded = self.tokenizer.encode(&[text], max_length)?;
        let ids = encoded.ids(0).unwrap_or_default().iter();
        let tokens = ids.map(|&id| self.tokenizer.piece(id).unwrap_or_default()).collect();
        let blocks = self.attentions(&encoded.gather(&[0], self.store.device())?)?;
        let blocks = blocks.iter().map(|block| Ok(block.f_get(0)?.f_to_device(Device::Cpu)?));
        Ok(Attention { tokens, blocks: blocks.collect::<Result<_>>()? })
    }
}

impl Attention {
    /// How many blocks there are, and heads in each.
    pub fn size(&self) -> (usize, usize) {
        let heads = self.blocks.first().map_or(0, |block| block.size()[0]);
        (self.blocks.len(), heads as usize)
    }

    /// The shares of a head, both counted from 0: row i says how much token i takes up of each token.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such block or head.
    pub fn shares(&self, block: usize, head: usize) -> Result<Vec<Vec<f64>>> {
        let (blocks, heads) = self.size();
        for (name, value, count) in [("block", block, blocks), ("head", head, heads)] {
            if value >= count {
                let remedy = format!("there are {count}, numbered from 0");
                return Err(Error::argument(name, value, remedy));
            }
        }
        let shares = self.blocks[block].f_get(head as i64)?.f_to_kind(Kind::Double)?;
        Ok(Vec::try_from(shares)?)
    }

    /// A head as a picture: the row looks at the column. Of a text of more than 64 tokens some
    /// neighbours stand together in a row and a column, and the title says how many.
    ///
    /// # Errors
    /// As [`shares`](Self::shares).
    pub fn head(&self, block: usize, head: usize) -> Result<Html> {
        let title = format!("Block {block}, head {head}");
        Ok(self.picture(&title, &self.shares(block, head)?))
    }

    /// The mean over the heads of a block, in the same way.
    ///
    /// # Errors
    /// As [`shares`](Self::shares).
    pub fn mean(&self, block: usize) -> Result<Html> {
        self.shares(block, 0)?;
        let mean = self.blocks[block].f_mean_dim([0i64].as_slice(), false, Kind::Double)?;
        let shares: Vec<Vec<f64>> = Vec::try_from(mean)?;
        Ok(self.picture(&format!("Block {block}, mean of its heads"), &shares))
    }

    fn picture(&self, title: &str, shares: &[Vec<f64>]) -> Html {
        let together = self.tokens.len().div_ceil(MOST_CELLS).max(1);
        let more = if together > 1 { "…" } else { "" };
        let names: Vec<String> =
            self.tokens.iter().step_by(together).map(|token| format!("{token}{more}")).collect();
        let title = match together {
            1 => format!("{title}: row looks at column"),
            _ => format!("{title}: row looks at column, {together} tokens in each"),
        };
        heat_map(&title, &names, &pooled(shares, together))
    }

    /// Shows all heads in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

/// The attention of some neighbours to some neighbours: the mean of the former, who each have one
/// attention to share out, and the sum of the latter.
fn pooled(shares: &[Vec<f64>], together: usize) -> Vec<Vec<f64>> {
    let rows = shares.chunks(together).map(|rows| {
        let columns = rows.first().map_or(0, Vec::len).div_ceil(together);
        let mut pooled = vec![0.0; columns];
        for (column, share) in rows.iter().flat_map(|row| row.iter().enumerate()) {
            pooled[column / together] += share / rows.len() as f64;
        }
        pooled
    });
    rows.collect()
}

impl Show for Attention {
    fn to_html(&self) -> Html {
        let (blocks, heads) = self.size();
        let together = self.tokens.len().div_ceil(SMALL).max(1);
        let picture = |block: usize, head: usize| {
            let shares = self.shares(block, head).unwrap_or_default();
            raster(&format!("block {block}, head {head}"), &pooled(&shares, together), WIDTH)
        };
        let style = "style=\"padding:1px 2px;text-align:center\"";
        let row = |block: usize| {
            let cells: String = (0..heads)
                .map(|head| format!("<td {style}>{}</td>", picture(block, head)))
                .collect();
            format!("<tr><th {style}>{block}</th>{cells}</tr>")
        };
        let rows: String = (0..blocks).map(row).collect();
        let header: String = (0..heads).map(|head| format!("<th {style}>{head}</th>")).collect();
        let title = format!(
            "Attention among {} tokens: a row for each block, a column for each head; in each picture, \
             the row looks at the column",
            self.tokens.len()
        );
        Html::new(format!(
            "<table>{}<thead><tr><th></th>{header}</tr></thead><tbody>{rows}</tbody></table>",
            caption(&title)
        ))
        .with_text(format!("(figure: {title}; {blocks} blocks with {heads} heads)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::texts;
    use crate::trainer::tests::alone;

    fn attention(tokens: i64, blocks: usize, heads: i64) -> Attention {
        let _alone = alone();
        tch::manual_seed(1);
        let block = || {
            let scores = Tensor::randn([heads, tokens, tokens], (Kind::Float, Device::Cpu));
            scores.softmax(-1, Kind::Float)
        };
        let tokens = (0..tokens).map(|n| format!("<b>{n}")).collect();
        Attention { tokens, blocks: (0..blocks).map(|_| block()).collect() }
    }

    #[test]
    fn neighbours_together_still_share_out_one_attention() {
        let shares = attention(11, 1, 1).shares(0, 0).unwrap();
        for together in [1, 2, 4, 11] {
            let pooled = pooled(&shares, together);
            assert_eq!(pooled.len(), 11usize.div_ceil(together));
            for row in &pooled {
                assert_eq!(row.len(), pooled.len());
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{row:?}");
            }
        }
        assert_eq!(pooled(&shares, 1), shares);
    }

    #[test]
    fn a_text_of_512_tokens_is_a_picture_that_is_not_large() {
        let attention = attention(512, 6, 12);
        let all = attention.to_html();
        assert_eq!(all.html().matches("<img").count(), 72);
        assert!(all.html().len() < 400_000, "{}", all.html().len());
        assert!(all.text().contains("6 blocks with 12 heads"));
        for picture in [attention.head(5, 11).unwrap(), attention.mean(0).unwrap()] {
            assert!(picture.html().len() < 500_000, "{}", picture.html().len());
            assert!(texts(&picture).join(" ").contains("8 tokens in each"));
            assert!(!picture.html().contains("<b>"));
        }
    }

    #[test]
    fn a_head_that_is_not_there_is_named() {
        let attention = attention(3, 2, 4);
        assert_eq!(attention.size(), (2, 4));
        let error = attention.head(2, 0).unwrap_err().to_string();
        assert_eq!(error, "block = 2: there are 2, numbered from 0");
        assert!(attention.shares(1, 4).is_err() && attention.mean(2).is_err());
        assert!(texts(&attention.head(1, 3).unwrap()).join(" ").contains("Block 1, head 3"));
    }
}
