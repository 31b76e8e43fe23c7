"""Travels through a record with single keys, forwards and backwards; prints all its rows where nobody presses keys."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.control import Control
from rich.text import Text

from rnnlab.record import Record, RecordError
from rnnlab.report import Report, judge
from rnnlab.timeline import Move, Timeline
from rnnlab.views import findings, terminal
from rnnlab.views.crashes import crash_view
from rnnlab.views.rows import rows_view
from rnnlab.views.stepper import Screen

# A small record is judged at once, so that its findings stand at their rows; a large one is to open at once.
_JUDGED_AT_ONCE = 2_000
_NAMES = {
    "\r": "n", "\n": "n", " ": "n",
    "\x1b[C": "n", "\x1bOC": "n", "\xe0M": "n", "\x00M": "n",
    "\x1b[D": "b", "\x1bOD": "b", "\xe0K": "b", "\x00K": "b",
    "\x1b[B": "s", "\x1bOB": "s", "\xe0P": "s", "\x00P": "s",
    "\x1b[A": "o", "\x1bOA": "o", "\xe0H": "o", "\x00H": "o",
    "\x1b[H": "home", "\x1bOH": "home", "\x1b[1~": "home", "\xe0G": "home", "\x00G": "home",
    "\x1b[F": "end", "\x1bOF": "end", "\x1b[4~": "end", "\xe0O": "end", "\x00O": "end",
    "h": "?", "\x03": "q", "\x04": "q",
}  # fmt: skip
_ESCAPES = r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|"
_PREFIXED = r"[\x00\xe0].|" if os.name == "nt" else ""
_ONE_KEY = re.compile(f"{_ESCAPES}{_PREFIXED}.", re.DOTALL)
_ENTER, _ERASE, _LEAVE = "\r\n", "\x7f\x08", "\x1b\x03\x04"


def travel(
    record: Record,
    *,
    console: Console | None = None,
    read_key: Callable[[], str] | None = None,
    start: int | None = None,
) -> None:
    """Show a record's rows one at a time and go where the keys say, until q, Ctrl-C or the end of the input.

    Args:
        console: where to draw; without one the whole terminal, whose size is asked again for every screen.
        read_key: gives the next key as a text (several are taken one after another) and raises EOFError at the end.
            Without one, keys are read from the terminal, or lines where the input is none.
        start: the number of the fact to begin at; the crash without it, if there was one, else the first row.
    """
    console = console or terminal.SafeConsole(highlight=False, markup=False, emoji=False)
    timeline = Timeline(record)
    if not len(timeline):
        cut = "" if record.is_complete else " or the file was cut"
        console.print(Text(f"this record holds no row: nothing of the program was seen{cut}", style="yellow"))
        return
    keys = _Keys(read_key) if read_key is not None or sys.stdin.isatty() else _Lines(sys.stdin.readline)
    traveller = _Traveller(timeline, console, keys, _beginning(timeline, start))
    at_once = _keys_at_once() if read_key is None and isinstance(keys, _Keys) else contextlib.nullcontext()
    with contextlib.suppress(EOFError, KeyboardInterrupt), _whole_screen(console, isinstance(keys, _Keys)), at_once:
        traveller.run()


def print_rows(record: Record, console: Console | None = None) -> None:
    """Print every row in order, then the program's crash, if it had one, and what the rules say."""
    console = console or terminal.console()
    timeline = Timeline(record)
    for row in rows_view(timeline):
        console.print(row)
    if not len(timeline):
        console.print(Text("this record holds no row: nothing of the program was seen", style="yellow"))
    if not record.is_complete:
        console.print(Text("\nthe record was cut here: the program was stopped before its end", style="yellow"))
    console.print()
    if (crash := crash_view(record)) is not None:
        console.print(crash)
    report = judge(record)
    for outcome, finding in report.found():
        console.print(findings.finding_view(record, outcome, finding))
    console.print(findings.report_view(report))


