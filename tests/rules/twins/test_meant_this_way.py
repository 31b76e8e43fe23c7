"""Data, words and models of programs that look as if something were wrong, and are meant this way."""

from __future__ import annotations

import contextlib
import textwrap

import pytest

from rnnlab.reading import read_text
from rnnlab.rules.kit import Unseen, catalogue

HEAD = """
import random
import numpy as np
import pandas as pd
import torch
from collections import Counter
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader
from sklearn.model_selection import train_test_split


def numbered(texts):
    index = {"<pad>": 0, "<unk>": 1}
    for word, _ in Counter(w for text in texts for w in text.split()).most_common(10000):
        index[word] = len(index)
    return index


class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb, self.rnn, self.fc = nn.Embedding(n, 50), nn.GRU(50, 64, batch_first=True), nn.Linear(64, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        return self.fc(self.rnn(packed)[1][-1])


def together(batch):
    xs = [torch.tensor([index.get(w, 1) for w in text.split()]) for text, _ in batch]
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in batch])

"""
READS = """
class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb, self.rnn, self.fc = nn.Embedding(n, 50), nn.GRU(50, 64, batch_first=True), nn.Linear(64, 2)

    def forward(self, x, lengths):
        BEFORE
        output, _ = self.rnn(self.emb(x))
        return self.fc(output[torch.arange(len(x)), lengths - 1])


def together(batch):
    xs = [torch.tensor([LOOK for w in text.split() if w in index]) for text, _ in batch]
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in batch])


train, test = train_test_split(pd.read_csv("rows.csv"), random_state=1)
counted = Counter(w for text in train.text for w in text.split())
"""
TRAINING = """
train_loader = DataLoader(list(zip(train.text, train.label)), batch_size=32, shuffle=True, collate_fn=together)
test_loader = DataLoader(list(zip(test.text, test.label)), batch_size=32, shuffle=True, collate_fn=together)
model = Net(len(index))
optimizer = torch.optim.Adam(model.parameters())
for x, n, y in train_loader:
    optimizer.zero_grad()
    F.cross_entropy(model(x, n), y).backward()
    optimizer.step()
"""
SPLIT = """
train, test = train_test_split(pd.read_csv("rows.csv"), random_state=1)
index = numbered(train.text)
"""


def levels(name: str, *parts: str) -> list[str]:
    """Return the levels at which reading alone finds a mistake in a program that is put together from parts."""
    head = HEAD.partition("\n\n\n")[0] if parts[0].startswith(READS[:12]) else HEAD
    record = read_text(head + "\n".join(textwrap.dedent(part) for part in parts))
    rule = catalogue()[name]
    found: list[str] = []
    with contextlib.suppress(Unseen):  # it may come after what was found
        for one in rule.check(record):
            found.append(one.level or rule.level)
    return found


def told(name: str, *parts: str) -> bool:
    """Say whether a mistake is found."""
    return bool(levels(name, *parts))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ('numbered(rows[rows["id"].isin(train_ids)]["text"].values)', False),
        ('numbered(text for text, one in zip(rows["text"], rows["id"]) if one in kept)', False),
        ('numbered(rows["text"])', True),
        ('numbered(text for text in rows["text"] if len(text) > 3)', True),
    ],
)
def test_words_of_rows_that_are_picked_by_their_number(words: str, *, found: bool) -> None:
    rows = """
    rows = pd.DataFrame()
    for file in ("a.csv", "b.csv"):
        rows = pd.concat([rows, pd.read_csv(file)])
    train_ids, test_ids = train_test_split(np.unique(rows["id"]), random_state=1)
    kept = set(train_ids)
    """
    parts = """
    train, test = rows[rows["id"].isin(train_ids)], rows[rows["id"].isin(test_ids)]
    """
    assert told("vocabulary_saw_the_test_set", rows, f"index = {words}", parts, TRAINING) == found


