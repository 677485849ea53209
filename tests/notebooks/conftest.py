"""What the tests of kernels and of JupyterLab share. `cargo xtask test` runs them in the project's
Python environment, after the set-up."""

import contextlib
import queue
import time
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
DEP = f':dep unit8 = {{ path = "{ROOT}" }}\nuse unit8::tch::{{self, Tensor}};'


class Kernel:
    """A running "Rust (Unit 8)" kernel."""

    def __init__(self, **options):
        self.manager = KernelManager(kernel_name="unit8")
        self.manager.start_kernel(**options)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def send(self, code):
        return self.client.execute(code)

    def answer(self, message, timeout=120):
        """Status, text output and value of a cell that was sent."""
        answer = self.answer_within(message, timeout)
        if answer is None:
            pytest.fail(f"no answer within {timeout} s")
        return answer

    def answer_within(self, message, timeout):
        """The same, or None if the cell still runs when the time is over."""
        status, text, value, ended = None, "", None, False
        deadline = time.monotonic() + timeout
        while True:
            # What a cell writes to stderr may come after its end.
            left = 0.2 if ended else max(0.1, deadline - time.monotonic())
            try:
                got = self.client.get_iopub_msg(timeout=left)
            except queue.Empty:
                return (status or "ok", text, value) if ended else None
            if got["parent_header"].get("msg_id") != message:
                continue
            content = got["content"]
            if got["msg_type"] == "stream":
                text += content["text"]
            elif got["msg_type"] in ("execute_result", "display_data"):
                value = content["data"].get("text/plain", "").strip()
            elif got["msg_type"] == "error":
                text += "\n".join(content["traceback"])
                status = "error"
            elif got["msg_type"] == "status" and content["execution_state"] == "idle":
                ended = True

    def run(self, code, timeout=120):
        return self.answer(self.send(code), timeout)

    def value(self, code):
        status, text, value = self.run(code)
        assert status == "ok", text
        return value

    def stop(self):
        self.manager.interrupt_kernel()

    def close(self):
        self.client.stop_channels()
        with contextlib.suppress(Exception):
            self.manager.shutdown_kernel(now=False)


@pytest.fixture
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.close()


@pytest.fixture
def loaded(kernel):
    status, text, _ = kernel.run(DEP)
    assert status == "ok", text
    return kernel
