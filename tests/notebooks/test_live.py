"""Things that are redrawn in place: as front ends of different kinds see them."""

import random
import re
import time

import nbformat
import pytest
import zmq
from conftest import DEP, PATIENCE, Kernel
from nbclient import NotebookClient
from test_kernel import TRAINING

TRAINER = "let trainer = Trainer { num_epochs: %d, learning_rate: 0.01, optimizer: Optimizer::Sgd, ..Default::default() };"
FIT = TRAINER + " let history = trainer.fit(&model, &data, &data)?;"


class Page:
    """The outputs of cells as an editor keeps them that knows nothing of Jupyter but its messages:
    a thing is replaced where its display_id was shown, whoever's message it is."""

    # Of all pages, since a new one hears of things that were shown before it came.
    names = set()

    def __init__(self):
        self.cells = {}

    def take(self, message):
        kind, content = message["msg_type"], message["content"]
        outputs = self.cells.setdefault(message["parent_header"].get("msg_id"), [])
        name = content.get("transient", {}).get("display_id")
        if kind == "update_display_data":
            assert name in self.names, "an update before the display"
            for output in (output for cell in self.cells.values() for output in cell):
                if output["id"] == name:
                    output["data"] = content["data"]
        elif kind in ("display_data", "execute_result"):
            self.names.add(name)
            outputs.append({"id": name, "data": content["data"]})
        elif kind == "stream":
            outputs.append({"id": None, "data": {"text/plain": content["text"]}})
        elif kind == "error":
            outputs.append({"id": None, "data": {"text/plain": content["evalue"]}})
        assert kind != "clear_output", "nothing flickers"


def follow(kernel, page, message):
    """Reads messages until the cell has ended."""
    while True:
        got = kernel.client.get_iopub_msg(timeout=PATIENCE)
        page.take(got)
        ended = got["msg_type"] == "status" and got["content"]["execution_state"] == "idle"
        if ended and got["parent_header"].get("msg_id") == message:
            return kernel.reply_to(message)["status"]


def texts(page, message):
    return [output["data"]["text/plain"] for output in page.cells[message]]


@pytest.fixture(scope="module")
def trained():
    kernel = Kernel()
    assert kernel.run(DEP)[0] == "ok"
    status, text, _ = kernel.run(TRAINING)
    assert status == "ok", text
    yield kernel
    kernel.close()


def test_a_thing_is_replaced_where_it_stands_between_what_is_printed(trained):
    page = Page()
    message = trained.send(
        'print!("before"); let live = unit8::Live::new("0"); print!("after");'
        ' for i in 1..500 { live.update(i.to_string()); }'
        ' let table = unit8::table("last", &["a"], &[]); live.update(table);'
    )
    assert follow(trained, page, message) == "ok"
    assert texts(page, message) == ["before", "last\na", "after"]
    assert "<table>" in page.cells[message][1]["data"]["text/html"]
    # From a thread, and from a cell later
    first = message
    code = 'let other = live.clone(); std::thread::spawn(move || other.update("by a thread")).join().unwrap();'
    message = trained.send(code)
    assert follow(trained, page, message) == "ok"
    assert texts(page, first) == ["before", "by a thread", "after"]
    assert texts(page, message) == []
    # Shown once more, both are replaced.
    shown = trained.send("live")
    assert follow(trained, page, shown) == "ok"
    message = trained.send('live.update("both");')
    assert follow(trained, page, message) == "ok"
    assert texts(page, first)[1] == texts(page, shown)[0] == "both"


def test_a_thing_is_replaced_after_its_cell_has_ended(trained):
    page = Page()
    message = trained.send(
        'let late = unit8::Live::new("begun"); let other = late.clone(); let thread = std::thread::spawn(move || {'
        ' std::thread::sleep(std::time::Duration::from_millis(800)); other.update("late"); });'
    )
    assert follow(trained, page, message) == "ok"
    while texts(page, message) != ["late"]:
        page.take(trained.client.get_iopub_msg(timeout=PATIENCE))


def test_a_training_is_one_output_that_grows(trained):
    page, lines = Page(), []
    message = trained.send(FIT % 12)
    while not lines or "the best" not in lines[-1]:
        page.take(trained.client.get_iopub_msg(timeout=PATIENCE))
        outputs = page.cells.get(message, [])
        assert len(outputs) <= 1
        lines += [output["data"]["text/plain"] for output in outputs]
    assert "begins" in lines[0] and any("examples/s" in line for line in lines), lines
    html = page.cells[message][0]["data"]["text/html"]
    assert html.count("<img") == 2 and "<progress" not in html
    assert "12 epochs in" in html
    # The history shows the same pictures.
    shown = trained.send("history")
    while not page.cells.get(shown):
        page.take(trained.client.get_iopub_msg(timeout=PATIENCE))
    pictures = [part.split('"')[0] for part in html.split('src="')[1:]]
    again = page.cells[shown][0]["data"]["text/html"]
    assert pictures == [part.split('"')[0] for part in again.split('src="')[1:]]


