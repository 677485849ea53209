"""Set-up in a copy of the project, under faults. The copy lies in a folder with a space and a
non-ASCII letter in its name, and borrows what has been compiled and installed here; the kernel that it
registers is its own, since other tests start ours meanwhile."""

import json
import os
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT, Kernel
from jupyter_client.kernelspec import KernelSpecManager

HOME = ROOT / ".unit8"
# A proxy that nobody answers: whatever asks the network fails at once.
NO_NETWORK = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "ALL_PROXY")}


def borrow(source, target):
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    # With the times of change, by which cargo tells what is fresh.
    subprocess.run(["cp", "-a", source, target], check=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The copy: its root, and the environment in which to run xtask there."""
    folder = tmp_path_factory.mktemp("unit8")
    root = folder / "Übung 8"
    root.mkdir()
    for name in ["Cargo.toml", "Cargo.lock", "build.rs", "environment.yml", ".cargo", "src", "kernel",
                 "predict", "xtask", "examples"]:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, root / name)
    for name, own in [(".venv", "share"), (".venv/share", "jupyter"), (".venv/share/jupyter", "kernels")]:
        (root / name).mkdir()
        for entry in (ROOT / name).iterdir():
            if entry.name != own:
                (root / name / entry.name).symlink_to(entry)
    env = {**os.environ, **NO_NETWORK, "XDG_CACHE_HOME": str(folder / "cache")}
    env["CARGO_TARGET_DIR"] = str(ROOT / "target")  # xtask itself is compiled already
    for name in ["CARGO_MANIFEST_DIR", "RUSTUP_TOOLCHAIN"]:
        env.pop(name, None)
    yield root, env
    subprocess.run(["cargo", "build", "-q", "-p", "xtask"], cwd=ROOT, check=True)


def xtask(course, *args, program=("cargo", "xtask"), **more):
    root, env = course
    return subprocess.Popen(
        [*program, *args],
        cwd=root,
        env={**env, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kernel_of(course):
    """A kernel of the copy."""
    root, env = course
    return Kernel(env=env, specs=KernelSpecManager(kernel_dirs=[str(root / ".venv/share/jupyter/kernels")]))


def home(course):
    homes = list((course[0].parent / "cache" / "unit8").iterdir())
    assert len(homes) == 1
    return homes[0]


def test_a_missing_tool_is_one_line_with_the_remedy(course, tmp_path):
    for tool in ("cargo", "rustc", "rustup"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    (tmp_path / "cc").symlink_to(shutil.which("cc"))
    run = xtask(course, "setup", PATH=str(tmp_path))
    output, _ = run.communicate(timeout=120)
    assert run.returncode != 0
    assert "error: c++ was not found on the PATH: install a C++ compiler" in output


def test_an_unknown_command_shows_the_commands(course):
    run = xtask(course, "lap")
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 2 and "cargo xtask <command>" in output


def test_a_conda_environment_with_another_torch_is_refused(course, tmp_path):
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for folder in (tmp_path / "conda-meta", site / "torch-2.9.0.dist-info"):
        folder.mkdir(parents=True)
    run = xtask(course, "setup", CONDA_PREFIX=str(tmp_path), CONDA_DEFAULT_ENV="mine")
    # The kernel is compiled meanwhile.
    output, _ = run.communicate(timeout=600)
    assert run.returncode != 0
    assert "lacks torch==2.13.0" in output and "conda env update -f environment.yml" in output


def test_without_network_a_step_says_so(course):
    """Nothing is borrowed yet, so that the first step that needs the network fails."""
    run = xtask(
        course,
        "setup",
        program=[ROOT / "target" / "debug" / "xtask"],
        CARGO_HOME=str(course[0].parent / "empty"),
        CARGO_MANIFEST_DIR=str(course[0] / "xtask"),
    )
    output, _ = run.communicate(timeout=600)
    assert run.returncode != 0
    assert "No network" in output and "goes on where it was" in output


def templates(course):
    return [path for path in (home(course) / "templates").iterdir() if path.is_dir()]


def is_complete(course):
    return any((template / "complete").exists() for template in templates(course))


def test_set_up_killed_at_any_time_goes_on(course):
    for name in ("evcxr", "notebook-kernel-build", "notebook-shim-build"):
        borrow(HOME / name, home(course) / name)
    # The template's name depends on the folder: let the set-up make it before its content is lent.
    run = xtask(course, "setup")
    while not all((home(course) / name).exists() for name in ("templates", "cargo-home")):
        assert run.poll() is None, run.communicate()[0]
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    (template,) = templates(course)
    compiled = max((HOME / "templates").glob("*/complete"), key=os.path.getmtime).parent
    borrow(compiled / "target", template / "target")
    # cargo tells a crate by the path of its sources, too: let that be the same.
    shutil.rmtree(home(course) / "cargo-home")
    (home(course) / "cargo-home").symlink_to(HOME / "cargo-home")
    for seconds in (0.5, 2, 4):
        run = xtask(course, "setup")
        time.sleep(seconds)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        assert not is_complete(course) or seconds > 2
    run = xtask(course, "setup")
    output, _ = run.communicate(timeout=900)
    assert run.returncode == 0, output
    assert is_complete(course)


def test_a_kernel_works_there_without_network(course):
    root, _ = course
    kernel = kernel_of(course)
    settings = json.loads(open(kernel.manager.kernel_spec.argv[2]).read())
    assert settings["library"]["path"] == str(root), "the kernel spec is that of the copy"
    try:
        status, text, _ = kernel.run(f':dep unit8 = {{ path = "{root}" }}\nuse unit8::tch::Tensor;')
        assert status == "ok", text
        assert "Compiling tch" not in text
        assert kernel.value("Tensor::from_slice(&[8i64]).int64_value(&[0])") == "8"
    finally:
        kernel.close()


def test_an_edited_library_is_compiled_once_for_all_kernels(course):
    root, _ = course
    before = templates(course)
    lib = root / "src" / "lib.rs"
    lib.write_text(lib.read_text() + "\n/// New.\npub const EDITED: i32 = 8;\n")
    with ThreadPoolExecutor(2) as pool:
        kernels = list(pool.map(lambda _: kernel_of(course), range(2)))
    try:
        load = f':dep unit8 = {{ path = "{root}" }}'
        texts = []
        for kernel in kernels:
            status, text, _ = kernel.run(load, timeout=900)
            assert status == "ok", text
            texts.append(text)
            assert kernel.value("unit8::EDITED") == "8"
        assert "unit8 has changed: it is compiled once" in "".join(texts), texts
        (new,) = [path for path in templates(course) if path not in before]
        started = (home(course) / "log" / "library.log").read_text()
        assert started.count("Compiling unit8") == 1 and "Compiling tch" not in started
        assert new.stat().st_mtime
    finally:
        for kernel in kernels:
            kernel.close()


def test_a_library_that_does_not_compile_says_why(course):
    root, _ = course
    lib = root / "src" / "lib.rs"
    good = lib.read_text()
    lib.write_text(good + "\npub const WRONG: i32 = \"eight\";\n")
    kernel = kernel_of(course)
    try:
        assert kernel.value("1 + 1") == "2"
        status, text, _ = kernel.run(f':dep unit8 = {{ path = "{root}" }}', timeout=900)
        assert status == "error" and "mismatched types" in text, text
        lib.write_text(good)
        status, text, _ = kernel.run(f':dep unit8 = {{ path = "{root}" }}', timeout=900)
        assert status == "ok", text
    finally:
        lib.write_text(good)
        kernel.close()


def test_settings_for_other_projects_neither_break_nor_recompile_anything(course):
    """The home folder, in which the project lies, has a wrapper, flags and another target folder."""
    config = course[0].parent / ".cargo" / "config.toml"
    config.parent.mkdir()
    config.write_text(
        '[build]\nrustc-wrapper = "/no/such/wrapper"\ntarget-dir = "/no/such/target"\n'
        'rustflags = ["--cfg", "other"]\n'
    )
    run = xtask(
        course,
        "setup",
        program=[ROOT / "target" / "debug" / "xtask"],
        CARGO_MANIFEST_DIR=str(course[0] / "xtask"),
        RUSTFLAGS="--cfg other",
        RUSTC_WRAPPER="/no/such/wrapper",
        CARGO_TARGET_DIR="/no/such/target",
        CARGO_PROFILE_DEV_OPT_LEVEL="2",
    )
    output, _ = run.communicate(timeout=300)
    shutil.rmtree(config.parent)
    assert run.returncode == 0, output
    assert "the library for the notebooks" not in output
