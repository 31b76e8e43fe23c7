"""Words, vocabularies and splits as public programs write them: what is found from the source alone, and the harmless twins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from forks import Judged

from rnnlab.facts import Data
from rnnlab.reading import read

Judge = Callable[[str], Judged]

LABELS = """
from torch.nn import functional as F
from torchtext import data
TEXT, LABEL = data.Field(), data.Field({options})
columns = [("text", TEXT), ("label", LABEL)]
train, test = data.TabularDataset.splits(path=".", train="a.csv", test="b.csv", format="csv", fields=columns)
TEXT.build_vocab(train)
LABEL.build_vocab(train)
train_iter = data.BucketIterator(train, batch_size=8)
for batch in train_iter:
    feature, target = batch.text, batch.label
    {line}
    loss = F.cross_entropy(model(feature), target)
    loss.backward()
"""


@pytest.mark.parametrize(
    ("options", "line", "found"),
    [
        ("sequential=False", "pass", True),
        ("sequential=False", "target.data.sub_(1)", False),
        ("sequential=False", "target -= 1", False),
        ("sequential=False", "target = target - 1", False),
        ("sequential=False", "n = len(target) - 1", True),
        ("sequential=False, unk_token=None", "pass", False),
        ("sequential=False, use_vocab=False", "pass", False),
    ],
)
def test_labels_in_a_field(check_text: Judge, options: str, line: str, *, found: bool) -> None:
    told = check_text(LABELS.format(options=options, line=line)).lines("special_tokens_counted_as_classes")
    assert told == ([4] if found else [])


WORDS = """
import torch
sentences = ["a fine film", "a dull film"]
{words}
for x, y in loader:
    loss = F.cross_entropy(model(x), y)
    loss.backward()
sentence = "a dull plot"
{ids}
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("word2idx = {w: i for i, w in enumerate(set(' '.join(sentences).split()))}", True),
        ("vocab = list(set(' '.join(sentences).split()))\nword2idx = {w: i for i, w in enumerate(vocab)}", True),
        ("vocab = set()\nfor s in sentences:\n    vocab |= set(s.split())\nw2i = {w: i for i, w in enumerate(vocab)}", False),
        ("vocab = set()\nfor s in texts:\n    vocab.update(s.split())\nw2i = {}\nfor w in vocab:\n    w2i[w] = len(w2i)", True),
        ("vocab = sorted(set(' '.join(sentences).split()))\nword2idx = {w: i for i, w in enumerate(vocab)}", False),
        ("vocab = list(set(' '.join(sentences).split()))\nvocab.sort()\nw2i = {w: i for i, w in enumerate(vocab)}", False),
        ("label2idx = {y: i for i, y in enumerate(set(labels))}", False),
        ("vocab = dict.fromkeys(' '.join(sentences).split())\nword2idx = {w: i for i, w in enumerate(vocab)}", False),
    ],
)  # fmt: skip
def test_words_of_the_program_itself_in_the_order_of_a_set(check_text: Judge, words: str, *, found: bool) -> None:
    assert bool(check_text(WORDS.format(words=words, ids="")).lines("word_order_from_a_set")) is found


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ("ids = [word2idx[w] for w in sentence.split()]", True),
        ("ids = torch.tensor([[word2idx[w] for w in sentence.lower().split()]])", True),
        ("ids = [word2idx[w] for w in sentence.split() if w in word2idx]", False),
        ("ids = [word2idx.get(w, 1) for w in sentence.split()]", False),
        ("sentence = sentences[0]\nids = [word2idx[w] for w in sentence.split()]", False),
        ("ids = [word2idx[w] for s in sentences for w in s.split()]", False),
    ],
)
def test_a_sentence_that_is_typed_in(check_text: Judge, ids: str, *, found: bool) -> None:
    words = "word2idx = {w: i for i, w in enumerate(sorted(set(' '.join(sentences).split())))}"
    assert bool(check_text(WORDS.format(words=words, ids=ids)).lines("unknown_word_raises")) is found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("index = {'<pad>': 0}\nfor t in texts:\n    for c in t:\n        if c not in index:\n            index[c] = len(index)\n"
         "ids = [index.get(c, 0) for c in text]", True),
        ("index = {'<pad>': 0}\nfor t in texts:\n    for c in t:\n        if c not in index:\n            index[c] = len(index)\n"
         "ids = [index.get(c, 1) for c in text]", False),
        ("index = {'<pad>': 0, '<unk>': 1}\nfor t in texts:\n    for c in t:\n        if c not in index:\n"
         "            index[c] = len(index)\nids = [index.get(c, 0) for c in text]", False),
        ("vocab = build_vocab_from_iterator(it, specials=['<unk>', '<pad>'])\nvocab.set_default_index(vocab['<pad>'])", True),
        ("vocab = build_vocab_from_iterator(it, specials=['<unk>', '<pad>'])\nvocab.set_default_index(vocab['<unk>'])", False),
        ("counts = {}\nfor c in text:\n    counts[c] = counts.get(c, 0) + 1", False),
    ],
)  # fmt: skip
def test_unknown_words_and_padding(check_text: Judge, body: str, *, found: bool) -> None:
    assert bool(check_text(body).lines("unknown_words_read_as_padding")) is found


