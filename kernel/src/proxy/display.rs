//! Things that the cells show and replace by others: `display_data` with a `display_id`, and
//! `update_display_data`, which every front end redraws in place.
//!
//! A page that is loaded anew has forgotten which cell runs, and drops what that cell still says. It
//! knows the cells that are run from it: so the first of these shows the things, too, while it waits.

use super::message::Message;
use super::{Processes, Proxy, To, parts};
use crate::link::{Kind, Packet};
use serde_json::{Value, json};

/// How a front end is told which widget to show.
const WIDGET: &str = "application/vnd.jupyter.widget-view+json";
/// So many things of a cell are lent to another one.
const MOST_LENT: usize = 8;

/// The things that were shown.
pub struct Displays {
    /// No two kernels may give two things the same name: a front end can show both.
    kernel: String,
    /// What the cell that runs has shown, as it is now.
    shown: Vec<Value>,
    /// Whether a front end has come while it runs, to which nothing is lent yet.
    has_new_page: bool,
    /// The waiting cell below which they stand, too.
    lent_to: Option<String>,
    /// What was replaced while no cell ran: a front end without a page listened to none.
    late: Vec<Value>,
}

impl Displays {
    /// Nothing has been shown.
    pub fn new() -> Displays {
        Displays {
            kernel: uuid::Uuid::new_v4().simple().to_string(),
            shown: Vec::new(),
            has_new_page: false,
            lent_to: None,
            late: Vec::new(),
        }
    }

    /// A front end asks for the first time while a cell runs.
    pub fn new_page(&mut self) {
        self.has_new_page = true;
    }
}

impl<P: Processes> Proxy<P> {
    /// A part of a thing has come.
    pub(super) fn display(&mut self, packet: &Packet) {
        if let Some((id, data)) = self.parts.add(packet) {
            let id = format!("{}-{}-{id}", self.displays.kernel, packet.process);
            let content = json!({"data": data, "metadata": {}, "transient": {"display_id": id}});
            match packet.kind {
                Kind::Show => self.show(content),
                _ => self.replace(content),
            }
        }
        if parts::is_last(packet) && packet.kind == Kind::Show {
            self.processes.answer(packet, &[]);
        }
    }

    /// A cell waits for the one that runs: what that one has shown stands below it meanwhile.
    pub(super) fn lend_displays(&mut self, request: &Message) {
        if !self.displays.has_new_page || self.displays.shown.is_empty() {
            return;
        }
        self.displays.has_new_page = false;
        self.displays.lent_to = Some(request.id().to_owned());
        for content in &self.displays.shown {
            self.out.push((To::Iopub, request.child("display_data", content.clone())));
        }
    }

    /// The cell begins: what was lent to it goes, and what came while no cell ran is said once more.
    pub(super) fn begin_displays(&mut self, request: &Message) {
        self.displays.shown.clear();
        self.displays.has_new_page = false;
        if self.displays.lent_to.take_if(|id| id == request.id()).is_some() {
            self.send(To::Iopub, request.child("clear_output", json!({"wait": false})));
        }
        for content in std::mem::take(&mut self.displays.late) {
            self.send(To::Iopub, request.child("update_display_data", content));
        }
    }

    /// The process has been ended: nothing will change any more.
    pub(super) fn end_displays(&mut self) {
        const LINE: &str = "(ended by a second stop)";
        for mut content in std::mem::take(&mut self.displays.shown) {
            if content["data"].get(WIDGET).is_some() {
                content["data"] = json!({}); // it went with the process
            }
            if let Some(Value::String(html)) = content["data"].get_mut("text/html") {
                html.push_str(&format!("<div>{LINE}</div>"));
            }
            if let Some(Value::String(text)) = content["data"].get_mut("text/plain") {
                text.push_str(&format!("\n{LINE}"));
            }
            self.replace(content);
        }
    }

    fn show(&mut self, content: Value) {
        self.displays.shown.retain(|shown| shown["transient"] != content["transient"]);
        if self.displays.shown.len() == MOST_LENT {
            self.displays.shown.remove(0);
        }
        self.displays.shown.push(content.clone());
        self.read_output();
        let Some(cell) = self.writing() else { return };
        cell.display(content);
        let messages = cell.messages();
        self.out.extend(messages.into_iter().map(|message| (To::Iopub, message)));
    }

    /// In the name of the cell that runs: that is the one whose messages a front end without a page
    /// listens to.
    fn replace(&mut self, content: Value) {
        let is_same = |other: &Value| other["transient"] == content["transient"];
        if let Some(shown) = self.displays.shown.iter_mut().find(|shown| is_same(shown)) {
            shown.clone_from(&content);
        }
        self.displays.shown.retain(|shown| shown["data"] != json!({}));
        if self.cell.is_none() {
            self.displays.late.retain(|late| !is_same(late));
            self.displays.late.push(content.clone());
        }
        if let Some(cell) = self.cell.as_ref().or(self.before.as_ref()) {
            let message = cell.request.child("update_display_data", content);
            self.send(To::Iopub, message);
        }
    }
}
