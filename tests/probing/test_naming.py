"""Axis names of models with every label written down by hand, whatever sizes coincide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from labelled import COINCIDENCES, MODELS, Sizes

from rnnlab.facts import Call, GroupNote, Note, PackedNote, TensorNote
from rnnlab.record import Record
from rnnlab.verbs.trace import trace

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")


def axes_in(note: Note | None) -> Iterator[list[str]]:
    if isinstance(note, TensorNote | PackedNote):
        yield [axis.name for axis in note.axes]
    elif isinstance(note, GroupNote):
        for item in note.items:
            yield from axes_in(item.note)


def shown(call: Call) -> tuple[list[list[str]], list[list[str]]]:
    return [axes for item in call.inputs for axes in axes_in(item.note)], list(axes_in(call.output))


def labelled(line: str) -> tuple[str, list[list[str]] | None, list[list[str]]]:
    """Read `operation: axes, axes -> axes`; three dots stand for inputs that are not looked at."""
    what, _, rest = line.partition(": ")
    before, after = ([axes.split() for axes in side.split(",") if axes.strip()] for side in rest.split("->"))
    return what, None if before == [["..."]] else before, after


def scored(record: Record, labels: str) -> tuple[Counter[str], list[str]]:
    """Count axis names that are right, unknown and wrong, and return the wrong ones in words."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    lines, calls = labels.strip().splitlines(), list(record.ask(Call))
    assert [call.what for call in calls] == [labelled(line)[0] for line in lines]
    for call, line in zip(calls, lines, strict=True):
        _, before, after = labelled(line)
        seen_before, seen_after = shown(call)
        pairs = list(zip(seen_after, after, strict=True))
        pairs += zip(seen_before, before, strict=True) if before is not None else []
        for names, truth in pairs:
            assert len(names) == len(truth), (line, names, truth)
            for name, label in zip(names, truth, strict=True):
                kind = "right" if name == label else "unknown" if name == "?" else "wrong"
                if label != "." or kind == "wrong":
                    counts[kind] += 1
                if kind == "wrong":
                    wrong.append(f"{line}: shown {name} for {label}")
    return counts, wrong


def traced(name: str, sizes: Sizes) -> tuple[Counter[str], list[str]]:
    torch.manual_seed(0)
    one = MODELS[name]
    record = trace(one.model(sizes), *one.inputs(sizes), axes=one.axes)
    return scored(record, one.labels)


# layers*directions that a view splits again: `?`, and never a guess.
UNKNOWN = {"bidirectional": 5}


@pytest.mark.parametrize("coincidence", COINCIDENCES)
@pytest.mark.parametrize("name", MODELS)
def test_no_name_is_wrong_and_hardly_one_is_missing(name: str, coincidence: str) -> None:
    counts, wrong = traced(name, COINCIDENCES[coincidence])
    assert wrong == []
    assert counts["right"] > 10 and counts["unknown"] <= UNKNOWN.get(name, 0)


def test_a_label_that_is_not_so_would_be_found() -> None:
    counts, wrong = scored(trace(*made("plain")), MODELS["plain"].labels.replace("-> batch hid", "-> seq_len hid"))
    assert counts["wrong"] == 1 and "shown batch for seq_len" in wrong[0]


def made(name: str) -> tuple[Any, ...]:
    sizes = COINCIDENCES["all equal"]
    return MODELS[name].model(sizes), *MODELS[name].inputs(sizes)


def test_what_one_view_multiplies_another_takes_apart_without_probing() -> None:
    counts, wrong = scored(
        trace(*made("flattened"), probe=False), MODELS["flattened"].labels.replace("seq_len-1", "seq_len")
    )
    assert counts["unknown"] == 0 and all("(seq_len)*batch" in one for one in wrong)
