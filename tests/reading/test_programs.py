"""What a symbolic run sees in small programs, and how certain it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnlab.facts import Call, Data, Gap, GroupNote, Loop, Said, Scope, TensorNote, makers
from rnnlab.reading import read, read_text
from rnnlab.record import Record

Reading = Callable[[str], Record]

MODEL = """
import torch
from torch import nn

class Classifier(nn.Module):
    def __init__(self, words, hidden=16, batch_first=True):
        super().__init__()
        self.embedding = nn.Embedding(words, 8, padding_idx=0)
        self.rnn = nn.LSTM(8, hidden, batch_first=batch_first, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 3)

    def forward(self, text):
        output, (hidden, cell) = self.rnn(self.embedding(text))
        return self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1))
"""


def names(note: object) -> list[str]:
    assert isinstance(note, TensorNote)
    return [axis.name for axis in note.axes]


def only(record: Record, what: str) -> Call:
    (call,) = record.ask(Call, what=what)
    return call


# --- models ----------------------------------------------------------------------------------------------------------


def test_the_axes_of_a_forward_pass_are_named(reading: Reading) -> None:
    record = reading(MODEL + "Classifier(100)(torch.zeros(4, 7, dtype=torch.long))")
    assert names(only(record, "embedding").output) == ["batch", "seq_len", "emb"]
    output = only(record, "lstm").output
    assert isinstance(output, GroupNote)
    assert names(output.items[0].note) == ["batch", "seq_len", "2*hid"]
    assert names(only(record, "cat").output) == ["batch", "2*hid"]
    linear = only(record, "linear").output
    assert names(linear) == ["batch", "classes"]
    assert isinstance(linear, TensorNote)
    assert linear.shape == (4, 3)


def test_a_call_says_where_it_stands_what_it_binds_and_what_made_its_input(reading: Reading) -> None:
    record = reading(MODEL + "scores = Classifier(100)(torch.zeros(4, 7, dtype=torch.long))")
    lstm, embedding = only(record, "lstm"), only(record, "embedding")
    assert lstm.binds == ("output", "(hidden, cell)")
    assert lstm.place is not None
    assert (lstm.place.line, lstm.place.column) == (13, 33)
    assert makers(lstm.inputs[0].note) == {embedding.n}
    assert [call.values["index"] for call in record.ask(Call, what="index")] == [[-2], [-1]]


def test_options_of_layers_are_followed_through_arguments(reading: Reading) -> None:
    record = reading(
        """
        import argparse
        import torch.nn as nn
        parser = argparse.ArgumentParser()
        parser.add_argument("--hidden-size", type=int, default=64)
        parser.add_argument("--two-way", action="store_true")
        options = parser.parse_args()

        class Config:
            layers = 2

        def build(size, layers, two_way):
            return nn.GRU(10, size, num_layers=layers, bidirectional=two_way)

        build(options.hidden_size * 2, Config.layers, options.two_way)
        """
    )
    made = only(record, "layer").values["options"]
    assert (made["hidden_size"], made["num_layers"], made["bidirectional"]) == (128, 2, False)


def test_a_size_that_is_not_known_is_written_as_the_source_writes_it(reading: Reading) -> None:
    record = reading("import torch.nn as nn\nwords = open('words.txt').read().split()\nnn.Embedding(len(words) + 1, 8)")
    assert only(record, "layer").values["options"]["num_embeddings"] == "= len(words) + 1"


def test_the_mode_of_the_model_and_gradients_are_known(reading: Reading) -> None:
    record = reading(
        MODEL
        + """
model, text = Classifier(100), torch.zeros(4, 7, dtype=torch.long)
model.eval()
with torch.no_grad():
    model(text)
model.train()
model(text)
"""
    )
    assert [(call.training, call.grad_on) for call in record.ask(Call, what="lstm")] == [(False, False), (True, True)]


def test_a_decorator_switches_gradients_off(reading: Reading) -> None:
    record = reading(
        MODEL
        + """
@torch.no_grad()
def predict(model, text):
    return model(text)
