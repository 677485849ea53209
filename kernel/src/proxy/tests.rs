use super::*;
use crate::link::Kind;

mod broken;
mod display;
mod input;
mod silent;
mod stops;
mod widgets;

/// Processes that only note what is done to them.
#[derive(Default)]
struct Noted {
    done: Vec<String>,
    written: Vec<(Stream, Vec<u8>)>,
    listens: bool,
}

impl Processes for Noted {
    fn read_output(&mut self) -> Vec<(Stream, Vec<u8>)> {
        std::mem::take(&mut self.written)
    }
    fn answer(&mut self, _question: &Packet, text: &[u8]) {
        self.done.push(format!("answer {}", String::from_utf8_lossy(text)));
    }
    fn ring(&mut self) {
        self.done.push("ring".to_owned());
    }
    fn interrupt(&mut self) {
        self.done.push("interrupt".to_owned());
    }
    fn listens(&self) -> bool {
        self.listens
    }
    fn kill(&mut self) {
        self.done.push("kill".to_owned());
    }
    fn stop_compiler(&mut self) {
        self.done.push("stop compiler".to_owned());
    }
    fn started(&mut self, process: u32) {
        self.done.push(format!("started {process}"));
    }
    fn moved_variables(&mut self) -> Vec<String> {
        vec!["model".to_owned()]
    }
    fn library(&self) -> (&str, &str) {
        ("unit8", "/course")
    }
    fn inspect(&mut self, word: &Word, hover: Option<&str>, _own: &str) -> Option<Value> {
        (word.name == "known").then(|| json!({"text/plain": hover.unwrap_or("docs")}))
    }
}

fn proxy() -> Proxy<Noted> {
    let mut proxy = Proxy::new(Noted::default(), "\u{2}t:".to_owned());
    proxy.ready();
    proxy
}

fn execute(code: &str) -> Message {
    Message::new("execute_request", json!({"code": code, "silent": false}))
}

fn packet(kind: Kind, text: &str) -> Packet {
    Packet { kind, process: 7, question: 1, bytes: text.into() }
}

/// `shell execute_reply ok`, `iopub status idle`, ...
fn told(proxy: &mut Proxy<Noted>) -> Vec<String> {
    let line = |(to, message): (To, Message)| {
        let content = &message.content;
        let detail = [&content["status"], &content["execution_state"], &content["text"]];
        let detail: Vec<&str> = detail.iter().filter_map(|value| value.as_str()).collect();
        let line = format!("{to:?} {} {}", message.kind(), detail.join(" "));
        line.trim_end().to_lowercase()
    };
    proxy.out().into_iter().map(line).collect()
}

/// evcxr runs the cell to its end.
fn end(proxy: &mut Proxy<Noted>, request: &Message) {
    proxy.packet(packet(Kind::End, ""));
    proxy.evcxr_replies(request.reply(json!({"status": "ok"})));
    proxy.evcxr_says(request.child("status", json!({"execution_state": "idle"})));
}

#[test]
fn a_cell_is_busy_from_its_input_to_its_reply() {
    let mut proxy = proxy();
    let request = execute("1 + 1");
    proxy.request(request.clone(), To::Shell);
    assert_eq!(
        told(&mut proxy),
        ["iopub status busy", "iopub execute_input", "evcxr execute_request"]
    );
    proxy.packet(packet(Kind::Start, ""));
    proxy.processes.written.push((Stream::Stdout, b"no newline".to_vec()));
    end(&mut proxy, &request);
    assert_eq!(
        told(&mut proxy),
        ["iopub stream no newline", "shell execute_reply ok", "iopub status idle"]
    );
    assert_eq!(proxy.processes.done, ["answer "]);
}

#[test]
fn the_kernel_answers_before_evcxr_does() {
    let mut proxy = Proxy::new(Noted::default(), "t".to_owned());
    proxy.request(Message::new("kernel_info_request", json!({})), To::Shell);
    assert_eq!(
        told(&mut proxy),
        ["iopub status busy", "shell kernel_info_reply ok", "iopub status idle"]
    );
    proxy.request(execute("1"), To::Shell);
    assert_eq!(told(&mut proxy), ["iopub status busy", "iopub execute_input"], "the cell waits");
    proxy.processes.written.push((Stream::Stdout, b"evcxr tries itself out".to_vec()));
    proxy.packet(packet(Kind::End, ""));
    proxy.ready();
    assert_eq!(told(&mut proxy), ["evcxr execute_request"]);
}

#[test]
fn all_front_ends_learn_of_the_end() {
    let mut proxy = proxy();
    proxy.request(Message::new("shutdown_request", json!({"restart": true})), To::Control);
    let told = told(&mut proxy);
    for wanted in ["iopub shutdown_reply ok", "control shutdown_reply ok"] {
        assert!(told.contains(&wanted.to_owned()), "{told:?}");
    }
    assert_eq!(proxy.ends, Some(0));
}

#[test]
fn a_cell_that_waits_for_evcxr_can_be_stopped() {
    let mut proxy = Proxy::new(Noted::default(), "t".to_owned());
    proxy.request(execute("1"), To::Shell);
    proxy.stop();
    assert!(told(&mut proxy).contains(&"shell execute_reply error".to_owned()));
    proxy.ready();
    assert_eq!(told(&mut proxy), [""; 0]);
}