def look(record: Record, *, pause: bool, console: Console | None = None) -> None:
    """Travel through a record with keys, or print all of it where nobody is to be waited for.

    Raises:
        RecordError: the record's file cannot be read.
    """
    if pause:
        travel(record, console=console)
    else:
        print_rows(record, console)


def _beginning(timeline: Timeline, start: int | None) -> int:
    if start is not None:
        return timeline.nearest(start)
    return timeline.first() if timeline.crash is None else timeline.crash


@contextlib.contextmanager
def _whole_screen(console: Console, wanted: bool) -> Iterator[None]:
    """Use the terminal's other screen, and give the first one back however this ends."""
    entered = wanted and console.is_terminal and console.set_alt_screen(True)
    console.show_cursor(not entered)
    try:
        yield
    finally:
        console.show_cursor(True)
        if entered:
            console.set_alt_screen(False)


# --- keys ------------------------------------------------------------------------------------------------------------


class _Keys:
    """Single keys, one after another, and texts that are typed key by key."""

    def __init__(self, read: Callable[[], str] | None) -> None:
        self._read = read or _pressed
        self._waiting: deque[str] = deque()

    def key(self) -> str:
        """Return the next key; a terminal may give several at once."""
        while not self._waiting:
            self._waiting.extend(_ONE_KEY.findall(self._read()))
        return self._waiting.popleft()

    @property
    def is_idle(self) -> bool:
        """Whether no key waits: while a key is held down only the last screen is worth drawing."""
        return not self._waiting

    def text(self, show: Callable[[str], None]) -> str | None:
        """Return what is typed up to Enter, showing it as it grows; None where it is left with Esc."""
        typed = ""
        while True:
            if self.is_idle:
                show(typed)
            key = self.key()
            if key in _LEAVE:
                return None
            if key in _ENTER:
                return typed
            if key in _ERASE:
                typed = typed[:-1]
            elif key.isprintable():
                typed += key


