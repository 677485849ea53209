"""The recipes of the finetuning lessons in PyTorch and transformers: python_lessons.py writes
python_lessons.json beside itself, the test accuracies in percent with three seeds, which
test_lessons.py compares the lessons with. It calculates with 16 bits, as the lessons do where the
processor can, takes more than an hour on two cores, and needs only the Python packages. A recipe that
is in the file already is left out, so that a broken-off row of runs can be started again."""

import copy
import functools
import json
import math
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import torch
from peft import LoraConfig, get_peft_model
from sklearn.feature_extraction.text import CountVectorizer
from transformers import DistilBertConfig, DistilBertForSequenceClassification

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "xtask" / "python"))
from bench_transformers import BATCH_SIZE, batches, encode, epoch, load, right, splits, tensors

SEEDS = (1, 2, 3)


def fit(model, num_epochs, train, accuracy):
    """Trains, and leaves the model of the epoch with the best validation accuracy."""
    best = -1, None
    for _ in range(num_epochs):
        train()
        score = accuracy()
        if score > best[0]:
            best = score, copy.deepcopy(model.state_dict())
    model.load_state_dict(best[1])


def parts(tokenizer, num_reviews, max_length, others=None):
    """Train, val and test, as pairs of ids and label; the latter two of so many others."""
    others = others or num_reviews
    sizes = num_reviews * 7 // 10, others // 10, others * 2 // 10
    return [encode(tokenizer, split, n, max_length) for split, n in zip(splits(), sizes)]


def finetuned(seed, num_reviews, blocks, others=None):
    """The last blocks and the last layers, or, with all blocks, the whole model."""
    torch.manual_seed(seed)
    model, tokenizer, optimizer = load("whole", 5e-5)
    for name, parameter in model.named_parameters():
        last = [f"layer.{number}." for number in range(6 - blocks, 6)] + ["pooler", "classifier"]
        parameter.requires_grad = blocks == 6 or any(module in name for module in last)
    return learned(model, optimizer, parts(tokenizer, num_reviews, 128, others))


def learned(model, optimizer, rows, num_epochs=3, precision="bf16", batch_size=BATCH_SIZE):
    """The test accuracy after some epochs."""
    train, val, test = rows
    ordered = [batches(rows, torch.arange, 32) for rows in (val, test)]
    shuffled = lambda: epoch(model, optimizer, batches(train, torch.randperm, batch_size), precision)
    fit(model, num_epochs, shuffled, lambda: right(model, ordered[0], precision))
    return 100 * right(model, ordered[1], precision) / len(test)


def with_lora(seed, num_reviews, others=None):
    """LoRA on queries and values, rank 8."""
    torch.manual_seed(seed)
    model, tokenizer, _ = load()
    settings = dict(r=8, lora_alpha=16, target_modules=["query", "value"], modules_to_save=["pooler"])
    model = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", **settings))
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    return learned(model, optimizer, parts(tokenizer, num_reviews, 128, others))


def first_states(num_reviews, max_length, others=None):
    """What the frozen encoder says about each text, and the labels; by part."""
    model, tokenizer, _ = load()
    model.eval()
    got = []
    with torch.inference_mode():
        for rows in parts(tokenizer, num_reviews, max_length, others):
            some = [tensors(batch) for batch in batches(rows, torch.arange, 32)]
            said = [model.bert(ids, mask).last_hidden_state[:, 0] for ids, mask, _ in some]
            got.append((torch.cat(said), torch.cat([labels for *_, labels in some])))
    return [(states.clone(), labels.clone()) for states, labels in got]


def on_states(states, model, logits, learning_rate, num_epochs, batch_size):
    """The test accuracy of layers that learn from what the frozen encoder said."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=learning_rate)
    train, val, test = states

    def shuffled():
        model.train()
        for rows in torch.randperm(len(train[1])).split(batch_size):
            loss = torch.nn.functional.cross_entropy(logits(train[0][rows]), train[1][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    @torch.no_grad()
    def hits(part):
        model.eval()
        return int((logits(part[0]).argmax(1) == part[1]).sum())

    fit(model, num_epochs, shuffled, lambda: hits(val))
    return 100 * hits(test) / len(test[1])


def head_on(states, seed):
    """The model's own last layers."""
    torch.manual_seed(seed)
    model = load("last-layers")[0]

    def logits(first):
        return model.classifier(model.dropout(model.bert.pooler(first.unsqueeze(1))))

    return on_states(states, model, logits, 5e-4, 10, BATCH_SIZE)


def own_head_on(states, seed):
    """The two layers of the lesson on hyperparameters."""
    torch.manual_seed(seed)
    width = states[0][0].shape[1]
    dense, classifier = torch.nn.Linear(width, width), torch.nn.Linear(width, 2)
    model = torch.nn.Sequential(dense, torch.nn.ReLU(), classifier)
    return on_states(states, model, model, 1e-3, 5, 32)


