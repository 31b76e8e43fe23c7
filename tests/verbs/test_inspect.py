"""`rnnlab.inspect` and `rnnlab.trace`: a sensible panel for whatever is met on the way, and never an exception."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torchtext import data

import rnnlab
from rnnlab.record import Record
from rnnlab.views import terminal


def panel(thing: Any, *inputs: Any, **options: Any) -> str:
    """Return what inspect prints, whitespace folded."""
    console = terminal.console(file=io.StringIO())
    rnnlab.inspect(thing, *inputs, console=console, **options)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.rnn, self.fc = nn.Embedding(9, 4), nn.LSTM(4, 5), nn.Linear(5, 2)

    def forward(self, text: Tensor) -> Tensor:
        _, (hidden, _cell) = self.rnn(self.embedding(text))
        return self.fc(hidden.squeeze(0))


@pytest.fixture
def parts() -> tuple[data.Dataset, data.Field, data.LabelField, data.BucketIterator]:
    words, label = data.Field(include_lengths=True), data.LabelField(dtype=torch.long)
    fields = [("text", words), ("label", label)]
    rows = [("a [red]x[/red] c", "1"), ("a [/] b c d", "1"), ("\x1b[2J a", "0"), ("b", "1")]
    made = data.Dataset([data.Example.fromlist(row, fields) for row in rows], fields)
    words.build_vocab(made)
    label.build_vocab(made)
    return made, words, label, data.BucketIterator(made, 2, sort_within_batch=True, sort_key=lambda e: len(e.text))


# --- data ------------------------------------------------------------------------------------------------------------


def test_a_table() -> None:
    table = pd.DataFrame({"review": ["[red]x[/red]", "[/] fine"], "sentiment": [1, 0]})
    shown = panel(table)
    assert (
        "DataFrame: table" in shown
        and "[red]x[/red]" in shown
        and "[/] fine" in shown
        and "sentiment: '1' 1 ×" in shown
    )


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(),
        pd.DataFrame({"[bold]": []}),
        pd.DataFrame({"tokens": [["a", "b"], ["c"]], "d": [{}, None]}),
        pd.DataFrame([[1, 2]], columns=["same", "same"]),
        pd.DataFrame({("a", "b"): [1.5, np.nan]}),
    ],
)
def test_an_odd_table_is_shown_as_well(table: pd.DataFrame) -> None:
    assert "DataFrame: table" in panel(table)


def test_the_objects_of_torchtext(parts: tuple[Any, ...]) -> None:
    dataset, words, label, loader = parts
    assert "Dataset: dataset" in panel(dataset) and "a│[red]x[/red]│c" in panel(dataset)
    assert "Field: vocabulary" in panel(words) and "Vocab: vocabulary" in panel(words.vocab)
    assert "LabelField: label map" in panel(label) and "label '1' → index 0" in panel(label)
    assert "index 0 means '1', not '0'" in panel(label)
    assert "BucketIterator: loader" in panel(loader)
    batch = panel(next(iter(loader)))
    assert "Batch: batch" in batch and "seq_len ↓ batch →" in batch and "lengths" in batch


def test_a_review_is_never_markup_and_moves_no_cursor(parts: tuple[Any, ...]) -> None:
    _, words, _, loader = parts
    for thing in (words.vocab, *loader):
        shown = panel(thing)
        assert "\x1b" not in shown
    assert "[red]x[/red]" in panel(words.vocab)
    assert "[red]x[/red]" in "".join(panel(batch) for batch in loader)


def test_fields_before_their_vocabulary() -> None:
    assert "Field: field" in panel(data.Field(lower=True)) and "lower=True" in panel(data.Field(lower=True))
    assert "LabelField: field" in panel(data.LabelField())


def test_loaders_of_torch() -> None:
    class Stream(IterableDataset[int]):
        def __iter__(self) -> Any:
            return iter(range(3))

    assert "DataLoader: loader" in panel(DataLoader(TensorDataset(torch.zeros(8)), batch_size=4))
    assert "DataLoader: loader" in panel(DataLoader(Stream(), batch_size=2))


def test_lists_of_tokens() -> None:
    assert "list: tokens" in panel([["a", "[b]"], ["c"]]) and "a│[b]" in panel([["a", "[b]"], ["c"]])
    assert "2 tokens: a│b" in panel(["a", "b"])
    assert "list: tokens" in panel([[]])


# --- tensors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (torch.arange(6).view(2, 3), ["(?=2, ?=3) int64", "smallest 0 largest 5 mean 2.5"]),
        (torch.tensor([1.5, float("nan"), float("inf")]), ["(?=3) float32", "not finite 2"]),
        (torch.tensor([True, False]), ["(?=2) bool", "mean 0.5"]),
        (torch.empty(0, 3), ["(?=0, ?=3) float32"]),
        (torch.tensor(3.0), ["one number float32", "mean 3"]),
        (torch.zeros(2, requires_grad=True), ["gradient kept"]),
        (torch.zeros(2, dtype=torch.complex64), ["(?=2) complex64"]),
        (torch.zeros(2, dtype=torch.bfloat16), ["(?=2) bfloat16", "mean 0"]),
        (torch.zeros(2, device="meta"), ["(?=2) float32"]),
        (torch.zeros(2, 2).to_sparse(), ["(?=2, ?=2) float32"]),
        (nn.Parameter(torch.zeros(2)), ["Parameter", "(?=2) float32"]),
    ],
)
def test_a_tensor(tensor: Tensor, words: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = panel(tensor)
    for word in words:
        assert word in shown


def test_a_tensor_under_the_names_that_are_given() -> None:
    assert "(seq_len=2, batch=3)" in panel(torch.zeros(2, 3), axes="seq_len batch")


def test_what_an_rnn_gives_is_opened_and_its_axes_are_found() -> None:
    lstm, gru, x = nn.LSTM(4, 5), nn.GRU(4, 5, bidirectional=True, batch_first=True), torch.zeros(6, 3, 4)
    shown = panel(lstm(x))
    for words in ("output (seq_len=6, batch=3, hid=5)", "hidden (1, batch=3, hid=5)", "cell (1, batch=3, hid=5)"):
        assert words in shown
    shown = panel(gru(x))
    assert "output (batch=6, seq_len=3, 2*hid=10)" in shown and "cell" not in shown
    assert "hidden (layers*directions=2, batch=6, hid=5)" in shown
    packed = pack_padded_sequence(x, torch.tensor([6, 4, 1]))
    assert "11 tokens packed from (seq_len=6 × batch=3)" in panel(packed)
    assert "output 11 tokens packed" in panel(lstm(packed))


def test_where_both_axes_have_the_size_of_the_batch_the_output_stays_unknown() -> None:
    shown = panel(nn.LSTM(4, 5, batch_first=True)(torch.zeros(3, 3, 4)))
    assert "output (?=3, ?=3, ?=5)" in shown and "hidden (1, batch=3, hid=5)" in shown


def test_text_with_its_lengths_is_no_result_of_an_rnn() -> None:
    shown = panel((torch.zeros(6, 3, dtype=torch.long), torch.tensor([6, 4, 1])))
    assert "(?=6, ?=3) int64" in shown and "hidden" not in shown


# --- models and records ----------------------------------------------------------------------------------------------


def test_a_model_without_an_input_shows_its_parameters() -> None:
    model = Small()
    model.embedding.weight.requires_grad_(False)
    shown = panel(model)
    assert "embedding.weight (9, 4) 36 frozen" in shown and "fc.bias (2,) 2" in shown


def test_a_model_with_an_input_is_traced() -> None:
    shown = panel(Small(), torch.zeros(6, 3, dtype=torch.long))
    assert "hidden (1, batch=3, hid=5)" in shown and "logits (batch=3, classes=2)" in shown


def test_a_model_that_crashes_shows_how_far_it_came_and_raises() -> None:
    console = terminal.console(file=io.StringIO())
    with pytest.raises(IndexError):
        rnnlab.inspect(Small(), torch.full((6, 3), 99), console=console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "the program stopped" in shown and "IndexError" in shown


def test_a_record_is_shown() -> None:
    record = rnnlab.trace(Small(), torch.zeros(6, 3, dtype=torch.long))
    assert isinstance(record, Record) and "(seq_len=6, batch=3, emb=4)" in panel(record)
    assert "nothing was seen" in panel(Record())


class Unfriendly:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("do not ask")


@pytest.mark.parametrize(
    "thing",
    [None, 3, 2.5, "a [red]text[/red]", "x" * 1000, b"bytes", [], {}, (), set(), object(), print, int,
     [1, 2], {"a": torch.zeros(2)}, [torch.zeros(2), None], np.zeros(3), pd.Series([1]), range(3), "\ud800 \x1b[2J"],
)  # fmt: skip
def test_anything_else_has_a_panel_too(thing: Any) -> None:
    shown = panel(thing)
    assert type(thing).__name__ in shown and "\x1b" not in shown
    shown.encode("utf-8")


def test_a_thing_that_answers_no_question_has_a_panel_too() -> None:
    assert "Unfriendly" in panel(Unfriendly())


def test_a_text_is_no_markup() -> None:
    assert "[red]text[/red]" in panel("a [red]text[/red]") and "[/]" in panel("[/]")
