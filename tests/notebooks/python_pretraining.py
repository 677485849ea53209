"""The recipe of the lesson on pretraining in PyTorch and transformers: python_pretraining.py writes
python_pretraining.json beside itself, the loss at the end of the pretraining and the test accuracies in
percent with three seeds, which test_lessons.py compares the lesson with. It took an hour on one
core of an AMD EPYC, and needs only the Python packages."""

import json
import random
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import mean

import torch
from python_lessons import SEEDS, learned, splits, tensors
from transformers import DistilBertConfig, DistilBertForMaskedLM, DistilBertForSequenceClassification

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
from test_pretraining import cut

PIECES, LENGTH, SHARE, STEPS, BATCH_SIZE, RATE = 4_000, 128, 0.3, 3_000, 16, 4e-3
SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]")


def config():
    sizes = dict(dim=128, hidden_dim=512, n_layers=2, n_heads=4, max_position_embeddings=LENGTH)
    return DistilBertConfig(vocab_size=PIECES, initializer_range=0.09, num_labels=2, **sizes)


def masked(ids, tokenizer):
    """What the model sees, and the labels: BERT's rule, of another share of the pieces."""
    pad, first, last, mask = map(tokenizer.token_to_id, SPECIAL)
    special = (ids == pad) | (ids == first) | (ids == last)
    chosen = (torch.rand(ids.shape) < SHARE) & ~special
    how = torch.rand(ids.shape)
    seen = ids.masked_fill(chosen & (how < 0.8), mask)
    seen = torch.where(chosen & (how >= 0.9), torch.randint(PIECES, ids.shape), seen)
    return seen, ids.masked_fill(~chosen, -100)


def pretrained(seed, rows, tokenizer):
    """The encoder after its masked words, without dropout, and the mean loss of the last 100 steps."""
    torch.manual_seed(seed)
    model = DistilBertForMaskedLM(config()).eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    losses = []
    for step in range(STEPS):
        done = step / STEPS
        optimizer.param_groups[0]["lr"] = RATE * min(done / 0.1, (1 - done) / 0.9)
        ids, mask, _ = tensors([(rows[i], 0) for i in torch.randint(len(rows), [BATCH_SIZE]).tolist()])
        seen, labels = masked(ids, tokenizer)
        loss = model(input_ids=seen, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return model.distilbert, mean(losses[-100:])


def in_order_or_not(texts):
    """Twelve words of each review, in every second one shuffled, and whether they are."""
    words = [text.split()[12:24] for text in texts]
    for some in words[1::2]:
        random.shuffle(some)
    return [" ".join(some) for some in words], [number % 2 for number in range(len(words))]


def finetuned(seed, encoder, rows, num_epochs):
    torch.manual_seed(seed)
    model = DistilBertForSequenceClassification(config())
    if encoder is not None:
        model.distilbert.load_state_dict(encoder.state_dict())
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
    return learned(model, optimizer, rows, num_epochs, "fp32", 32)


def main():
    whole = splits()
    texts = whole[0][0]
    tokenizer = cut(texts, PIECES, LENGTH)
    tokenizer.enable_truncation(LENGTH)
    ids = lambda some: [encoding.ids for encoding in tokenizer.encode_batch(some)]
    words = [text.split() for text in texts]
    rows = ids([" ".join(text[at : at + 100]) for text in words for at in range(0, len(text), 100)])
    some = lambda sizes: [(part[0][:n], part[1][:n]) for part, n in zip(whole, sizes)]
    opinion = [list(zip(ids(t), labels)) for t, labels in some((1_001, 500, 1_500))]
    got = {"versions": {p: version(p) for p in ("torch", "transformers")}}
    for seed in SEEDS:
        random.seed(seed)
        order = [in_order_or_not(t) for t, _ in some((1_000, 500, 2_000))]
        order = [list(zip(ids(t), labels)) for t, labels in order]
        encoder, loss = pretrained(seed, rows, tokenizer)
        found = {"loss": loss}
        for name, task, epochs in (("order", order, 6), ("opinion", opinion, 5)):
            found[f"{name}, pretrained"] = finetuned(seed, encoder, task, epochs)
            found[f"{name}, random weights"] = finetuned(seed, None, task, epochs)
        print(seed, found, flush=True)
        for name, number in found.items():
            got.setdefault(name, []).append(round(number, 2))
    Path(__file__).with_suffix(".json").write_text(json.dumps(got, indent=1) + "\n")


if __name__ == "__main__":
    main()
