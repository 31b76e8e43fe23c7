"""Whole programs of their time run unmodified, from a CSV file to a prediction; dry, they do without the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnlab.facts import Crash, Data, Gap, Instead
from rnnlab.record import Record
from rnnlab.verbs.program import run_program

PROGRAMS = Path(__file__).parent.parent.parent / "programs"
BRIDGED = {
    "legacy_padded": {"torchtext.legacy"},
    "legacy_packed": {"torchtext.legacy"},
    "torchtext_iterators": {
        "torchtext.vocab.build_vocab_from_iterator",
        "torchtext.data.functional.to_map_style_dataset",
    },
    "dataloader_collate": set(),
}


def record_of(name: str, csv: Path, folder: Path, dry: bool) -> Record:
    """Run a sample program and load the record of it."""
    ran = run_program(PROGRAMS / f"{name}.py", [str(csv)], dry=dry, save=folder / "run.rnnlab")
    assert ran.status == 0, ran
    record = Record.load(ran.record)
    assert not [fact for fact in map(record.fact, range(len(record))) if isinstance(fact, Crash | Gap)]
    return record


@pytest.mark.parametrize("name", BRIDGED)
def test_a_program_runs_from_its_file_to_a_prediction(
    name: str, small_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = record_of(name, small_csv, tmp_path, dry=False)
    facts = [record.fact(n) for n in range(len(record))]
    told = [fact for fact in facts if isinstance(fact, Instead)]
    assert {fact.what for fact in told if fact.kind == "bridge" and "spaCy" not in fact.what} == BRIDGED[name]
    assert {fact.kind for fact in told} <= {"bridge"}
    assert not any(fact.stand_in for fact in facts if isinstance(fact, Data))
    assert {"load", "split", "vocab", "batch", "embed", "rnn", "head", "loss", "train"} <= {
        fact.stage for fact in facts
    }
    assert capfd.readouterr().out.strip()


@pytest.mark.parametrize("name", ["legacy_packed", "dataloader_collate"])
def test_a_dry_program_does_without_its_file(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record = record_of(name, tmp_path / "movie_data.csv", tmp_path, dry=True)
    told = [fact for fact in map(record.fact, range(len(record))) if isinstance(fact, Instead)]
    assert "movie_data.csv" in " ".join(fact.what for fact in told if fact.kind == "stand-in")
    assert not (tmp_path / "movie_data.csv").exists()
    assert capfd.readouterr().out.strip()
