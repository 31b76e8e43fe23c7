"""The stepper in a terminal: shows one stage after another, listens to the learner in between, and asks the quiz.

It reads a record alone, so it serves a walk that is still running and one that was saved long ago.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from rnnlab.facts import Call, TensorNote
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.stages import STAGES, Stage, stage_named
from rnnlab.views import terminal
from rnnlab.views.shapes import AXIS_STYLES, axes_text, note_text, outputs

_HELP = "Enter next · b back · a number or a name jumps · ? explains · q quits"


class Quit(Exception):  # noqa: N818  # the learner's wish, no error
    """The learner has asked to stop."""


@dataclass
class Quiz:
    """Asks for the next shape before it is shown, and keeps the score; it has ended when the input has."""

    ended: bool = False
    asked: int = 0
    right: int = 0
    seen: set[str] = field(default_factory=set)


class Stepper:
    """Shows the stages of a record, in their order, and waits in between if `pause` is set.

    Args:
        record: the story so far; it may still grow.
        read: how a line of the learner's is read; raises EOFError at the end of the input.
    """

    def __init__(
        self,
        record: Record,
        console: Console,
        pause: bool = True,
        quiz: bool = False,
        read: Callable[[str], str] = input,
    ) -> None:
        self.record, self.console, self.pause, self.read = record, console, pause, read
        self.quiz = Quiz() if quiz else None
        self._target: int | None = None
        self._shown = 0

    def reached(self, stage: Stage, last: bool = False) -> None:
        """A stage has run: show it, and let the learner look around until the next one is wanted.

        Raises:
            Quit: the learner wants to stop.
        """
        self._shown = max(self._shown, stage.number)
        if self._target is not None and stage.number < self._target:
            return
        self._target = None
        self._ask_shapes(stage)
        self.show(stage)
        if self.pause:
            self._listen(stage, last)

    def show(self, stage: Stage) -> None:
        """Print a stage's panel."""
        self.console.print(terminal.stage_view(self.record, judge(self.record), stage))

    # --- listening -----------------------------------------------------------------------------------------------

    def _listen(self, stage: Stage, last: bool) -> None:
        at = stage
        while True:
            answer = self._answer(f"[{at.number}/{len(STAGES)} {at.name}] {_HELP} › ").strip().lower()
            if answer in {"q", "quit", "exit"}:
                raise Quit
            if answer in {"", "n", "next"}:
                if at.number < self._shown:
                    at = STAGES[at.number]
                    self.show(at)
                    continue
                return
            if answer in {"?", "h", "help"}:
                self.console.print(terminal.explanation(at))
                continue
            wanted = self._wanted(answer, at)
            if wanted is None:
                continue
            if wanted.number <= self._shown:
                at = wanted
                self.show(at)
            elif last:
                self.console.print(Text("that stage is not in this record", style="yellow"))
            else:
                self._target = wanted.number
                return

    def _answer(self, prompt: str) -> str:
        try:
            return self.read(prompt)
        except EOFError:
            # The input has ended (a pipe): go on to the end without asking.
            self.pause = False
            return ""

    def _wanted(self, answer: str, at: Stage) -> Stage | None:
        if answer in {"b", "back"}:
            return STAGES[max(0, at.number - 2)]
        try:
            return stage_named(answer)
        except KeyError as error:
            self.console.print(Text(str(error.args[0]), style="yellow"))
            return None

    # --- the quiz ------------------------------------------------------------------------------------------------

    def _ask_shapes(self, stage: Stage) -> None:
        if self.quiz is None or stage.name in self.quiz.seen:
            return
        self.quiz.seen.add(stage.name)
        for call in terminal.first_calls(self.record, stage.name):
            question = _question(call)
            if question is not None:
                self._ask(call, *question)

    def _ask(self, call: Call, given: Text, name: str, note: TensorNote) -> None:
        if self.quiz is None or self.quiz.ended:
            return
        self.console.print(
            Text("quiz  ", style="bold magenta").append_text(given).append(f"  →  {name} (?)", style="bold")
        )
        line = self.record.line(call.place) if call.place is not None else ""
        layer = f"     {call.layer}" if call.layer else ""
        self.console.print(Text(f"      {line}{layer}", style="dim"))
        answer = self._read_shape(note)
        if answer is None:
            self.quiz.ended = True
            return
        skipped = answer.strip() in {"", "-"}
        right = not skipped and _is_shape(answer, note)
        self.quiz.asked += not skipped
        self.quiz.right += right
        shown = axes_text(note.shape, note.axes)
        verdict = Text("      right: ", style="bold green") if right else Text("      it is: ", style="bold yellow")
        score = f"   score {self.quiz.right}/{self.quiz.asked}"
        self.console.print(verdict.append_text(shown).append(score, style="dim"))

    def _read_shape(self, note: TensorNote) -> str | None:
        """Read an answer; a slip of the finger is asked again. None at the end of the input."""
        known = {axis.name for axis in note.axes} | set(AXIS_STYLES) | {"layers", "layers*directions"}
        while True:
            try:
                answer = self.read("      its sizes, such as 12 32 8, or its axes; - skips › ")
            except EOFError:
                return None
            words = set(re.findall(r"[a-z_*]{2,}", answer))
            if answer.strip() in {"", "-"} or re.search(r"\d", answer) or words & known:
                return answer
            self.console.print(Text("      that is no shape: write numbers, or names such as seq_len batch", "yellow"))

    def score(self) -> str:
        """Return the quiz's result in words, or an empty text."""
        if self.quiz is None or not self.quiz.asked:
            return ""
        return f"quiz: {self.quiz.right} of {self.quiz.asked} shapes right"


def _question(call: Call) -> tuple[Text, str, TensorNote] | None:
    """Return what goes in, the name of what comes out, and the answer; None for calls without one plain tensor."""
    results = [item for item in outputs(call) if isinstance(item.note, TensorNote) and item.note.shape]
    if not results or not call.inputs:
        return None
    asked = next((item for item in results if item.name == "hidden"), results[0])
    given = Text(", ").join([note_text(item.name, item.note) for item in call.inputs[:2]])
    return (given, asked.name or "result", asked.note) if isinstance(asked.note, TensorNote) else None


def _is_shape(answer: str, note: TensorNote) -> bool:
    """Say whether an answer gives the sizes (`12 32 8`) or the axes (`seq_len batch emb`) of a tensor."""
    if re.search(r"[a-z]{2}", answer):  # a single letter is the x of 4 x 2
        names = [
            {axis.name, "1"} if size == 1 else {axis.name}
            for axis, size in zip(note.axes, note.shape or (), strict=False)
        ]
        words = re.findall(r"[\w*+]+", answer)
        return len(words) == len(names) and all(word in name for word, name in zip(words, names, strict=True))
    return [int(number) for number in re.findall(r"\d+", answer)] == list(note.shape or ())
