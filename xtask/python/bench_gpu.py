"""Whole-model training of DistilBERT on a graphics card, ours beside PyTorch's, in one run:
bench_gpu.py <our program> [batch sizes] [lengths] [steps] [width]

Texts of one length, and then of all lengths up to the largest: ours in batches of like length, as
the library makes them, PyTorch's in batches at random, each padded to its longest text. It needs
torch 2.13.0 and transformers. Weights and texts are random: the time doesn't depend on them. Without
a graphics card it measures the processor."""

import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers
from transformers import DistilBertConfig, DistilBertForSequenceClassification

transformers.utils.logging.disable_progress_bar()
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
TF32 = "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"  # libtorch reads it when a program starts


def write_model(folder, width):
    """Random weights, and a tokenizer whose words are w4, w5, ..."""
    torch.manual_seed(1)
    config = DistilBertConfig(dim=width, hidden_dim=4 * width)
    DistilBertForSequenceClassification(config).save_pretrained(folder)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{i}" for i in range(4, config.vocab_size))]
    vocab = {word: number for number, word in enumerate(words)}
    ends = {"sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "BertProcessing", **ends},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"},
    }
    Path(folder, "tokenizer.json").write_text(json.dumps(tokenizer))


def ours(program, folder, precision, mixed, *numbers):
    """Examples/s."""
    libraries = [str(Path(torch.__file__).parent / "lib"), str(Path(program).resolve().parent)]
    libraries += filter(None, [os.environ.get("LD_LIBRARY_PATH")])
    variables = {"LD_LIBRARY_PATH": ":".join(libraries), TF32: str(int(precision == "tf32"))}
    variables["TORCH_CUDNN_SDPA_DEPRIORITIZED"] = "1"  # as the notebooks' kernel has it
    command = [program, folder, precision, "mixed" if mixed else "same", *map(str, numbers)]
    said = subprocess.check_output(command, text=True, env=os.environ | variables)
    got = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    assert ("Cuda" in got["device"]) == (DEVICE.type == "cuda"), got["device"]
    return float(got["examples/s"])


def seconds(work, rounds):
    """Of all rounds, to the end of what the graphics card was told to do."""

    def wait():
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()

    wait()
    started = time.perf_counter()
    for _ in range(rounds):
        work()
    wait()
    return time.perf_counter() - started


def theirs(folder, precision, mixed, batch_size, length, steps):
    """Examples/s of the loop that the course's Lightning trainer runs: a loss and an accuracy are
    kept for each step."""
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    model = DistilBertForSequenceClassification.from_pretrained(folder).to(DEVICE).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-5)
    batches = [batch(model.config.vocab_size, mixed, batch_size, length) for _ in range(steps)]
    labels = torch.arange(batch_size) % 2
    losses, right, number = [], torch.zeros((), device=DEVICE), 0

    def step():
        nonlocal number
        ids, on, of = (t.to(DEVICE) for t in (*batches[number % steps], labels))
        number += 1
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=precision == "bf16"):
            outputs = model(input_ids=ids, attention_mask=on, labels=of)
        optimizer.zero_grad()
        outputs.loss.backward()
        optimizer.step()
        losses.append(outputs.loss.detach())
        right.add_((outputs.logits.argmax(1) == of).sum())

    seconds(step, 3)
    return batch_size * steps / seconds(step, steps)


def batch(words, mixed, batch_size, length):
    """Token ids and attention mask, each of shape (texts, length of the longest)."""
    lengths = torch.full((batch_size,), length)
    if mixed:
        lengths = torch.randint(1, length + 1, (batch_size,))
    mask = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
    return torch.randint(4, words, mask.shape) * mask, mask


def products(precision):
    """FLOP/s of a large matrix product."""
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    size, rounds = (8192, 20) if DEVICE.type == "cuda" else (1024, 5)
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(size, size, device=DEVICE, dtype=kind) for _ in range(2))
    seconds(lambda: a @ b, 3)
    return 2 * size**3 * rounds / seconds(lambda: a @ b, rounds)


def flops(length, width):
    """Of a training step, for one text: three times those of a forward pass, which are 2 for each
    weight of the linear layers and each token, and 4 T width for the products of attention."""
    layers = 6
    weights = layers * (4 * width * width + 2 * width * 4 * width)
    return 3 * length * (2 * weights + layers * 4 * length * width)


def main(program, batch_sizes="12,32,64", lengths="128,256,512", steps="50", width="768"):
    device = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "processor"
    print(f"{device}, torch {torch.__version__}, {datetime.date.today()}, {steps} steps\n")
    print("| batch | tokens | numbers | unit8 examples/s | PyTorch examples/s | ratio | of the peak |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        write_model(folder, int(width))
        for precision in ("fp32", "tf32", "bf16"):
            peak = products(precision)
            same = [(False, int(length)) for length in lengths.split(",")]
            for mixed, length in [*same, (True, same[-1][1])]:
                for batch_size in map(int, batch_sizes.split(",")):
                    work = folder, precision, mixed, batch_size, length, int(steps)
                    our, their = ours(program, *work), theirs(*work)
                    shares = [f"{speed * flops(length, int(width)) / peak:.0%}" for speed in (our, their)]
                    tokens = f"1 to {length}" if mixed else length
                    cells = [batch_size, tokens, precision, f"{our:.1f}", f"{their:.1f}"]
                    cells += [f"{our / their:.2f}", "" if mixed else " and ".join(shares)]
                    print("|", " | ".join(map(str, cells)), "|", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
