//! The fields of a `config.json`, and what is wrong with them.

use crate::models::layers::Activation;
use serde_json::Value;

/// A part of the file, or what is wrong with it.
pub type Checked<T> = Result<T, String>;

/// A file, to be read.
pub struct Fields<'a> {
    pub json: &'a Value,
}

impl Fields<'_> {
    /// A number of entries, at least 1 and no more than the largest models have.
    pub fn size(&self, name: &str) -> Checked<i64> {
        let value = &self.json[name];
        match value.as_i64() {
            Some(size @ 1..=10_000_000) => Ok(size),
            _ => Err(format!("{name} is {value}: it must be a number from 1 to 10000000")),
        }
    }

    /// The same; an absent one is the default.
    pub fn size_or(&self, name: &str, default: i64) -> Checked<i64> {
        if self.json[name].is_null() { Ok(default) } else { self.size(name) }
    }

    /// The same under the first of two names, or under the one that other models have for it.
    pub fn size_of(&self, [own, other]: [&str; 2]) -> Checked<i64> {
        self.size(if self.json[own].is_null() && !self.json[other].is_null() { other } else { own })
    }

    /// A share from 0 to below 1; an absent one is the default.
    pub fn share(&self, name: &str, default: f64) -> Checked<f64> {
        match &self.json[name] {
            Value::Null => Ok(default),
            value => value
                .as_f64()
                .filter(|share| (0.0..1.0).contains(share))
                .ok_or_else(|| format!("{name} is {value}: it must be a number from 0 to below 1")),
        }
    }

    /// A function; an absent one is gelu.
    pub fn activation(&self, name: &str) -> Checked<Activation> {
        let value = self.json[name].as_str().unwrap_or("gelu");
        Activation::named(value).ok_or_else(|| {
            format!("{name} {value} is not known here: gelu, gelu_new, relu, silu and tanh are")
        })
    }
}
