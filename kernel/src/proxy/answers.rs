//! Requests that the kernel answers by itself, at once, also while a cell runs.

use super::message::Message;
use serde_json::{Value, json};

/// The answer to a request that needs neither evcxr nor the cells; None for another one.
pub fn answer(request: &Message) -> Option<Value> {
    Some(match request.kind() {
        "kernel_info_request" => kernel_info(),
        "is_complete_request" => is_complete(request.code()),
        "comm_info_request" => json!({"status": "ok", "comms": {}}),
        "history_request" => json!({"status": "ok", "history": []}),
        _ => return None,
    })
}

/// What a front end wants to know of a kernel before anything else.
fn kernel_info() -> Value {
    json!({
        "status": "ok",
        "protocol_version": "5.4",
        "implementation": env!("CARGO_PKG_NAME"),
        "implementation_version": env!("CARGO_PKG_VERSION"),
        "language_info": {
            "name": "Rust",
            "version": "",
            "mimetype": "text/rust",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
        },
        "banner": "Rust, by evcxr",
        "debugger": false,
        "help_links": [
            {"text": "Rust's standard library", "url": "https://doc.rust-lang.org/stable/std/"},
        ],
    })
}

/// Whether a console should wait for more lines: as long as something is open.
fn is_complete(code: &str) -> Value {
    let open = code.parse::<proc_macro2::TokenStream>().is_err();
    json!({"status": if open { "incomplete" } else { "complete" }, "indent": ""})
}

/// The answer to a comm that nobody here knows: it is closed.
pub fn close_comm(request: &Message) -> Option<Message> {
    (request.kind() == "comm_open").then(|| {
        let id = request.content["comm_id"].clone();
        request.child("comm_close", json!({"comm_id": id, "data": {}}))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_waits_while_a_bracket_is_open() {
        assert_eq!(is_complete("let x = 1;")["status"], "complete");
        assert_eq!(is_complete("for i in 0..3 {")["status"], "incomplete");
        assert_eq!(is_complete(":dep a = \"1\"")["status"], "complete");
    }

    #[test]
    fn what_needs_evcxr_is_left_to_it() {
        assert_eq!(answer(&Message::new("execute_request", json!({}))), None);
        assert_eq!(answer(&Message::new("complete_request", json!({}))), None);
        let open = Message::new("comm_open", json!({"comm_id": "c"}));
        assert_eq!(close_comm(&open).unwrap().content["comm_id"], "c");
    }
}
