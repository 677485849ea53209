//! What the `config.json` of a ModernBERT says.

use super::fields::{Checked, Fields};
use super::{Biases, Config, Rotary};
use crate::models::architecture::Architecture;
use serde_json::Value;

impl Fields<'_> {
    pub fn modernbert(&self, num_classes: i64) -> Checked<Config> {
        let (width, layers) = (self.size("hidden_size")?, self.size("num_hidden_layers")?);
        let pooling = self.json["classifier_pooling"].as_str().unwrap_or("cls");
        if !["cls", "mean"].contains(&pooling) {
            let message =
                format!("classifier_pooling {pooling} is not known here: cls and mean are");
            return Err(message);
        }
        let heads = self.size("num_attention_heads")?;
        if width % (2 * heads) != 0 {
            let message = format!("{heads} heads can't share a width of {width}: each turns pairs");
            return Err(message);
        }
        let has = |name: &str| self.json[name].as_bool().unwrap_or(false);
        Ok(Config {
            architecture: Architecture::ModernBert,
            num_classes,
            vocab_size: self.size("vocab_size")?,
            width,
            embedding_width: width,
            inner_width: self.size("intermediate_size")?,
            layers,
            heads,
            positions: self.size("max_position_embeddings")?,
            first_position: 0,
            token_types: 0,
            buckets: 0,
            padding_id: self.json["pad_token_id"].as_i64().unwrap_or(50283),
            rotary: (0..layers)
                .map(|number| self.rotary(number, layers))
                .collect::<Checked<_>>()?,
            biases: Biases {
                attention: has("attention_bias"),
                mlp: has("mlp_bias"),
                norms: has("norm_bias"),
                head: has("classifier_bias"),
            },
            activation: self.activation("hidden_activation")?,
            head_activation: self.activation("classifier_activation")?,
            epsilon: self.json["norm_eps"].as_f64().unwrap_or(1e-5),
            embedding_dropout: self.share("embedding_dropout", 0.0)?,
            dropout: self.share("mlp_dropout", 0.0)?,
            attention_dropout: self.share("attention_dropout", 0.0)?,
            head_dropout: self.share("classifier_dropout", 0.0)?,
            mean_pooling: pooling == "mean",
            initializer_range: self.json["initializer_range"].as_f64().unwrap_or(0.02),
            json: Value::Null,
        })
    }

    /// Of one block. Newer files list the kinds of the blocks, and what belongs to each kind; older ones
    /// say that every so many-th block sees the whole text.
    fn rotary(&self, number: i64, layers: i64) -> Checked<Rotary> {
        let every = self.size_or("global_attn_every_n_layers", 3)?;
        let kind = match &self.json["layer_types"] {
            Value::Null if number % every == 0 => "full_attention",
            Value::Null => "sliding_attention",
            Value::Array(kinds) if kinds.len() as i64 == layers => {
                kinds[number as usize].as_str().unwrap_or_default()
            }
            _ => "",
        };
        let (older, usual, reach) = match kind {
            "full_attention" => ("global_rope_theta", 160_000.0, None),
            "sliding_attention" => {
                let window = self.size_or("local_attention", 128)?;
                ("local_rope_theta", 10_000.0, Some(window / 2))
            }
            _ => {
                let message =
                    "layer_types must name each block full_attention or sliding_attention";
                return Err(message.to_owned());
            }
        };
        let given = &self.json["rope_parameters"][kind];
        let scaled = [&given["rope_type"], &given["type"], &self.json["rope_scaling"]];
        if let Some(other) = scaled.into_iter().find(|kind| !kind.is_null() && *kind != "default") {
            return Err(format!("positions of the kind {other} are not known here"));
        }
        let theta = [&given["rope_theta"], &self.json[older]];
        let theta = theta.into_iter().find(|theta| !theta.is_null());
        match theta.map_or(Some(usual), Value::as_f64) {
            Some(theta) if theta > 0.0 => Ok(Rotary { theta, reach }),
            _ => Err(format!(
                "rope_theta of {kind} ({older} in older files) must be a number above 0"
            )),
        }
    }
}