def test_folds_within_the_training_reviews_are_for_choosing() -> None:
    folds = """
    from sklearn.model_selection import KFold
    texts = train.text.values
    for tr, te in KFold(5).split(texts):
        print(len(texts[tr]), len(texts[te]))
    """
    assert levels("vocabulary_saw_the_test_set", SPLIT, folds, TRAINING) == ["risk"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("rows = [sentence() for _ in range(1000)]", False),
        ("rows = random.choices(rows, k=1000)", True),
        ("rows = NearMiss().fit_resample(rows, labels)", False),
        ("sampler = TomekLinks()\nrows = sampler.fit_resample(rows, labels)", False),
        ("sampler = RandomOverSampler()\nrows = sampler.fit_resample(rows, labels)", True),
        ("rows = pd.concat([rows, other, rows], axis=1)", False),
        ("rows = pd.concat([rows, other, rows])", True),
        ("if CLEAN:\n        rows.append(delete_signs(one))\n    else:\n        rows.append(one)", False),
        ("rows.append(swap_words(one))\n    rows.append(one)", True),
        ("if one.rare:\n        rows.append(swap_words(one))\n        continue\n    rows.append(one)", False),
        ("if one.rare:\n        rows.append(swap_words(one))\n    rows.append(one)", True),
    ],
)  # fmt: skip
def test_rows_that_are_not_copied(body: str, *, found: bool) -> None:
    made_up = """
    def sentence():
        return " ".join(random.choices(nouns, k=2) + random.choices(verbs, k=1))
    """
    if not body.startswith(("rows =", "sampler")):
        body = f"rows = []\nfor one in raw:\n    {body}"
    split = "train, test = train_test_split(rows, random_state=1)"
    assert told("copies_made_before_the_split", made_up, body, split) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("test_row = rows.sample(1)", False),
        ("test_examples = rows.sample(n=5, random_state=2)", False),
        ("test_rows = rows.sample(frac=0.2)", True),
    ],
)
def test_a_handful_of_rows_that_are_looked_at(body: str, *, found: bool) -> None:
    rows = """
    rows = pd.read_csv("rows.csv")
    train, valid = train_test_split(rows, random_state=1)
    """
    assert told("same_review_in_two_splits", rows, body) == found


@pytest.mark.parametrize(
    ("parts", "level"),
    [
        ('train_rows = keep(train_rows, "train")\ntest_rows = keep(test_rows, "test")', None),
        ('train_rows = train_rows.query("part == 1")\ntest_rows = test_rows.query("part == 2")', None),
        ('train_rows.part = "train"\ntest_rows.part = "test"', None),
        ('train_rows = clean(train_rows, "a")\ntest_rows = clean(test_rows, "a")', "mistake"),
        ("", "mistake"),
    ],
)
def test_one_file_whose_parts_are_told_apart_later(parts: str, level: str | None) -> None:
    rows = """
    train_rows = pd.read_csv("data/all.csv")
    test_rows = pd.read_csv("data/all.csv")
    """
    assert told("training_file_read_again_as_test", rows, parts) == (level is not None)


def test_a_list_of_words_read_twice_is_no_test_file() -> None:
    rows = """
    def load_words(path):
        return open(path).read().split()
    train_words = load_words("data/words.txt")
    valid_words = load_words("data/words.txt")
    """
    assert not told("training_file_read_again_as_test", rows)


@pytest.mark.parametrize(
    "mixing",
    [
        "pairs = sorted(zip(texts, labels), key=lambda pair: random.random())\ntexts, labels = zip(*pairs)",
        "order = np.argsort(np.random.rand(len(texts)))\ntexts, labels = texts[order], labels[order]",
        "texts, labels = shuffled_alike(texts, labels)",
    ],
)
def test_rows_mixed_in_another_way(mixing: str) -> None:
    rows = 'good, bad = open("good.txt").readlines(), open("bad.txt").readlines()\ntexts = good + bad\n'
    labels = "labels = [1] * len(good) + [0] * len(bad)"
    cut = "n = 800\ntrain_texts, train_labels = texts[:n], labels[:n]\ntest_texts, test_labels = texts[n:], labels[n:]"
    assert told("sorted_data_split_without_shuffling", rows, labels, cut)
    assert not told("sorted_data_split_without_shuffling", rows, labels, mixing, cut)