predict(Classifier(100), torch.zeros(1, 7, dtype=torch.long))
"""
    )
    assert only(record, "lstm").grad_on is False
    assert record.first(Data, what="prediction") is not None


# --- branches and loops ----------------------------------------------------------------------------------------------


def test_both_branches_of_an_unknown_test_are_seen_and_values_have_several_makers(reading: Reading) -> None:
    record = reading(
        """
        import random
        import torch
        import torch.nn.functional as F
        x = torch.rand(3, 4)
        if random.random() > 0.5:
            y = F.softmax(x, dim=1)
        else:
            y = F.log_softmax(x, dim=1)
        F.nll_loss(y, torch.tensor([0, 1, 2]))
        """
    )
    softmax, log_softmax, loss = only(record, "softmax"), only(record, "log_softmax"), only(record, "nll_loss")
    assert not softmax.certain
    assert not log_softmax.certain
    assert loss.certain
    assert makers(loss.inputs[0].note) == {softmax.n, log_softmax.n}


def test_a_test_that_is_known_is_decided(reading: Reading) -> None:
    record = reading(
        """
        import torch
        def run(train):
            if train:
                torch.sigmoid(torch.rand(2))
            else:
                torch.tanh(torch.rand(2))
        run(True)
        """
    )
    assert only(record, "sigmoid").certain
    assert record.first(Call, what="tanh") is None


def test_an_option_is_taken_at_its_default_and_the_other_branch_is_seen_beside_it(reading: Reading) -> None:
    record = reading(
        """
        import argparse
        import torch
        parser = argparse.ArgumentParser()
        parser.add_argument("--mode", default="train")
        if parser.parse_args().mode == "train":
            torch.sigmoid(torch.rand(2))
        else:
            torch.tanh(torch.rand(2))
        """
    )
    assert only(record, "sigmoid").certain
    assert not only(record, "tanh").certain


TRAINING = (
    MODEL
    + """
from torch.utils.data import DataLoader, TensorDataset
train_set = TensorDataset(torch.zeros(9, 7, dtype=torch.long), torch.zeros(9, dtype=torch.long))
loader = DataLoader(train_set, batch_size=3, shuffle=True, drop_last=True)
model = Classifier(100)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()

