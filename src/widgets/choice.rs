//! Widgets whose values are no numbers.

use super::handle;
use super::widget::{Limits, Model, State, Widget};
use crate::error::{Error, Result};
use serde_json::json;

/// As many bytes of JSON go from the kernel to the cells as a value.
const LONGEST: usize = 30_000;

/// A list to choose from: `Dropdown::new("optimizer", ["SGD", "Adam"])?`. It begins with the first one.
#[derive(Clone)]
pub struct Dropdown(Widget);

impl Dropdown {
    /// One with this description and these options.
    ///
    /// # Errors
    /// [`Error::Argument`] for no options, or two that are the same.
    pub fn new<S: Into<String>>(
        description: impl AsRef<str>,
        options: impl IntoIterator<Item = S>,
    ) -> Result<Dropdown> {
        let options: Vec<String> = options.into_iter().map(Into::into).collect();
        if options.is_empty() {
            return Err(Error::argument("options", "[]", "name at least one"));
        }
        let twice = (1..options.len()).find(|&at| options[..at].contains(&options[at]));
        if let Some(at) = twice {
            return Err(Error::argument("options", &options[at], "name each one once"));
        }
        let widget = Model {
            kind: "Dropdown",
            description: description.as_ref(),
            value: ("index", 0.into()),
            state: json!({"_options_labels": options}),
            limits: Limits::Options(options),
        };
        widget.open().map(Dropdown)
    }

    /// What is chosen now.
    pub fn value(&self) -> String {
        Dropdown::of(&self.0.state())
    }

    /// Chooses another one.
    ///
    /// # Errors
    /// [`Error::Argument`] for a value that is none of the options.
    pub fn set_value(&self, value: impl AsRef<str>) -> Result<()> {
        let value = value.as_ref();
        let Limits::Options(options) = self.0.limits() else { return Ok(()) };
        match options.iter().position(|option| option == value) {
            Some(index) => {
                self.0.set(index.into());
                Ok(())
            }
            None => {
                let remedy = format!("take one of {}", options.join(", "));
                Err(Error::argument("value", value, remedy))
            }
        }
    }

    fn of(state: &State) -> String {
        state.option().to_owned()
    }
}

handle!(Dropdown, String);

/// A yes or no: `Checkbox::new("frozen", true)?`.
#[derive(Clone)]
pub struct Checkbox(Widget);

impl Checkbox {
    /// One with this description.
    ///
    /// # Errors
    /// [`Error::Data`] if there are too many widgets.
    pub fn new(description: impl AsRef<str>, value: bool) -> Result<Checkbox> {
        let widget = Model {
            kind: "Checkbox",
            description: description.as_ref(),
            value: ("value", value.into()),
            limits: Limits::Any,
            state: json!({"indent": false}),
        };
        widget.open().map(Checkbox)
    }

    /// Whether it is ticked now.
    pub fn value(&self) -> bool {
        Checkbox::of(&self.0.state())
    }

    /// Ticks it, or takes the tick away.
    pub fn set_value(&self, value: bool) {
        self.0.set(value.into());
    }

    fn of(state: &State) -> bool {
        state.value().as_bool().unwrap_or_default()
    }
}

handle!(Checkbox, bool);

/// A field for a line of text, at most some 30,000 bytes: `Text::new("review", "A fine film.")?`. Its
/// value changes while one types.
#[derive(Clone)]
pub struct Text(Widget);

impl Text {
    /// One with this description.
    ///
    /// # Errors
    /// [`Error::Argument`] for a text that is too long.
    pub fn new(description: impl AsRef<str>, value: impl Into<String>) -> Result<Text> {
        let value = short(value.into())?;
        let widget = Model {
            kind: "Text",
            description: description.as_ref(),
            value: ("value", value.into()),
            limits: Limits::Any,
            state: json!({"placeholder": "", "continuous_update": true}),
        };
        widget.open().map(Text)
    }

    /// What stands there now.
    pub fn value(&self) -> String {
        Text::of(&self.0.state())
    }

    /// Writes something else there.
    ///
    /// # Errors
    /// [`Error::Argument`] for a text that is too long.
    pub fn set_value(&self, value: impl Into<String>) -> Result<()> {
        self.0.set(short(value.into())?.into());
        Ok(())
    }

    fn of(state: &State) -> String {
        state.value().as_str().unwrap_or_default().to_owned()
    }
}

handle!(Text, String);

fn short(text: String) -> Result<String> {
    match json!(text).to_string().len() {
        ..=LONGEST => Ok(text),
        bytes => {
            let remedy = format!("a field takes at most some {LONGEST} bytes: read a file instead");
            Err(Error::argument("value", format!("{bytes} bytes"), remedy))
        }
    }
}

/// A button: `Button::new("again")?`. Its value is how often it was pressed, so
/// [`explore`](crate::explore()) runs once more at each press.
#[derive(Clone)]
pub struct Button(Widget);

impl Button {
    /// One with this text on it.
    ///
    /// # Errors
    /// [`Error::Data`] if there are too many widgets.
    pub fn new(description: impl AsRef<str>) -> Result<Button> {
        let widget = Model {
            kind: "Button",
            description: description.as_ref(),
            value: ("clicks", 0.into()),
            limits: Limits::Any,
            state: json!({"icon": "", "button_style": ""}),
        };
        widget.open().map(Button)
    }

    /// How often it was pressed.
    pub fn value(&self) -> u64 {
        Button::of(&self.0.state())
    }

    fn of(state: &State) -> u64 {
        state.value().as_u64().unwrap_or_default()
    }
}

handle!(Button, u64);
