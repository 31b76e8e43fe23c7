"""Travelling through a record: what each key does, where the screen goes, and what is printed where nobody presses keys."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from told_program import told

from rnnlab.facts import Call, Gap, Probe, Said
from rnnlab.record import Header, Record
from rnnlab.rules.kit import Finding, Rule
from rnnlab.verbs import travel as travelling
from rnnlab.verbs.travel import look, print_rows, travel
from rnnlab.views.terminal import SafeConsole, console

ENTER, ESC = "\r", "\x1b"


def plain(size: tuple[int, int] = (110, 30), **options: object) -> SafeConsole:
    return SafeConsole(
        file=io.StringIO(), width=size[0], height=size[1], highlight=False, markup=False, emoji=False, **options
    )  # type: ignore[arg-type]


def pressing(*keys: str) -> Callable[[], str]:
    """Return what gives keys one after another, and then the end of the input."""
    waiting: Iterator[str] = iter(keys)

    def read() -> str:
        key = next(waiting, None)
        if key is None:
            raise EOFError
        return key

    return read


def screens(record: Record, *keys: str, start: int | None = 0) -> list[str]:
    """Return what is drawn after each key, the first screen in front."""
    drawn = plain()
    travel(record, console=drawn, read_key=pressing(*keys), start=start)
    text = drawn.file.getvalue()  # type: ignore[attr-defined]
    return re.split(r"(?m)^(?= small\.py[^\n]* row \d+ of \d+)", text)[1:]


def rows(record: Record, *keys: str, start: int | None = 0) -> list[int]:
    """Return the rows (counted from 0) at which one stands, the first one in front."""
    return [int(re.search(r" row ([\d,]+) of", screen)[1]) - 1 for screen in screens(record, *keys, start=start)]  # type: ignore[index]


def said(screen: str) -> str:
    return screen.rstrip("\n").splitlines()[-2].strip()


def row_of(record: Record, what: str, which: int = 0) -> int:
    return list(record.ask(Call, what=what))[which].n


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["n", ENTER, "\n", " ", "\x1b[C", "\x1bOC"])
def test_next(key: str) -> None:
    assert rows(told(), key, key) == [0, 1, 2]


@pytest.mark.parametrize("key", ["b", "\x1b[D", "\x1bOD"])
def test_back(key: str) -> None:
    assert rows(told(), "n", "n", key, key) == [0, 1, 2, 1, 0]


def test_into_over_and_out() -> None:
    record = told()
    train = 2
    assert rows(record, "i", "i", start=train) == [train, train + 1, train + 2]
    for key in ("s", "\x1b[B"):
        assert rows(record, key, start=train)[1] == record.last(Said).n - 1  # type: ignore[union-attr]
    for key in ("o", "\x1b[A"):
        assert rows(record, key, start=row_of(record, "lstm"))[1] == row_of(record, "linear") + 1


def test_home_and_end() -> None:
    record = told()
    for home, end in (("\x1b[H", "\x1b[F"), ("\x1bOH", "\x1bOF"), ("\x1b[1~", "\x1b[4~")):
        assert rows(record, end, home) == [0, len(record) - 1, 0]


def test_several_keys_at_once_are_taken_one_after_another_and_only_the_last_screen_is_drawn() -> None:
    assert rows(told(), "nn\x1b[Cb") == [0, 2]


def test_to_a_line() -> None:
    record = told()
    lstm = row_of(record, "lstm")
    assert rows(record, "g", "7", ENTER)[-1] == lstm
    assert rows(record, "g7\r", "g", ENTER)[-1] == row_of(record, "lstm", 1)  # Enter alone: the same line again
    assert rows(record, "gsmall.py:7\r")[-1] == lstm
    assert rows(record, "g77\x7f\x08\x7f7\r")[-1] == lstm


def test_to_the_changes_of_a_variable() -> None:
    record = told()
    first, second = row_of(record, "lstm"), row_of(record, "lstm", 1)
    assert rows(record, "chidden\r", "c\r", "C\r")[-1] == first
    assert rows(record, "chidden\r", "c\r")[-1] == second


def test_to_a_stage_and_to_a_text() -> None:
    record = told()
    assert rows(record, "tsqueeze\r")[-1] == row_of(record, "squeeze")
    assert rows(record, "/loss.back\r", "/\r")[-1] == row_of(record, "backward", 1)


def test_a_question_can_be_left() -> None:
    for leave in (ESC, "\x03", "\x04", ENTER):
        shown = screens(told(), "g", leave)
        assert "to line (61, or train.py:61) ›" in said(shown[1]) and said(shown[-1]) == ""
    assert rows(told(), "g7", ESC)[-1] == 0


def test_what_is_typed_is_seen_and_the_last_answer_is_offered() -> None:
    shown = screens(told(), "c", "l", "o", ESC)
    question = "to the next change of which variable ›"
    assert [said(screen) for screen in shown[1:4]] == [f"{question} ▏", f"{question} l▏", f"{question} lo▏"]
    assert "[loss]" in said(screens(told(), "closs\r", "C")[-1])


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("b", "this is the first row"),
        ("i", "nothing begins at this row that could be entered; n goes to the next row"),
        ("o", "no function or loop of yours is around this row"),
        ("x", "'x' does nothing here; ? shows the keys"),
        ("\x1b[5~", "that key does nothing here; ? shows the keys"),
        ("gtwelve\r", "'twelve' is no line; write its number, such as 61, or train.py:61"),
        ("g900\r", "nothing was seen at line 900 of small.py; the nearest line with a row is 22"),
        ("gno.py:3\r", "no row stands in a file called no.py"),
        ("chiden\r", "no row binds a variable called 'hiden'; here there are: vocabulary"),
        ("tdance\r", "there is no stage 'dance'; there are: load, tokenize"),
        ("tpredict\r", "this program showed nothing of the stage predict; it has: vocab"),
        ("/nowhere\r", "the source of no row holds 'nowhere'"),
        ("f", "there are no findings that belong to a row"),
    ],
)
def test_what_cannot_be_done_is_said_and_loses_nothing(keys: str, sentence: str) -> None:
    *_, last = screens(told(), *keys) if not keys.startswith("\x1b") else screens(told(), keys)
    assert said(last).startswith(sentence[:100]) and rows(told(), keys)[-1] == 0


def test_a_sentence_goes_with_the_next_key() -> None:
    shown = screens(told(), "b", "n")
    assert said(shown[1]) == "this is the first row" and said(shown[2]) == ""


def test_values_stay_on_until_they_are_put_off() -> None:
    record = told()
    shown = screens(record, "v", "n", "v", start=row_of(record, "squeeze"))
    assert ["the first numbers" in screen for screen in shown] == [False, False, True, False]


@pytest.mark.parametrize("key", ["?", "h"])
def test_the_help_is_shown_until_any_key(key: str) -> None:
    shown = screens(told(), key, "n", "n")
    assert "the keys" in shown[1] and "the keys" not in shown[2] and rows(told(), key, "n", "n") == [0, 0, 0, 1]
    assert len(screens(told(), key, "q", "n")) == 2


@pytest.mark.parametrize("key", ["q", "\x03", "\x04"])
def test_quitting(key: str) -> None:
    assert rows(told(), "n", key, "n") == [0, 1]


def test_the_end_of_the_input_and_ctrl_c_end_it_quietly() -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    assert rows(told()) == [0]
    travel(told(), console=plain(), read_key=interrupted)


# --- findings --------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_rule(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let there be one rule, which finds every RNN; what is judged is counted."""
    judged: list[int] = []

    def check(record: Record) -> Iterator[Finding]:
        judged.append(len(record))
        yield from (Finding(None, f"found at {call.n}", (call.n,)) for call in record.ask(Call, what="lstm"))

    rule = Rule("odd_habit", "rnn", "risk", (), "# Odd", check)
    judge = travelling.judge
    monkeypatch.setattr(travelling, "judge", lambda record: judge(record, [rule]))
    return judged


