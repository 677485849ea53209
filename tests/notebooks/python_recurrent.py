"""The recipe of the lesson on recurrent networks in scikit-learn and PyTorch: python_recurrent.py writes
python_recurrent.json beside itself, the test accuracies in percent with three seeds, which
test_lessons.py compares the lesson with. It takes a few minutes on two cores, and needs only the Python
packages."""

import json
from importlib.metadata import version
from pathlib import Path

import torch
from python_lessons import SEEDS, counted, fit, splits
from sklearn.feature_extraction.text import CountVectorizer
from torch.nn.functional import cross_entropy

NUM_REVIEWS, WORDS, MAX_LENGTH, BATCH_SIZE = 5_000, 10_000, 128, 32
NOUNS = "film plot cast music ending dialogue story acting".split()
GOOD = "good great funny clever moving warm original brilliant".split()
BAD = "bad awful boring stupid dull cold predictable terrible".split()
# Of as many batches the texts are sorted by length, so that little of a batch is padding.
WINDOW = 50


class Lstm(torch.nn.Module):
    """Embedding, LSTM, mean of the states, linear layer; with the first weights of tch's layers."""

    def __init__(self, num_words, embedding_dim, hidden_dim):
        super().__init__()
        self.embedding = torch.nn.Embedding(num_words, embedding_dim)
        self.lstm = torch.nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.linear = torch.nn.Linear(hidden_dim, 2)
        torch.nn.init.normal_(self.embedding.weight, std=0.3)
        for name, parameter in self.lstm.named_parameters():
            weight = name.startswith("weight")
            (torch.nn.init.kaiming_uniform_ if weight else torch.nn.init.zeros_)(parameter)
        torch.nn.init.kaiming_uniform_(self.linear.weight)

    def forward(self, ids, mask):
        states, _ = self.lstm(self.embedding(ids))
        mask = mask.unsqueeze(-1)
        return self.linear((states * mask).sum(1) / mask.sum(1))


def encode(vectorizer, split):
    """Pairs of numbers and label: 0 is padding, 1 an unknown word, column c is number c + 2."""
    words_of, columns = vectorizer.build_analyzer(), vectorizer.vocabulary_
    numbers = [[columns.get(word, -1) + 2 for word in words_of(text)] for text in split[0]]
    return [(ids[:MAX_LENGTH] or [1], label) for ids, label in zip(numbers, split[1])]


def tensors(rows):
    length = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in rows])
    mask = torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids, _ in rows])
    return ids, mask, torch.tensor([label for _, label in rows])


def batches(rows):
    """Shuffled batches of texts of like length."""
    order, found = torch.randperm(len(rows)).tolist(), []
    for start in range(0, len(order), BATCH_SIZE * WINDOW):
        window = sorted(order[start : start + BATCH_SIZE * WINDOW], key=lambda row: len(rows[row][0]))
        found += [window[first : first + BATCH_SIZE] for first in range(0, len(window), BATCH_SIZE)]
    return [[rows[row] for row in found[batch]] for batch in torch.randperm(len(found)).tolist()]


@torch.no_grad()
def right(model, rows):
    """The share of the texts that the model names the class of, in percent."""
    rows = sorted(rows, key=lambda row: len(row[0]))
    hits = 0
    for start in range(0, len(rows), 64):
        ids, mask, labels = tensors(rows[start : start + 64])
        hits += int((model(ids, mask).argmax(1) == labels).sum())
    return 100 * hits / len(rows)


def learned(vectorizer, parts, seed, size, learning_rate, num_epochs):
    torch.manual_seed(seed)
    model = Lstm(len(vectorizer.vocabulary_) + 2, size, size)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    train, val = parts[:2]

    def epoch():
        for batch in batches(train):
            ids, mask, labels = tensors(batch)
            loss = cross_entropy(model(ids, mask), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    fit(model, num_epochs, epoch, lambda: right(model, val))
    return model


def sentences():
    """Texts and labels of train, val and test, of which only the order tells the label."""
    parts = [([], []) for _ in range(3)]
    for i, good in enumerate(GOOD):
        for j, bad in enumerate(BAD):
            texts, labels = parts[{0: 2, 1: 2, 2: 1}.get((i + j) % 8, 0)]
            for noun in NOUNS:
                texts += [f"The {noun} was not {good}, but {bad}.", f"The {noun} was not {bad}, but {good}."]
                texts += [f"The {noun} was {good}, not {bad}.", f"The {noun} was {bad}, not {good}."]
                labels += [0, 1, 1, 0]
    return parts


def main():
    sizes = NUM_REVIEWS * 7 // 10, NUM_REVIEWS // 10, NUM_REVIEWS * 2 // 10
    reviews = [(texts[:n], labels[:n]) for (texts, labels), n in zip(splits(), sizes)]
    vectorizer = CountVectorizer(max_features=WORDS).fit(reviews[0][0])
    # Those of the comparison in 8.7.
    fewer = [(texts[: len(texts) // 2], labels[: len(labels) // 2]) for texts, labels in reviews]
    of_fewer = CountVectorizer(max_features=WORDS).fit(fewer[0][0])
    encoded_fewer = [encode(of_fewer, part) for part in fewer]
    order = sentences()
    of_order = CountVectorizer().fit(order[0][0])
    encoded = [encode(vectorizer, part) for part in reviews]
    encoded_order = [encode(of_order, part) for part in order]
    asked = encode(vectorizer, order[2])
    names = ["order, bag of words", "order, LSTM", "reviews, bag of words", "reviews, LSTM"]
    names += ["order, LSTM of the reviews", "part3, LSTM"]
    got = {"versions": {p: version(p) for p in ("torch", "scikit-learn")}} | {name: [] for name in names}
    for seed in SEEDS:
        of_sentences = learned(of_order, encoded_order, seed, 16, 5e-3, 6)
        of_reviews = learned(vectorizer, encoded, seed, 32, 3e-3, 5)
        found = [
            counted(of_order, order, seed),
            right(of_sentences, encoded_order[2]),
            counted(vectorizer, reviews, seed),
            right(of_reviews, encoded[2]),
            right(of_reviews, asked),
            right(learned(of_fewer, encoded_fewer, seed, 32, 3e-3, 5), encoded_fewer[2]),
        ]
        for name, accuracy in zip(names, found):
            got[name].append(round(accuracy, 2))
        print(seed, found, flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(got, indent=1) + "\n")


if __name__ == "__main__":
    main()
