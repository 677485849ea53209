"""One cache for the library and Python's huggingface_hub, filled by either from a hub on this machine
that answers as huggingface.co does. `cargo xtask test` runs this with the program of
examples/parity in UNIT8_PARITY."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import _CACHED_NO_EXIST, snapshot_download, try_to_load_from_cache

NAME = "ada/tiny-bert"
COMMIT = "1234567890abcdef1234567890abcdef12345678"
MODEL = Path(__file__).parents[1] / "fixtures" / "models" / "bert-old-names"
FILES = {name: (MODEL / name).read_bytes() for name in ("config.json", "tokenizer.json", "model.safetensors")}


def tag(name):
    content = FILES[name]
    if name.endswith(".safetensors"):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, content=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", len(content))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def do_GET(self):
        self.server.asked.append(f"{self.command} {self.path}")
        path = self.path.split("?")[0]
        name = path.rsplit("/", 1)[1]
        if path.startswith("/storage/"):
            return self.answer(200, FILES[name])
        if path.startswith(f"/api/resolve-cache/models/{NAME}/{COMMIT}/"):
            return self.answer(200, FILES[name], ETag=f'"{tag(name)}"', X_Repo_Commit=COMMIT)
        if not path.startswith(f"/{NAME}/resolve/"):
            return self.answer(404, X_Error_Code="RepoNotFound")
        if name not in FILES:
            return self.answer(404, X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
        if not name.endswith(".safetensors"):
            location = f"/api/resolve-cache/models/{NAME}/{COMMIT}/{name}?etag=%22{tag(name)}%22"
            return self.answer(307, Location=location)
        # Another host than 127.0.0.1.
        location = f"http://localhost:{self.server.server_port}/storage/{name}"
        size = str(len(FILES[name]))
        self.answer(302, Location=location, X_Repo_Commit=COMMIT, X_Linked_ETag=f'"{tag(name)}"', X_Linked_Size=size)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def environment(hub, cache, **more):
    endpoint = f"http://127.0.0.1:{hub.server_port}"
    # Nothing of whoever runs the tests: no token, no proxy.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))}
    ours = {"HF_ENDPOINT": endpoint, "HF_HOME": f"{cache}-home", "HF_HUB_CACHE": str(cache)}
    return kept | ours | {"NO_PROXY": "*", "no_proxy": "*"} | more


def ids(name, tmp_path, variables):
    """What our program makes of a text with the tokenizer of a model."""
    texts = tmp_path / "texts.json"
    texts.write_text('["a good film"]')
    command = [os.environ["UNIT8_PARITY"], "ids", name, str(texts), "16"]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=variables)
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("revision", ["main", "v1.0", "refs/pr/1", COMMIT])
def test_python_finds_what_we_downloaded(hub, tmp_path, revision):
    cache = tmp_path / "cache"
    name = NAME if revision == "main" else f"{NAME}@{revision}"
    expected = ids(str(MODEL), tmp_path, environment(hub, cache))
    assert ids(name, tmp_path, environment(hub, cache)) == expected
    folder = snapshot_download(NAME, revision=revision, cache_dir=cache, local_files_only=True)
    assert sorted(os.listdir(folder)) == sorted(FILES)
    for file, content in FILES.items():
        found = try_to_load_from_cache(NAME, file, cache_dir=cache, revision=revision)
        assert Path(found).read_bytes() == content
        assert Path(found).resolve().name == tag(file)


@pytest.mark.parametrize("revision", ["main", "refs/pr/1", COMMIT])
def test_we_find_what_python_downloaded(hub, tmp_path, revision):
    cache = tmp_path / "cache"
    code = f"""
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
for file in {[*FILES, "vocab.txt"]}:
    try:
        hf_hub_download({NAME!r}, file, revision={revision!r})
    except EntryNotFoundError:
        pass
"""
    variables = environment(hub, cache, HF_HUB_DISABLE_XET="1")
    subprocess.run([sys.executable, "-c", code], check=True, env=variables)
    assert try_to_load_from_cache(NAME, "vocab.txt", cache_dir=cache, revision=revision) is _CACHED_NO_EXIST
    hub.asked.clear()
    name = NAME if revision == "main" else f"{NAME}@{revision}"
    expected = ids(str(MODEL), tmp_path, variables)
    assert ids(name, tmp_path, variables) == expected
    assert not hub.asked
