"""Widgets and what follows them, as a front end sees them that knows nothing of Jupyter but its messages."""

import json
import random
import threading
import time

import pytest
from conftest import DEP, PATIENCE, Kernel
from test_kernel import TRAINING

# A training on data that lie ready, in a closure that can be called again and again.
FIT = """
pub fn trained(data: &unit8::DataLoader<unit8::CountMatrix>, rate: f64, num_epochs: usize) -> unit8::Result<unit8::History> {
    let store = tch::nn::VarStore::new(tch::Device::Cpu);
    let linear = tch::nn::linear(store.root(), 11, 2, Default::default());
    let model = Model { store, linear };
    Trainer { num_epochs, learning_rate: rate, optimizer: Optimizer::Sgd, ..Default::default() }.fit(&model, data, data)
}
let all = data.clone();
"""
# What takes hours, if nobody ends it.
LONG = """
let (n, all_of_it) = (IntSlider::new("n", 1..=1000, 1)?, all.clone());
let shown = explore(&n, move |_| trained(&all_of_it, 0.01, 100_000));
"""


def run(kernel, code):
    status, text, _ = kernel.run(code)
    assert status == "ok", text


def say(kernel, kind, content):
    """Sends a message over a comm."""
    client = kernel.client
    client.shell_channel.send(client.session.msg(kind, content))


def set_value(kernel, comm, value, name="value"):
    say(kernel, "comm_msg", {"comm_id": comm, "data": {"method": "update", "state": {name: value}, "buffer_paths": []}})


def open_page(kernel):
    """What JupyterLab asks when a notebook is opened; gives the widgets there are."""
    say(kernel, "comm_open", {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}})
    say(kernel, "comm_msg", {"comm_id": "control", "data": {"method": "request_states"}})
    return wait_for(kernel, lambda kind, content: content.get("data", {}).get("method") == "update_states")["data"]["states"]


def opened_buttons(kernel):
    return [id for id, widget in open_page(kernel).items() if widget["model_name"] == "ButtonModel"]


def wait_for(kernel, is_it, seconds=PATIENCE):
    """The content of the first message to all front ends that is the one."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        got = kernel.client.get_iopub_msg(timeout=seconds)
        if is_it(got["msg_type"], got["content"]):
            return got["content"]
    pytest.fail("it did not come")


def until(is_so, what):
    """Looks again and again whether something is so."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def redrawn(kernel, text, seconds=PATIENCE):
    """Waits for a figure with this text."""
    is_it = lambda kind, content: kind in ("display_data", "update_display_data") and text in content["data"].get("text/plain", "")
    return wait_for(kernel, is_it, seconds)


def opened(kernel):
    """The ids of the controls that the last cell has made, by their description."""
    comms = [content for kind, content in kernel.outputs if kind == "comm_open"]
    states = {comm["comm_id"]: comm["data"]["state"] for comm in comms}
    return {state["description"]: id for id, state in states.items() if "description" in state}


@pytest.fixture(scope="module")
def live():
    kernel = Kernel()
    assert kernel.run(DEP)[0] == "ok"
    open_page(kernel)
    status, text, _ = kernel.run(TRAINING + FIT + "use unit8::{explore, IntSlider, FloatLogSlider, Dropdown, Button, Text};")
    assert status == "ok", text
    yield kernel
    kernel.close()