BREAKS = """
from torchtext import data, datasets
TEXT, LABEL = data.Field({tokenize}), data.LabelField()
train, test = datasets.{kind}.splits(TEXT, LABEL)
TEXT.build_vocab(train)
"""


@pytest.mark.parametrize(
    ("kind", "tokenize", "found"),
    [
        ("IMDB", "tokenize='spacy'", True),
        ("IMDB", "lower=True", True),
        ("IMDB", "tokenize=lambda text: text.replace('<br />', ' ').split()", False),
        ("IMDB", "tokenize=get_tokenizer('basic_english')", False),
        ("TREC", "tokenize='spacy'", False),
    ],
)
def test_breaks_in_the_imdb_reviews(check_text: Judge, kind: str, tokenize: str, *, found: bool) -> None:
    told = check_text(BREAKS.format(kind=kind, tokenize=tokenize)).lines("html_breaks_in_the_vocabulary")
    assert told == ([5] if found else [])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("imdb = 1\ndef pipeline(t):\n    return vocab(tokenizer(t))\nids = pipeline(text)[:200]", True),
        ("imdb = 1\ndef pipeline(t):\n    return vocab(tokenizer(t))\nids = pipeline(text)[:600]", False),
        ("imdb = 1\ndef lines(t):\n    return t.split('\\n')\nrows = lines(text)[:200]", False),
        ("imdb = 1\nclass Reviews:\n    def __init__(self, max_len=200):\n        self.max_len = max_len\n"
         "    def __getitem__(self, i):\n        return self.tokenize(self.texts[i])[:self.max_len]", True),
        ("a = open('reviews.txt')\nb = open('labels.txt')\nn = 250\nfeatures[i, -len(row):] = np.array(row)[:n]", True),
        ("a = open('tweets.txt')\nb = open('labels.txt')\nn = 250\nfeatures[i, -len(row):] = np.array(row)[:n]", False),
    ],
)  # fmt: skip
def test_reviews_whose_end_is_cut_off(check_text: Judge, body: str, *, found: bool) -> None:
    assert bool(check_text(body).lines("end_of_the_review_cut_off")) is found


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ("train=f, validation=f, test=f", True),
        ("train=f, validation=v, test=t", False),
        ("train=f, validation=None, test=None", False),
        ("train=args.train, test=args.train", True),
    ],
)
def test_one_file_for_all_splits(check_text: Judge, files: str, *, found: bool) -> None:
    body = f"from torchtext import data\nparts = data.TabularDataset.splits(path='d', {files}, format='csv', fields=[])"
    assert check_text(body).lines("training_file_read_again_as_test") == ([2] if found else [])


def test_a_tokenizer_that_is_fitted_anew_on_the_test_reviews(check_text: Judge) -> None:
    body = """
import pandas as pd, torch
from keras.preprocessing.text import Tokenizer
from sklearn.model_selection import train_test_split
table = pd.read_csv("reviews.csv")
train_text, test_text = train_test_split(table["text"])
tokenizer = Tokenizer()
tokenizer.fit_on_texts(train_text)
model = torch.nn.Embedding(9, 9)
optimizer = torch.optim.Adam(model.parameters())
for x in loader:
    model(x).sum().backward()
    optimizer.step()
tokenizer = Tokenizer()
tokenizer.fit_on_texts(test_text)
"""
    told = check_text(body)
    assert told.lines("vocabulary_rebuilt_before_prediction") == [15]
    assert told.lines("vocabulary_saw_the_test_set") == []


