use super::*;
use std::time::{Duration, Instant};

#[test]
fn the_marks_are_those_of_the_last_run() {
    let mut proxy = proxy();
    let request = execute("struct Point { x: i32, y: i32 }");
    proxy.request(request.clone(), To::Shell);
    proxy.packet(packet(Kind::Start, ""));
    let mark = b"\x02t:EVCXR_VARIABLE_CHANGED_TYPE:p\n".to_vec();
    proxy.processes.written.push((Stream::Stdout, mark));
    proxy.packet(packet(Kind::Panic, "caught"));
    proxy.packet(packet(Kind::End, ""));
    assert_eq!(proxy.processes.done, ["answer EVCXR_VARIABLE_CHANGED_TYPE:p\n"]);
    // evcxr has dropped the variable, and runs the cell again.
    proxy.packet(packet(Kind::Start, ""));
    proxy.out();
    end(&mut proxy, &request);
    assert_eq!(proxy.processes.done[1..], ["answer "]);
    assert_eq!(
        told(&mut proxy),
        [
            "iopub stream panicked, and was caught: caught",
            "shell execute_reply ok",
            "iopub status idle"
        ]
    );
}

#[test]
fn a_mark_may_be_read_before_the_start_of_its_run() {
    let mut proxy = proxy();
    let request = execute("fails()?");
    proxy.request(request.clone(), To::Shell);
    proxy.processes.written.push((Stream::Stderr, b"\x02no file\x03\n".to_vec()));
    proxy.processes.written.push((Stream::Stdout, b"\x02t:EVCXR_ERROR_OCCURRED\n".to_vec()));
    proxy.tick();
    proxy.packet(packet(Kind::Start, ""));
    end(&mut proxy, &request);
    assert_eq!(proxy.processes.done, ["answer EVCXR_ERROR_OCCURRED\n"]);
    assert!(told(&mut proxy).contains(&"iopub error".to_owned()));
}

#[test]
fn a_panic_in_evcxr_ends_the_kernel_and_says_so() {
    for line in [
        "execution error: JoinError::Panic(Id(7), ...)",
        "shell error: JoinError::Panic(Id(8), ...)",
        "Error handling shell message `execute_request`: channel closed",
    ] {
        let mut proxy = proxy();
        proxy.request(execute("1"), To::Shell);
        proxy.evcxr_notes("Compiling rand v0.9");
        assert_eq!(proxy.ends, None);
        proxy.evcxr_notes(line);
        let told = told(&mut proxy);
        assert!(told.contains(&"shell execute_reply error".to_owned()), "{told:?}");
        assert_eq!(proxy.ends, Some(1), "Jupyter starts another one");
    }
}

#[test]
fn a_reply_that_does_not_come_is_not_waited_for() {
    let mut proxy = proxy();
    let request = execute("1");
    proxy.request(request.clone(), To::Shell);
    proxy.evcxr_says(request.child("status", json!({"execution_state": "idle"})));
    proxy.tick();
    assert_eq!(proxy.ends, None);
    proxy.cell.as_mut().unwrap().idle = Instant::now().checked_sub(Duration::from_secs(31));
    proxy.tick();
    assert!(told(&mut proxy).contains(&"iopub error".to_owned()));
    assert_eq!(proxy.ends, Some(1));
}
