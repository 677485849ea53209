use super::*;
use std::time::{Duration, Instant};

#[test]
fn one_stop_interrupts_and_a_second_kills() {
    let mut proxy = proxy();
    let request = execute("loop {}");
    proxy.stop();
    assert_eq!(proxy.processes.done, [""; 0], "nothing runs");
    proxy.request(request.clone(), To::Shell);
    proxy.stop();
    assert_eq!(proxy.processes.done, ["stop compiler"]);
    proxy.tick();
    assert_eq!(proxy.processes.done[1..], ["stop compiler"], "evcxr starts several");
    proxy.packet(packet(Kind::Start, ""));
    proxy.tick();
    assert_eq!(proxy.processes.done[2..], ["interrupt"], "the stop came a moment too early");
    proxy.stop();
    proxy.stop();
    proxy.tick();
    assert_eq!(proxy.processes.done[3..], ["kill"], "what comes after that is a new process");
    let ended = "Subprocess terminated with status: signal: 9 (SIGKILL)";
    let error = json!({"ename": "Error", "evalue": ended, "traceback": [ended]});
    proxy.evcxr_says(request.child("error", error));
    proxy.evcxr_replies(request.reply(json!({"status": "error"})));
    proxy.out();
    proxy.evcxr_says(request.child("status", json!({"execution_state": "idle"})));
    let out = proxy.out();
    assert!(out[0].1.content["evalue"].as_str().unwrap().contains("second stop"), "{out:?}");
}

/// What is said of a stop that was pressed so many milliseconds ago.
fn said(proxy: &mut Proxy<Noted>, milliseconds: u64) -> String {
    let cell = proxy.cell.as_mut().unwrap();
    cell.stopped = Instant::now().checked_sub(Duration::from_millis(milliseconds));
    proxy.tick();
    told(proxy).join(" ")
}

#[test]
fn a_stop_says_whether_it_was_heard() {
    for listens in [true, false] {
        let mut proxy = proxy();
        proxy.processes.listens = listens;
        proxy.request(execute("fit()"), To::Shell);
        proxy.packet(packet(Kind::Start, ""));
        for round in 0..2 {
            proxy.stop();
            assert!(!said(&mut proxy, 100).contains("stop"), "round {round}");
            let said = said(&mut proxy, 2000);
            assert_eq!(said.contains("was heard"), listens, "{said}");
            assert_eq!(said.contains("a second stop ends it"), !listens, "{said}");
            assert!(!super::stops::said(&mut proxy, 6000).contains("stop"), "said once");
        }
        assert!(!proxy.processes.done.contains(&"kill".to_owned()), "no stop was soon enough");
    }
}

#[test]
fn where_no_cell_runs_a_stop_reaches_a_thread_that_listens() {
    let mut proxy = proxy();
    proxy.processes.listens = true;
    proxy.stop();
    assert_eq!(proxy.processes.done, ["interrupt"]);
}
