"""The Python environment, made where a user's shell and settings are meant for something else. The
set-up of a copy of the project ends after it, since `cargo` is a stub there that does nothing."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

XTASK = Path(os.environ.get("UNIT8_XTASK", ROOT / "target" / "debug" / "xtask"))


def wheel(folder, name, requires=()):
    """A package that holds one line, as pip installs it."""
    about = f"{name}-1.0.dist-info"
    metadata = [f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {other}" for other in requires)]
    files = {
        f"{name}.py": "here = True\n",
        f"{about}/METADATA": "\n".join(["Metadata-Version: 2.1", *metadata, ""]),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.fixture
def project(tmp_path):
    """A project whose only package is a tiny one, with another one that it needs."""
    for folder in ("xtask", "stubs", "home", "wheels"):
        (tmp_path / folder).mkdir()
    (tmp_path / "environment.yml").write_text("dependencies:\n  - pip:\n      - tiny==1.0\n")
    wheel(tmp_path / "wheels", "tiny", requires=["tinier"])
    wheel(tmp_path / "wheels", "tinier")
    (tmp_path / "stubs" / "cargo").write_text("#!/bin/sh\n")
    (tmp_path / "stubs" / "cargo").chmod(0o755)
    return tmp_path


def xtask(project, *args, **more):
    rust = {"RUSTUP_HOME": ".rustup", "CARGO_HOME": ".cargo"}
    home = os.path.expanduser("~")
    env = {name: os.environ.get(name, f"{home}/{folder}") for name, folder in rust.items()}
    env |= {"PATH": f"{project}/stubs:{os.environ['PATH']}", "HOME": str(project / "home")}
    env |= {"CARGO_MANIFEST_DIR": str(project / "xtask")}
    env |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "wheels")}
    command = [XTASK, *args]
    done = subprocess.run(command, env=env | more, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def installed(project):
    (site,) = project.glob(".venv/lib/python3.*/site-packages")
    return sorted(path.stem for path in site.glob("tin*.py"))


ELSEWHERE = {
    "PIP_USER": "1",
    "PIP_TARGET": "/nowhere",
    "PIP_PREFIX": "/nowhere",
    "PIP_ROOT": "/nowhere",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_NO_DEPS": "1",
    "PIP_DRY_RUN": "1",
    "PIP_REQUIRE_HASHES": "1",
    "PIP_NO_BINARY": ":all:",
    "PIP_CONSTRAINT": "/nowhere",
    "PIP_REQUIREMENT": "/nowhere",
    "PIP_PYTHON": "/nowhere",
    "PYTHONHOME": "/nowhere",
    "PYTHONNOUSERSITE": "1",
    "PYTHONINSPECT": "1",
    "PYTHONSAFEPATH": "1",
}


def test_variables_of_the_user_put_nothing_elsewhere(project):
    # A folder in which all that is imported fails
    for module in ("venv", "pip", "site", "ensurepip"):
        (project / "home" / f"{module}.py").write_text("raise SystemExit('imported by PYTHONPATH')\n")
    _, output = xtask(project, "setup", **ELSEWHERE, PYTHONPATH=str(project / "home"))
    assert installed(project) == ["tinier", "tiny"], output
    # Nobody is asked about Jupyter's news.
    settings = project / ".venv/share/jupyter/lab/settings/overrides.d/unit8.json"
    assert '"fetchNews": "false"' in settings.read_text()
    assert '"saveState": true' in settings.read_text()


@pytest.mark.parametrize("place", ["home", "named by a variable"])
def test_pips_file_of_settings_puts_nothing_elsewhere(project, place):
    lines = ["[global]", "no-deps = true", "constraint = /nowhere", "no-binary = :all:"]
    lines += ["[install]", "user = true", "target = /nowhere", "prefix = /nowhere", "dry-run = true"]
    file = project / "home" / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(lines))
    _, output = xtask(project, "setup", **({} if place == "home" else {"PIP_CONFIG_FILE": str(file)}))
    assert installed(project) == ["tinier", "tiny"], output


def test_a_package_that_there_is_not_for_this_python(project):
    shutil.rmtree(project / "wheels")
    code, output = xtask(project, "setup")
    assert code == 1
    assert "Python 3.10 to 3.14 have all of them" in output, output


def test_an_environment_without_its_python_is_named(project):
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "pip").touch()
    (project / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    code, output = xtask(project, "setup")
    assert code == 1 and "was made with is gone: delete" in output, output


@pytest.mark.parametrize("command", ["lab", "run", "test", "bench", "setup"])
def test_help_does_nothing_else(project, command):
    before = sorted(project.rglob("*"))
    for args in [(command, "--help"), (command, "-h"), ("help", command)]:
        code, output = xtask(project, *args)
        assert code == 0 and output.startswith("cargo xtask <command>"), output
    code, output = xtask(project, command, "--no-such-option")
    assert code == 2 and f"{command} doesn't know --no-such-option" in output, output
    assert sorted(project.rglob("*")) == before
