"""`rnnlab step PROGRAM` and `rnnlab run PROGRAM`: real programs of four styles, from a CSV to a prediction."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rnnlab.facts import Call, Data, Instead, PackedNote, TensorNote
from rnnlab.record import Record
from rnnlab.stages import STAGE_NAMES

PROGRAMS = Path(__file__).parent.parent / "programs"
STYLES = ["legacy_padded", "legacy_packed", "dataloader_collate", "torchtext_iterators"]


def rnnlab(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnnlab", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module", params=STYLES)
def stepped(
    request: pytest.FixtureRequest, small_csv: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str, Record]:
    """A program's name, what stepping through it printed, and its record."""
    saved = tmp_path_factory.mktemp("stepped") / f"{request.param}.rnnlab"
    done = rnnlab("step", "--no-pause", "--save", saved, PROGRAMS / f"{request.param}.py", small_csv)
    assert done.returncode == 0, done.stderr
    return request.param, done.stdout, Record.load(saved)


def axes(note: object) -> str:
    assert isinstance(note, TensorNote | PackedNote)
    return " ".join(axis.name for axis in note.axes)


def first(record: Record, *whats: str) -> Call:
    return next(call for call in record.ask(Call) if call.what in whats)


def test_every_stage_of_the_program_is_seen(stepped: tuple[str, str, Record]) -> None:
    _, _, record = stepped
    assert [stage for stage in STAGE_NAMES if stage not in {fact.stage for fact in record}] == []


def test_the_axes_have_their_right_names(stepped: tuple[str, str, Record]) -> None:
    name, _, record = stepped
    text = "seq_len batch" if name.startswith("legacy") else "batch seq_len"
    embedding, head = first(record, "embedding"), first(record, "linear")
    assert axes(embedding.inputs[0].note) == text
    assert axes(embedding.output) == f"{text} emb"
    assert axes(head.inputs[0].note) == ("batch 2*hid" if name == "legacy_packed" else "batch hid")
    loss = first(record, "cross_entropy", "binary_cross_entropy_with_logits")
    assert axes(loss.inputs[0].note).split()[0] == "batch"
    assert axes(loss.inputs[1].note) == "batch"


def test_the_padded_program_is_told_why_it_does_not_learn(stepped: tuple[str, str, Record]) -> None:
    name, printed, _ = stepped
    assert ("padding_read_as_last_step  " in printed.partition("findings")[2].partition("rules clear")[0]) == (
        name == "legacy_padded"
    )


def test_what_the_program_printed_is_still_printed(stepped: tuple[str, str, Record]) -> None:
    name, printed, _ = stepped
    said = {
        "legacy_padded": "Test accuracy",
        "legacy_packed": "Test Acc",
        "dataloader_collate": "test",
        "torchtext_iterators": "review",
    }
    assert said[name].lower() in printed.lower()


def test_old_imports_are_bridged_and_said(stepped: tuple[str, str, Record]) -> None:
    name, _, record = stepped
    bridged = {one.what for one in record.ask(Instead) if one.kind == "bridge"}
    assert ("torchtext.legacy" in bridged) == name.startswith("legacy")
    assert all(one.today for one in record.ask(Instead) if one.kind == "bridge")


def test_a_record_of_a_program_is_walked_through_without_torch(stepped: tuple[str, str, Record]) -> None:
    _, printed, record = stepped
    code = (
        "import sys, runpy; sys.argv = ['rnnlab', 'step', '--no-pause', sys.argv[1]]\n"
        "try: runpy.run_module('rnnlab', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(record.path)]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 1000 and done.stdout.rstrip() in printed


def test_a_dry_run_needs_no_data(tmp_path: Path) -> None:
    saved = tmp_path / "dry.rnnlab"
    program = PROGRAMS / "dataloader_collate.py"
    done = rnnlab("step", "--no-pause", "--dry", "--save", saved, program, tmp_path / "nowhere.csv")
    assert done.returncode == 0, done.stderr
    record = Record.load(saved)
    assert not record.header.full
    assert {one.kind for one in record.ask(Instead)} >= {"stand-in", "shortened"}
    assert all(data.stand_in for data in record.ask(Data) if data.what in {"split", "loader"})


def test_an_old_program_runs_for_real(small_csv: Path) -> None:
    done = rnnlab("run", PROGRAMS / "legacy_padded.py", small_csv)
    assert done.returncode == 0, done.stderr
    assert "torchtext.legacy" in done.stderr and "today:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["step", "nowhere.py"], "there is no file nowhere.py"),
        (["run", "nowhere.py"], "there is no file nowhere.py"),
        (["step", "--epochs", "3", "nowhere.py"], "leave --epochs out"),
        (["step", "--dry"], "--dry is for a program of yours"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(arguments: list[str], sentence: str) -> None:
    done = rnnlab(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("rnnlab: ") and sentence in done.stderr and done.stderr.count("\n") == 1


def test_a_program_that_raises_gives_its_own_exit_status_and_its_rows(tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text(
        "import torch\nhead = torch.nn.Linear(512, 2)\nhidden = torch.rand(4, 256)\nlogits = head(hidden)\n",
        encoding="utf-8",
    )
    done = rnnlab("step", "--no-pause", program)
    assert done.returncode == 1
    assert "512" in done.stdout and "broken.py" in done.stdout
    assert "mat1 and mat2" in done.stderr  # the program's own traceback, as Python prints it
