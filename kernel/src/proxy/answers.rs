//! Requests that the kernel answers by itself, at once, also while a cell runs.

use super::message::Message;
use crate::sources::is_rust;
use serde_json::{Value, json};

/// The answer to a request that needs neither evcxr nor the cells; None for what is no request.
pub fn answer(request: &Message) -> Option<Value> {
    Some(match request.kind() {
        "kernel_info_request" => kernel_info(),
        "is_complete_request" => is_complete(request.code()),
        "history_request" => json!({"status": "ok", "history": []}),
        kind if kind.ends_with("_request") => unknown(kind),
        _ => return None,
    })
}

/// The answer to what this kernel can't do.
fn unknown(what: &str) -> Value {
    let text = format!("this kernel knows no {what}");
    json!({"status": "error", "ename": "NotImplementedError", "evalue": text, "traceback": []})
}

/// The answers to the expressions that are to be evaluated behind a cell: evcxr has no way to do that.
pub fn expressions(request: &Message) -> Value {
    let asked = request.content["user_expressions"].as_object().into_iter().flatten();
    asked.map(|(name, _)| (name.clone(), unknown("user expressions"))).collect()
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

/// Whether a console should wait for more lines: as long as something is open. No line can mend what
/// was closed too often.
fn is_complete(code: &str) -> Value {
    let count = |sign: char| code.matches(sign).count();
    let is_over = [('(', ')'), ('[', ']'), ('{', '}')]
        .iter()
        .any(|(open, close)| count(*close) > count(*open));
    let status = match is_rust(code) {
        true => "complete",
        false if is_over => "invalid",
        false => "incomplete",
    };
    json!({"status": status, "indent": ""})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_waits_while_a_bracket_is_open() {
        assert_eq!(is_complete("let x = 1;")["status"], "complete");
        assert_eq!(is_complete("for i in 0..3 {")["status"], "incomplete");
        assert_eq!(is_complete("foo(1))")["status"], "invalid");
        assert_eq!(is_complete(":dep a = \"1\"")["status"], "complete");
    }

    #[test]
    fn every_request_is_answered() {
        let request = Message::new("execute_request", json!({"user_expressions": {"x": "1"}}));
        assert_eq!(expressions(&request)["x"]["status"], "error");
        assert_eq!(expressions(&Message::new("execute_request", json!({}))), json!({}));
        let answer = |kind: &str| answer(&Message::new(kind, json!({})));
        let status = |kind: &str| answer(kind).map(|answer| answer["status"].clone());
        assert_eq!(status("history_request"), Some(json!("ok")));
        assert_eq!(status("connect_request"), Some(json!("error")));
        assert_eq!(status("comm_msg"), None);
    }
}