def test_a_package_is_found_from_above_its_folder(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "rows.py").write_text("import pandas as pd\ntable = pd.read_csv('a.csv')\n")
    (tmp_path / "src" / "train.py").write_text("from src.rows import table\n")
    record = read(tmp_path / "src" / "train.py")
    assert [fact.samples["path"] for fact in record.ask(Data, what="table")] == ["a.csv"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("table = pd.read_csv('data/SMSSpamCollection', sep='\\t', header=None)\ntrain, test = train_test_split(table)", True),
        ("table = pd.read_csv('sms.tsv')\ntable = table.drop_duplicates()\ntrain, test = train_test_split(table)", False),
        ("table = pd.read_csv('spam.csv')[['v1', 'v2']]\ntrain, test = train_test_split(table)", True),
        ("table = pd.read_csv('spam.csv')[['text', 'label']]\ntrain, test = train_test_split(table)", False),
        ("table = pd.read_csv('mails.csv')\ntrain, test = train_test_split(table)", False),
    ],
)  # fmt: skip
def test_a_public_file_with_copies(check_text: Judge, body: str, *, found: bool) -> None:
    text = f"import pandas as pd\nfrom sklearn.model_selection import train_test_split\n{body}"
    told = check_text(text).lines("same_review_in_two_splits")
    assert told == ([len(text.splitlines())] if found else [])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("table = pd.read_csv('IMDB Dataset.csv', header=None)", True),
        ("table = pd.read_csv('IMDB Dataset.csv')", False),
        ("table = pd.read_csv('IMDB Dataset.csv', header=None, skiprows=1)", False),
        ("table = pd.read_csv('IMDB Dataset.csv', header=None)\ntable = table.iloc[1:]", False),
        ("table = pd.read_csv('spam.csv', header=None)", False),
        ("table = pd.read_csv('data/train.csv', header=None)", False),
        ("df.to_csv('a.csv', index=False)\nd = data.TabularDataset(path='a.csv', format='csv', fields=[('x', X)])", True),
        ("df.to_csv('a.csv', header=False)\nd = data.TabularDataset(path='a.csv', format='csv', fields=[('x', X)])", False),
        ("df.to_csv('a.csv')\nd = data.TabularDataset(path='a.csv', format='csv', fields=[('x', X)], skip_header=True)", False),
        ("df.to_csv('a.csv')\nd = data.TabularDataset(path='a.csv', format='csv', fields={'x': ('x', X)})", False),
    ],
)  # fmt: skip
def test_files_that_begin_with_names(check_text: Judge, body: str, *, found: bool) -> None:
    text = f"import pandas as pd\nfrom torchtext import data\n{body}"
    assert bool(check_text(text).lines("header_read_as_a_review")) is found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("weights = torch.tensor(counts.sum() / (2 * counts))\nprint(weights)\nloss = nn.CrossEntropyLoss()", True),
        ("weights = torch.tensor(counts.sum() / (2 * counts))\nweights = weights.to(device)\nloss = nn.CrossEntropyLoss()", True),
        ("weights = torch.tensor(counts.sum() / (2 * counts))\nloss = nn.CrossEntropyLoss(weight=weights)", False),
        ("weights = counts.sum() / counts\nsampler = WeightedRandomSampler(weights, 9)\nloss = nn.CrossEntropyLoss()", False),
        ("weights = counts.sum() / counts\nprint(weights)", False),
        ("weight_decay = 1 / 100\nopt = Adam(p, weight_decay=weight_decay)\nloss = nn.CrossEntropyLoss()", False),
    ],
)  # fmt: skip
def test_weights_of_classes_worked_out_by_hand(check_text: Judge, body: str, *, found: bool) -> None:
    text = f"import torch\nfrom torch import nn\n{body}"
    assert check_text(text).lines("class_weights_not_used") == ([3] if found else [])
