"""How fast a large record opens and is walked through. Usage: python tests/benchmarks/record.py [FACTS]

Records facts as a real training run tells them (an epoch loop, passes over a loader, forward passes folded and unfolded,
printed text), through `Record.add`, and prints the time to the first screen, of each key at several places, and of asking
for everything. The last line says whether the bars hold.
"""

from __future__ import annotations

import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnlab.facts import Axis, Call, Data, GroupNote, Loop, Named, Note, PackedNote, Place, Said, Scope, TensorNote
from rnnlab.record import Header, Record
from rnnlab.verbs.travel import travel
from rnnlab.views.terminal import SafeConsole

BARS = {"file per row": 1024, "first screen": 0.2, "step": 0.02, "asking": 10.0}
PROGRAM = Path(__file__).parents[1] / "programs" / "lecture.py"
SIZE = (160, 50)


# --- a long run ------------------------------------------------------------------------------------------------------


def tensor(text: str, *shape: int, dtype: str = "float32", made_by: int = 0) -> TensorNote:
    """Return a note with axes named by the words of `text`."""
    axes = tuple(Axis(word, "propagated") for word in text.split())
    return TensorNote(shape, axes, dtype, made_by=(made_by,))


def one_turn(record: Record, file: str, outer: int, turn: int) -> None:
    """Tell of one batch: the batch, a forward pass as a scope with its rows, the loss and the step."""
    seq_len, batch = 180 + turn % 40, 64

    def at(line: int, column: int = 8, end: int = 60) -> Place:
        return Place(file, line, column, line, end)

    def call(line: int, what: str, given: tuple[Named, ...], output: Note | None, *binds: str, **more: Any) -> int:
        fact = Call(
            what=what, place=at(line), inputs=given, output=output, binds=binds, grad_on=True, training=True, **more
        )
        return record.add(fact).n

    made = record.add(
        Data(what="batch", id=turn, place=at(97), stage="batch", inside=outer, counts={"rows": 64.0, "positions": 64.0 * seq_len},
             samples={"text": {"shape": [seq_len, batch], "axes": ["seq_len", "batch"], "dtype": "int64"}})
    ).n  # fmt: skip
    text = Named("text", tensor("seq_len batch", seq_len, batch, dtype="int64", made_by=made))
    lengths = Named("text_length", tensor("batch", batch, dtype="int64", made_by=made))
    scope = record.add(Scope(function="RNN.forward", place=at(100, 21, 46), inputs=(text, lengths), inside=outer)).n
    emb = tensor("seq_len batch emb", seq_len, batch, 128)
    n = call(67, "embedding", (text,), emb, "embedded", inside=scope, stage="embed", layer="Embedding(20002, 128)")
    names = (Axis("tokens", "propagated"), Axis("emb", "propagated"))
    packed = PackedNote(
        tokens=seq_len * 40, seq_len=seq_len, batch=batch, features=(128,), axes=names, dtype="float32", made_by=(n,)
    )
    n = call(68, "pack_padded_sequence", (Named("embedded", emb), lengths), packed, "packed", inside=scope, stage="rnn")
    state = tensor("layers batch hid", 1, batch, 256, made_by=n)
    output = GroupNote(
        "tuple", (Named("", packed), Named("", GroupNote("tuple", (Named("", state), Named("", state)))))
    )
    call(69, "lstm", (Named("packed", packed),), output, "packed_output", "(hidden, cell)", inside=scope, stage="rnn",
         layer="LSTM(128, 256)")  # fmt: skip
    hidden = tensor("batch hid", batch, 256, made_by=n)
    call(70, "squeeze", (Named("hidden", state),), hidden, "hidden", inside=scope, stage="squeeze", values={"dim": 0})
    logits = tensor("batch classes", batch, 2, made_by=n)
    call(71, "linear", (Named("hidden", hidden),), logits, inside=scope, stage="head", layer="Linear(256, 2)")
    record.add(Scope(function="RNN.forward", phase="out", output=logits, inside=outer))
    labels = Named("labels", tensor("batch", batch, dtype="int64"))
    number = tensor("", made_by=n)
    call(101, "cross_entropy", (Named("logits", logits), labels), number, "loss", inside=outer, stage="loss",
         values={"value": 0.6931 / (1 + turn / 1000)})  # fmt: skip
    for line, what in ((102, "zero_grad"), (103, "backward"), (104, "optimizer_step")):
        call(line, what, (), None, inside=outer, stage="train", times=1 + turn % 7)


