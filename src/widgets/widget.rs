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

struct Inner {
    /// None without our kernel.
    id: Option<String>,
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
        let newest = self.0.id.as_ref().and_then(|id| ask(&json!({"get": [id, self.0.name]})));
        let mut value = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = newest {
            *value = newest;
        }
        State { widget: self.clone(), value: value.clone() }
    }

    /// Gives it another value, in all front ends.
    pub fn set(&self, value: Value) {
        if let Some(id) = &self.0.id {
            ask(&json!({"set": [id, {self.0.name: value}]}));
        }
        *self.0.value.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Shows it; where there is no page, its name and its value.
    pub fn show(&self) {
        let text = self.state().text();
        let html = Html::new(format!("<div>{}</div>", escape(&text))).with_text(text);
        match &self.0.id {
            Some(id) => print_widget(id, &html),
            None => html.evcxr_display(),
        }
    }
}

/// A widget leaves the page with its last handle.
impl Drop for Inner {
    fn drop(&mut self) {
        close(self.id.as_deref());
    }
}

impl State {
    pub fn value(&self) -> &Value {
        &self.value
    }

    pub fn limits(&self) -> &Limits {
        self.widget.limits()
    }

    /// `learning rate = 0.01`
    pub fn text(&self) -> String {
        let value = match (self.limits(), &self.value) {
            (Limits::Options(options), value) => {
                let index = value.as_u64().and_then(|index| usize::try_from(index).ok());
                index.and_then(|index| options.get(index)).cloned().unwrap_or_default()
            }
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
    column: String,
    figure: String,
    /// The widgets stay on the page as long as it does.
    _widgets: Vec<Widget>,
}

/// Shows widgets below each other; None where there is no page for them.
pub fn column(widgets: &[Widget]) -> Option<Figure> {
    let figure =
        open(&merged(state_of(CONTROLS, "HTMLModel", "HTMLView"), json!({"value": ""}))).ok()??;
    let ids = widgets.iter().filter_map(|widget| widget.0.id.as_ref()).chain([&figure]);
    let children: Vec<String> = ids.map(|id| format!("IPY_MODEL_{id}")).collect();
    let column =
        open(&merged(state_of(CONTROLS, "VBoxModel", "VBoxView"), json!({"children": children})))
            .ok()??;
    // Whatever the values become, the figure has them.
    let names: Vec<&str> = widgets.iter().map(|widget| widget.0.description.as_str()).collect();
    let text = format!("controls: {}", names.join(", "));
    let html = Html::new(format!("<div>{}</div>", escape(&text))).with_text(text);
    print_widget(&column, &html);
    Some(Figure { column, figure, _widgets: widgets.to_vec() })
}

impl Figure {
    /// Shows the widgets once more, with all that belongs to them.
    pub fn show_again(&self) {
        print_widget(&self.column, &Html::default());
    }

    /// Puts a figure below the widgets, for a page that has no other way to see it.
    pub fn draw(&self, html: &str) {
        ask(&json!({"set": [self.figure, {"value": html}]}));
    }
}

impl Drop for Figure {
    fn drop(&mut self) {
        close(Some(&self.column));
        close(Some(&self.figure));
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

/// Its id; None without our kernel.
fn open(state: &Value) -> Result<Option<String>> {
    if super::link::is_alone() {
        return Ok(None);
    }
    match ask(&json!({"open": state})) {
        Some(Value::String(id)) => Ok(Some(id)),
        _ => Err(Error::Data(
            "there are more widgets than a page can show: let go of some, or restart the kernel"
                .to_owned(),
        )),
    }
}

fn close(id: Option<&str>) {
    if let Some(id) = id {
        ask(&json!({"close": id}));
    }
}

/// The style that all share: a description is not cut off.
fn style() -> Option<&'static str> {
    static STYLE: OnceLock<Option<String>> = OnceLock::new();
    let open_it = || {
        let mut state = state_of(CONTROLS, "DescriptionStyleModel", "StyleView");
        merge(&mut state, json!({"_view_module": BASE, "description_width": "initial"}));
        open(&state).ok().flatten()
    };
    STYLE.get_or_init(open_it).as_deref()
}
