"""The recipe of the lesson on pretraining in PyTorch and transformers: python_pretraining.py [STEPS]
writes python_pretraining.json beside itself, for three seeds the loss of the last hundred steps and the
test accuracies in percent, of the pretrained encoder and of the same one with random weights. Some
ten minutes on two cores."""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import mean

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TOKENIZERS_PARALLELISM="true")

import torch
from python_lessons import batches, fit, splits, tensors
from transformers import DistilBertConfig, DistilBertForMaskedLM, DistilBertForSequenceClassification

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
from test_pretraining import cut

SEEDS, STEPS = (1, 2, 3), 1500
LENGTH, PIECES, BATCH_SIZE, RATE = 64, 8000, 32, 2e-3
SIZES = dict(vocab_size=PIECES, dim=128, hidden_dim=512, n_layers=2, n_heads=4, max_position_embeddings=LENGTH)


def masked(ids, tokenizer):
    """What the model sees, and the labels."""
    special = torch.isin(ids, torch.tensor([tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]", "[PAD]")]))
    chosen = (torch.rand(ids.shape) < 0.15) & ~special
    how = torch.rand(ids.shape)
    seen = ids.masked_fill(chosen & (how < 0.8), tokenizer.token_to_id("[MASK]"))
    seen = torch.where(chosen & (how >= 0.9), torch.randint_like(ids, PIECES), seen)
    return seen, ids.masked_fill(~chosen, -100)


def pretrained(rows, tokenizer, steps):
    """An encoder that has filled gaps, and the loss of its last steps."""
    # Without dropout, as long as it reads.
    model = DistilBertForMaskedLM(DistilBertConfig(**SIZES)).eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    losses = []
    for step in range(steps):
        share = step / steps
        optimizer.param_groups[0]["lr"] = RATE * min(share / 0.1, (1 - share) / 0.9)
        some = [rows[row] for row in torch.randint(len(rows), (BATCH_SIZE,)).tolist()]
        ids, mask, _ = tensors(some)
        seen, labels = masked(ids, tokenizer)
        loss = model(input_ids=seen, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return model.distilbert, mean(losses[-100:])


def finetuned(encoder, train, val, test):
    """The test accuracy after five epochs on few labels."""
    model = DistilBertForSequenceClassification(DistilBertConfig(num_labels=2, **SIZES))
    if encoder:
        model.distilbert.load_state_dict(encoder.state_dict())
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)

    def epoch():
        model.train()
        for ids, mask, labels in map(tensors, batches(train, torch.randperm, 32)):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    @torch.inference_mode()
    def accuracy(rows):
        model.eval()
        some = map(tensors, batches(rows, torch.arange, 100))
        right = sum(int((model(input_ids=i, attention_mask=m).logits.argmax(1) == y).sum()) for i, m, y in some)
        return 100 * right / len(rows)

    fit(model, 5, epoch, lambda: accuracy(val))
    return accuracy(test)


def main(steps):
    texts, labels = zip(*splits())
    tokenizer = cut(texts[0], PIECES, LENGTH)
    tokenizer.enable_truncation(LENGTH)
    parts = []
    for some, numbers in zip(texts, labels):
        ids = [encoding.ids for encoding in tokenizer.encode_batch(some)]
        parts.append(list(zip(ids, numbers)))
    few = parts[0][:1001], parts[1][:700], parts[2][:1400]
    got = {"versions": {p: version(p) for p in ("torch", "transformers")}, "steps": steps}
    numbers = {"loss": [], "pretrained": [], "random weights": []}
    for seed in SEEDS:
        torch.manual_seed(seed)
        encoder, loss = pretrained(parts[0], tokenizer, steps)
        found = loss, finetuned(encoder, *few), finetuned(None, *few)
        for kept, number in zip(numbers.values(), found):
            kept.append(round(number, 3))
        print(seed, found, flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(got | numbers, indent=1) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
