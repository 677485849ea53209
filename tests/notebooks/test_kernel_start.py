"""Kernels started in the ways in which people start them, and ended in the ways in which they end."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from conftest import BARE, DEP, PATIENCE, ROOT, Kernel
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

SPEC = KernelSpecManager().get_kernel_spec("unit8")
HOME = Path(json.loads(Path(SPEC.argv[2]).read_text())["home"])
KERNELS = HOME / "kernels"


def folders(*kernels):
    """Those of these kernels: other tests may run beside this one."""
    return [path for kernel in kernels for path in KERNELS.glob(f"{kernel.pid}-*") if path.is_dir()]


def family(pid):
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def gone(processes, seconds=20):
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not alive


def test_a_bare_environment_is_enough(kernel):
    status, text, _ = kernel.run(DEP)
    assert status == "ok" and "Compiling" not in text, text
    assert kernel.value("Tensor::from_slice(&[8i64]).int64_value(&[0])") == "8"


def test_the_kernel_answers_before_it_can_run_cells():
    manager = KernelManager(kernel_name="unit8")
    manager.start_kernel(env=dict(BARE))
    client = manager.client()
    client.start_channels()
    try:
        message = client.kernel_info()
        reply = client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == message
        assert reply["content"]["language_info"]["file_extension"] == ".rs"
        client.hb_channel.unpause()
        time.sleep(1.5)
        assert client.hb_channel.is_beating()
        # A cell that was sent too early waits.
        client.execute("1 + 1")
        assert client.get_shell_msg(timeout=PATIENCE)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=False)


def test_a_notebook_that_was_copied_elsewhere_works_and_is_told(tmp_path):
    """Each of a class has notebooks of their own, and the project lies where nobody may write."""
    folder = tmp_path / "mine" / "lesson"
    folder.mkdir(parents=True)
    kernel = Kernel(cwd=str(folder))
    try:
        status, text, _ = kernel.run(':dep unit8 = { path = "../.." }\nuse unit8::tch::Tensor;')
        assert status == "ok" and "Compiling" not in text, text
        assert f"unit8 does not lie in {tmp_path}: the one of this kernel is taken, in {ROOT}." in text
        assert kernel.value("Tensor::from_slice(&[8i64]).size()") == "[1]"
    finally:
        kernel.close()


def test_the_settings_of_other_projects_do_not_matter(tmp_path):
    cargo = tmp_path / ".cargo"
    cargo.mkdir()
    (cargo / "config.toml").write_text(
        '[build]\nrustc-wrapper = "/no/such/wrapper"\ntarget-dir = "/no/such/target"\n'
        'rustflags = ["-Ctarget-cpu=native"]\n[env]\nLIBTORCH = "/no/such/torch"\n'
    )
    (tmp_path / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "1.60.0"\n')
    user = {
        "RUSTFLAGS": "-Cdebuginfo=2",
        "CARGO_BUILD_RUSTFLAGS": "-Cdebuginfo=1",
        "CARGO_TARGET_DIR": str(tmp_path / "target"),
        "RUSTC_WRAPPER": "/no/such/wrapper",
        "RUSTUP_TOOLCHAIN": "no-such-toolchain",
        "CARGO_PROFILE_DEV_OPT_LEVEL": "3",
        "PYTHONPATH": "/no/such/python",
        "LD_LIBRARY_PATH": "",
    }
    kernel = Kernel(env={**BARE, **user, "HOME": str(tmp_path)}, cwd=str(tmp_path))
    try:
        status, text, _ = kernel.run(DEP)
        assert status == "ok" and "Compiling" not in text, text
        assert kernel.value("Tensor::from_slice(&[8i64]).size()") == "[1]"
    finally:
        kernel.close()


# Makes the project read-only, for the program that follows alone.
READ_ONLY = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"', str(ROOT)]
MAY_MOUNT = subprocess.run([*READ_ONLY, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not MAY_MOUNT, reason="mounting is not allowed here")
def test_a_course_folder_that_cannot_be_written(tmp_path):
    cache = tmp_path / "cache"
    kernel = Kernel(env={**BARE, "XDG_CACHE_HOME": str(cache)}, wrap=READ_ONLY)
    try:
        status, text, _ = kernel.run(DEP)
        assert status == "ok" and "Compiling" not in text, text
        assert kernel.value("Tensor::from_slice(&[8i64]).size()") == "[1]"
        assert not folders(kernel) and list(cache.glob("unit8/*/kernels/*"))
    finally:
        kernel.close()


def test_eight_kernels_started_at_once_all_work():
    def start_and_ask(number):
        kernel = Kernel()
        try:
            kernel.run(DEP)
            return kernel.value(f"Tensor::from_slice(&[{number}i64]).int64_value(&[0])")
        finally:
            kernel.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(start_and_ask, range(8)))
    assert answers == [str(number) for number in range(8)]


def test_killed_kernels_leave_no_folder_and_no_process():
    kernels = [Kernel() for _ in range(3)]
    assert len(folders(*kernels)) == 3
    busy = kernels[0].send('std::process::Command::new("sleep").arg("600").status().unwrap(); loop {}')
    assert kernels[0].answer_within(busy, timeout=8) is None
    processes = [process for kernel in kernels for process in family(kernel.pid)]
    assert any(process.name() == "sleep" for process in processes)
    for kernel in kernels:
        os.kill(kernel.pid, signal.SIGKILL)
    assert gone(processes)
    for _ in range(100):
        if not folders(*kernels):
            break
        time.sleep(0.1)
    assert not folders(*kernels)
    for kernel in kernels:
        kernel.client.stop_channels()


def test_a_killed_kernel_leaves_no_compiler():
    kernel = Kernel()
    kernel.value("1")
    functions = "\n".join(f"pub fn f{i}(x: &[f64]) -> Vec<f64> {{ x.iter().map(|v| v * {i}.0).collect() }}" for i in range(3000))
    kernel.send(functions)
    for _ in range(600):
        time.sleep(0.05)
        processes = family(kernel.pid)
        if any(process.name() == "rustc" for process in processes):
            break
    else:
        pytest.fail("no compiler")
    os.kill(kernel.pid, signal.SIGKILL)
    assert gone(processes)
    kernel.client.stop_channels()


def test_an_ended_kernel_leaves_nothing_either():
    kernel = Kernel()
    processes, ours = family(kernel.pid), folders(kernel)
    kernel.close()
    assert gone(processes)
    time.sleep(1)
    assert ours and not any(folder.exists() for folder in ours)


def test_a_kernel_ends_when_its_server_is_gone():
    """The server is a Python process that starts a kernel, tells its number, and is killed."""
    script = (
        "import os, time\nfrom jupyter_client.manager import KernelManager\n"
        "manager = KernelManager(kernel_name='unit8')\nmanager.start_kernel()\n"
        "client = manager.client()\nclient.start_channels()\nclient.wait_for_ready(timeout=300)\n"
        "print(manager.provisioner.pid, flush=True)\ntime.sleep(600)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    processes = family(int(server.stdout.readline()))
    server.kill()
    server.wait()
    assert gone(processes, seconds=10)
