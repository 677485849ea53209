//! Which parameters are trained.

use super::AutoModelForSequenceClassification;
use super::low_rank::is_low_rank;
use super::weights::is_encoder;
use crate::error::{Error, Result};
use tch::Tensor;

/// How many numbers a model consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterCount {
    /// All.
    pub total: usize,
    /// Those that a training changes.
    pub trainable: usize,
}

impl AutoModelForSequenceClassification {
    /// Freezes all parameters: a training leaves them as they are, to the last bit.
    pub fn freeze_all(&self) {
        self.set_trained(false, |_| true);
    }

    /// Lets a training change the parameters of the modules with these names, such as
    /// `["pre_classifier", "classifier"]`, and all below them. Of an encoder with
    /// [LoRA](Self::add_lora) only its matrices: `["lora_A", "lora_B"]` are all of them.
    ///
    /// # Errors
    /// [`Error::Argument`] if no module has one of the names, or nothing of it can be trained beside LoRA;
    /// nothing is changed then.
    pub fn unfreeze<S: AsRef<str>>(&self, modules: &[S]) -> Result<()> {
        let names: Vec<String> =
            self.named_parameters().into_iter().map(|(name, _)| name).collect();
        for module in modules.iter().map(AsRef::as_ref) {
            let mut own = names.iter().filter(|name| belongs_to(name, module)).peekable();
            let remedy = if own.peek().is_none() {
                format!("a module of this model, such as {:?}", self.last_layers())
            } else if own.all(|name| self.stays(name)) {
                "beside LoRA the encoder's own parameters stay as they are, and this has no others: \
                 model.merge_lora() takes LoRA away"
                    .to_owned()
            } else {
                continue;
            };
            return Err(Error::argument("modules", format!("{module:?}"), remedy));
        }
        self.train_modules(modules);
        Ok(())
    }

    /// Lets a training change the last `count` blocks of the encoder, and ModernBERT's `final_norm`
    /// behind them; beside LoRA, its matrices in them, if there are any.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not so many.
    pub fn unfreeze_last_blocks(&self, count: usize) -> Result<()> {
        let blocks = self.num_blocks();
        if count > blocks {
            let remedy = format!("the encoder has {blocks} blocks");
            return Err(Error::argument("count", count, remedy));
        }
        let names = self.config.architecture.names();
        let numbers = blocks - count..blocks;
        let behind = names.behind_blocks.filter(|_| count > 0).map(str::to_owned);
        let modules = numbers.map(|number| format!("{}.{number}", names.blocks)).chain(behind);
        self.train_modules(&modules.collect::<Vec<_>>());
        Ok(())
    }

    fn train_modules<S: AsRef<str>>(&self, modules: &[S]) {
        self.set_trained(true, |name| {
            !self.stays(name) && modules.iter().any(|module| belongs_to(name, module.as_ref()))
        });
    }

    /// Whether it stays as it is whatever is unfrozen: the encoder's own parameters do beside LoRA.
    fn stays(&self, parameter: &str) -> bool {
        let is_own = is_encoder(parameter, self.config.architecture) && !is_low_rank(parameter);
        is_own && self.lora().is_some()
    }

    /// The modules after the encoder, from the hidden state to the logits.
    pub fn last_layers(&self) -> Vec<String> {
        self.config.architecture.names().last_layers.map(str::to_owned).into()
    }

    /// How many parameters there are, and how many of them are trained.
    pub fn count_parameters(&self) -> ParameterCount {
        let mut count = ParameterCount { total: 0, trainable: 0 };
        for (_, tensor) in self.named_parameters() {
            count.total += tensor.numel();
            count.trainable += if tensor.requires_grad() { tensor.numel() } else { 0 };
        }
        count
    }

    /// 0 of the last layers, 1 of the last block, and so on; the embeddings are the deepest.
    pub(super) fn depth_of(&self, parameter: &str) -> usize {
        if !is_encoder(parameter, self.config.architecture) {
            return 0;
        }
        let names = self.config.architecture.names();
        if names.behind_blocks.is_some_and(|module| belongs_to(parameter, module)) {
            return 1;
        }
        let mut path = parameter.split('.').skip_while(|module| *module != names.blocks).skip(1);
        let block = path.next().and_then(|number| number.parse::<usize>().ok());
        self.num_blocks() + 1 - block.map_or(0, |number| number + 1)
    }

    /// Whether the encoder stays as it is in a training.
    pub(super) fn encoder_is_frozen(&self) -> bool {
        let architecture = self.config.architecture;
        let parameters = self.named_parameters();
        !parameters.iter().any(|(name, p)| is_encoder(name, architecture) && p.requires_grad())
    }

    pub(super) fn set_trained(&self, trained: bool, which: impl Fn(&str) -> bool) {
        for (name, tensor) in self.named_parameters() {
            if which(&name) {
                let _ = tensor.set_requires_grad(trained);
            }
        }
    }

    /// All parameters by the keys of Hugging Face, in the order in which they are used, LoRA's matrices
    /// at last.
    pub fn named_parameters(&self) -> Vec<(String, Tensor)> {
        let mut named: Vec<(String, Tensor)> = self.store.variables().into_iter().collect();
        let order: Vec<_> =
            self.store.trainable_variables().iter().map(|tensor| tensor.data_ptr()).collect();
        named.sort_by_cached_key(|(_, tensor)| {
            order.iter().position(|&address| address == tensor.data_ptr())
        });
        named
    }
}

/// Whether the module's name is part of the parameter's: "layer.1" of "encoder.layer.1.output",
/// not of "encoder.layer.11".
fn belongs_to(parameter: &str, module: &str) -> bool {
    !module.is_empty() && format!(".{parameter}").contains(&format!(".{module}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_module_by_module() {
        let parameter = "bert.encoder.layer.11.output.dense.weight";
        for module in ["layer.11", "bert", "output", "bert.encoder.layer.11", "layer.11.output"] {
            assert!(belongs_to(parameter, module), "{module}");
        }
        for module in ["layer.1", "dense.weight", "ert", "layer.1.", ""] {
            assert!(!belongs_to(parameter, module), "{module}");
        }
    }
}