def test_a_value_moves_between_cells_and_while_one_runs(live):
    run(live, 'let n = IntSlider::new("n", 1..=100, 3)?; let kind = Dropdown::new("kind", ["a", "b"])?;')
    comms = opened(live)
    assert live.value("n").strip() == "n = 3"
    bundle = next(content["data"] for kind, content in live.outputs if kind == "execute_result")
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == comms["n"]
    assert "n = 3" in bundle["text/html"]
    set_value(live, comms["n"], 5)
    set_value(live, comms["kind"], 1, "index")
    assert live.value("(n.value(), kind.value())") == '(5, "b")'
    wait = 'println!("waits"); while n.value() == 5 { std::thread::sleep(std::time::Duration::from_millis(5)); } n.value()'
    message = live.send(wait)
    wait_for(live, lambda kind, content: kind == "stream" and "waits" in content["text"])
    set_value(live, comms["n"], 7)
    status, text, value = live.answer(message)
    assert (status, value) == ("ok", "7"), text
    # Another front end hears of it, and a page that is loaded anew has it.
    set_value(live, comms["n"], 8)
    echo = wait_for(live, lambda kind, content: kind == "comm_msg" and content["comm_id"] == comms["n"])
    assert (echo["data"]["method"], echo["data"]["state"]) == ("echo_update", {"value": 8})
    states = open_page(live)
    assert states[comms["n"]]["state"]["value"] == 8 and states[comms["kind"]]["state"]["index"] == 1
    message = live.send("n.set_value(9)?;")
    said = wait_for(live, lambda kind, content: kind == "comm_msg" and content["comm_id"] == comms["n"])
    assert said["data"]["state"] == {"value": 9}
    live.answer(message)


def test_a_slider_is_read_in_the_middle_of_a_training(live):
    run(live, 'let n = IntSlider::new("n", 1..=100, 3)?;')
    comms = opened(live)
    message = live.send(
        "let (other, seen) = (n.clone(), std::sync::Arc::new(std::sync::Mutex::new(vec![]))); let sees = seen.clone();"
        " let watch = std::thread::spawn(move || while sees.lock().unwrap().last() != Some(&42) {"
        " sees.lock().unwrap().push(other.value()); std::thread::sleep(std::time::Duration::from_millis(10)); });"
        " while seen.lock().unwrap().is_empty() { std::thread::yield_now(); }"
        " let history = trained(&all, 0.01, 4)?; watch.join().unwrap();"
        " let seen = seen.lock().unwrap().clone(); (seen[0], seen[seen.len() - 1])"
    )
    redrawn(live, "epoch 1 of 4")
    set_value(live, comms["n"], 42)
    status, text, value = live.answer(message)
    assert (status, value) == ("ok", "(3, 42)"), text


def test_the_stop_button_of_a_training_ends_it_as_jupyter_s_does(live):
    for seconds, code in enumerate(("trained(&all, 0.01, 100_000)?", "let history = trained(&all, 0.01, 100_000)?;")):
        message = live.send(code)
        button = wait_for(live, lambda kind, content: kind == "comm_open" and content["data"]["state"].get("stops"))
        view = "application/vnd.jupyter.widget-view+json"
        shown = wait_for(live, lambda kind, content: kind == "display_data" and view in content["data"])
        assert shown["data"][view]["model_id"] == button["comm_id"]
        for _ in range(5):  # somebody in a hurry; a second stop would end the cell, and its variables with it
            say(live, "comm_msg", {"comm_id": button["comm_id"], "data": {"method": "custom", "content": {"event": "click"}}})
        gone = lambda kind, content: kind == "update_display_data" and content["transient"] == shown["transient"]
        assert wait_for(live, gone)["data"] == {}
        status, text, _ = live.answer(message)
        assert status == "ok", text
    assert live.value("(history.stopped, all.len() > 0)") == "(true, true)"
    assert not opened_buttons(live), "none is left"


def test_explore_follows_a_drag_and_draws_the_newest_only(live):
    code = (
        'let rate = FloatLogSlider::new("rate", 1e-4..=1.0, 0.01)?; let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));'
        ' let (counts, all_of_it) = (count.clone(), all.clone()); let shown = explore(&rate, move |rate| {'
        " counts.fetch_add(1, std::sync::atomic::Ordering::Relaxed); trained(&all_of_it, rate, 2) });"
    )
    run(live, code)
    comms = opened(live)
    for step in range(60):
        set_value(live, comms["rate"], 0.01 + step / 1000)
        time.sleep(0.016)
    set_value(live, comms["rate"], 0.5)
    redrawn(live, "rate = 0.5", 60)
    assert int(live.value("count.load(std::sync::atomic::Ordering::Relaxed)")) < 40, "no queue of old values"
    # A fit in it draws no figure of its own, and its cell has ended long ago.
    times = []
    for value in (0.1, 0.2, 0.3, 0.4, 0.6):
        begun = time.monotonic()
        set_value(live, comms["rate"], value)
        redrawn(live, f"rate = {value}", 60)
        times.append(time.monotonic() - begun)
    print("seconds from a move to its figure:", [round(t, 2) for t in times])