def evaluate(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for text, label in loader:
            right += (model(text).argmax(1) == label).sum().item()
    return right / len(loader.dataset)

for epoch in range(5):
    for text, label in loader:
        optimizer.zero_grad()
        loss = criterion(model(text), label)
        loss.backward()
        optimizer.step()
    accuracy = evaluate(model, loader)
    print(f"accuracy {accuracy:.3f}")
"""
)


def test_loops_are_what_a_run_calls_them(reading: Reading) -> None:
    record = reading(TRAINING)
    assert [(loop.kind, loop.executed is None) for loop in record.ask(Loop)] == [
        ("epochs", True),
        ("batches", True),
        ("training", False),
        ("batches", True),
        ("evaluation", False),
        ("epochs", False),
    ]
    loader = record.first(Data, what="loader")
    assert loader is not None
    assert {loop.over for loop in record.ask(Loop) if loop.kind in ("training", "evaluation")} == {loader.id}
    assert loader.samples["options"] == {"shuffle": True, "drop_last": True}


def test_a_batch_has_the_names_that_the_loop_gives_it(reading: Reading) -> None:
    record = reading(TRAINING)
    batch = record.first(Data, what="batch")
    assert batch is not None
    assert list(batch.samples) == ["text", "label"]
    loss = record.first(Call, what="cross_entropy")
    assert loss is not None
    assert batch.n in makers(loss.inputs[1].note)
    assert names(loss.inputs[1].note) == ["batch"]


def test_the_mode_that_a_turn_leaves_behind_is_seen_in_the_next(reading: Reading) -> None:
    def trained_in(record: Record) -> list[bool | None]:
        return [call.training for call in record.ask(Call, what="lstm") if call.grad_on]

    assert trained_in(reading(TRAINING)) == [True, False]
    restored = TRAINING.replace("for epoch in range(5):\n", "for epoch in range(5):\n    model.train()\n")
    assert trained_in(reading(restored)) == [True]


def test_a_state_that_goes_round_has_the_turn_before_for_a_maker(reading: Reading) -> None:
    record = reading(
        """
        import torch
        rnn = torch.nn.GRU(4, 5)
        hidden = None
        for step in range(3):
            output, hidden = rnn(torch.rand(2, 1, 4), hidden)
        """
    )
    first, second = record.ask(Call, what="gru")
    assert len(first.inputs) == 1
    assert first.n in makers(second.inputs[1].note)


def test_an_accuracy_says_what_was_added_and_by_what_it_was_divided(reading: Reading) -> None:
    record = reading(TRAINING)
    metric = record.first(Data, what="metric")
    assert metric is not None
    assert metric.samples["total"] == "right"
    assert metric.samples["by"] == "examples"
    said = record.first(Said)
    assert said is not None
    assert said.text == "accuracy {}"
    assert [value.name for value in said.values] == ["accuracy"]
    assert said.made_from == ((metric.id,),)


# --- data ------------------------------------------------------------------------------------------------------------


def ancestors(record: Record, number: int) -> set[int]:
    parents = {fact.id: fact.made_from for fact in record.ask(Data)}
    found, waiting = set(), [number]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return found


@pytest.mark.parametrize(
    "words",
    [
        "Counter(word for text in texts for word in text.split())",
        "[word for text in texts for word in text.lower().split()]",
        "set(' '.join(texts).split())",
        "sorted({word for text in map(str.lower, texts) for word in text.split()})",
    ],
)
def test_a_vocabulary_keeps_the_rows_that_its_words_came_from(reading: Reading, words: str) -> None:
    record = reading(
        f"""
        from collections import Counter
        import pandas
        from sklearn.model_selection import train_test_split
        table = pandas.read_csv("reviews.csv").dropna()
        train_df, test_df = train_test_split(table, test_size=0.2)
        texts = train_df["review"].fillna("").tolist()
        words = {words}
        stoi = {{word: i for i, word in enumerate(words)}}
        """
    )
    vocabulary = record.first(Data, what="vocabulary")
    splits = list(record.ask(Data, what="split"))
    assert vocabulary is not None
    assert [split.name for split in splits] == ["train_df", "test_df"]
    assert vocabulary.made_from == (splits[0].id,)
    assert vocabulary.certain


def test_a_vocabulary_of_put_together_rows_has_both_for_parents(reading: Reading) -> None:
    record = reading(
        """
        import pandas
        train, test = pandas.read_csv("train.csv"), pandas.read_csv("test.csv")
        stoi = {}
        for text in train.text.tolist() + test.text.tolist():
            for word in text.split():
                if word not in stoi:
                    stoi[word] = len(stoi)
        """
    )
    vocabulary = record.first(Data, what="vocabulary")
    assert vocabulary is not None
    assert {table.id for table in record.ask(Data, what="table")} == set(vocabulary.made_from)
    assert vocabulary.certain


def test_rows_of_a_csv_file_that_are_cut_apart_belong_to_their_parts(reading: Reading) -> None:
    record = reading(
        """
        import csv, random
        with open("reviews.csv") as file:
            rows = [(row["text"], int(row["label"])) for row in csv.DictReader(file)]
        random.shuffle(rows)
        cut = int(0.8 * len(rows))
        train_rows, test_rows = rows[:cut], rows[cut:]
        stoi = {}
        for text, label in train_rows:
            for word in text.split():
                stoi.setdefault(word, len(stoi))
        """
    )
    vocabulary, shuffle = record.first(Data, what="vocabulary"), record.first(Call, what="shuffle")
    train, test = record.ask(Data, what="split")
    assert (train.name, test.name) == ("train_rows", "test_rows")
    assert (train.samples["to"], test.samples["from"]) == ("cut", "cut")
    assert vocabulary is not None
    assert vocabulary.made_from == (train.id,)
    assert shuffle is not None
    assert shuffle.values["data"] == list(train.made_from)


def test_a_vocabulary_class_is_told_at_the_line_that_gave_it_the_texts(reading: Reading) -> None:
    record = reading(
        """
        from collections import Counter
        import pandas

        class Vocabulary:
            def __init__(self, texts):
                counts = Counter(w for t in texts for w in t.split())
                self.itos = ["<pad>", "<unk>"] + [w for w, n in counts.most_common()]
                self.stoi = {w: i for i, w in enumerate(self.itos)}

        table = pandas.read_csv("train.csv")
        vocab = Vocabulary(table["text"])
        """
    )
    vocabulary = record.first(Data, what="vocabulary")
    assert vocabulary is not None
    assert vocabulary.place is not None
    assert record.line(vocabulary.place) == 'vocab = Vocabulary(table["text"])'


def test_labels_are_no_vocabulary(reading: Reading) -> None:
    record = reading(
        """
        import pandas
        table = pandas.read_csv("train.csv")
        label2id = {label: i for i, label in enumerate(sorted(set(table["label"])))}
        """
    )
    assert record.first(Data, what="vocabulary") is None
    assert record.first(Data, what="label map") is not None


def test_splits_of_torchtext_are_told_as_a_run_tells_them() -> None:
    record = read(Path(__file__).parents[1] / "programs" / "legacy_packed.py")
    found = [(fact.what, fact.name) for fact in record.ask(Data) if fact.what in ("dataset", "split", "loader")]
    assert found == [
        ("dataset", "dataset"),
        ("split", "train_data"),
        ("split", "test_data"),
        ("split", "train_data"),
        ("split", "valid_data"),
        ("loader", "train_iterator"),
        ("loader", "valid_iterator"),
        ("loader", "test_iterator"),
    ]


def test_an_optimizer_says_whose_parameters_it_holds(reading: Reading) -> None:
    record = reading(TRAINING.replace("model.parameters()", "model.fc.parameters()"))
    optimizer = record.first(Data, what="optimizer")
    assert optimizer is not None
    assert optimizer.samples["holds"] == [["Linear", "part"]]
    assert optimizer.counts["learning_rate"] == 0.01


def test_weights_that_are_loaded_come_from_the_checkpoint_that_was_saved(reading: Reading) -> None:
    record = reading(
        MODEL
        + "model = Classifier(9)\ntorch.save(model.state_dict(), 'best.pt')\nmodel.load_state_dict(torch.load('best.pt'))"
    )
    model, weights = record.first(Data, what="model"), record.first(Data, what="weights")
    assert model is not None
    assert weights is not None
    assert model.id in ancestors(record, weights.id)


# --- programs --------------------------------------------------------------------------------------------------------


def test_what_nobody_calls_is_read_as_uncertain(reading: Reading) -> None:
    record = reading(MODEL)
    assert not only(record, "lstm").certain
    assert only(record, "lstm").grad_on is None


def test_imports_between_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "train.py").write_text(
        "import torch\nfrom model import Classifier\nClassifier(50)(torch.zeros(2, 5, dtype=torch.long))\n"
    )
    record = read(tmp_path / "train.py")
    assert only(record, "lstm").certain
    assert only(record, "lstm").place.file.endswith("model.py")  # type: ignore[union-attr]
    assert [fact.what for fact in read(tmp_path).ask(Call)] == [fact.what for fact in record.ask(Call)]


def test_a_notebook_is_read_cell_by_cell() -> None:
    import json

    cells = ["%matplotlib inline\nimport torch", "x = torch.rand(2, 3)", "!pip list\ny = x.squeeze(0)"]
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "metadata": {}}
    record = read_text(json.dumps(notebook), "book.ipynb")
    squeeze = only(record, "squeeze")
    assert squeeze.place is not None
    assert (squeeze.place.cell, squeeze.place.line) == (3, 2)
    assert not list(record.ask(Gap))


def test_lightning_hooks_are_entered_in_the_order_of_the_framework(reading: Reading) -> None:
    record = reading(
        MODEL.replace("nn.Module", "pl.LightningModule").replace(
            "import torch\n", "import torch\nimport pytorch_lightning as pl\n", 1
        )
        + """
    def training_step(self, batch, index):
        text, label = batch
        return nn.functional.cross_entropy(self(text), label)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)

