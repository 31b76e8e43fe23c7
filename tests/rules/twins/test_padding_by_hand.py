"""Reviews that are filled up by hand in many spellings, and programs that look alike and are left alone: by the source alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnlab.reading import read, read_text
from rnnlab.report import judge

LAST, TRAINED, SHARED = (
    "padding_read_as_last_step",
    "padding_trained_as_a_word",
    "padding_index_shared_with_a_word",
)
CARRIED, SQUEEZED, TIME = (
    "state_carried_from_batch_to_batch",
    "squeeze_drops_a_batch_of_one",
    "batch_axis_read_as_time",
)
HEAD = """
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

table = pd.read_csv("reviews.csv")
words = sorted({word for text in table["text"] for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
LONGEST = 50
"""
MODEL = """
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)
        self.head = nn.Linear(32, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.head(output[:, -1])
"""
LOOP = """
model = Reader()
optimizer = torch.optim.Adam(model.parameters())
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
"""
ROWS = """
class Rows(Dataset):
    def __len__(self):
        return len(table)

    def __getitem__(self, i):
        ids = [index[word] for word in table["text"].iloc[i].split()]
        {}
        return torch.as_tensor(ids), table["label"].iloc[i]


loader = DataLoader(Rows(), batch_size=8, shuffle=True)
"""


def status(text: str, rule: str) -> str:
    """Return what the source of a program says of a mistake."""
    return judge(read_text(text, "program.py")).of(rule).status


@pytest.mark.parametrize(
    ("filled", "found"),
    [
        ("ids = ids + [0] * (LONGEST - len(ids))", True),
        ("ids = [0] * (LONGEST - len(ids)) + ids", False),
        ("pads = [0] * (LONGEST - len(ids)); ids = ids + pads", True),
        ("pads = [0] * (LONGEST - len(ids)); ids = pads + ids", False),
        ("ids = torch.cat([torch.tensor(ids), torch.zeros(LONGEST - len(ids)).long()])", True),
        ("ids = torch.cat([torch.zeros(LONGEST - len(ids)).long(), torch.tensor(ids)])", False),
        ("ids = np.concatenate([ids, np.zeros(LONGEST - len(ids))])", True),
        ("ids = np.pad(ids, (0, LONGEST - len(ids)))", True),
        ("ids = np.pad(ids, (LONGEST - len(ids), 0))", False),
        ("while len(ids) < LONGEST: ids.append(0)", True),
        ("while len(ids) < LONGEST: ids.insert(0, 0)", False),
        ("for _ in range(LONGEST - len(ids)): ids.append(0)", True),
        ("ids = [ids[k] if k < len(ids) else 0 for k in range(LONGEST)]", True),
    ],
)
def test_rows_filled_up_by_hand(filled: str, found: bool) -> None:
    assert (status(HEAD + ROWS.format(filled) + MODEL + LOOP, LAST) == "found") is found


@pytest.mark.parametrize(("order", "found"), [("row + pads", True), ("pads + row", False)])
def test_columns_filled_up(order: str, found: bool) -> None:
    columns = f"""
def fill(row):
    pads = [0] * (LONGEST - len(row))
    return {order}


table["ids"] = table["text"].apply(lambda text: [index[word] for word in text.split()]).apply(fill)
ids = torch.tensor(table["ids"].tolist())
loader = DataLoader(TensorDataset(ids, torch.tensor(table["label"].values)), batch_size=8)
"""
    assert (status(HEAD + columns + MODEL + LOOP, LAST) == "found") is found


def test_packed_rows_are_left_alone() -> None:
    forward = """    def forward(self, text):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(text), (text != 0).sum(1).cpu(), True, False)
        return self.head(self.rnn(packed)[1][-1])
"""
    model = MODEL.split("    def forward")[0] + forward
    assert status(HEAD + ROWS.format("ids = ids + [0] * (LONGEST - len(ids))") + model + LOOP, LAST) == "clear"


def test_the_files_of_a_project_are_found_above_the_script(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "data.py").write_text(HEAD + ROWS.format("ids = ids + [0] * (LONGEST - len(ids))"))
    (source / "model.py").write_text("from torch import nn\nfrom src.data import index\n" + MODEL)
    (source / "train.py").write_text(
        "import torch\nimport torch.nn.functional as F\nfrom src.data import loader\nfrom src.model import Reader\n"
        + LOOP
    )
    (found,) = judge(read(source / "train.py")).of(LAST).findings
    assert found.place is not None and found.place.file.endswith("model.py")


def test_padding_is_trained_only_where_it_is_none_of_the_words() -> None:
    program = HEAD + ROWS.format("ids = ids + [0] * (LONGEST - len(ids))") + MODEL + LOOP
    frozen = program.replace(
        "        self.rnn", "        self.embedding.weight.requires_grad = False\n        self.rnn", 1
    )
    unknown = program.replace("[0] * (", "[index['<unk>']] * (")
    assert [status(one, TRAINED) for one in (program, frozen)] == ["found", "clear"]
    assert status(unknown, TRAINED) != "found" and status(unknown, SHARED) == "found"


STRANGE = """
import torch
from torch import nn
from models import Reader
from data import loader

model, optimizer = Reader(), None
criterion = nn.{}()
h = model.first_state(16)
for text, label in loader:
    {}
    scores, h = model(text, h)
    loss = criterion(scores.squeeze(), label)
    loss.backward()
"""


@pytest.mark.parametrize(
    ("loss", "step", "found"),
    [
        ("BCELoss", "h = tuple([each.data for each in h])", True),
        ("BCEWithLogitsLoss", "h = h.detach()", True),
        ("BCELoss", "h = model.first_state(len(text))", False),
        ("BCELoss", "pass", False),
        ("CrossEntropyLoss", "h = h.detach()", False),
    ],
)
def test_states_of_models_that_were_not_seen(loss: str, step: str, found: bool) -> None:
    assert (status(STRANGE.format(loss, step), CARRIED) == "found") is found


@pytest.mark.parametrize(
    ("first", "read", "found"),
    [("True", "output[:, -1]", False), ("False", "output[:, -1]", True), ("False", "output[-1]", False)],
)
def test_the_axis_that_is_taken_for_the_time(first: str, read: str, found: bool) -> None:
    text = HEAD + ROWS.format("ids = torch.tensor(ids)[:LONGEST]") + MODEL + LOOP
    text = text.replace("batch_first=True", f"batch_first={first}").replace("output[:, -1]", read)
    assert (status(text, TIME) == "found") is found
