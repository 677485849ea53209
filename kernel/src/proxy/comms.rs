//! What front ends say over comms: all of it is about widgets, whose values they show and set.

use super::message::Message;
use super::widgets::{TARGET, Widget, update};
use super::{Processes, Proxy};
use serde_json::{Map, Value, json};
use std::mem::discriminant;

/// The target over which a page that was loaded anew asks for all widgets at once.
const CONTROL: &str = "jupyter.widget.control";
/// What of a widget's state a user can change.
const VALUES: [&str; 2] = ["value", "index"];
/// In the state of a button that ends the training above it.
const STOPS: &str = "stops";
/// A longer value, in bytes of JSON, does not fit into the answer to the cells that ask for it.
const LONGEST: usize = 30_000;

impl<P: Processes> Proxy<P> {
    /// The answer to `comm_info_request`.
    pub(super) fn comm_info(&mut self, request: &Message) -> Value {
        self.note_page(request);
        let target = request.content["target_name"].as_str().unwrap_or(TARGET);
        let ids = self.widgets.open.iter().filter(|(_, widget)| !widget.is_closed);
        let comms: Map<String, Value> = ids
            .filter(|_| target == TARGET)
            .map(|(id, _)| (id.clone(), json!({"target_name": TARGET})))
            .collect();
        json!({"status": "ok", "comms": comms})
    }

    fn note_page(&mut self, request: &Message) {
        let session = request.header["session"].as_str().unwrap_or_default();
        self.widgets.pages.insert(session.to_owned());
    }

    /// What all front ends are told after a message over a comm; nothing where it needs no answer.
    pub(super) fn comm(&mut self, request: &Message) -> Vec<Message> {
        let content = &request.content;
        let Some(id) = content["comm_id"].as_str() else { return Vec::new() };
        let close = || request.child("comm_close", json!({"comm_id": id, "data": {}}));
        let method = content["data"]["method"].as_str().unwrap_or_default();
        match request.kind() {
            "comm_open" if content["target_name"] == CONTROL => {
                self.note_page(request);
                Vec::new()
            }
            // Only the cells make widgets.
            "comm_open" => vec![close()],
            "comm_msg" if method == "request_states" => vec![self.states(request, id)],
            "comm_msg" => match self.widgets.open.get_mut(id) {
                Some(widget) => {
                    let stops = is_click(request) && widget.state.remove(STOPS).is_some();
                    let (said, changes) = said_to(widget, request, id);
                    if changes {
                        self.processes.ring();
                    }
                    if stops {
                        self.stop_by(id);
                    }
                    said
                }
                None => vec![close()],
            },
            "comm_close" => {
                let widget = self.widgets.open.get_mut(id);
                let closes =
                    widget.is_some_and(|widget| !std::mem::replace(&mut widget.is_closed, true));
                // The other front ends are to know.
                if closes { vec![close()] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    /// A stop button on the page was pressed. It stands below something that listens, and ends that
    /// alone: not what the cell does next, nor, as a second stop, the process with all variables.
    fn stop_by(&mut self, id: &str) {
        let state = json!({"description": "stopping ...", "disabled": true});
        if let Some(state) = state.as_object() {
            self.set_widget(id, state);
        }
        if self.processes.listens() {
            self.processes.interrupt();
        } else {
            self.stop();
        }
    }

    /// All widgets, for a page that was loaded anew.
    fn states(&self, request: &Message, id: &str) -> Message {
        let open = self.widgets.open.iter().filter(|(_, widget)| !widget.is_closed);
        let states: Map<String, Value> = open
            .map(|(id, widget)| {
                let state = &widget.state;
                let whole = json!({
                    "model_name": state.get("_model_name"),
                    "model_module": state.get("_model_module"),
                    "model_module_version": state.get("_model_module_version"),
                    "state": state,
                });
                (id.clone(), whole)
            })
            .collect();
        let data = json!({"method": "update_states", "states": states, "buffer_paths": []});
        request.child("comm_msg", json!({"comm_id": id, "data": data}))
    }
}

fn is_click(request: &Message) -> bool {
    let data = &request.content["data"];
    data["method"] == "custom" && data["content"]["event"] == "click"
}

/// What is answered to what a front end says of a widget, and whether its value has changed.
fn said_to(widget: &mut Widget, request: &Message, id: &str) -> (Vec<Message>, bool) {
    let data = &request.content["data"];
    let say = |method: &str, state: &Map<String, Value>| {
        vec![request.child("comm_msg", update(id, method, state))]
    };
    match data["method"].as_str().unwrap_or_default() {
        "update" => {
            let wanted = data["state"].as_object().cloned().unwrap_or_default();
            let (taken, refused) = take(&mut widget.state, wanted);
            let mut said = Vec::new();
            // An echo: front ends wait for the one to their own message before they heed others.
            if !taken.is_empty() {
                said.extend(say("echo_update", &taken));
            }
            if !refused.is_empty() {
                said.extend(say("update", &refused));
            }
            (said, !taken.is_empty())
        }
        "request_state" => (say("update", &widget.state), false),
        _ if is_click(request) => {
            let clicks = widget.state.get("clicks").and_then(Value::as_u64);
            if let Some(clicks) = clicks {
                widget.state.insert("clicks".to_owned(), (clicks + 1).into());
            }
            (Vec::new(), clicks.is_some())
        }
        _ => (Vec::new(), false),
    }
}

/// Puts into a state what a user may set there. Gives what was taken, and, where something was
/// refused, what stands there instead.
fn take(
    state: &mut Map<String, Value>,
    wanted: Map<String, Value>,
) -> (Map<String, Value>, Map<String, Value>) {
    let (mut taken, mut refused) = (Map::new(), Map::new());
    for (name, value) in wanted {
        let Some(now) = state.get_mut(&name) else { continue };
        let fits = VALUES.contains(&name.as_str())
            && discriminant(now) == discriminant(&value)
            && value.to_string().len() <= LONGEST;
        if fits {
            now.clone_from(&value);
            taken.insert(name, value);
        } else if *now != value {
            refused.insert(name, now.clone());
        }
    }
    (taken, refused)
}