class OwnTransformer(torch.nn.Module):
    """The encoder of 8.4, of PyTorch's own blocks, with first weights such as tch's layers draw."""

    def __init__(self, pieces, max_length, width, heads, blocks):
        super().__init__()
        self.words, self.positions = [torch.nn.Embedding(n, width) for n in (pieces, max_length)]
        self.norm, self.classifier = torch.nn.LayerNorm(width), torch.nn.Linear(width, 2)
        block = lambda: torch.nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0, activation="gelu", batch_first=True
        )
        self.blocks = torch.nn.ModuleList(block() for _ in range(blocks))
        for table in (self.words, self.positions):
            torch.nn.init.normal_(table.weight, std=0.02)
        for module in self.modules():
            if isinstance(module, torch.nn.Linear):
                draw(module.weight, module.bias)
            elif isinstance(module, torch.nn.MultiheadAttention):
                draw(module.in_proj_weight, module.in_proj_bias)

    def forward(self, input_ids, attention_mask, labels=None):
        x = self.norm(self.words(input_ids) + self.positions.weight[: input_ids.shape[1]])
        for block in self.blocks:
            x = block(x, src_key_padding_mask=attention_mask == 0)
        logits = self.classifier(x[:, 0])
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return SimpleNamespace(logits=logits, loss=loss)


def draw(weight, bias):
    """The weights and biases of tch's `nn::linear`."""
    inputs = weight.shape[1]
    torch.nn.init.uniform_(weight, -math.sqrt(6 / inputs), math.sqrt(6 / inputs))
    torch.nn.init.uniform_(bias, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))


def own_transformer(seed, num_reviews, num_epochs, learning_rate, batch_size):
    """A small transformer that begins with random weights: 8.4."""
    _, tokenizer, _ = load()
    train, val, test = parts(tokenizer, num_reviews, 128)
    torch.manual_seed(seed)
    model = OwnTransformer(len(tokenizer), 128, 64, 4, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    ordered = [batches(rows, torch.arange, 32) for rows in (val, test)]
    shuffled = lambda: epoch(model, optimizer, batches(train, torch.randperm, batch_size))
    fit(model, num_epochs, shuffled, lambda: right(model, ordered[0]))
    return 100 * right(model, ordered[1]) / len(test)


def from_nothing(seed, num_reviews, num_epochs):
    """A small DistilBERT of random weights: the one of the comparison."""
    tokenizer = load()[1]
    sizes = dict(dim=64, hidden_dim=256, n_layers=2, n_heads=4, vocab_size=len(tokenizer))
    torch.manual_seed(seed)
    model = DistilBertForSequenceClassification(DistilBertConfig(**sizes))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return learned(model, optimizer, parts(tokenizer, num_reviews, 128), num_epochs, "fp32")


def words(seed, num_reviews):
    """The bag of words of 8.2."""
    sizes = num_reviews * 7 // 10, num_reviews // 10, num_reviews * 2 // 10
    some = [(texts[:n], labels[:n]) for (texts, labels), n in zip(splits(), sizes)]
    return counted(CountVectorizer(max_features=10_000, stop_words="english").fit(some[0][0]), some, seed)


def counted(vectorizer, parts, seed):
    """The test accuracy of logistic regression on the counts of a vectorizer's words."""
    some = [(torch.tensor(vectorizer.transform(t).toarray()).float(), torch.tensor(l)) for t, l in parts]
    train, val, test = some
    torch.manual_seed(seed)
    model = torch.nn.Linear(train[0].shape[1], 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

    def shuffled():
        for rows in torch.randperm(len(train[1])).split(32):
            loss = torch.nn.functional.cross_entropy(model(train[0][rows]), train[1][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    hits = lambda part: int((model(part[0]).argmax(1) == part[1]).sum())
    fit(model, 30, shuffled, lambda: hits(val))
    return 100 * hits(test) / len(test[1])


def main():
    states = functools.cache(first_states)
    recipes = {
        "8.4, own transformer": lambda seed: own_transformer(seed, 4000, 6, 1e-3, 32),
        "part1, last layers": lambda seed: head_on(states(4000, 256), seed),
        "part4, two layers": lambda seed: own_head_on(states(4000, 256), seed),
        "solution, last layers": lambda seed: head_on(states(1500, 128), seed),
        "part3, bag of words": lambda seed: words(seed, 2500),
        "part3, own transformer": lambda seed: from_nothing(seed, 2500, 6),
        "part3, LoRA": lambda seed: with_lora(seed, 2500),
        "part3, last layers": lambda seed: head_on(states(2500, 128), seed),
        "part2, whole model": lambda seed: finetuned(seed, 3000, 6),
        "part3, last layers + 2 blocks": lambda seed: finetuned(seed, 2500, 2),
        "part3, whole model": lambda seed: finetuned(seed, 2500, 6),
        "part5, last layers": lambda seed: head_on(states(1000, 128, 3000), seed),
        "part5, LoRA": lambda seed: with_lora(seed, 1000, 3000),
        "part5, whole model": lambda seed: finetuned(seed, 1000, 6, 3000),
    }
    file = Path(__file__).with_suffix(".json")
    got = json.loads(file.read_text()) if file.exists() else {"versions": {}}
    packages = ("torch", "transformers", "scikit-learn", "peft")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    for name, recipe in recipes.items():
        if name not in got:
            got[name] = [round(recipe(seed), 2) for seed in SEEDS]
            got["versions"].setdefault(versions, []).append(name)
            print(name, got[name], flush=True)
            file.write_text(json.dumps(got, indent=1) + "\n")


if __name__ == "__main__":
    main()