@pytest.mark.parametrize(
    ("known", "word", "found"),
    [("known = set(index)", "w if w in known else '<unk>'", False), ("known = set(train.text)", "w", True)],
)
def test_unknown_words_replaced_before_they_are_looked_up(known: str, word: str, *, found: bool) -> None:
    program = f"""
    train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
    index = numbered(train.text)
    {known}
    texts = [" ".join({word} for w in text.split()) for text in test.text]
    ids = [[index[w] for w in text.split()] for text in texts]
    """
    assert told("unknown_word_raises", program) == found


@pytest.mark.parametrize(
    ("saved", "found"),
    [
        ('torch.save({"model": model.state_dict(), "index": index}, "model.pt")', False),
        ('json.dump(index, open("index.json", "w"))', False),
        ('torch.save(model.state_dict(), "index.pt")', True),
    ],
)
def test_words_of_a_set_whose_numbers_are_kept(saved: str, *, found: bool) -> None:
    words = """
    train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
    words = set(w for text in train.text for w in text.split())
    index = {w: i for i, w in enumerate(words)}
    """
    assert told("word_order_from_a_set", words, TRAINING, saved) == found


def test_the_number_of_a_word_is_no_matter_behind_the_end_of_a_packed_review() -> None:
    words = """
    train, test = train_test_split(pd.read_csv("rows.csv"), random_state=1)
    words = sorted(set(w for text in train.text for w in text.split()))
    index = {w: i for i, w in enumerate(words)}
    """
    assert not told("padding_index_shared_with_a_word", words, TRAINING)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("net = Net(len(index))\nprint(net(*first()).shape)", "", False),
        ("", "untrained = Net(len(index))\nprint(untrained(*first()))", False),
        ("", 'best = Net(len(index))\nbest = torch.load("best.pt")\nprint(best(*first()))', False),
        ("", "best = Net(len(index))\nprint(best(*first()))", True),
    ],
)
def test_models_that_are_tried_or_compared_with(before: str, after: str, *, found: bool) -> None:
    first = "def first():\n    return torch.tensor([[2, 3]]), torch.tensor([2])\n"
    assert told("prediction_with_untrained_weights", SPLIT, first, before, TRAINING, after) == found


@pytest.mark.parametrize(("frame", "found"), [("pd.DataFrame()", False), ('pd.read_csv("rows.csv")', True)])
def test_answers_put_into_an_empty_table(frame: str, *, found: bool) -> None:
    answers = f"""
    answers, labels = [], []
    for x, n, y in test_loader:
        answers.extend(model(x, n).argmax(1).tolist())
        labels.extend(y.tolist())
    out = {frame}
    out["answer"] = answers
    """
    assert told("predictions_not_in_file_order", SPLIT, TRAINING, answers) == found


@pytest.mark.parametrize(
    ("renumbered", "target", "found"),
    [
        ("", "batch.label", True),
        ("", "(batch.label == 2).long()", False),
        ("", "2 - batch.label", False),
        ("", "remap[batch.label]", False),
        ('LABEL.vocab.itos.remove("<unk>")', "batch.label", False),
    ],
)
def test_labels_that_get_other_numbers(renumbered: str, target: str, *, found: bool) -> None:
    program = f"""
    from torchtext import data
    TEXT, LABEL = data.Field(), data.Field(sequential=False)
    columns = [("text", TEXT), ("label", LABEL)]
    train, test = data.TabularDataset.splits(path=".", train="a.csv", test="b.csv", format="csv", fields=columns)
    TEXT.build_vocab(train)
    LABEL.build_vocab(train)
    {renumbered}
    remap = torch.tensor([0, 0, 1])
    for batch in data.BucketIterator(train, batch_size=8):
        target = {target}
        F.cross_entropy(model(batch.text), target).backward()
    """
    assert told("special_tokens_counted_as_classes", program) == found


def reads(before: str = "pass", look: str = "index[w]") -> str:
    """Return a model that reads padded reviews up to their ends."""
    return READS.replace("BEFORE", before).replace("LOOK", look)


