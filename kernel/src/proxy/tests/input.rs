use super::*;

#[test]
fn input_is_asked_for_where_there_is_somebody_to_ask() {
    let mut proxy = proxy();
    let mut asking = execute("read_line");
    asking.content["allow_stdin"] = true.into();
    proxy.request(asking.clone(), To::Shell);
    proxy.packet(packet(Kind::Start, ""));
    proxy.out();
    proxy.packet(packet(Kind::Input, ""));
    assert_eq!(told(&mut proxy), ["stdin input_request"]);
    proxy.input(&Message::new("input_reply", json!({"value": "Ada"})));
    assert_eq!(proxy.processes.done, ["answer Ada\n"]);
    proxy.packet(packet(Kind::Input, ""));
    proxy.stop();
    assert_eq!(
        proxy.processes.done[1..],
        ["interrupt", "answer "],
        "a stop is the end of the input"
    );
    end(&mut proxy, &asking);
    let deaf = execute("read_line");
    proxy.request(deaf, To::Shell);
    proxy.processes.done.clear();
    proxy.packet(packet(Kind::Input, ""));
    assert_eq!(proxy.processes.done, ["answer "]);
}

#[test]
fn a_long_line_comes_in_parts() {
    let mut proxy = proxy();
    let (request, question) = asking(&mut proxy);
    let line = "ä".repeat(40_000);
    proxy.input(&question.child("input_reply", json!({"value": line})));
    proxy.packet(packet(Kind::Input, ""));
    proxy.packet(packet(Kind::Input, ""));
    assert_eq!(told(&mut proxy), [""; 0], "the user is asked once");
    let parts: String =
        proxy.processes.done.iter().filter_map(|done| done.strip_prefix("answer ")).collect();
    assert!(parts == line + "\n");
    proxy.packet(packet(Kind::Input, ""));
    assert_eq!(told(&mut proxy), ["stdin input_request"]);
    end(&mut proxy, &request);
}

#[test]
fn the_rest_of_a_line_is_not_the_next_cells() {
    let mut proxy = proxy();
    let (request, question) = asking(&mut proxy);
    proxy.input(&question.child("input_reply", json!({"value": "a".repeat(40_000)})));
    end(&mut proxy, &request);
    asking(&mut proxy);
}

/// A cell that has asked for input; the question as it was passed on.
fn asking(proxy: &mut Proxy<Noted>) -> (Message, Message) {
    let mut request = execute("read_line");
    request.content["allow_stdin"] = true.into();
    proxy.request(request.clone(), To::Shell);
    proxy.packet(packet(Kind::Start, ""));
    proxy.packet(packet(Kind::Input, ""));
    proxy.processes.done.clear();
    let question = proxy.out().into_iter().find(|(to, _)| *to == To::Stdin);
    (request, question.unwrap().1)
}

#[test]
fn a_thread_that_asks_when_its_cell_ends_gets_the_end_of_the_input() {
    let mut proxy = proxy();
    let (request, _) = asking(&mut proxy);
    proxy.packet(packet(Kind::Input, ""));
    assert_eq!(proxy.processes.done, ["answer "], "one question at a time");
    end(&mut proxy, &request);
    assert_eq!(proxy.processes.done, ["answer "; 3], "the mark of the end, and the question");
}

#[test]
fn what_is_typed_into_the_box_of_an_older_question_answers_no_later_one() {
    let mut proxy = proxy();
    let (request, older) = asking(&mut proxy);
    end(&mut proxy, &request);
    let (_, question) = asking(&mut proxy);
    proxy.input(&older.child("input_reply", json!({"value": "old"})));
    assert_eq!(proxy.processes.done, [""; 0]);
    proxy.input(&question.child("input_reply", json!({"value": "new"})));
    assert_eq!(proxy.processes.done, ["answer new\n"]);
}

#[test]
fn a_prompt_that_is_printed_as_evcxr_s_own_crate_does_is_one() {
    let mut proxy = proxy();
    asking(&mut proxy);
    let printed = b"first\nEVCXR_INPUT_REQUEST_PASSWORD:Key?\n".to_vec();
    proxy.processes.written.push((Stream::Stdout, printed));
    proxy.tick();
    assert_eq!(told(&mut proxy), [""; 0], "its question is still to come");
    proxy.packet(packet(Kind::Input, ""));
    let out = proxy.out();
    assert_eq!(out[0].1.content["text"], "first\n");
    assert_eq!(out[1].1.content, json!({"prompt": "Key?", "password": true}));
}
