//! Widgets: what the cells ask, and what front ends say.

use super::*;

fn ask(proxy: &mut Proxy<Noted>, request: &str) -> String {
    let bytes = [&0u64.to_ne_bytes()[..], &[1], request.as_bytes()].concat();
    proxy.packet(Packet { kind: Kind::Widget, process: 7, question: 3, bytes });
    let answer = proxy.processes.done.iter().rfind(|done| done.starts_with("answer "));
    answer.unwrap()["answer ".len()..].to_owned()
}

fn open(proxy: &mut Proxy<Noted>, state: &str) -> String {
    let id = ask(proxy, &format!("{{\"open\": {state}}}"));
    serde_json::from_str(&id).unwrap()
}

/// The data of what goes to all front ends over comms, after a message of one of them.
fn heard(proxy: &mut Proxy<Noted>, kind: &str, content: Value) -> Vec<(String, Value)> {
    proxy.out();
    proxy.request(Message::new(kind, content), To::Shell);
    let out = proxy.out().into_iter().map(|(_, message)| message);
    let comms = out.filter(|message| message.kind().starts_with("comm"));
    comms.map(|message| (message.kind().to_owned(), message.content.clone())).collect()
}

fn update(id: &str, state: &Value) -> Value {
    json!({"comm_id": id, "data": {"method": "update", "state": state, "buffer_paths": []}})
}

const SLIDER: &str = r#"{"_model_name": "IntSliderModel", "value": 3, "min": 0}"#;

#[test]
fn a_value_that_is_moved_while_a_cell_runs_is_the_one_that_is_read() {
    let mut proxy = proxy();
    let cell = execute("fit()");
    proxy.request(cell.clone(), To::Shell);
    proxy.out();
    let id = open(&mut proxy, SLIDER);
    let (_, opened) = proxy.out().remove(0);
    assert_eq!((opened.kind(), &opened.metadata["version"]), ("comm_open", &json!("2.1.0")));
    assert!(opened.belongs_to(&cell));
    assert_eq!(opened.content["data"]["state"]["value"], 3);
    let said = heard(&mut proxy, "comm_msg", update(&id, &json!({"value": 5})));
    assert_eq!(said[0].1["data"]["method"], "echo_update");
    assert_eq!(said[0].1["data"]["state"], json!({"value": 5}));
    assert!(proxy.processes.done.contains(&"ring".to_owned()));
    assert_eq!(ask(&mut proxy, &json!({"get": [id, "value"]}).to_string()), "5");
    // Set by the cell
    proxy.out();
    ask(&mut proxy, &json!({"set": [id, {"value": 7}]}).to_string());
    let (_, set) = proxy.out().remove(0);
    assert_eq!(
        set.content["data"],
        json!({"method": "update", "state": {"value": 7}, "buffer_paths": []})
    );
}

#[test]
fn a_page_that_is_loaded_anew_gets_all_widgets() {
    let mut proxy = proxy();
    let (one, two) = (open(&mut proxy, SLIDER), open(&mut proxy, SLIDER));
    heard(&mut proxy, "comm_msg", update(&two, &json!({"value": 9})));
    let control = json!({"comm_id": "c", "target_name": "jupyter.widget.control"});
    assert_eq!(heard(&mut proxy, "comm_open", control.clone()), []);
    assert_eq!(heard(&mut proxy, "comm_open", control), [], "its connection was lost for a moment");
    assert_eq!(proxy.widgets.pages.len(), 1);
    let asked = json!({"comm_id": "c", "data": {"method": "request_states"}});
    let said = heard(&mut proxy, "comm_msg", asked);
    let states = &said[0].1["data"]["states"];
    assert_eq!(states[&one]["model_name"], "IntSliderModel");
    assert_eq!(
        (&states[&one]["state"]["value"], &states[&two]["state"]["value"]),
        (&json!(3), &json!(9))
    );
    let info = heard(&mut proxy, "comm_info_request", json!({"target_name": "jupyter.widget"}));
    assert_eq!(info[0].1["comms"].as_object().unwrap().len(), 2);
    let info = heard(&mut proxy, "comm_info_request", json!({"target_name": "other"}));
    assert_eq!(info[0].1["comms"], json!({}));
    let asked = json!({"comm_id": one, "data": {"method": "request_state"}});
    assert_eq!(heard(&mut proxy, "comm_msg", asked)[0].1["data"]["state"]["value"], 3);
    ask(&mut proxy, &json!({"close": one}).to_string());
    assert_eq!(proxy.widgets.open.len(), 1);
    assert_eq!(proxy.out()[0].1.kind(), "comm_close");
}

