"""Source tells the same facts as a run: the operations of a program that was run dry stand in the record of its source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rnnlab.facts import Call, Data, GroupNote, Loop, Note, PackedNote, TensorNote
from rnnlab.reading import read
from rnnlab.record import Record

PROGRAMS = Path(__file__).parents[1] / "programs"
# What has no meaning of its own in a text classifier (`torch.device`), and what a run alone can see inside of `to`.
NOT_IN_SOURCE = {"device", "zero_"}
Spot = tuple[str, int, int, int, int]


@pytest.fixture(scope="module", params=["dataloader_collate", "legacy_packed"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Record]:
    """The records of a program's dry run and of its source."""
    saved, program = tmp_path_factory.mktemp("run") / "run.rnnlab", PROGRAMS / f"{request.param}.py"
    command = [
        sys.executable,
        "-m",
        "rnnlab",
        "step",
        str(program),
        "reviews.csv",
        "--dry",
        "--no-pause",
        "--save",
        str(saved),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return Record.load(saved), read(program)


def calls(record: Record) -> dict[Spot, Call]:
    """Return the first call at each place."""
    found: dict[Spot, Call] = {}
    for call in record.ask(Call, where=lambda call: call.what not in NOT_IN_SOURCE and bool(call.inputs)):
        if (place := call.place) is not None:
            found.setdefault((call.what, place.line, place.column, place.end_line, place.end_column), call)
    return found


def axes(note: Note | None) -> list[str]:
    if isinstance(note, GroupNote):
        return [name for item in note.items for name in axes(item.note)]
    return [axis.name for axis in note.axes] if isinstance(note, TensorNote | PackedNote) else []


def test_every_operation_of_the_run_stands_at_its_place_in_source(both: tuple[Record, Record]) -> None:
    run, source = map(calls, both)
    # `model.to(device)` moves every tensor of a model: source tells of it once, without tensors.
    assert {spot for spot in run.keys() - source.keys() if spot[0] != "to"} == set()


def test_operations_agree_on_axes_stage_mode_gradients_and_what_they_bind(both: tuple[Record, Record]) -> None:
    run, source = map(calls, both)
    for spot in run.keys() & source.keys():
        ran, said = run[spot], source[spot]
        assert (said.binds, said.stage, said.training) == (ran.binds, ran.stage, ran.training), spot
        assert spot[0] == "to" or said.grad_on == ran.grad_on, spot
        # Source may know an axis that a run cannot name; it never names one otherwise.
        if len(axes(said.output)) == len(axes(ran.output)):
            named = zip(axes(said.output), axes(ran.output), strict=True)
            assert all(there == "?" or here in (there, "?") for here, there in named), spot


def test_values_that_both_can_measure_are_the_same(both: tuple[Record, Record]) -> None:
    run, source = map(calls, both)
    for spot in run.keys() & source.keys():
        for name in run[spot].values.keys() & {"index", "dim"}:
            assert run[spot].values.get(name) == source[spot].values.get(name), spot


def test_splits_loaders_and_loops_go_by_the_same_words(both: tuple[Record, Record]) -> None:
    def told(record: Record) -> tuple[list[tuple[str, str]], set[str]]:
        chosen = ("split", "loader", "optimizer")
        data = [(fact.what, fact.name) for fact in record.ask(Data) if fact.what in chosen]
        return data, {loop.kind for loop in record.ask(Loop)}

    assert told(both[0]) == told(both[1])
