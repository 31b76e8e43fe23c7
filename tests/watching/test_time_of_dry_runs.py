"""A dry run keeps to its time: it ends by itself, leaves imports apart, and does not compute what nobody looks at."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnlab.facts import Crash, Gap, Instead, Said
from rnnlab.jail import Jail
from rnnlab.verbs import check
from rnnlab.verbs.check import dry_run, warm_jail


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with warm_jail() as warm:
        yield warm


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.mark.parametrize("forever", ["while True: x += 1", "import time\nwhile True: time.sleep(0.01)"])
def test_it_ends_by_itself_and_keeps_what_was_seen(
    tmp_path: Path, jail: Jail, monkeypatch: pytest.MonkeyPatch, forever: str
) -> None:
    monkeypatch.setattr(check, "COMPUTING_SECONDS", 1.0)
    program = written(
        tmp_path,
        f"x = 0\nprint('begun')\ntry:\n    {forever.replace(chr(10), chr(10) + '    ')}\nexcept Exception:\n    pass\n",
    )
    record, trouble = dry_run(program, jail)
    assert record is not None and "ended after 1 s" in trouble
    assert [gap.what for gap in record.ask(Gap)] == ["dry run"] and not list(record.ask(Crash))
    assert [said.text for said in record.ask(Said)] == ["begun"]


def test_imports_are_timed_apart_and_other_files_of_the_program_are_none(tmp_path: Path, jail: Jail) -> None:
    (tmp_path / "slow_library_of_somebody").mkdir()
    (tmp_path / "mine.py").write_text("import time\ntime.sleep(0.5)\n", encoding="utf-8")
    seconds: dict[str, float] = {}
    dry_run(written(tmp_path, "import mine\n"), jail, seconds)
    assert seconds["imports"] < 0.4
    dry_run(written(tmp_path, "import wave, mailbox, pdb\n"), jail, seconds)
    assert seconds["imports"] > 0


def test_the_compiler_of_torch_is_not_imported_for_an_optimizer_but_is_there_when_asked(
    tmp_path: Path, jail: Jail
) -> None:
    program = written(tmp_path, """\
        import sys, torch
        optimizer = torch.optim.Adam(torch.nn.Linear(2, 2).parameters())
        optimizer.step()
        print("torch._dynamo.eval_frame" in sys.modules)
        from torch._dynamo import config
        print(hasattr(config, "suppress_errors"), hasattr(torch._dynamo, "optimize"))
    """)  # fmt: skip
    record, trouble = dry_run(program, jail)
    assert record is not None and not trouble
    assert [said.text for said in record.ask(Said)] == ["False", "True True"]


def test_a_large_recurrent_layer_computes_a_few_rows_and_gives_all_shapes(tmp_path: Path, jail: Jail) -> None:
    program = written(tmp_path, """\
        import torch
        lstm = torch.nn.LSTM(64, 256, num_layers=2, batch_first=True, bidirectional=True)
        x = torch.randn(60, 500, 64, requires_grad=True)
        output, (h, c) = lstm(x)
        output.sum().backward()
        print(tuple(output.shape), tuple(h.shape), tuple(c.shape), tuple(x.grad.shape))
        small, _ = lstm(x[:2, :5])
        print(torch.equal(small[0], small[1]))
    """)  # fmt: skip
    began = time.process_time()
    record, trouble = dry_run(program, jail)
    assert record is not None and not trouble and time.process_time() - began < 5
    assert [said.text for said in record.ask(Said)] == [
        "(60, 500, 512) (4, 60, 256) (4, 60, 256) (60, 500, 64)",
        "False",
    ]
    (told,) = (one for one in record.ask(Instead) if one.kind == "shortened")
    assert told.what == "a recurrent layer over 60 reviews of 500 steps"


def test_a_program_is_run_in_its_own_folder_with_its_environment(
    tmp_path: Path, jail: Jail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MADE_FOR_A_TEST", "here")
    (tmp_path / "settings.json").write_text("[1]", encoding="utf-8")
    record, _ = dry_run(
        written(tmp_path, "import json, os\nprint(json.load(open('settings.json')), os.environ['MADE_FOR_A_TEST'])\n"),
        jail,
    )
    assert record is not None and [said.text for said in record.ask(Said)] == ["[1] here"]
