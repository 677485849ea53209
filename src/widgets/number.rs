//! Sliders for numbers.

use super::handle;
use super::widget::{Limits, Model, State, Widget};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// Whole numbers beyond this one are not all known to a browser.
const LARGEST: i64 = 1 << 53;

/// A slider for whole numbers: `IntSlider::new("epochs", 1..=10, 3)?`.
#[derive(Clone)]
pub struct IntSlider(Widget);

impl IntSlider {
    /// One with this description, from the first to the last number, that stands at `value`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a range without numbers, or a value that is not in it.
    pub fn new(
        description: impl AsRef<str>,
        range: RangeInclusive<i64>,
        value: i64,
    ) -> Result<IntSlider> {
        let (min, max) = (*range.start(), *range.end());
        if min.min(max) < -LARGEST || max.max(min) > LARGEST {
            let remedy = "take numbers between -2^53 and 2^53: a browser knows no others";
            return Err(Error::argument("range", format!("{min}..={max}"), remedy));
        }
        check((min as f64, max as f64), value as f64)?;
        let widget = Model {
            kind: "IntSlider",
            description: description.as_ref(),
            value: ("value", value.into()),
            limits: Limits::Numbers(min as f64, max as f64),
            state: json!({"min": min, "max": max, "step": 1}),
        };
        widget.open().map(IntSlider)
    }

    /// Where it stands now.
    pub fn value(&self) -> i64 {
        IntSlider::of(&self.0.state())
    }

    /// Moves it.
    ///
    /// # Errors
    /// [`Error::Argument`] for a value that is not in its range.
    pub fn set_value(&self, value: i64) -> Result<()> {
        set(&self.0, value as f64, value.into())
    }

    fn of(state: &State) -> i64 {
        state.value().as_i64().unwrap_or_default()
    }
}

handle!(IntSlider, i64);

/// A slider for numbers: `FloatSlider::new("dropout", 0.0..=0.5, 0.1)?`. Its steps are 0.1, 0.01, ...,
/// whichever divides the range into 20 to 200.
#[derive(Clone)]
pub struct FloatSlider(Widget);

impl FloatSlider {
    /// One with this description, from the first to the last number, that stands at `value`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a range without numbers, or a value that is not in it.
    pub fn new(
        description: impl AsRef<str>,
        range: RangeInclusive<f64>,
        value: f64,
    ) -> Result<FloatSlider> {
        let (min, max) = (*range.start(), *range.end());
        check((min, max), value)?;
        let power = ((max - min) / 20.0).log10().floor();
        let step = 10f64.powf(power);
        let readout = match power {
            -6.0..=6.0 => format!(".{}f", (-power).max(0.0)),
            _ => ".3g".to_owned(),
        };
        let widget = Model {
            kind: "FloatSlider",
            description: description.as_ref(),
            value: ("value", value.into()),
            limits: Limits::Numbers(min, max),
            state: json!({"min": min, "max": max, "step": step, "readout_format": readout}),
        };
        widget.open().map(FloatSlider)
    }

    /// Where it stands now.
    pub fn value(&self) -> f64 {
        FloatSlider::of(&self.0.state())
    }

    /// Moves it.
    ///
    /// # Errors
    /// [`Error::Argument`] for a value that is not in its range.
    pub fn set_value(&self, value: f64) -> Result<()> {
        set(&self.0, value, value.into())
    }

    fn of(state: &State) -> f64 {
        state.value().as_f64().unwrap_or_default()
    }
}

handle!(FloatSlider, f64);

/// A slider on which each step multiplies: `FloatLogSlider::new("learning rate", 1e-5..=0.1, 1e-3)?`.
/// Ten steps are a factor of ten. The range is that of the values, not, as in ipywidgets, of their
/// logarithms.
#[derive(Clone)]
pub struct FloatLogSlider(Widget);

impl FloatLogSlider {
    /// One with this description, from the first to the last number, that stands at `value`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a range without numbers or with numbers that are not above 0, or a value
    /// that is not in it.
    pub fn new(
        description: impl AsRef<str>,
        range: RangeInclusive<f64>,
        value: f64,
    ) -> Result<FloatLogSlider> {
        let (min, max) = (*range.start(), *range.end());
        if min <= 0.0 {
            let remedy = "a logarithmic slider begins above 0: at 1e-6, say; a FloatSlider may \
                          begin anywhere";
            return Err(Error::argument("range", format!("{min}..={max}"), remedy));
        }
        check((min, max), value)?;
        let widget = Model {
            kind: "FloatLogSlider",
            description: description.as_ref(),
            value: ("value", value.into()),
            limits: Limits::Numbers(min, max),
            state: json!({
                "base": 10.0, "min": min.log10(), "max": max.log10(), "step": 0.1,
                "readout_format": ".3g",
            }),
        };
        widget.open().map(FloatLogSlider)
    }

    /// Where it stands now.
    pub fn value(&self) -> f64 {
        FloatLogSlider::of(&self.0.state())
    }

    /// Moves it.
    ///
    /// # Errors
    /// [`Error::Argument`] for a value that is not in its range.
    pub fn set_value(&self, value: f64) -> Result<()> {
        set(&self.0, value, value.into())
    }

    fn of(state: &State) -> f64 {
        state.value().as_f64().unwrap_or_default()
    }
}

handle!(FloatLogSlider, f64);

fn check((min, max): (f64, f64), value: f64) -> Result<()> {
    let range = || format!("{min}..={max}");
    if !min.is_finite() || !max.is_finite() || !(max - min).is_finite() {
        return Err(Error::argument("range", range(), "take finite numbers, as in 0.0..=1.0"));
    }
    if min >= max {
        let remedy = "the first number is to be below the last one, as in 1..=10";
        return Err(Error::argument("range", range(), remedy));
    }
    check_value((min, max), value)
}

fn check_value((min, max): (f64, f64), value: f64) -> Result<()> {
    match (min..=max).contains(&value) {
        true => Ok(()),
        false => Err(Error::argument("value", value, format!("take a number from {min} to {max}"))),
    }
}

fn set(widget: &Widget, value: f64, json: Value) -> Result<()> {
    if let Limits::Numbers(min, max) = widget.limits() {
        check_value((*min, *max), value)?;
    }
    widget.set(json);
    Ok(())
}