def long_run(path: Path, facts: int) -> None:
    """Record a run of so many facts."""
    record = Record(Header(program="lecture.py"), path)
    record.add_source(str(PROGRAM), PROGRAM.read_text(encoding="utf-8"))
    outer = record.add(Scope(function="train", place=Place(str(PROGRAM), 118, 9, 118, 55))).n
    turns = epoch = 0
    while len(record) < facts - 1_000:
        place = Place(str(PROGRAM), 97, 8, 109, 17)
        record.add(Loop(kind="batches", place=place, declared=500, over=3, inside=outer))
        for _ in range(50):
            one_turn(record, str(PROGRAM), outer, turns)
            turns += 1
        record.add(Loop(kind="training", place=place, index=500, declared=500, executed=500, over=3, inside=outer))
        record.add(Said(text=f"epoch {epoch}", place=Place(str(PROGRAM), 112, 12, 112, 60), inside=outer))
        epoch += 1
    while len(record) < facts:
        one_turn(record, str(PROGRAM), outer, turns)
    record.close()


# --- measuring -------------------------------------------------------------------------------------------------------


def console() -> SafeConsole:
    """Return a terminal of the largest size, in full colour, that is written to memory."""
    return SafeConsole(
        file=io.StringIO(), width=SIZE[0], height=SIZE[1], force_terminal=True, color_system="truecolor", highlight=False,
        markup=False, emoji=False,
    )  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def open_and_draw(path: Path) -> None:
    """Open the record, draw its first screen, and leave."""
    travel(Record.load(path), console=console(), read_key=lambda: "q")


class Timed:
    """Gives keys one by one, and notes how long each took until the next was asked for: the step and its drawing."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = [*keys, "q"]
        self.times: list[float] = []
        self._asked = 0.0

    def __call__(self) -> str:
        now = time.perf_counter()
        if self._asked:
            self.times.append(now - self._asked)
        self._asked = time.perf_counter()
        return self.keys.pop(0)


KEYS = {
    "next": "n", "back": "b", "into": "i", "out": "o", "over": "s", "line": "g70\r", "change": "chidden\r",
    "change back": "Closs\r", "a variable of nobody": "cnobody\r", "stage": "tsqueeze\r", "search": "/squeeze\r",
    "search in vain": "/nowhere\r", "first": "\x1b[H", "last": "\x1b[F", "values": "v",
}  # fmt: skip


def steps(record: Record, key: str, places: list[int]) -> list[float]:
    """Return the longest wait for a key, or for a letter of what it asks for, at each place."""
    times = []
    for start in places:
        timed = Timed([key] if key.startswith("\x1b") else list(key))
        travel(record, console=console(), read_key=timed, start=start)
        times.append(max(timed.times))
    return times


def ask_everything(record: Record) -> None:
    """Iterate over all facts, and ask for every kind, stage and operation."""
    for _ in record:
        pass
    for kind in (Scope, Call, Data, Loop, Said):
        for _ in record.ask(kind):
            pass
    for stage in ("embed", "rnn", "squeeze", "head", "loss", "train"):
        for _ in record.ask(Call, stage=stage):
            pass
    for what in ("embedding", "lstm", "cross_entropy", "backward"):
        for _ in record.ask(Call, what=what, inside=0):
            pass


def shown(name: str, times: list[float]) -> float:
    """Print a line of the table, and return the worst time."""
    print(f"  {name:22} median {statistics.median(times) * 1e3:6.1f} ms   worst {max(times) * 1e3:6.1f} ms")
    return max(times)


def main(facts: int) -> None:
    """Print the table."""
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, Python {platform.python_version()}, {SIZE[0]} × {SIZE[1]} characters")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.rnnlab"
        told = seconds(lambda: long_run(path, facts))
        per_row = (path.stat().st_size + path.with_name(path.name + ".index").stat().st_size) / facts
        print(f"{facts:,} facts recorded in {told:.1f} s; {per_row:.0f} bytes a row, index included")
        open_and_draw(path)  # a warm process
        first = shown("opened and drawn", [seconds(lambda: open_and_draw(path)) for _ in range(9)])
        record = Record.load(path)
        places = [0, 1, 5, facts // 3, facts // 2, facts - 900, facts - 1]
        worst = max(shown(name, steps(record, key, places)) for name, key in KEYS.items())
        timed = Timed(["n"] * 300)
        travel(record, console=console(), read_key=timed, start=facts // 2)
        worst = max(worst, shown("300 × next in a row", timed.times))
        asked = seconds(lambda: ask_everything(record))
        print(f"  asked for everything in {asked:.1f} s")
        record.close()
    figures = {"file per row": per_row, "first screen": first, "step": worst, "asking": asked}
    missed = [name for name, figure in figures.items() if figure > BARS[name]]
    print(f"missed: {', '.join(missed)}" if missed else "all bars hold")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