pl.Trainer(max_epochs=3).fit(Classifier(9), torch.utils.data.DataLoader(torch.zeros(9, 5)))
"""
    )
    functions = [scope.function for scope in record.ask(Scope) if scope.phase == "into"]
    assert functions[:3] == ["Classifier.__init__", "Classifier.configure_optimizers", "Classifier.training_step"]
    assert only(record, "cross_entropy").certain
    assert [fact.what for fact in record.ask(Call) if fact.stage == "train"] == [
        "zero_grad",
        "backward",
        "optimizer_step",
    ]


# --- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "why"),
    [
        ("def broken(:\n", "syntax", "line 1"),
        ("print 'hello'\n", "syntax", "Python 2"),
        ("from my_project.data import load\nload()\n", "import", "my_project.data"),
        ("exec(open('more.py').read())\n", "exec", "does not show"),
    ],
)
def test_what_cannot_be_followed_is_a_gap(text: str, what: str, why: str) -> None:
    (gap,) = read_text(text, "program.py").ask(Gap)
    assert gap.what == what
    assert why in gap.why


def test_known_libraries_are_no_gaps(reading: Reading) -> None:
    record = reading("import matplotlib.pyplot as plt, tqdm, wandb\nplt.plot([1])\nwandb.init()")
    assert not list(record.ask(Gap))


def test_a_file_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    (gap,) = read(tmp_path / "nowhere.py").ask(Gap)
    assert "cannot be read" in gap.why
