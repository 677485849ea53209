//! What front ends ask, besides for cells to be run.

use super::message::Message;
use super::{Processes, Proxy, To, answers, cursor};
use crate::sources::Word;
use serde_json::{Value, json};

impl<P: Processes> Proxy<P> {
    /// A request came over the shell or the control channel.
    pub fn request(&mut self, mut request: Message, from: To) {
        if request.id().is_empty() && request.header.is_object() {
            // What belongs to it could not be told from all else.
            request.header["msg_id"] = uuid::Uuid::new_v4().to_string().into();
        }
        match request.kind() {
            "execute_request" => {
                if self.cell.is_some() {
                    self.lend_displays(&request);
                }
                self.waiting.push_back(request);
                return self.start_next();
            }
            "kernel_info_request" if self.cell.is_some() => self.displays.new_page(),
            "complete_request" if self.is_free() => return self.pass(request.clone(), request),
            "inspect_request" if self.is_free() => {
                if let Some(word) = word(&request) {
                    // Only where a word ends does evcxr know it.
                    let content = json!({"code": request.code(), "cursor_pos": word.end});
                    return self.pass(Message::new("inspect_request", content), request);
                }
            }
            _ => {}
        }
        let answer = match self.answer(&request) {
            Some(content) => vec![(from, request.reply(content))],
            None => self.comm(&request).into_iter().map(|said| (To::Iopub, said)).collect(),
        };
        self.answered(&request, answer);
    }

    /// Lets evcxr answer.
    fn pass(&mut self, mut passed: Message, request: Message) {
        if let Some(code_points) = passed.content["cursor_pos"].as_u64() {
            let characters = cursor::to_evcxr(passed.code(), code_points);
            passed.content["cursor_pos"] = characters.into();
        }
        self.send(To::Evcxr, Message { identities: Vec::new(), ..passed.clone() });
        self.passed.push((passed, request));
    }

    pub(super) fn inspect(&mut self, request: &Message, hover: Option<&str>) -> Value {
        let own = self.own.make_contiguous().join("\n");
        let data = word(request).and_then(|word| self.processes.inspect(&word, hover, &own));
        json!({"status": "ok", "found": data.is_some(), "metadata": {},
               "data": data.unwrap_or_else(|| json!({}))})
    }

    fn answer(&mut self, request: &Message) -> Option<Value> {
        Some(match request.kind() {
            "shutdown_request" => {
                self.ends = Some(0);
                let content = json!({"status": "ok", "restart": request.flag("restart", false)});
                // Other front ends of this kernel are to know, too.
                self.send(To::Iopub, request.child("shutdown_reply", content.clone()));
                content
            }
            "interrupt_request" => {
                self.stop();
                json!({"status": "ok"})
            }
            "complete_request" => {
                let cursor = request.content["cursor_pos"].clone();
                json!({"status": "ok", "matches": [], "metadata": {},
                       "cursor_start": cursor, "cursor_end": cursor})
            }
            "inspect_request" => self.inspect(request, None),
            "comm_info_request" => self.comm_info(request),
            _ => return answers::answer(request),
        })
    }
}

/// The word that an inspect request is about.
fn word(request: &Message) -> Option<Word> {
    let cursor = request.content["cursor_pos"].as_u64().unwrap_or_default();
    Word::at(request.code(), cursor as usize)
}