def test_errors_and_panics_stand_in_the_place_of_the_figure(live):
    run(
        live,
        'let n = IntSlider::new("step", 1..=9, 1)?; let shown = explore(&n, |n| -> unit8::Result<String> { match n {'
        ' 2 => Err(unit8::Error::Data("not two".to_owned())), 3 => panic!("at three\\nand a stack"), n => Ok(format!("fine at {n}")) } });'
    )
    comms = opened(live)
    for value, text in ((2, "not two"), (3, "panicked: at three"), (4, "fine at 4")):
        set_value(live, comms["step"], value)
        shown = redrawn(live, f"step = {value}")["data"]["text/plain"]
        assert shown.splitlines()[0] == text
    status, text, _ = live.run("1;")
    assert (status, text) == ("ok", ""), "no word of it elsewhere"


def test_a_new_run_of_the_cell_and_its_end_end_the_thread(live):
    run(live, 'let token = std::sync::Arc::new(()); let n = IntSlider::new("n", 1..=9, 1)?;')
    holders = "std::sync::Arc::strong_count(&token)"
    bound = "let held = token.clone(); let shown = explore(&n, move |n| format!(\"{n} {held:?}\"));"
    unbound = "let held = token.clone(); explore(&n, move |n| format!(\"{n} {held:?}\"))"
    for code, threads in ((bound, 1), (unbound, 2)):
        for _ in range(3):
            run(live, code)
        assert "()" not in str([content for kind, content in live.outputs if kind == "execute_result"])
        until(lambda: live.value(holders) == str(1 + threads), code)
    run(live, "shown.end();")
    until(lambda: live.value(holders) == "2", "the other one lives")


@pytest.mark.parametrize("instead", ["2;", "explore(&n, |n| n.to_string())", 'Err::<(), _>("fails")?;'])
def test_a_cell_that_was_changed_lets_go_of_what_it_kept(live, instead):
    run(live, 'let token = std::sync::Arc::new(()); let n = IntSlider::new("n", 1..=9, 1)?;')
    # JupyterLab says which cell it is.
    client, cell = live.client, {"cellId": f"changed to {instead}"}

    def run_in_it(code):
        content = dict(code=code, silent=False, store_history=True, user_expressions={}, allow_stdin=False, stop_on_error=False)
        message = client.session.msg("execute_request", content)
        message["metadata"] = cell
        client.shell_channel.send(message)
        return live.answer(message["header"]["msg_id"])

    status, text, _ = run_in_it('let held = token.clone(); explore(&n, move |n| format!("{n} {held:?}"))')
    assert status == "ok", text
    assert live.value("std::sync::Arc::strong_count(&token)") == "2"
    run_in_it(instead)
    until(lambda: live.value("std::sync::Arc::strong_count(&token)") == "1", "its thread has ended")


def test_nothing_is_printed_below_a_cell_when_a_figure_moves(live):
    run(
        live,
        'let n = IntSlider::new("n", 1..=9, 1)?; let rows = all.data().clone(); let shown = explore(&n, move |n| {'
        " let labels: Vec<i64> = (0..rows.shape().0 as i64).map(|row| 2 * (row % 2)).collect();"
        " unit8::DataLoader::new(rows.clone(), labels, 8).map(|data| format!(\"{} classes\", data.num_classes() as i64 * n)) });",
    )
    assert not [content for kind, content in live.outputs if kind == "stream"]
    set_value(live, opened(live)["n"], 2)
    redrawn(live, "6 classes")
    assert live.run("shown.end();")[1] == ""


def test_an_explore_without_room_for_its_widgets_says_so(live):
    run(live, 'let mut many = vec![]; while let Ok(one) = IntSlider::new("n", 1..=9, 1) { many.push(one); } many.truncate(many.len() - 1);')
    before = len(open_page(live))
    run(live, "let shown = explore(many[0].clone(), |n| n.to_string());")
    shown = [content["data"]["text/plain"] for kind, content in live.outputs if kind == "display_data"]
    assert len(shown) == 1 and "more widgets than a page can show" in shown[0]
    assert len(open_page(live)) == before, "none of its own stays"
    run(live, "drop(many);")


