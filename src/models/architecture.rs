//! The encoders that this library can build, and what transformers calls their parts.

/// The encoders that this library can build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// DistilBERT.
    DistilBert,
    /// BERT.
    Bert,
    /// RoBERTa and XLM-RoBERTa.
    Roberta,
    /// ELECTRA.
    Electra,
    /// MPNet.
    MPNet,
    /// ModernBERT.
    ModernBert,
}

/// All of them.
const ALL: [Architecture; 6] = [
    Architecture::DistilBert,
    Architecture::Bert,
    Architecture::Roberta,
    Architecture::Electra,
    Architecture::MPNet,
    Architecture::ModernBert,
];

/// What transformers calls an architecture and its parts.
pub struct Names {
    /// In a text.
    pub spoken: &'static str,
    /// The `model_type` in config.json, and the class; of each of its kinds.
    pub classes: &'static [(&'static str, &'static str)],
    /// What the keys of the encoder begin with.
    pub prefix: &'static str,
    /// What stands before the number of a block.
    pub blocks: &'static str,
    /// The layer of the encoder that stands behind the last block, if there is one: who trains the
    /// last block trains it, too.
    pub behind_blocks: Option<&'static str>,
    /// The modules after the encoder.
    pub last_layers: [&'static str; 2],
    /// The layers of a block that LoRA changes if nobody names others: queries and values (4.2 of its
    /// paper), or what has them.
    pub query_and_value: &'static [&'static str],
}

impl Architecture {
    pub(super) fn names(self) -> Names {
        match self {
            Architecture::DistilBert => Names {
                spoken: "DistilBERT",
                classes: &[("distilbert", "DistilBertForSequenceClassification")],
                prefix: "distilbert",
                blocks: "layer",
                behind_blocks: None,
                last_layers: ["pre_classifier", "classifier"],
                query_and_value: &["q_lin", "v_lin"],
            },
            Architecture::Bert => Names {
                spoken: "BERT",
                classes: &[("bert", "BertForSequenceClassification")],
                prefix: "bert",
                blocks: "layer",
                behind_blocks: None,
                last_layers: ["pooler", "classifier"],
                query_and_value: &["query", "value"],
            },
            Architecture::Roberta => Names {
                spoken: "RoBERTa",
                classes: &[
                    ("roberta", "RobertaForSequenceClassification"),
                    ("xlm-roberta", "XLMRobertaForSequenceClassification"),
                ],
                prefix: "roberta",
                blocks: "layer",
                behind_blocks: None,
                last_layers: ["classifier.dense", "classifier.out_proj"],
                query_and_value: &["query", "value"],
            },
            Architecture::Electra => Names {
                spoken: "ELECTRA",
                classes: &[("electra", "ElectraForSequenceClassification")],
                prefix: "electra",
                blocks: "layer",
                behind_blocks: None,
                last_layers: ["classifier.dense", "classifier.out_proj"],
                query_and_value: &["query", "value"],
            },
            Architecture::MPNet => Names {
                spoken: "MPNet",
                classes: &[("mpnet", "MPNetForSequenceClassification")],
                prefix: "mpnet",
                blocks: "layer",
                behind_blocks: None,
                last_layers: ["classifier.dense", "classifier.out_proj"],
                query_and_value: &["q", "v"],
            },
            Architecture::ModernBert => Names {
                spoken: "ModernBERT",
                classes: &[("modernbert", "ModernBertForSequenceClassification")],
                prefix: "model",
                blocks: "layers",
                behind_blocks: Some("final_norm"),
                last_layers: ["head", "classifier"],
                query_and_value: &["Wqkv"],
            },
        }
    }

    /// The one that `config.json` calls so.
    pub(super) fn named(model_type: &str) -> Option<Architecture> {
        let is = |names: Names| names.classes.iter().any(|(name, _)| *name == model_type);
        ALL.into_iter().find(|architecture| is(architecture.names()))
    }

    /// What `config.json` calls those that there are: "bert, roberta or electra".
    pub(super) fn model_types() -> String {
        let classes = ALL.into_iter().flat_map(|architecture| architecture.names().classes);
        let names: Vec<&str> = classes.map(|(name, _)| *name).collect();
        let (last, others) = names.split_last().unwrap_or((&"", &[]));
        format!("{} or {last}", others.join(", "))
    }

    /// The class in transformers.
    pub(super) fn class_name(self, model_type: &str) -> &'static str {
        let classes = self.names().classes;
        let class = classes.iter().find(|(name, _)| *name == model_type).or(classes.first());
        class.map_or("", |(_, class)| *class)
    }
}
