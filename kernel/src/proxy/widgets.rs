//! The widgets of a notebook, as the cells open, read and set them. Their values live here, beside the
//! cells, so that they move while a cell runs.

use super::message::Message;
use super::{Processes, Proxy, To, parts};
use crate::link::Packet;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The target of the comms that belong to widgets.
pub const TARGET: &str = "jupyter.widget";
/// The version of the widgets' protocol.
/// <https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md>
const VERSION: &str = "2.1.0";
/// More would take the browser down.
const MOST: usize = 10_000;

/// The widgets.
#[derive(Default)]
pub struct Widgets {
    /// By their ids.
    pub open: BTreeMap<String, Widget>,
    /// The pages that have asked for them, by their sessions, which outlive a lost connection: none
    /// where a notebook is run without one.
    pub pages: BTreeSet<String>,
}

/// One widget.
pub struct Widget {
    /// What a front end knows of it; also `clicks`, how often a button was pressed.
    pub state: Map<String, Value>,
    /// Whether a front end has closed it. The cells can still ask for its value.
    pub is_closed: bool,
}

impl<P: Processes> Proxy<P> {
    /// A part of a request of the cells' process has come.
    pub(super) fn widget_packet(&mut self, packet: &Packet) {
        let request = self.parts.add(packet);
        if parts::is_last(packet) {
            let answer = request.map_or(Value::Null, |(_, request)| self.widget_request(&request));
            self.processes.answer(packet, answer.to_string().as_bytes());
        }
    }

    /// See `kernel/shim/src/widgets.rs`.
    fn widget_request(&mut self, request: &Value) -> Value {
        let Some((what, argument)) = request.as_object().and_then(|request| request.iter().next())
        else {
            return Value::Null;
        };
        let id = argument.as_str().or_else(|| argument[0].as_str()).unwrap_or_default();
        match what.as_str() {
            "open" => argument.as_object().map_or(Value::Null, |state| self.open_widget(state)),
            "get" => {
                let name = argument[1].as_str().unwrap_or_default();
                let widget = self.widgets.open.get(id);
                widget.and_then(|widget| widget.state.get(name)).cloned().unwrap_or_default()
            }
            "set" => {
                if let Some(state) = argument[1].as_object() {
                    self.set_widget(id, state);
                }
                Value::Null
            }
            "close" => {
                self.close_widget(id);
                self.widgets.open.remove(id);
                Value::Null
            }
            "cell" => self.running(),
            _ => Value::Null,
        }
    }

    /// Gives its id; nothing if there are too many already.
    fn open_widget(&mut self, state: &Map<String, Value>) -> Value {
        if self.widgets.open.len() == MOST {
            return Value::Null;
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let content = json!({
            "comm_id": id, "target_name": TARGET, "data": {"state": state, "buffer_paths": []},
        });
        self.say_of_widgets("comm_open", content);
        self.widgets.open.insert(id.clone(), Widget { state: state.clone(), is_closed: false });
        id.into()
    }

    pub(super) fn set_widget(&mut self, id: &str, state: &Map<String, Value>) {
        let Some(widget) = self.widgets.open.get_mut(id) else { return };
        widget.state.extend(state.clone());
        if !widget.is_closed {
            self.say_of_widgets("comm_msg", update(id, "update", state));
        }
        self.processes.ring();
    }

    fn close_widget(&mut self, id: &str) {
        if self.widgets.open.get(id).is_some_and(|widget| !widget.is_closed) {
            self.say_of_widgets("comm_close", json!({"comm_id": id, "data": {}}));
        }
    }

    /// The process whose widgets these were has ended.
    pub(super) fn close_widgets(&mut self) {
        let ids: Vec<String> = self.widgets.open.keys().cloned().collect();
        ids.iter().for_each(|id| self.close_widget(id));
        self.widgets.open.clear();
    }

    /// The cell to which belongs what happens now: a name that it keeps when it is run again, and one
    /// for this run; and how many pages there are.
    fn running(&self) -> Value {
        let request = self.cell.as_ref().or(self.before.as_ref()).map(|cell| &cell.request);
        let cell = request.map(|request| match request.metadata["cellId"].as_str() {
            Some(id) => id.to_owned(),
            None => {
                let mut hasher = DefaultHasher::new();
                request.code().hash(&mut hasher);
                hasher.finish().to_string()
            }
        });
        let run = request.map(Message::id);
        json!({"cell": cell, "run": run, "pages": self.widgets.pages.len()})
    }

    /// In the name of the cell that runs, as ipywidgets does: that is the one whose messages a front
    /// end without a page listens to.
    fn say_of_widgets(&mut self, kind: &str, content: Value) {
        let cell = self.cell.as_ref().or(self.before.as_ref());
        let message = match cell {
            Some(cell) => cell.request.child(kind, content),
            None => Message::new(kind, content),
        };
        let metadata = json!({"version": VERSION});
        self.send(To::Iopub, Message { metadata, ..message });
    }
}

/// What a message says by which a widget's state changes.
pub fn update(id: &str, method: &str, state: &Map<String, Value>) -> Value {
    json!({"comm_id": id, "data": {"method": method, "state": state, "buffer_paths": []}})
}