def test_ten_stops_leave_a_kernel_and_an_explore_that_moves(live):
    run(live, LONG)
    comms = opened(live)
    for attempt in range(2, 12):
        set_value(live, comms["n"], attempt)
        time.sleep(random.uniform(0, 1.5))
        live.stop()
        time.sleep(random.uniform(0.1, 0.5))
        assert live.value(f"{attempt} + 1") == str(attempt + 1)
    # A stop where nothing is computed does nothing.
    run(live, 'let shown = explore(&n, |n| format!("now {n}"));')
    set_value(live, comms["n"], 500)
    redrawn(live, "now 500")
    live.stop()
    set_value(live, comms["n"], 501)
    redrawn(live, "now 501")


def test_a_training_that_takes_long_is_seen_to_grow(live):
    run(live, LONG)
    grown = redrawn(live, " of 100000 ")["data"]["text/plain"]
    assert grown.endswith("n = 1") and "examples/s" in grown
    assert not opened_buttons(live), "the stop button is a cell's"
    run(live, "shown.end();")


def test_a_stop_is_said_below_the_figure(live):
    run(live, LONG)
    # A stop before it computes is none for it.
    stopped = threading.Event()
    presses = threading.Thread(target=lambda: [live.stop() for _ in iter(lambda: stopped.wait(1), True)])
    presses.start()
    try:
        redrawn(live, "n = 1 · stopped")
    finally:
        stopped.set()
        presses.join()
    run(live, "shown.end();")


def test_a_thousand_widgets_come_and_go(live):
    before = len(open_page(live))
    made = 'let many: Vec<IntSlider> = (0..1000).map(|n| IntSlider::new(format!("{n}"), 0..=1000, n)).collect::<unit8::Result<_>>()?;'
    for _ in range(2):
        run(live, made)
        assert 1000 <= len(open_page(live)) <= before + 1000, "those of the first run have gone"
    assert live.value("many.iter().map(IntSlider::value).sum::<i64>()") == "499500"
    run(live, "drop(many);")
    assert len(open_page(live)) <= before
    again = 'let again = Button::new("again")?; again'
    for _ in range(20):
        run(live, again)
    assert len(open_page(live)) <= before + 2, "those of earlier runs have gone"


def test_what_is_said_wrong_over_a_comm_breaks_nothing(live):
    run(live, 'let text = Text::new("</script>\\u{1b}[31m<img src=x onerror=alert(1)>", "a")?;')
    ((description, comm),) = opened(live).items()
    assert "\x1b" not in description
    run(live, "text")
    bundle = next(content["data"] for kind, content in live.outputs if kind == "execute_result")
    assert "<img" not in bundle["text/html"] and "</script>" not in bundle["text/html"]
    assert "\x1b" not in json.dumps(bundle)
    set_value(live, comm, "x" * 10_000_000)
    assert live.value("text.value()") == '"a"'
    socket = live.client.shell_channel.socket
    session = live.client.session
    parts = session.serialize(session.msg("comm_msg", {}))
    for content in (b"no JSON", b"[]", b"null", b'{"comm_id": 3}', b'{"comm_id": "unknown", "data": {"method": "update"}}'):
        wrong = [*parts[:-1], content]
        wrong[1] = session.sign(wrong[2:])
        socket.send_multipart(wrong)
    say(live, "comm_open", {"comm_id": "x", "target_name": "other"})
    closed = wait_for(live, lambda kind, content: kind == "comm_close" and content["comm_id"] == "x")
    assert closed["data"] == {}
    assert live.value("1 + 1") == "2"


def test_without_a_page_explore_has_run_once_when_its_cell_ends(loaded):
    status, text, value = loaded.run(
        'let n = unit8::IntSlider::new("n", 1..=9, 3)?; unit8::explore(&n, |n| format!("{n} squared is {}", n * n))'
    )
    assert status == "ok", text
    assert value == "3 squared is 9\nn = 3\nit moves in a live notebook only"
