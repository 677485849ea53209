use super::*;

#[test]
fn what_is_run_in_silence_is_neither_counted_nor_shown() {
    let mut proxy = proxy();
    let value = b"EVCXR_BEGIN_CONTENT text/plain\n7\nEVCXR_END_CONTENT\n".to_vec();
    for (silent, store_history, count, shown) in [
        (false, true, 1, true),
        (true, false, 1, false),
        (false, false, 1, true),
        (false, true, 2, true),
    ] {
        let mut request = execute("7");
        request.content["silent"] = silent.into();
        request.content["store_history"] = store_history.into();
        proxy.request(request.clone(), To::Shell);
        proxy.packet(packet(Kind::Start, ""));
        proxy.processes.written.push((Stream::Stdout, value.clone()));
        end(&mut proxy, &request);
        let out = proxy.out();
        let kinds: Vec<&str> = out.iter().map(|(_, message)| message.kind()).collect();
        assert_eq!(kinds.contains(&"execute_input"), shown);
        assert_eq!(kinds.contains(&"execute_result"), shown);
        let (_, reply) = out.iter().find(|(to, _)| *to == To::Shell).unwrap();
        assert_eq!(reply.content["execution_count"], count);
    }
}

#[test]
fn what_fails_in_silence_stops_no_cell() {
    let mut proxy = proxy();
    let mut silent = execute("fails");
    silent.content["silent"] = true.into();
    proxy.request(silent.clone(), To::Shell);
    proxy.request(execute("next"), To::Shell);
    proxy.out();
    proxy.evcxr_says(
        silent.child("error", json!({"ename": "Error", "evalue": "", "traceback": []})),
    );
    end(&mut proxy, &silent);
    let told = told(&mut proxy);
    assert!(told.contains(&"shell execute_reply error".to_owned()), "{told:?}");
    assert!(told.contains(&"evcxr execute_request".to_owned()), "{told:?}");
}

#[test]
fn the_code_of_a_cell_is_kept_once() {
    let mut proxy = proxy();
    for code in ["fn a() {}", "fn b() {}", "fn a() {}"] {
        let request = execute(code);
        proxy.request(request.clone(), To::Shell);
        end(&mut proxy, &request);
    }
    assert_eq!(proxy.own, ["fn a() {}", "fn b() {}"]);
}