def test_a_quiet_training_and_a_short_evaluation_show_nothing(trained):
    page = Page()
    quiet = "let history = Trainer { quiet: true, ..trainer.clone() }.fit(&model, &data, &data)?;"
    message = trained.send(quiet + " let evaluation = trainer.evaluate(&model, &data)?;")
    assert follow(trained, page, message) == "ok"
    assert texts(page, message) == []


def test_a_training_that_diverges_says_where(trained):
    page = Page()
    code = "let history = Trainer { learning_rate: 1e38, ..trainer.clone() }.fit(&model, &data, &data)?;"
    message = trained.send(code)
    assert follow(trained, page, message) == "error"
    figure, error = texts(page, message)
    assert "ended in epoch 1" in figure and "the loss became" in error, (figure, error)
    assert trained.run(TRAINING)[0] == "ok", "another model, for the tests to come"


def test_ten_stops_leave_ten_figures_that_say_so(trained):
    assert trained.run(TRAINER % 1_000_000)[0] == "ok"
    for attempt in range(10):
        page = Page()
        stopped = trained.send("let history = trainer.fit(&model, &data, &data)?;")
        while not page.cells.get(stopped):
            page.take(trained.client.get_iopub_msg(timeout=PATIENCE))
        time.sleep(random.uniform(0, 1.5))
        trained.stop()
        assert follow(trained, page, stopped) == "ok"
        (figure,) = texts(page, stopped)
        assert "stopped after" in figure, figure
        # Nothing is lost: the pictures are those of the history.
        message = trained.send("(history.stopped, history.steps.len())")
        assert follow(trained, page, message) == "ok"
        assert texts(page, message)[0].startswith("(true, ")
        again = trained.send("history")
        assert follow(trained, page, again) == "ok"
        drawn = [re.findall('src="(.*?)"', page.cells[m][0]["data"]["text/html"]) for m in (stopped, again)]
        assert len(drawn[0]) == 2 and drawn[0] == drawn[1]
    assert trained.value("data.labels().len()") == "4000"


def test_who_does_not_read_holds_up_no_training(trained):
    # A front end with room for one message that never takes it, and more than any buffer holds.
    ports = trained.manager.get_connection_info()
    with zmq.Context() as context, context.socket(zmq.SUB) as deaf:
        deaf.setsockopt(zmq.RCVHWM, 1)
        deaf.setsockopt(zmq.RCVBUF, 4096)
        deaf.setsockopt(zmq.SUBSCRIBE, b"")
        deaf.setsockopt(zmq.LINGER, 0)
        deaf.connect(f"tcp://{ports['ip']}:{ports['iopub_port']}")
        time.sleep(1)
        flood = 'for i in 0..40 { unit8::Live::new("x".repeat(1_000_000) + &i.to_string()); }'
        message = trained.send(f"{flood} {FIT % 5}")
        assert trained.reply_to(message)["status"] == "ok"
        assert trained.value("history.epochs.len()") == "5"


def test_two_kernels_have_no_name_in_common(trained):
    names = []
    for kernel in (trained, Kernel()):
        message = kernel.send(DEP + ' let live = unit8::Live::new("x");')
        page = Page()
        assert follow(kernel, page, message) == "ok"
        names += [output["id"] for output in page.cells[message] if output["id"]]
        if kernel is not trained:
            kernel.close()
    assert len(set(names)) == 2, names


def test_a_saved_notebook_keeps_the_last_state_and_grows_by_one_figure():
    # 30,000 steps; then a thing that changes as its cell ends, in the last cell.
    codes = [DEP, TRAINING, FIT % 30, 'let live = unit8::Live::new("a"); live.update("b"); live.update("c");']
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    NotebookClient(notebook, kernel_name="unit8", timeout=None).execute()
    (figure,) = notebook.cells[2].outputs
    assert "30 epochs in" in figure.data["text/plain"]
    assert len(nbformat.writes(notebook)) < 55_000
    (live,) = notebook.cells[3].outputs
    assert live.data["text/plain"] == "c"