#[test]
fn what_no_user_can_have_set_is_refused_and_said() {
    let mut proxy = proxy();
    let id = open(&mut proxy, r#"{"value": "a", "min": 0, "_model_name": "TextModel"}"#);
    let long = "x".repeat(10_000_000);
    for (state, wanted) in [
        (json!({"value": 5}), json!({"value": "a"})),
        (json!({"value": long}), json!({"value": "a"})),
        (json!({"min": 3}), json!({"min": 0})),
        (json!({"_model_name": "OtherModel"}), json!({"_model_name": "TextModel"})),
    ] {
        let said = heard(&mut proxy, "comm_msg", update(&id, &state));
        assert_eq!(said[0].1["data"]["method"], "update");
        assert_eq!(said[0].1["data"]["state"], wanted);
    }
    assert_eq!(heard(&mut proxy, "comm_msg", update(&id, &json!({"other": 1}))), []);
    for data in [json!(null), json!([1]), json!({"method": 3}), json!({"method": "update"})] {
        heard(&mut proxy, "comm_msg", json!({"comm_id": id, "data": data}));
    }
    assert_eq!(ask(&mut proxy, &json!({"get": [id, "value"]}).to_string()), "\"a\"");
    for request in ["", "no JSON", "{}", "[]", "{\"open\": 1}", "{\"get\": []}", "{\"x\": {}}"] {
        assert_eq!(ask(&mut proxy, request), "null", "{request}");
    }
}

#[test]
fn comms_that_nobody_knows_are_closed() {
    let mut proxy = proxy();
    for (kind, content) in [
        ("comm_open", json!({"comm_id": "x", "target_name": "other"})),
        ("comm_open", json!({"comm_id": "x", "target_name": "jupyter.widget"})),
        ("comm_msg", update("x", &json!({"value": 1}))),
    ] {
        let said = heard(&mut proxy, kind, content);
        assert_eq!(said, [("comm_close".to_owned(), json!({"comm_id": "x", "data": {}}))]);
    }
    for content in [json!({}), json!([]), json!(null), json!({"comm_id": 3})] {
        for kind in ["comm_open", "comm_msg", "comm_close"] {
            assert_eq!(heard(&mut proxy, kind, content.clone()), []);
        }
    }
}

/// A cell that trains, and its stop button; the answer of a front end on which that is pressed.
fn training() -> (Proxy<Noted>, Value) {
    let mut proxy = proxy();
    proxy.request(execute("fit(); evaluate()"), To::Shell);
    proxy.packet(packet(Kind::Start, ""));
    let id = open(&mut proxy, r#"{"clicks": 0, "stops": true}"#);
    proxy.processes.listens = true;
    (proxy, json!({"comm_id": id, "data": {"method": "custom", "content": {"event": "click"}}}))
}

fn count(proxy: &Proxy<Noted>, what: &str) -> usize {
    proxy.processes.done.iter().filter(|done| *done == what).count()
}

#[test]
fn a_stop_button_stops_once_and_leaves_alone_what_comes_after_its_training() {
    let (mut proxy, click) = training();
    let said = heard(&mut proxy, "comm_msg", click.clone());
    let state = json!({"description": "stopping ...", "disabled": true});
    assert_eq!(said[0].1["data"]["state"], state);
    assert_eq!(heard(&mut proxy, "comm_msg", click), []);
    proxy.tick();
    assert_eq!(count(&proxy, "interrupt"), 1, "the toolbar's is repeated");
}

#[test]
fn a_stop_button_after_that_of_the_toolbar_is_no_second_stop() {
    let (mut proxy, click) = training();
    proxy.stop();
    heard(&mut proxy, "comm_msg", click);
    assert_eq!((count(&proxy, "interrupt"), count(&proxy, "kill")), (2, 0));
}

#[test]
fn a_button_counts_its_clicks_and_a_closed_widget_keeps_its_value() {
    let mut proxy = proxy();
    let id = open(&mut proxy, r#"{"clicks": 0}"#);
    let click = json!({"comm_id": id, "data": {"method": "custom", "content": {"event": "click"}}});
    heard(&mut proxy, "comm_msg", click.clone());
    heard(&mut proxy, "comm_msg", click);
    assert_eq!(heard(&mut proxy, "comm_close", json!({"comm_id": id}))[0].0, "comm_close");
    assert_eq!(heard(&mut proxy, "comm_close", json!({"comm_id": id})), []);
    assert_eq!(ask(&mut proxy, &json!({"get": [id, "clicks"]}).to_string()), "2");
    let other = open(&mut proxy, SLIDER);
    proxy.out();
    proxy.packet(packet(Kind::Hello, ""));
    let closed: Vec<Message> = proxy.out().into_iter().map(|(_, message)| message).collect();
    assert_eq!((closed.len(), closed[0].content["comm_id"].as_str()), (1, Some(other.as_str())));
    assert!(proxy.widgets.open.is_empty(), "they were those of a process that has ended");
}

#[test]
fn a_cell_that_is_run_again_keeps_its_name() {
    let mut proxy = proxy();
    let mut names = Vec::new();
    for (code, id) in [("1", Some("a")), ("2", Some("a")), ("2", None), ("2", None), ("1", None)] {
        let mut request = execute(code);
        request.metadata = json!({"cellId": id});
        proxy.request(request.clone(), To::Shell);
        let running: Value = serde_json::from_str(&ask(&mut proxy, "{\"cell\": null}")).unwrap();
        assert_eq!(running["run"], request.id());
        names.push(running["cell"].clone());
        end(&mut proxy, &request);
    }
    assert!(names[0] == names[1] && names[2] == names[3]);
    assert!(names[1] != names[2] && names[3] != names[4]);
}
