"""Measures the built-in reviews: their traits, what a bag of words makes of them, and what the lecture's LSTM does.

Run it with `python tests/benchmarks/reviews.py`; it takes two to three minutes and prints its figures last. The split
is the lecture's (80/20, then 85/15, seed 123), the widths are those to which the package cuts down for this data.
Seconds are those of training alone, without the accuracy of each epoch.
"""

import os
import platform
import random
import re
import statistics
import time
from collections import Counter

import spacy
import torch
from torch import nn
from torchtext import data

from rnnlab.pipeline.reviews import BREAK, reviews

SEED = 123
VOCABULARY, EMBEDDING, HIDDEN, LEARNING_RATE, BATCH, EPOCHS = 1500, 32, 32, 0.005, 32, 8
MODEL_SEEDS = (1, 2, 3, 123)
PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SMOOTHING = (0.1, 1.0, 10.0)

tokenizer = spacy.blank("en").tokenizer


def tokens(review: str) -> list[str]:
    return [token.text for token in tokenizer(review)]


def traits(rows) -> list[str]:
    lengths = sorted(len(tokens(review)) for review, _ in rows)
    counts = Counter(token for review, _ in rows for token in tokens(review))
    once = sum(number == 1 and token.isalpha() for token, number in counts.items())
    bags: dict[tuple, set] = {}
    for review, sentiment in rows:
        words = re.findall(r"\w+", review.replace(BREAK, " ").casefold())
        bags.setdefault(tuple(sorted(words)), set()).add(sentiment)
    quantiles = {share: lengths[int(share * (len(lengths) - 1))] for share in (0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1)}
    return [
        f"reviews {len(rows)}, of each class {dict(Counter(sentiment for _, sentiment in rows))}",
        f"tokens by quantile {quantiles}, mean {statistics.mean(lengths):.1f}",
        f"with breaks {sum(BREAK in review for review, _ in rows) / len(rows):.3f}",
        f"exact copies {len(rows) - len(set(rows))}",
        f"distinct tokens {len(counts)}, words that occur once {once}",
        f"pairs of the same words with opposite sentiments {sum(len(both) == 2 for both in bags.values())}",
    ]


def split_reviews(rows):
    """The two fields and the three data sets, as the lecture makes them."""
    text, label = data.Field(tokenize=tokens, include_lengths=True), data.LabelField(dtype=torch.long)
    fields = [("TEXT", text), ("LABEL", label)]
    whole = data.Dataset([data.Example.fromlist(row, fields) for row in rows], fields)
    train, test = whole.split(split_ratio=[0.8, 0.2], random_state=random.seed(SEED))
    train, valid = train.split(split_ratio=[0.85, 0.15], random_state=random.seed(SEED))
    text.build_vocab(train, max_size=VOCABULARY)
    label.build_vocab(train)
    return text, label, train, valid, test


def bag(part, words) -> tuple[torch.Tensor, torch.Tensor]:
    """Counts of the words (review, word) and the classes (review) of a data set; unknown words are left out."""
    counts = torch.zeros(len(part), len(words))
    for row, example in enumerate(part):
        for token in example.TEXT:
            if token in words:
                counts[row, words[token]] += 1
    return counts, torch.tensor([float(example.LABEL) for example in part])


