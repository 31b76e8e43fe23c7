"""A whole program in its child process: as Python would run it alone, with a record of what it did."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnlab.facts import Call, Crash, Locals, Loop, Said, Scope
from rnnlab.record import Record
from rnnlab.verbs import program as verb
from rnnlab.verbs.program import ProgramError, Ran, run_program

Write = Callable[..., Path]

TRAINS = """
    import hashlib, pickle, random, sys
    import numpy, torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    random.seed(1), numpy.random.seed(2), torch.manual_seed(3)

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(50, 8)
            self.rnn = nn.LSTM(8, 12)
            self.dropout = nn.Dropout(0.3)
            self.fc = nn.Linear(12, 2)
        def forward(self, text):
            output, (hidden, cell) = self.rnn(self.embedding(text))
            return self.fc(self.dropout(hidden[-1]))

    def batches():
        for text, label in DataLoader(TensorDataset(texts, labels), batch_size=8, shuffle=True):
            yield text.t(), label

    def step(text, label):
        loss = nn.functional.cross_entropy(model(text), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item() + random.random() * numpy.random.rand()

    texts, labels = torch.randint(0, 50, (40, 9)), torch.randint(0, 2, (40,))
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters())
    losses = [step(*batch) for batch in batches()]
    for epoch in range(2):
        for text, label in batches():
            losses.append(step(text, label))
    n = 0
    while n < 40:
        losses.append(step(texts[n:n + 8].t(), labels[n:n + 8])); n += 8
    result = [losses, [p.detach().numpy().tobytes() for p in model.parameters()], random.getstate(),
              numpy.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()]
    pickle.dump(result, open(sys.argv[1], "wb"))
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a program into a folder of its own."""

    def written(text: str, name: str = "mine/program.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return written


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def run(path: Path, *arguments: str, **options: bool) -> tuple[Ran, Record]:
    ran = run_program(path, arguments, save=path.with_name("-".join(["record", *options]) + ".rnnlab"), **options)
    return ran, Record.load(ran.record)


# --- as it would run alone -----------------------------------------------------------------------------------------------


def test_a_watched_program_computes_the_same_bit_for_bit(write: Write, tmp_path: Path) -> None:
    path = write(TRAINS)
    subprocess.run([sys.executable, str(path), str(tmp_path / "alone")], check=True, timeout=120)
    _, record = run(path, str(tmp_path / "watched"))
    _, traced = run(path, str(tmp_path / "traced"), lines=True, values=True)
    alone, watched, lines = (pickle.loads((tmp_path / name).read_bytes()) for name in ("alone", "watched", "traced"))
    assert alone == watched == lines and len(alone[0]) == 20
    kinds = [loop.kind for loop in record.ask(Loop) if loop.executed is not None]
    assert kinds.count("epochs") == 1 and kinds.count("training") == 4
    assert record.header.full and record.is_complete and not list(record.ask(Locals))
    assert list(traced.ask(Locals))


def test_it_finds_itself_as_the_main_program(write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write("def told(): return __name__, __file__.endswith('beside.py')", "mine/beside.py")
    path = write(
        """
        import argparse, atexit, os, pickle, sys, torch
        from beside import told
        class Word:
            def __init__(self, text): self.text = text
        parser = argparse.ArgumentParser()
        parser.add_argument("--epochs", type=int)
        atexit.register(lambda: print("goodbye"))
        print(__name__, __file__ == os.path.abspath(sys.argv[0]), parser.parse_args(), pickle.loads(pickle.dumps(Word("a"))).text)
        print(told(), sys.path[0] == os.path.dirname(__file__), os.getcwd(), os.environ.get("PYTHONPATH"), __builtins__.len)
        print([name for name in globals() if "rnnlab" in name], sys.modules["__main__"].Word is Word)
        sys.exit(3)
        """
    )
    ran, record = run(path, "--epochs", "4")
    said = capfd.readouterr().out.splitlines()
    assert said[0] == "__main__ True Namespace(epochs=4) a"
    assert said[1] == f"('beside', True) True {Path.cwd()} {os.environ.get('PYTHONPATH')} <built-in function len>"
    assert said[2:] == ["[] True", "goodbye"]
    assert (ran.status, ran.sentence) == (3, "")
    assert record.first(Crash) is None and not list((path.parent).glob("__pycache__"))
    beside = record.first(Scope, where=lambda scope: scope.function == "told")
    assert beside is not None and beside.place is not None and record.line(beside.place).startswith("print(told()")


def test_workers_threads_and_forks_write_nothing_into_the_record(
    write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(
        """
        import multiprocessing, os, sys, threading, torch
        from torch.utils.data import DataLoader, Dataset
        class Numbers(Dataset):
            def __len__(self): return 8
            def __getitem__(self, i):
                print("worker")
                return torch.tensor([i]) * 1
        def double(x):
            print("pool")
            return torch.tensor(x).sum().item() * 2
        if __name__ == "__main__":
            print([batch[:, 0].tolist() for batch in DataLoader(Numbers(), batch_size=4, num_workers=2)])
            for way in ("fork", "spawn"):
                with multiprocessing.get_context(way).Pool(1) as pool:
                    print(pool.map(double, [1, 2]))
            thread = threading.Thread(target=double, args=(1,))
            thread.start(), thread.join()
            if os.fork() == 0:
                torch.ones(2).sum()
                sys.exit(0)
            os.wait()
            sys.stdout.flush()
            os._exit(7)
        """
    )
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    ran, record = run(path)
    out = capfd.readouterr().out
    assert "[[0, 1, 2, 3], [4, 5, 6, 7]]" in out and out.count("[2, 4]") == 2
    assert ran.status == 7 and "status 7" in ran.sentence
    assert [said.text for said in record.ask(Said) if said.text != "pool"] == [
        "[[0, 1, 2, 3], [4, 5, 6, 7]]",
        "[2, 4]",
        "[2, 4]",
    ]
    assert not [scope for scope in record.ask(Scope) if scope.function == "double"]
    assert {call.what for call in record.ask(Call)} <= {"index", "item"}
    assert [fact.n for fact in record] == list(range(len(record)))


# --- ends that are none ----------------------------------------------------------------------------------------------------


def test_a_crash_is_told_and_printed_as_python_would(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    write("def halve(rows):\n    for row in rows:\n        yield 1 / row\n", "mine/beside.py")
    path = write("import beside\nfor epoch in range(2):\n    for half in beside.halve([1, 0]):\n        print(half)\n")
    alone = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False, timeout=60)
    capfd.readouterr()
    ran, record = run(path)
    assert ran.status == alone.returncode == 1
    assert capfd.readouterr() == (alone.stdout, alone.stderr)
    crash = record.last(Crash)
    assert crash is not None and crash.place is not None
    assert (crash.error, Path(crash.place.file).name, record.line(crash.place)) == (
        "ZeroDivisionError",
        "beside.py",
        "yield 1 / row",
    )


def test_a_program_that_is_killed_leaves_what_was_seen(write: Write) -> None:
    path = write("import os, signal, torch\ntorch.ones(2).sum()\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    ran, record = run(path)
    assert ran.status == -signal.SIGSEGV
    assert "segmentation fault" in ran.sentence
    assert [call.what for call in record.ask(Call)] == ["tensor", "sum"] and not record.is_complete


def test_ctrl_c_is_the_programs_own(write: Write, tmp_path: Path) -> None:
    path = write(
        """
        import sys, time
        try:
            open(sys.argv[1], "w").close()
            time.sleep(60)
        except KeyboardInterrupt:
            print("saved")
            sys.exit(5)
        """
    )
    begun, caller = (
        tmp_path / "begun",
        f"from rnnlab.verbs.program import run_program as r; print(r({str(path)!r}, [{str(tmp_path / 'begun')!r}]).status)",
    )
    parent = subprocess.Popen([sys.executable, "-c", caller], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        for _ in range(600):
            if begun.exists():
                break
            time.sleep(0.1)
        os.killpg(parent.pid, signal.SIGINT)
        out, _ = parent.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            parent.kill()
    assert out.split() == ["saved", "5"]


def test_a_second_ctrl_c_ends_a_program_that_will_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class Child:
        killed = 0

        def wait(self) -> int:
            if self.killed:
                return -9
            raise KeyboardInterrupt

        def kill(self) -> None:
            self.killed += 1

    child = Child()
    assert verb._wait(child) == -9  # type: ignore[arg-type]
    assert child.killed == 1


def test_a_syntax_error_stands_at_its_line(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    ran, record = run(write("x = 1\ny = (2\n"))
    crash = record.first(Crash)
    assert ran.status == 1 and crash is not None and crash.place is not None
    assert (crash.error, crash.place.line, record.line(crash.place)) == ("SyntaxError", 2, "y = (2")
    assert "'(' was never closed" in capfd.readouterr().err


# --- bad input -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.py", None, "there is no file"),
        ("reviews.csv", b"review,label\ngood film,1\n", "is no Python program"),
        ("binary.py", b"x = 1\0", "is no Python program"),
        ("latin.py", b'print("\xe9")\n', "is not in the encoding"),
        ("empty.ipynb", b"{}", "is no notebook"),
        ("words.ipynb", b"hello", "is no notebook"),
        ("r.ipynb", b'{"cells": [], "metadata": {"language_info": {"name": "R"}}}', "is a notebook in R"),
    ],
)
def test_what_is_no_program_is_one_clear_sentence(tmp_path: Path, name: str, text: bytes | None, said: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(ProgramError, match=said):
        run_program(path)


def test_a_folder_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="is a folder"):
        run_program(tmp_path)


def test_other_encodings_and_line_ends_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "windows.py"
    path.write_bytes(b'# -*- coding: latin-1 -*-\r\nprint("\xe9")\r\n')
    _, record = run(path)
    said = record.first(Said)
    assert said is not None and said.place is not None and (said.text, said.place.line) == ("é", 2)
    assert record.line(said.place) == 'print("é")'
    assert capfd.readouterr().out == "é\n"


def test_only_the_latest_unnamed_records_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path))
    paths = [verb._record_path(Path("program.py")) for _ in range(13)]
    assert len({*paths}) == 13 and len(list((tmp_path / "runs").iterdir())) == 10
    assert paths[-1].exists()


def test_a_dry_run_says_so(write: Write) -> None:
    path = write(
        """
        import torch
        from torch.utils.data import DataLoader
        for batch in DataLoader(torch.arange(40), batch_size=4): print(batch.shape[0])
        """
    )
    _, record = run(path, dry=True)
    assert not record.header.full and len(list(record.ask(Said))) >= 1
    ended = record.last(Loop)
    assert ended is not None and (ended.executed, ended.declared, ended.shortened) == (3, 10, True)