def test_to_the_next_finding_and_the_one_before(one_rule: list[int]) -> None:
    record = told()
    first, second = row_of(record, "lstm"), row_of(record, "lstm", 1)
    assert rows(record, "f", "f", "F") == [0, first, second, first]
    assert f"risk odd_habit found at {first}" in " ".join(screens(record, "f")[1].replace("│", " ").split())


def test_a_large_record_is_judged_when_findings_are_asked_for_and_only_once(
    one_rule: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travelling, "_JUDGED_AT_ONCE", 5)
    record = told()
    screens(record, "n", "n")
    assert one_rule == []
    shown = screens(record, "f", "f")
    assert one_rule == [len(record)] and "looking for findings…" in said(shown[1])


def test_a_small_record_shows_the_findings_of_a_row_unasked(one_rule: list[int]) -> None:
    record = told()
    assert "odd_habit" in screens(record, start=row_of(record, "lstm"))[0]


# --- where it begins and what it is given ----------------------------------------------------------------------------


def test_a_crash_is_where_it_begins() -> None:
    record = told(crash=True)
    assert rows(record, start=None) == [len(record) - 1] and rows(told(), start=None) == [0]


def test_a_beginning_that_is_no_row_is_the_nearest_one() -> None:
    record = told()
    record.add(Probe(what="padding"))
    assert rows(record, start=10**6) == [len(record) - 2]


