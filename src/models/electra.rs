//! ELECTRA (Clark et al. 2020, <https://arxiv.org/abs/2003.10555>): a BERT that was trained to tell
//! words of a text from those that another model put in their place. What differs is the embeddings:
//! they may be narrower than the hidden states. Field names are the keys of Hugging Face's checkpoints.

use super::bert::{Blocks, Embeddings};
use super::config::Config;
use super::layers::{Embedding, Encoder, Linear, Pass};
use tch::Tensor;
use tch::nn::Path;

#[derive(Debug)]
pub struct Electra {
    embeddings: Embeddings,
    /// Where they are narrower.
    embeddings_project: Option<Linear>,
    encoder: Blocks,
}

impl Electra {
    pub fn new(path: &Path, config: &Config) -> Electra {
        let (narrow, width) = (config.embedding_width, config.width);
        let project = || Linear::new(&(path / "embeddings_project"), narrow, width);
        Electra {
            embeddings: Embeddings::new(&(path / "embeddings"), config),
            embeddings_project: (narrow != width).then(project),
            encoder: Blocks::new(&(path / "encoder"), config),
        }
    }
}

impl Encoder for Electra {
    fn words(&self) -> &Embedding {
        &self.embeddings.word_embeddings
    }

    fn linears(&self) -> Vec<&Linear> {
        self.encoder.linears()
    }

    fn hidden(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let embedded = self.embeddings.forward(input_ids, pass); // (B, T, E)
        let hidden = match &self.embeddings_project {
            Some(project) => project.forward(&embedded, pass.mode.train),
            None => embedded,
        }; // (B, T, D)
        self.encoder.forward(hidden, pass)
    }
}
