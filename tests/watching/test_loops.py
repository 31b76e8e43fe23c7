"""Loops over loaders: folded turns, counted passes, and what the libraries do by themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from small_models import Packed, calls
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchtext import data

from rnnlab.facts import Call, Data, Loop, Said
from rnnlab.record import Record
from rnnlab.watching.watch import Watch, new_record

ROWS = [
    ("a b c d", "pos"),
    ("a b c", "neg"),
    ("a b", "pos"),
    ("a", "neg"),
    ("b c d e", "pos"),
    ("c", "neg"),
    ("a a", "pos"),
]


def fields_and_data() -> tuple[data.Dataset, data.Field, data.LabelField]:
    words, label = data.Field(include_lengths=True), data.LabelField(dtype=torch.long)
    fields = [("text", words), ("label", label)]
    made = data.Dataset([data.Example.fromlist(row, fields) for row in ROWS], fields)
    return made, words, label


@pytest.fixture
def loader() -> data.BucketIterator:
    made, words, label = fields_and_data()
    words.build_vocab(made)
    label.build_vocab(made)
    return data.BucketIterator(made, batch_size=2, sort_within_batch=True, sort_key=lambda e: len(e.text), train=False)


def test_batches_bring_their_axes_and_turns_fold(loader: Any) -> None:
    record, model = new_record(), Packed()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Watch(record).looking():
        for _ in range(3):
            for batch in loader:
                text, lengths = batch.text
                loss = F.cross_entropy(model(text, lengths), batch.label)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    for what in ("lstm", "cross_entropy", "zero_grad", "backward", "optimizer_step"):
        assert sum(call.times for call in calls(record, what)) == 12, what
        assert len(calls(record, what)) == 4  # the first turn, and the last of each pass
    first = calls(record, "embedding")[0]
    assert [(a.name, a.source) for a in first.inputs[0].note.axes] == [("seq_len", "declared"), ("batch", "declared")]  # type: ignore[union-attr]
    batches = list(record.ask(Data, what="batch"))
    assert first.inputs[0].note.made_by == (batches[0].n,)  # type: ignore[union-attr]
    ended = [loop for loop in record.ask(Loop) if loop.executed is not None]
    assert [(loop.kind, loop.declared, loop.executed) for loop in ended] == [("training", 4, 4)] * 3


def test_two_layers_of_a_container_are_not_folded_into_one(loader: Any) -> None:
    record, layers = new_record(), nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    with Watch(record).looking():
        for batch in loader:
            layers(batch.label.float().unsqueeze(1))
    assert [call.times for call in calls(record, "linear")] == [1, 1, 3, 3]


def test_a_pass_that_is_broken_off_says_how_far_it_came(loader: Any) -> None:
    record = new_record()
    with Watch(record).looking():
        for i, batch in enumerate(loader):
            print("turn", batch.batch_size)
            if i == 1:
                break
        after = torch.ones(2).sum()
    ended = record.last(Loop)
    assert ended is not None and (ended.declared, ended.executed, ended.kind) == (4, 2, "batches")
    assert after == 2 and calls(record, "sum")[0].times == 1
    assert len(list(record.ask(Said))) >= 1


def test_an_evaluation_counts_right_answers_rows_and_padding(loader: Any) -> None:
    record = new_record()
    right = 0
    with Watch(record).looking():
        for batch in loader:
            predicted = torch.zeros_like(batch.label)
            right += (predicted == batch.label).sum().item()
    done = record.last(Data, what="evaluation pass")
    assert done is not None
    assert (done.counts["batches"], done.counts["rows"], done.counts["correct"]) == (4, 7, right)
    assert done.counts["tokens"] == sum(len(text.split()) for text, _ in ROWS) <= done.counts["positions"]


def test_what_loaders_and_optimizers_do_inside_gives_no_rows(loader: Any) -> None:
    record = new_record()
    rows = TensorDataset(torch.zeros(8, 3), torch.zeros(8))
    layer = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(layer.parameters())
    with Watch(record).looking():
        for _ in loader:
            pass
        for one, _label in DataLoader(rows, batch_size=4, shuffle=True):
            layer(one).sum().backward()
            optimizer.step()
    assert {call.what for call in record.ask(Call)} == {"linear", "sum", "backward", "optimizer_step"}


def test_a_loader_with_workers_is_left_alone() -> None:
    record = new_record()
    rows = TensorDataset(torch.arange(8))
    with Watch(record).looking():
        seen = [one.tolist() for (one,) in DataLoader(rows, batch_size=4, num_workers=1)]
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert not [call for call in record.ask(Call) if call.what != "item"]


def test_nested_passes_are_counted_each(loader: Any) -> None:
    record = new_record()
    with Watch(record).looking():
        for _ in loader:
            for _ in loader:
                pass
            break
    assert sorted(loop.executed for loop in record.ask(Loop) if loop.executed is not None) == [1, 4]


def test_data_objects_are_told_with_their_parents() -> None:
    record = new_record()
    with Watch(record).looking():
        made, words, label = fields_and_data()
        train, test = made.split(0.7)
        words.build_vocab(train)
        label.build_vocab(train)
        loaders = data.BucketIterator.splits((train, test), batch_size=2, sort_key=lambda e: len(e.text))
    parts = {fact.name: fact for fact in record.ask(Data, what="split")}
    assert list(parts) == ["train", "test"]
    vocabulary = record.first(Data, what="vocabulary")
    assert vocabulary is not None and vocabulary.made_from == (parts["train"].id,) and vocabulary.name == "words"
    labels = record.first(Data, what="label map")
    assert labels is not None and labels.made_from == (parts["train"].id,)
    assert [fact.made_from[-1] for fact in record.ask(Data, what="loader")] == [parts["train"].id, parts["test"].id]
    assert len(loaders) == 2


def test_a_record_on_disk_tells_the_same_story(loader: Any, tmp_path: Any) -> None:
    record, model = new_record(tmp_path / "run.rnnlab"), Packed()
    with Watch(record).looking():
        for batch in loader:
            model(*batch.text)
    record.close()
    assert list(Record.load(tmp_path / "run.rnnlab")) == list(record)
    assert [fact.n for fact in record] == list(range(len(record)))