def test_a_record_without_rows_says_so() -> None:
    drawn = plain()
    travel(Record(), console=drawn, read_key=pressing())
    assert "this record holds no row" in drawn.file.getvalue()  # type: ignore[attr-defined]


def test_a_line_of_the_file_that_cannot_be_read_is_said_and_the_others_are_shown(tmp_path: Path) -> None:
    path = told().save(tmp_path / "odd.rnnlab")
    lines = path.read_bytes().splitlines(keepends=True)
    spoilt = lines[-2].replace(b'"fact":"gap"', b'"fact":"gup"')
    assert spoilt != lines[-2]
    path.write_bytes(b"".join([*lines[:-2], spoilt, lines[-1]]))
    record = Record.load(path)
    last = len(record) - 1
    shown = screens(record, "n", "b", start=last - 1)
    assert f"fact {last} cannot be read" in shown[1] and len(shown) == 3


def test_lines_are_keys_where_the_input_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    record = told()
    lstm = row_of(record, "lstm")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n\ng 7\nend\nc\nhidden\nhome\ng\n\nq\nn\n"))
    drawn = plain()
    travel(record, console=drawn, start=0)
    found = [int(row) - 1 for row in re.findall(r" row (\d+) of", drawn.file.getvalue())]  # type: ignore[attr-defined]
    assert found == [0, 1, 2, lstm, len(record) - 1, len(record) - 1, len(record) - 1, 0, 0, 0]


