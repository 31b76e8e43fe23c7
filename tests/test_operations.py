"""The table of operations."""

from __future__ import annotations

from collections import Counter

import pytest

from rnnlab.axes import _RULES
from rnnlab.operations import LOSSES, OPERATIONS, RECURRENT, SILENT, operation_of
from rnnlab.stages import STAGE_NAMES


def test_no_spelling_belongs_to_two_operations() -> None:
    spellings = Counter(spelling for operation in OPERATIONS for spelling in operation.spellings)
    assert [spelling for spelling, times in spellings.items() if times > 1] == []


def test_no_operation_is_silent() -> None:
    assert not SILENT & {spelling for operation in OPERATIONS for spelling in operation.spellings}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_family_has_a_rule_or_says_that_it_has_none(operation) -> None:
    assert operation.family in {*_RULES, "recurrent", "pack", "unpack", "other", "born", "nothing"}
    assert operation.stage is None or operation.stage in STAGE_NAMES


def test_every_rule_is_used() -> None:
    assert set(_RULES) <= {operation.family for operation in OPERATIONS}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("LSTM", "lstm"), ("rnn_tanh", "rnn"), ("__getitem__", "index"), ("squeeze_", "squeeze"), ("reshape", "view"),
     ("CrossEntropyLoss", "cross_entropy"), ("__matmul__", "matmul"), ("swapaxes", "transpose")],
)  # fmt: skip
def test_all_spellings_of_an_operation_have_one_name(spelling: str, name: str) -> None:
    assert operation_of(spelling).name == name


def test_an_unknown_operation_is_called_what_it_is_called() -> None:
    assert operation_of("fft")[:3] == ("fft", "other", None)


def test_losses_and_rnns_are_named() -> None:
    assert {"lstm", "gru", "rnn"} == RECURRENT
    assert {"cross_entropy", "nll_loss", "binary_cross_entropy_with_logits"} <= LOSSES