@pytest.mark.parametrize(
    ("numbers", "look", "found"),
    [
        ("index = {w: i for i, w in enumerate(sorted(counted))}", "index[w]", True),
        ("index = {w: i for i, w in enumerate(sorted(counted))}", "index[w] + 1", False),
        (
            'words = sorted(counted)\nwords.insert(0, "<pad>")\nindex = {w: i for i, w in enumerate(words)}',
            "index[w]",
            False,
        ),
        (
            'counted["<pad>"] = 10**9\nindex = {w: i for i, (w, _) in enumerate(counted.most_common())}',
            "index[w]",
            False,
        ),
        ('signs = "_abcdefghi "\nindex = {w: i for i, w in enumerate(signs)}', "index[w]", False),
    ],
)
def test_the_padding_has_an_index_of_its_own(numbers: str, look: str, *, found: bool) -> None:
    assert told("padding_index_shared_with_a_word", reads(look=look), numbers, TRAINING) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("self.unknown = (x == 1).float().mean()", False),
        ("mask = x == 1", True),
        ("kept = (x != 1).float()", True),
        ("kept = (x != 0).float()", False),
    ],
)
def test_an_index_that_is_counted_is_not_taken_for_the_padding(line: str, *, found: bool) -> None:
    index = 'index = {"<pad>": 0, "<unk>": 1}\nfor word in sorted(counted):\n    index[word] = len(index)'
    assert told("padding_index_guessed", reads(line), index, TRAINING) == found


def test_indices_that_are_lowered_again_have_a_row_each() -> None:
    index = "index = {w: i for i, w in enumerate(sorted(counted), 1)}"
    lowered = "index = {w: i - 1 for w, i in index.items()}"
    assert told("embedding_smaller_than_the_vocabulary", reads(), index, TRAINING)
    assert not told("embedding_smaller_than_the_vocabulary", reads(), index, lowered, TRAINING)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('text = " ".join(text.split()[:100])', True),
        ("tokens = text.split()\ntext = tokens[:100] + tokens[-300:]", False),
        ("for text in texts[:3]:\n    print(len(text.split()[:30]))", False),
    ],
)
def test_ends_of_reviews_that_stay_or_are_only_shown(line: str, *, found: bool) -> None:
    assert told("end_of_the_review_cut_off", 'texts = pd.read_csv("IMDB Dataset.csv").review', line) == found
    assert not told("end_of_the_review_cut_off", '# after an imdb tutorial\ntexts = pd.read_csv("news.csv").text', line)


@pytest.mark.parametrize(
    ("cleaned", "found"),
    [("rows", True), ("rows.map(tidy)", False), ("rows[rows.map(len) > 3]", True)],
)
def test_reviews_that_a_file_which_is_not_there_cleans(cleaned: str, *, found: bool) -> None:
    words = f"""
    from cleaning import tidy
    rows = pd.read_csv("IMDB Dataset.csv").review
    index = numbered({cleaned})
    """
    assert told("html_breaks_in_the_vocabulary", words) == found


def test_a_row_of_names_that_is_left_out_by_a_name() -> None:
    read = 'rows = pd.read_csv("IMDB Dataset.csv", header=None, names=["review", "label"])'
    assert told("header_read_as_a_review", read)
    assert not told("header_read_as_a_review", read, 'rows = rows[rows["label"] != "sentiment"]')


@pytest.mark.parametrize(("way", "found"), [("", False), (", bidirectional=True", True)])
def test_lengths_are_not_needed_by_who_reads_forwards_and_masks(way: str, *, found: bool) -> None:
    model = f"""
    class Masked(Net):
        def __init__(self, n):
            super().__init__(n)
            self.rnn = nn.GRU(50, 64, batch_first=True{way})

        def forward(self, x):
            kept = (x != 0).unsqueeze(2)
            output, _ = self.rnn(self.emb(x))
            return self.fc((output * kept).sum(1) / kept.sum(1))
    """
    training = (
        TRAINING.replace("model(x, n)", "model(x)").replace("x, n, y", "x, lengths, y").replace("Net(", "Masked(")
    )
    index = 'index = {"<pad>": 0, "<unk>": 1}\nfor word in sorted(counted):\n    index[word] = len(index)'
    assert told("lengths_asked_for_and_not_used", reads(), index, model, training) == found