def test_lines_that_end_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in ("n\n", "g\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        travel(told(), console=plain(), start=0)


# --- the terminal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["q", "ctrl-c", "crash"])
def test_the_other_screen_is_used_and_given_back_however_it_ends(end: str) -> None:
    def read() -> str:
        if end == "q":
            return "q"
        raise KeyboardInterrupt if end == "ctrl-c" else ZeroDivisionError

    drawn = plain(force_terminal=True, color_system="standard")
    if end == "crash":
        with pytest.raises(ZeroDivisionError):
            travel(told(), console=drawn, read_key=read)
    else:
        travel(told(), console=drawn, read_key=read)
    out = drawn.file.getvalue()  # type: ignore[attr-defined]
    assert out.startswith("\x1b[?1049h") and out.endswith("\x1b[?1049l")
    assert out.count("\x1b[?25l") == out.count("\x1b[?25h") == 1 and out.index("\x1b[?25l") < out.index("\x1b[?25h")


def test_the_size_is_asked_for_every_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = SafeConsole(file=io.StringIO(), highlight=False, markup=False, emoji=False)
    sizes = iter([("80", "24"), ("110", "30")])

    def read() -> str:
        size = next(sizes, None)
        if size is None:
            raise EOFError
        drawn._width, drawn._height = int(size[0]), int(size[1])
        return "n"

    drawn._width, drawn._height = 60, 16
    travel(told(), console=drawn, read_key=read, start=0)
    out = drawn.file.getvalue()  # type: ignore[attr-defined]
    assert [len(line) for line in out.splitlines() if " row " in line] == [60, 80, 110]


@pytest.mark.skipif(os.name == "nt", reason="a terminal of one's own is opened as POSIX has it")
def test_it_works_in_a_terminal(tmp_path: Path) -> None:
    import pty
    import select
    import subprocess
    import time

    path = told().save(tmp_path / "small.rnnlab")
    program = f"""
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C arrives as a signal, as it does in a shell
from rnnlab.record import Record
from rnnlab.verbs.travel import travel
travel(Record.load({str(path)!r}))
"""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""

    def wait_for(words: bytes) -> None:
        nonlocal seen
        until = time.monotonic() + 60
        while words not in seen and time.monotonic() < until:
            if select.select([ours], [], [], 1)[0]:
                seen += os.read(ours, 65536)
        assert words in seen, seen

    try:
        wait_for(b"row 1 of")
        os.write(ours, b"\x1b[C")
        wait_for(b"row 2 of")
        os.write(ours, b"g7\r")
        wait_for(b"row 9 of")
        os.write(ours, b"\x03")
        wait_for(b"\x1b[?1049l")
        assert running.wait(60) == 0
    finally:
        running.kill()
        running.wait()
        os.close(ours)
    assert b"Traceback" not in seen


# --- printing --------------------------------------------------------------------------------------------------------


def printed(record: Record) -> str:
    drawn = console(file=io.StringIO())
    print_rows(record, drawn)
    return drawn.file.getvalue()  # type: ignore[attr-defined]


def test_everything_is_printed_then_the_crash_then_the_findings(one_rule: list[int]) -> None:
    text = printed(told(crash=True))
    told_rows, after = text.split("╭", 1)
    order = ("vocabulary = build(rows)", "self.rnn(packed)", "the program stopped")
    assert [told_rows.index(words) for words in order] == sorted(told_rows.index(words) for words in order)
    assert after.index("expected 3 labels") < after.index("odd_habit") < after.index("1 finding") and "\x1b" not in text


def test_a_cut_record_is_printed_and_called_so(tmp_path: Path) -> None:
    path = told().save(tmp_path / "cut.rnnlab")
    path.write_bytes(path.read_bytes()[:-60])
    assert "the record was cut here: the program was stopped before its end" in printed(Record.load(path))
    assert "the record was cut" not in printed(told())


def test_a_record_without_rows_is_printed_in_one_sentence() -> None:
    assert "this record holds no row" in printed(Record(Header()))


def test_printing_says_what_could_not_be_followed() -> None:
    record = Record()
    record.add(Gap(what="watching", why="it went away"))
    assert "not followed  watching: it went away" in printed(record)


def test_looking_waits_for_keys_or_prints_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\nq\n"))
    drawn = plain()
    look(told(), pause=True, console=drawn)
    assert re.findall(r" row (\d+) of", drawn.file.getvalue()) == ["1", "2"]  # type: ignore[attr-defined]
    drawn = plain()
    look(told(), pause=False, console=drawn)
    text = drawn.file.getvalue()  # type: ignore[attr-defined]
    assert "embedded = self.embedding(text)" in text and "row 1 of" not in text
