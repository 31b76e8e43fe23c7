"""The record of a small training program, told by hand: what a stepper walks through in the tests, without torch."""

from __future__ import annotations

from typing import Any

from rnnlab.facts import (
    Axis,
    Call,
    Crash,
    Data,
    Gap,
    GroupNote,
    Instead,
    Locals,
    Loop,
    Named,
    Note,
    PackedNote,
    Place,
    Said,
    Scope,
    TensorNote,
    ValueNote,
)
from rnnlab.record import Header, Record

FILE = "/home/learner/small.py"
SOURCE = """\
import torch

class RNN(torch.nn.Module):
    def forward(self, text, lengths):
        embedded = self.embedding(text)
        packed = pack_padded_sequence(embedded, lengths)
        output, (hidden, cell) = self.rnn(packed)
        return self.fc(
            hidden.squeeze(0),
        )

def train(model, loader):
    for text, labels in loader:
        logits = model(text)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
    return loss

vocabulary = build(rows)
rate = 0.1
train(model, loader)
print("done [red]now[/red]")
"""
OTHER = "/home/learner/other.py"

AXES = {"seq_len": 7, "batch": 3, "emb": 4, "hid": 5, "classes": 2, "layers": 1}


def tensor(words: str, dtype: str = "float32") -> TensorNote:
    """Return a note of the named axes with their usual sizes."""
    return TensorNote(
        tuple(AXES[word] for word in words.split()), tuple(Axis(word, "propagated") for word in words.split()), dtype
    )


def at(line: int, code: str) -> Place:
    """Return the place of a piece of code in the source; it may run over several lines."""
    start = SOURCE.splitlines()[line - 1].index(code.splitlines()[0])
    last = line + code.count("\n")
    end = len(code.splitlines()[-1]) + (start if last == line else 0)
    return Place(FILE, line, start, last, end)


TEXT, LENGTHS = tensor("seq_len batch", "int64"), tensor("batch", "int64")
EMBEDDED, HIDDEN, LOGITS = tensor("seq_len batch emb"), tensor("batch hid"), tensor("batch classes")
PACKED = PackedNote(15, 7, 3, (4,), (Axis("tokens"), Axis("emb")), "float32")
STATE = tensor("layers batch hid")
STATES = GroupNote("tuple", (Named("", PACKED), Named("", GroupNote("tuple", (Named("", STATE), Named("", STATE))))))
HEAD = "self.fc(\n            hidden.squeeze(0),\n        )"


def told(record: Record | None = None, crash: bool = False) -> Record:
    """Tell the program: data, a training loop with one whole turn and one that folds, and the end (or a crash)."""
    record = record or Record(Header(program="small.py"))
    record.add_source(FILE, SOURCE)

    def add(fact: Any) -> int:
        return record.add(fact).n

    add(
        Data(
            what="vocabulary",
            id=1,
            name="vocabulary",
            place=at(19, "build(rows)"),
            stage="vocab",
            counts={"words": 12.0},
        )
    )
    add(Locals(place=at(20, "rate = 0.1"), changed=(Named("rate", ValueNote("float", "0.1")),)))
    given = (Named("model", ValueNote("RNN")), Named("loader", ValueNote("DataLoader")))
    train = add(Scope(function="train", place=at(21, "train(model, loader)"), inputs=given))
    loop_at = Place(FILE, 13, 4, 16, 23)
    add(Loop(kind="batches", place=loop_at, declared=2, inside=train))
    add(Data(what="batch", id=2, place=loop_at, stage="batch", inside=train, counts={"rows": 3.0}))
    forward = add(
        Scope(function="RNN.forward", place=at(14, "model(text)"), inputs=(Named("text", TEXT),), inside=train)
    )
    forwards(record, forward)
    add(Scope(function="RNN.forward", phase="out", output=LOGITS, inside=train))
    steps(record, train, 1)
    if crash:
        add(Crash(error="ValueError", message="expected 3 labels", place=at(15, "F.cross_entropy(logits, labels)")))
        return record
    forwards(record, train, 9)
    steps(record, train, 9)
    add(Loop(kind="training", place=loop_at, index=2, declared=2, executed=2, inside=train))
    add(Scope(function="train", phase="out", place=at(21, "train(model, loader)"), seconds=0.5))
    add(Said(text="done [red]now[/red]", place=at(22, 'print("done [red]now[/red]")')))
    add(
        Instead(
            kind="bridge",
            what="torchtext.legacy",
            done="torchtext 0.6",
            today="import torchtext",
            place=Place(OTHER, 1),
        )
    )
    add(Gap(what="watching", why="nobody could look"))
    return record


def forwards(record: Record, inside: int, times: int = 1) -> None:
    """Tell the rows of a forward pass."""

    def call(what: str, place: Place, given: dict[str, Note], made: Note, *binds: str, **more: Any) -> None:
        inputs = tuple(Named(name, note) for name, note in given.items())
        record.add(
            Call(what=what, place=place, inputs=inputs, output=made, binds=binds, inside=inside, times=times, **more)
        )

    call("embedding", at(5, "self.embedding(text)"), {"text": TEXT}, EMBEDDED, "embedded", stage="embed")
    call("pack_padded_sequence", at(6, "pack_padded_sequence(embedded, lengths)"), {"embedded": EMBEDDED, "lengths": LENGTHS},
         PACKED, "packed", stage="rnn")  # fmt: skip
    call(
        "lstm",
        at(7, "self.rnn(packed)"),
        {"packed": PACKED},
        STATES,
        "output",
        "(hidden, cell)",
        stage="rnn",
        layer="LSTM(4, 5)",
    )
    call("squeeze", at(9, "hidden.squeeze(0)"), {"hidden": STATE}, HIDDEN, stage="squeeze", values={"dim": 0})
    call("linear", at(8, HEAD), {"hidden.squeeze(0)": HIDDEN}, LOGITS, stage="head", gradient=0.0125, gradient_asked=True,
         values={"min": -0.5, "max": 0.25, "mean": 0.125, "sample": [[0.1, 0.2], [0.3, 0.4]]})  # fmt: skip


def steps(record: Record, inside: int, times: int) -> None:
    """Tell the loss and the backward pass."""
    record.add(
        Call(what="cross_entropy", place=at(15, "F.cross_entropy(logits, labels)"), output=TensorNote((), dtype="float32"),
             inputs=(Named("logits", LOGITS), Named("labels", LENGTHS)), binds=("loss",), inside=inside, times=times,
             stage="loss", gradient_asked=True)
    )  # fmt: skip
    record.add(Call(what="backward", place=at(16, "loss.backward()"), inside=inside, times=times, stage="train"))