def logistic_accuracy(train, classes, test, test_classes, penalty: float) -> float:
    weights, bias = torch.zeros(train.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = nn.functional.binary_cross_entropy_with_logits(train @ weights + bias, classes)
        value = value + penalty * (weights**2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return ((test @ weights + bias > 0) == (test_classes > 0)).float().mean().item()


def bayes_accuracy(train, classes, test, test_classes, smoothing: float) -> float:
    sums = [train[classes == value].sum(0) + smoothing for value in (0, 1)]
    evidence = (sums[1] / sums[1].sum()).log() - (sums[0] / sums[0].sum()).log()
    return ((test @ evidence > 0) == (test_classes > 0)).float().mean().item()


def bag_of_words(train, test) -> dict[str, float]:
    """The test accuracy of every bag-of-words model, over all the words of the training split."""
    vocabulary = sorted({token for example in train for token in example.TEXT})
    words = {word: column for column, word in enumerate(vocabulary)}
    (counts, classes), (test_counts, test_classes) = bag(train, words), bag(test, words)
    rarity = torch.log((1 + len(counts)) / (1 + (counts > 0).sum(0))) + 1
    views = {
        "counts": lambda bags: bags,
        "binary": lambda bags: (bags > 0).float(),
        "tf-idf": lambda bags: nn.functional.normalize(bags * rarity),
    }
    found = {}
    for name, view in views.items():
        sides = view(counts), classes, view(test_counts), test_classes
        found |= {f"logistic {name} {penalty:g}": logistic_accuracy(*sides, penalty) for penalty in PENALTIES}
        if name != "tf-idf":
            found |= {f"bayes {name} {smoothing:g}": bayes_accuracy(*sides, smoothing) for smoothing in SMOOTHING}
    return found


class Classifier(nn.Module):
    """The lecture's LSTM; without packing its hidden state is read after the padding."""

    def __init__(self, words: int, packed: bool):
        super().__init__()
        self.packed = packed
        self.embedding = nn.Embedding(words, EMBEDDING)
        self.rnn = nn.LSTM(EMBEDDING, HIDDEN)
        self.fc = nn.Linear(HIDDEN, 2)

    def forward(self, text, lengths):
        embedded = self.embedding(text)
        if self.packed:
            embedded = nn.utils.rnn.pack_padded_sequence(embedded, lengths.to("cpu"))
        _, (hidden, _) = self.rnn(embedded)
        return self.fc(hidden.squeeze(0))


def accuracy(model, batches) -> float:
    right = total = 0
    model.eval()
    with torch.no_grad():
        for batch in batches:
            text, lengths = batch.TEXT
            right += (model(text, lengths).argmax(1) == batch.LABEL).sum().item()
            total += len(batch.LABEL)
    model.train()
    return right / total


def train_lstm(splits, seed: int, packed: bool, bucketed: bool) -> tuple[list[tuple[float, float, float]], float]:
    """Trains once: loss, validation and test accuracy after each epoch, and the seconds of training."""
    text, _, train, valid, test = splits
    random.seed(seed)
    torch.manual_seed(seed)
    ways = {"sort_key": lambda example: len(example.TEXT), "batch_size": BATCH}
    if bucketed:
        batches = data.BucketIterator(train, train=True, sort_within_batch=True, **ways)
    else:
        batches = data.Iterator(train, train=True, sort=False, shuffle=True, **ways)
    # Packing asks for batches sorted by length; without it the held-out batches come as they are, like the training's.
    order = {"sort": bucketed, "shuffle": False, "sort_within_batch": bucketed}
    held_out = [data.Iterator(part, train=False, **ways, **order) for part in (valid, test)]
    model = Classifier(len(text.vocab), packed)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    story, seconds = [], 0.0
    for _ in range(EPOCHS):
        started, losses = time.perf_counter(), []
        for batch in batches:
            loss = nn.functional.cross_entropy(model(*batch.TEXT), batch.LABEL)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        seconds += time.perf_counter() - started
        story.append((statistics.mean(losses), *(accuracy(model, part) for part in held_out)))
    return story, seconds


def lstm_figures(splits, name: str, packed: bool, bucketed: bool) -> list[str]:
    lines = []
    for seed in MODEL_SEEDS:
        story, seconds = train_lstm(splits, seed, packed, bucketed)
        lines.append(f"{name}, seed {seed}: test accuracy {story[-1][-1]:.4f}, {seconds:.1f} s")
        lines.append("  loss/valid/test by epoch: " + "  ".join("/".join(f"{x:.2f}" for x in row) for row in story))
        print(lines[-2])
    return lines


def main() -> None:
    torch.set_num_threads(2)
    started = time.perf_counter()
    rows = reviews()
    written = time.perf_counter() - started
    splits = split_reviews(rows)
    text, label, train, valid, test = splits
    bags = bag_of_words(train, test)
    best = max(bags, key=bags.get)
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        f"Python {platform.python_version()}, torch {torch.__version__}",
        *traits(rows),
        f"written in {written:.2f} s",
        f"split {len(train)}/{len(valid)}/{len(test)}, classes of the training split {dict(label.vocab.freqs)}",
        f"vocabulary {len(text.vocab)} words of {len(text.vocab.freqs)} in the training split",
        f"bag of words, test accuracy: best {bags[best]:.4f} ({best}), median {statistics.median(bags.values()):.4f}",
        f"emb {EMBEDDING}, hid {HIDDEN}, lr {LEARNING_RATE}, batch {BATCH}, vocabulary {VOCABULARY}, epochs {EPOCHS}",
        *lstm_figures(splits, "packed, bucketed", packed=True, bucketed=True),
        *lstm_figures(splits, "not packed, shuffled", packed=False, bucketed=False),
        *lstm_figures(splits, "not packed, bucketed", packed=False, bucketed=True),
    ]
    print("\n".join(["", "Figures", *lines]))


if __name__ == "__main__":
    main()
