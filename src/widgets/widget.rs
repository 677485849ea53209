//! What all widgets have in common: a model of the protocol of jupyter-widgets, version 2.1.0, whose state
//! the kernel keeps.
//! <https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/jupyterwidgetmodels.latest.md>

use super::link::ask;
use crate::display::{Html, escape, print_widget};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

const VERSION: &str = "2.0.0";
const CONTROLS: &str = "@jupyter-widgets/controls";
const BASE: &str = "@jupyter-widgets/base";

/// A widget of whichever kind.
#[doc(hidden)]
#[derive(Clone)]
pub struct Widget(Arc<Inner>);

/// The id of a model that the kernel keeps until this is dropped: a widget leaves the page with its last
/// handle.
struct Open(String);

impl Drop for Open {
    fn drop(&mut self) {
        ask(&json!({"close": self.0}));
    }
}

struct Inner {
    /// None without our kernel.
    id: Option<Open>,
    description: String,
    /// What its value is called in its state.
    name: &'static str,
    limits: Limits,
    /// As it was heard of last.
    value: Mutex<Value>,
}

/// What the values of a widget can be.
pub enum Limits {
    Any,
    /// From the first to the second.
    Numbers(f64, f64),
    /// The number of one of these.
    Options(Vec<String>),
}

impl Limits {
    /// What becomes of a value that a front end, which may say anything, puts in the place of another
    /// one; None if it is of another kind.
    fn within(&self, newest: &Value, before: &Value) -> Option<Value> {
        match (self, before) {
            (Limits::Numbers(min, max), _) => {
                let number = newest.as_f64()?.clamp(*min, *max);
                Some(if before.is_f64() { number.into() } else { (number.round() as i64).into() })
            }
            (Limits::Options(options), _) => {
                let index = usize::try_from(newest.as_u64()?).ok()?;
                (index < options.len()).then(|| index.into())
            }
            (Limits::Any, Value::Bool(_)) => newest.as_bool().map(Value::from),
            (Limits::Any, Value::String(_)) => newest.as_str().map(Value::from),
            (Limits::Any, _) => newest.as_u64().map(Value::from),
        }
    }
}

/// A widget and its value at some moment.
#[doc(hidden)]
#[derive(Clone)]
pub struct State {
    widget: Widget,
    value: Value,
}

/// What a front end is to know of a widget.
pub struct Model<'a> {
    /// `IntSlider`
    pub kind: &'a str,
    pub description: &'a str,
    /// What its value is called, and the first one.
    pub value: (&'static str, Value),
    pub limits: Limits,
    /// What else belongs to its state.
    pub state: Value,
}

impl Model<'_> {
    /// Makes the widget; it is shown later.
    ///
    /// # Errors
    /// [`Error::Data`] if there are too many already.
    pub fn open(self) -> Result<Widget> {
        let (name, value) = self.value;
        // A control character is nothing to be read.
        let description = self.description.replace(char::is_control, " ");
        let mut state =
            state_of(CONTROLS, &format!("{}Model", self.kind), &format!("{}View", self.kind));
        merge(&mut state, self.state);
        merge(&mut state, json!({"description": description, name: value}));
        if let Some(style) = style() {
            state["style"] = format!("IPY_MODEL_{style}").into();
        }
        let id = open(&state)?;
        let is_alone = id.is_none();
        let (limits, value) = (self.limits, Mutex::new(value));
        let widget = Widget(Arc::new(Inner { id, description, name, limits, value }));
        if is_alone {
            println!(
                "{}: it keeps this value, and moves in a live notebook only",
                widget.state().text()
            );
        }
        Ok(widget)
    }
}

impl Widget {
    /// Its newest value, and itself.
    pub fn state(&self) -> State {
        let newest = self.id().and_then(|id| ask(&json!({"get": [id, self.0.name]})));
        let mut value = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = newest.and_then(|newest| self.limits().within(&newest, &value)) {
            *value = newest;
        }
        State { widget: self.clone(), value: value.clone() }
    }

    /// Gives it another value, in all front ends.
    pub fn set(&self, value: Value) {
        if let Some(id) = self.id() {
            ask(&json!({"set": [id, {self.0.name: value}]}));
        }
        *self.0.value.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    /// None without our kernel.
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_ref().map(|open| open.0.as_str())
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Shows it; where there is no page, its name and its value.
    pub fn show(&self) {
        let text = self.state().text();
        let html = Html::new(format!("<div>{}</div>", escape(&text))).with_text(text);
        match self.id() {
            Some(id) => print_widget(id, &html),
            None => html.evcxr_display(),
        }
    }
}

impl State {
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The one of its options that is chosen; nothing, if it has none.
    pub fn option(&self) -> &str {
        let Limits::Options(options) = &self.widget.0.limits else { return "" };
        let index = self.value.as_u64().and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| options.get(index)).map_or("", String::as_str)
    }

