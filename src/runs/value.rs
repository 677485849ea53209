//! Hyperparameters, of any kind that JSON has, and numbers of which JSON has not all.

use crate::dataset::excerpt;
use crate::display::visible;
use serde::Serialize;
use serde_json::Value;
use std::fmt::{Display, Formatter, Write};

/// Any value as JSON, a number that is not finite as its text, `NaN` or `inf`.
pub fn of(value: impl Serialize) -> serde_json::Result<Value> {
    let json = serde_json::to_value(&value)?;
    let mut text = String::new();
    // JSON's nothing stands for `None`, too, which can't be printed.
    let is_number = json.is_null() && write!(text, "{}", Printed(value)).is_ok();
    Ok(if is_number { text.into() } else { json })
}

struct Printed<T>(T);

impl<T: Serialize> Display for Printed<T> {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        self.0.serialize(formatter)
    }
}

/// As it stands in a table.
pub fn written(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map(self::number).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// The shortest digits that are this number, of small and large ones with a power of ten.
pub fn number(value: f64) -> String {
    let is_plain = value == 0.0 || !value.is_finite() || (1e-3..1e7).contains(&value.abs());
    if is_plain { value.to_string() } else { format!("{value:e}") }
}

/// The beginning of somebody's text, on one line, without what would change the text around it: control
/// characters, and those that turn the direction of writing, are written out.
pub fn line(text: &str, letters: usize) -> String {
    visible(&excerpt(text, letters).replace(['\n', '\r', '\t'], " ")).into_owned()
}

/// Whether two are the same, 1 and 1.0, too.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Named numbers as JSON: one that is not finite is a text, "NaN" or "inf".
pub mod numbers {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use serde_json::Value;
    use std::collections::BTreeMap;

    pub fn serialize<S: Serializer>(
        numbers: &BTreeMap<String, f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let value = |number: &f64| match number.is_finite() {
            true => Value::from(*number),
            false => Value::from(number.to_string()),
        };
        let values = numbers.iter().map(|(name, number)| (name, value(number)));
        values.collect::<BTreeMap<_, _>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, f64>, D::Error> {
        let values = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let number = |(name, value): (String, Value)| {
            let text = || value.as_str().and_then(|text| text.parse().ok());
            match value.as_f64().or_else(text) {
                Some(number) => Ok((name, number)),
                None => Err(D::Error::custom(format!("{name} = {value} is no number"))),
            }
        };
        values.into_iter().map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_that_is_not_finite_is_no_nothing() {
        let values =
            [of(f64::NAN), of(f64::NEG_INFINITY), of(f32::INFINITY), of(None::<f64>), of(0.5)];
        let values = values.map(Result::unwrap);
        assert_eq!(values, [json!("NaN"), json!("-inf"), json!("inf"), json!(null), json!(0.5)]);
        assert!(of(u128::MAX).is_err());
    }

    #[test]
    fn values_are_short_and_exact() {
        let values =
            [json!(5e-5), json!(0.001), json!(16), json!(null), json!("Sgd"), json!([1, 2])];
        let texts = values.each_ref().map(written);
        assert_eq!(texts, ["5e-5", "0.001", "16", "none", "Sgd", "[1,2]"]);
        assert_eq!(number(1.0 / 3.0).parse(), Ok(1.0 / 3.0));
        assert_eq!(line("a\n\u{1b}[31m\u{202e}b\u{200f}", 99), "a \\u{1b}[31m\\u{202e}b\u{200f}");
        assert!(same(&json!(1), &json!(1.0)) && !same(&json!(1), &json!("1")));
        assert!(same(&json!(null), &json!(null)) && !same(&json!(1), &json!(2)));
    }
}
