"""What the tests of kernels and of JupyterLab share. `cargo xtask test` runs them in the project's
Python environment, after the set-up."""

import contextlib
import os
import queue
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "xtask" / "python"))  # the programs there are modules of the tests
DEP = f':dep unit8 = {{ path = "{ROOT}" }}\nuse unit8::tch::{{self, Tensor}};'
# All notebooks, without the copies that JupyterLab keeps of those that were open.
NOTEBOOKS = ROOT / "notebooks"
PLACES = sorted(path.relative_to(NOTEBOOKS) for path in NOTEBOOKS.rglob("*.ipynb") if "/." not in str(path.relative_to(ROOT)))
# What a program has that no shell has started: Jupyter in an editor or in a hub.
BARE = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
# A loaded machine of two cores may be many times slower than a quiet one: no test measures time.
PATIENCE = 300


class Kernel:
    """A running "Rust (Unit 8)" kernel: the registered one, or the one of that name among the specs."""

    def __init__(self, env=None, wrap=(), specs=None, **options):
        self.manager = KernelManager(kernel_name="unit8", kernel_spec_manager=specs or KernelSpecManager())
        self.manager.kernel_spec.argv = [*wrap, *self.manager.kernel_spec.argv]
        self.manager.start_kernel(env=dict(BARE if env is None else env), **options)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def send(self, code, **options):
        return self.client.execute(code, **options)

    def answer(self, message, timeout=PATIENCE):
        """Status, text output and value of a cell that was sent."""
        answer = self.answer_within(message, timeout)
        if answer is None:
            pytest.fail(f"no answer within {timeout} s")
        return answer

    def answer_within(self, message, timeout):
        """The same, or None if the cell still runs when the time is over. `self.outputs` has the
        messages, `self.reply` the content of the reply."""
        text, value, self.outputs, self.reply = "", None, [], None
        deadline = time.monotonic() + timeout
        while True:
            try:
                got = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if got["parent_header"].get("msg_id") != message:
                continue
            content = got["content"]
            self.outputs.append((got["msg_type"], content))
            if got["msg_type"] == "stream":
                text += content["text"]
            elif got["msg_type"] in ("execute_result", "display_data"):
                value = content["data"].get("text/plain", "").strip()
            elif got["msg_type"] == "error":
                text += "\n".join(content["traceback"])
            elif got["msg_type"] == "status" and content["execution_state"] == "idle":
                self.reply = self.reply_to(message)
                return self.reply["status"], text, value

    def wait_until_it_shows(self, message):
        """Returns when a cell that was sent has shown something, so that it runs and compiles no more."""
        shown = ("stream", "display_data", "update_display_data")
        while True:
            got = self.client.get_iopub_msg(timeout=PATIENCE)
            if got["parent_header"].get("msg_id") == message and got["msg_type"] in shown:
                return

    def reply_to(self, message):
        while True:
            got = self.client.get_shell_msg(timeout=PATIENCE)
            if got["parent_header"].get("msg_id") == message:
                return got["content"]

    def run(self, code, timeout=PATIENCE, **options):
        return self.answer(self.send(code, **options), timeout)

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


@pytest.fixture(scope="module")
def shared():
    """One for all tests of a file that leave it as it was."""
    kernel = Kernel()
    yield kernel
    kernel.close()