    /// `learning rate = 0.01`
    pub fn text(&self) -> String {
        let value = match (self.widget.limits(), &self.value) {
            (Limits::Options(_), _) => self.option().to_owned(),
            (_, Value::Bool(true)) => "on".to_owned(),
            (_, Value::Bool(false)) => "off".to_owned(),
            (_, Value::Number(number)) if number.is_f64() => {
                // Six digits of what a slider has calculated are enough.
                let digits = format!("{:.5e}", number.as_f64().unwrap_or_default());
                digits.parse::<f64>().map_or(digits, |number| number.to_string())
            }
            (_, value) => value.to_string(),
        };
        format!("{} = {value}", self.widget.0.description)
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.value == other.value
    }
}

/// Widgets below each other, and a figure below them.
pub struct Figure {
    column: Open,
    figure: Open,
    /// The widgets stay on the page as long as it does.
    _widgets: Vec<Widget>,
}

/// Shows widgets below each other; None without our kernel.
///
/// # Errors
/// [`Error::Data`] if there are too many already.
pub fn column(widgets: &[Widget]) -> Result<Option<Figure>> {
    let opened = |kind: &str, more: Value| -> Result<Option<Open>> {
        let state = state_of(CONTROLS, &format!("{kind}Model"), &format!("{kind}View"));
        open(&merged(state, more))
    };
    let Some(figure) = opened("HTML", json!({"value": ""}))? else { return Ok(None) };
    let ids = widgets.iter().filter_map(Widget::id).chain([figure.0.as_str()]);
    let children: Vec<String> = ids.map(|id| format!("IPY_MODEL_{id}")).collect();
    let Some(column) = opened("VBox", json!({"children": children}))? else { return Ok(None) };
    // Whatever the values become, the figure has them.
    let names: Vec<&str> = widgets.iter().map(|widget| widget.0.description.as_str()).collect();
    let text = format!("controls: {}", names.join(", "));
    let html = Html::new(format!("<div>{}</div>", escape(&text))).with_text(text);
    print_widget(&column.0, &html);
    Ok(Some(Figure { column, figure, _widgets: widgets.to_vec() }))
}

impl Figure {
    /// Shows the widgets once more, with all that belongs to them.
    pub fn show_again(&self) {
        print_widget(&self.column.0, &Html::default());
    }

    /// Puts a figure below the widgets, for a page that has no other way to see it.
    pub fn draw(&self, html: &str) {
        ask(&json!({"set": [self.figure.0, {"value": html}]}));
    }
}

/// The state that each widget has.
fn state_of(module: &str, model: &str, view: &str) -> Value {
    json!({
        "_model_module": module, "_model_module_version": VERSION, "_model_name": model,
        "_view_module": module, "_view_module_version": VERSION, "_view_name": view,
        "_view_count": null, "_dom_classes": [],
    })
}

fn merge(state: &mut Value, more: Value) {
    if let (Value::Object(state), Value::Object(more)) = (state, more) {
        state.extend(more);
    }
}

fn merged(mut state: Value, more: Value) -> Value {
    merge(&mut state, more);
    state
}

/// None without our kernel.
fn open(state: &Value) -> Result<Option<Open>> {
    if super::link::is_alone() {
        return Ok(None);
    }
    match ask(&json!({"open": state})) {
        Some(Value::String(id)) => Ok(Some(Open(id))),
        _ => Err(Error::Data(
            "there are more widgets than a page can show: let go of some, or restart the kernel"
                .to_owned(),
        )),
    }
}

/// The style that all share: a description is not cut off.
fn style() -> Option<&'static str> {
    static STYLE: OnceLock<Option<Open>> = OnceLock::new();
    let open_it = || {
        let mut state = state_of(CONTROLS, "DescriptionStyleModel", "StyleView");
        merge(&mut state, json!({"_view_module": BASE, "description_width": "initial"}));
        open(&state).ok().flatten()
    };
    STYLE.get_or_init(open_it).as_ref().map(|style| style.0.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_front_end_says_is_brought_into_the_limits_or_is_of_no_account() {
        let within =
            |limits: &Limits, before: Value, newest: Value| limits.within(&newest, &before);
        let numbers = Limits::Numbers(1.0, 10.0);
        assert_eq!(within(&numbers, json!(3), json!(4.6)), Some(json!(5)));
        assert_eq!(within(&numbers, json!(3), json!(-1e300)), Some(json!(1)));
        assert_eq!(within(&numbers, json!(3.0), json!(11)), Some(json!(10.0)));
        assert_eq!(within(&numbers, json!(3.0), json!("4")), None);
        let options = Limits::Options(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(within(&options, json!(0), json!(1)), Some(json!(1)));
        assert_eq!(within(&options, json!(0), json!(2)), None);
        assert_eq!(within(&options, json!(0), Value::Null), None);
        assert_eq!(within(&Limits::Any, json!(true), json!("no")), None);
        assert_eq!(within(&Limits::Any, json!("text"), json!("other")), Some(json!("other")));
        assert_eq!(within(&Limits::Any, json!(2), json!(-1)), None);
    }
}
