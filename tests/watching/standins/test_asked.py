"""A dry run answers what a program asks its user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnlab.facts import Call, Instead, Said
from rnnlab.verbs.check import dry_run
from rnnlab.watching.standins.asked import missing_arguments

Run = Callable[[str], Any]


def test_required_arguments_are_made_up_by_name_type_and_choice(run_dry: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    ran = run_dry("""\
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("train_file")
        parser.add_argument("--mode", choices=["predict", "train"], required=True)
        parser.add_argument("--batch-size", type=int, required=True)
        parser.add_argument("--dropout", type=float, required=True)
        parser.add_argument("--epochs", type=int, default=7)
        args = parser.parse_args()
    """)
    args = ran.names["args"]
    assert (args.train_file, args.mode, args.batch_size, args.dropout, args.epochs) == (
        "train.csv",
        "train",
        16,
        0.2,
        7,
    )
    assert len(ran.of("arguments of the command line")) == 1


def test_a_program_with_commands_gets_one_of_them(run_dry: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    ran = run_dry("""\
        import argparse
        parser = argparse.ArgumentParser()
        commands = parser.add_subparsers(dest="command")
        commands.add_parser("predict").add_argument("text")
        commands.add_parser("train").add_argument("data")
        args = parser.parse_args()
    """)
    assert (ran.names["args"].command, ran.names["args"].data) == ("train", "reviews.csv")


def test_what_the_user_gave_and_what_has_a_default_stays(run_dry: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    ran = run_dry("""\
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--data", default="mine.csv")
        parser.add_argument("more", nargs="*")
        args = parser.parse_args()
    """)
    assert ran.names["args"].data == "mine.csv" and ran.names["args"].more == [] and not ran.told


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import sys\npath = sys.argv[1]\nepochs = int(sys.argv[2])", ["reviews.csv", "2"]),
        ("import sys\npath = sys.argv[1] if len(sys.argv) > 1 else 'a.csv'", []),
        ("import sys\nif len(sys.argv) < 2:\n    sys.exit('how to use it')\ntrain = sys.argv[1]", ["train.csv"]),
        ("print('none')", []),
    ],
)
def test_words_of_the_command_line_that_are_read_by_number(source: str, words: list[str]) -> None:
    assert missing_arguments([source]) == words


def test_a_question_is_answered_once_and_then_the_loop_is_left(run_dry: Run) -> None:
    ran = run_dry("""\
        asked = []
        while True:
            text = input("review: ")
            if text in ("", "quit"):
                break
            asked.append(text)
    """)
    assert len(ran.names["asked"]) == 1 and ran.of("a line of text")


def test_the_environment_of_several_processes_is_that_of_one(run_dry: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    ran = run_dry("import os\nrank = int(os.environ['LOCAL_RANK'])\nother = os.environ.get('LOCAL_RANK', 'unset')")
    assert (ran.names["rank"], ran.names["other"]) == (0, "unset")


def test_what_goes_to_a_graphics_card_is_computed_by_the_processor_and_told_as_ever(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a graphics card")
    program = tmp_path / "program.py"
    program.write_text(
        "import torch\nmodel = torch.nn.GRU(2, 3).cuda()\nx = torch.zeros(4, 1, 2, device='cuda')\n"
        "y, h = model(x.to(torch.device('cuda:0')).cuda())\nprint(y.device.type)\n",
        encoding="utf-8",
    )
    record, trouble = dry_run(program)
    assert record is not None and not trouble
    assert [said.text for said in record.ask(Said)] == ["cpu"]
    assert any("a graphics card" in fact.what for fact in record.ask(Instead))
    assert list(record.ask(Call))