#[test]
fn a_kernel_without_evcxr_says_why_in_each_cell() {
    let mut proxy = Proxy::new(Noted::default(), "t".to_owned());
    proxy.request(execute("1"), To::Shell);
    proxy.missing("run the set-up".to_owned());
    let out = proxy.out();
    let error = out.iter().find(|(_, message)| message.kind() == "error").unwrap();
    let text = error.1.content["evalue"].as_str().unwrap();
    assert!(text.starts_with("run the set-up\n") && text.contains("Restart"), "{text}");
    proxy.request(execute("2"), To::Shell);
    assert!(told(&mut proxy).contains(&"shell execute_reply error".to_owned()));
}

#[test]
fn cells_behind_one_that_fails_are_aborted() {
    let mut proxy = proxy();
    let (failing, next) = (execute("fails()?"), execute("next"));
    proxy.request(failing.clone(), To::Shell);
    proxy.request(next, To::Shell);
    proxy.packet(packet(Kind::Start, ""));
    proxy.processes.written.push((Stream::Stderr, b"\x02no file\x03\n".to_vec()));
    proxy.processes.written.push((Stream::Stdout, b"\x02t:EVCXR_ERROR_OCCURRED\n".to_vec()));
    end(&mut proxy, &failing);
    assert_eq!(proxy.processes.done, ["answer EVCXR_ERROR_OCCURRED\n"]);
    let error = proxy.out.iter().find(|(_, message)| message.kind() == "error").unwrap();
    assert!(error.1.content["traceback"][1].as_str().unwrap().contains("`model`"));
    let told = told(&mut proxy);
    assert_eq!(
        told[3..],
        [
            "iopub error",
            "shell execute_reply error",
            "iopub status idle",
            "iopub status busy",
            "shell execute_reply aborted",
            "iopub status idle"
        ]
    );
    proxy.request(execute("later"), To::Shell);
    assert_eq!(proxy.out().len(), 3, "a cell that comes later runs");
}

#[test]
fn questions_are_answered_while_a_cell_runs() {
    let mut proxy = proxy();
    proxy.request(execute("loop {}"), To::Shell);
    proxy.out();
    for (kind, content) in [
        ("complete_request", json!({"code": "pri", "cursor_pos": 3})),
        ("inspect_request", json!({"code": "known", "cursor_pos": 3})),
        ("comm_info_request", json!({})),
        ("is_complete_request", json!({"code": "1"})),
    ] {
        proxy.request(Message::new(kind, content), To::Shell);
        let told = told(&mut proxy);
        assert_eq!(told.len(), 4, "{kind}: {told:?}");
        assert_eq!(told[3], "iopub status busy", "a page that was loaded now sees the cell run");
        assert!(told[1].contains("_reply"), "{told:?}");
    }
}

#[test]
fn a_word_is_looked_up_with_what_evcxr_says_of_it() {
    let mut proxy = proxy();
    let request = Message::new("inspect_request", json!({"code": "known(1)", "cursor_pos": 2}));
    proxy.request(request.clone(), To::Shell);
    let (to, passed) = proxy.out().remove(0);
    assert_eq!((to, passed.content["cursor_pos"].as_u64()), (To::Evcxr, Some(5)));
    proxy.evcxr_replies(passed.reply(json!({"found": true, "data": {"text/plain": "fn known"}})));
    let out = proxy.out();
    let (_, reply) = out.iter().find(|(to, _)| *to == To::Shell).unwrap();
    assert!(reply.belongs_to(&request));
    assert_eq!(reply.content["data"]["text/plain"], "fn known");
}

#[test]
fn what_is_known_before_the_first_cell_is_said_in_it() {
    let mut proxy = Proxy::new(Noted::default(), "\u{2}t:".to_owned());
    proxy.note("the library is compiled");
    proxy.note("it takes a minute");
    let request = execute("1");
    proxy.request(request.clone(), To::Shell);
    proxy.ready();
    end(&mut proxy, &request);
    let told = told(&mut proxy).join(" ");
    assert!(told.contains("the library is compiled\nit takes a minute"), "{told}");
}

#[test]
fn what_a_thread_wrote_last_is_shown_before_the_next_cell() {
    let mut proxy = proxy();
    let first = execute("spawn");
    proxy.request(first.clone(), To::Shell);
    end(&mut proxy, &first);
    proxy.processes.written.push((Stream::Stdout, b"still here, E".to_vec()));
    proxy.read_output();
    proxy.out();
    proxy.request(execute("next"), To::Shell);
    let told = told(&mut proxy);
    assert!(told.contains(&"iopub stream still here, e".to_owned()), "{told:?}");
}

#[test]
fn a_request_without_a_name_is_answered_and_holds_nobody_up() {
    let mut proxy = proxy();
    for header in [
        json!({"msg_type": "execute_request"}),
        json!({"msg_id": 7, "msg_type": "execute_request"}),
    ] {
        proxy.request(Message { header, ..execute("1") }, To::Shell);
        let out = proxy.out();
        let (_, passed) = out.iter().find(|(to, _)| *to == To::Evcxr).unwrap();
        end(&mut proxy, passed);
        assert!(told(&mut proxy).contains(&"shell execute_reply ok".to_owned()));
    }
    proxy.request(Message { header: json!([]), ..execute("1") }, To::Shell);
}