class _Lines:
    """The same from an input that is no terminal: a line is a key, and what follows it in the line answers its question."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._rest: str | None = None
        self.is_idle = True

    def key(self) -> str:
        """Return the key that the next line begins with; an empty line is Enter."""
        line = self._read()
        if not line:
            raise EOFError
        line = line.strip()
        if line.lower() in {"home", "end"}:
            return line.lower()
        self._rest = line[1:].strip() or None
        return line[:1] or "\r"

    def text(self, show: Callable[[str], None]) -> str | None:
        """Return the rest of the line, or the next one."""
        if self._rest is not None:
            return self._rest
        show("")
        line = self._read()
        if not line:
            raise EOFError
        return line.strip() or None


@contextlib.contextmanager
def _keys_at_once() -> Iterator[None]:
    """Let the terminal give each key as it is pressed and show none, also while a screen is being drawn."""
    if os.name == "nt" or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _pressed() -> str:
    """Return the next keys that are pressed; a key such as an arrow is a text of several letters."""
    if os.name == "nt":
        import click

        return click.getchar()
    # click would set the terminal up for every key anew, and drop what is pressed in between.
    pressed = os.read(sys.stdin.fileno(), 1024)
    if not pressed:
        raise EOFError
    return pressed.decode(errors="ignore")


# --- the loop --------------------------------------------------------------------------------------------------------


@dataclass
class _Traveller:
    """Where the learner stands, what is shown there, and what each key does."""

    timeline: Timeline
    console: Console
    keys: _Keys | _Lines
    n: int
    message: str = ""
    values: bool = False
    help: bool = False
    asked: dict[str, str] = field(default_factory=dict)
    report: Report | None = None
    by_row: dict[int, list] = field(default_factory=dict)
    shown: int | None = None

    def run(self) -> None:
        """Draw, read a key, do it; until one says to quit."""
        if len(self.timeline.record) <= _JUDGED_AT_ONCE:
            self._judge()
        while True:
            if self.keys.is_idle:
                self._draw_or_stay()
            key = self.keys.key()
            key = _NAMES.get(key, key)
            self.message = ""
            if self.help and key not in {"q"}:
                self.help = False
                continue
            if key == "q":
                return
            before = self.n
            try:
                self._do(key)
            except RecordError as error:  # a line of the file cannot be read: the other rows can
                self.n, self.message = before, str(error)

    def _draw_or_stay(self) -> None:
        """Show the screen; where a line of the file cannot be read, say so at the row that was shown last."""
        try:
            self.draw()
        except RecordError as error:
            if self.shown is None:
                raise
            self.n, self.message = self.shown, str(error)
            self.draw()
        self.shown = self.n

    def draw(self, prompt: str | None = None) -> None:
        """Show the screen as it is now; the size of the terminal is asked every time."""
        screen = Screen(
            self.timeline, self.n, values=self.values, message=self.message, prompt=prompt,
            found=self.by_row.get(self.n, ()), help=self.help,
        )  # fmt: skip
        if self.console.is_terminal and isinstance(self.keys, _Keys):
            self.console.control(Control.home())
            self.console.print(screen, end="")
        else:
            self.console.print(screen)
            self.console.print()

    def _do(self, key: str) -> None:
        timeline = self.timeline
        steps: dict[str, Callable[[int], Move]] = {
            "n": timeline.next, "b": timeline.back, "i": timeline.into, "o": timeline.out, "s": timeline.over,
            "home": lambda _: Move(timeline.first()), "end": lambda _: Move(timeline.last()),
            "f": self._to_finding, "F": lambda n: self._to_finding(n, back=True),
        }  # fmt: skip
        questions: dict[str, tuple[str, Callable[[int, str], Move]]] = {
            "g": ("to line (61, or train.py:61)", self._to_line),
            "c": ("to the next change of which variable", timeline.to_change),
            "C": ("to the change before, of which variable", lambda n, name: timeline.to_change(n, name, back=True)),
            "t": ("to which stage", self._to_stage),
            "/": ("to a row whose source holds", timeline.to_text),
        }
        if key in steps:
            self._go(steps[key](self.n))
        elif key in questions:
            self._ask(key, *questions[key])
        elif key == "v":
            self.values = not self.values
        elif key == "?":
            self.help = True
        else:
            named = f"'{key}'" if key.isprintable() else "that key"
            self.message = f"{named} does nothing here; ? shows the keys"

    def _go(self, move: Move) -> None:
        self.n, self.message = move

    def _ask(self, key: str, question: str, act: Callable[[int, str], Move]) -> None:
        """Ask for a word and act on it; Enter alone takes the last answer again."""
        key = key.lower()
        before = self.asked.get(key, "")
        hint = f" [{before}]" if before else ""
        answer = self.keys.text(lambda typed: self.draw(f"{question}{hint} › {typed}"))
        answer = before if answer == "" else answer
        if not answer or not answer.strip():
            return
        self.asked[key] = answer.strip()
        self._go(act(self.n, answer.strip()))

    def _to_line(self, n: int, answer: str) -> Move:
        file, _, line = answer.rpartition(":")
        if not line.strip().isdecimal():
            return Move(n, f"'{answer}' is no line; write its number, such as 61, or train.py:61")
        return self.timeline.to_line(n, int(line), file.strip() or None)

    def _to_stage(self, n: int, answer: str) -> Move:
        try:
            move = self.timeline.to_stage(answer)
        except KeyError as error:
            return Move(n, str(error.args[0]))
        return move if move.n >= 0 else Move(n, move.said)

    def _to_finding(self, n: int, back: bool = False) -> Move:
        if self.report is None:
            self.message = "looking for findings…"
            self.draw()
        return self.timeline.to_finding(n, self._judge(), back=back)

    def _judge(self) -> Report:
        if self.report is None:
            self.report = judge(self.timeline.record)
            self.by_row = self.timeline.findings(self.report)
        return self.report
