"""Facts from source, as if the program had run: `read(path)` and `read_text(text, file)` give a record, and execute nothing.

The shape of it: a *symbolic run* walks the program in the order in which it would execute, with abstract values in place
of real ones (`values`), and tells the same facts as a run (`telling`).

    files        a script, a notebook or a folder, parsed; imports between files are followed
    running      where the run is: frames, loops, models, gradients on or off, how many steps are left
    heap         every write, so that a branch can be undone and two branches merged
    statements, expressions, arithmetic, attributes, items, calling, looping, branches, deciding, imports
    tensors, shapes        operations on tensors; axes move by the rules that a run has too (`rnnlab.axes`)
    models       forward is entered; datasets and models are told of
    libraries/   what is known of each library, in tables
    endings      what nobody calls is run once at the end, as uncertain

A branch whose test is not known is run both ways: its facts are `certain=False`, and values merge (`made_by` then holds
several facts). A test on a default of argparse is taken as the default says, and the other branch is looked at beside it.
Loops are read once, and again where state goes round. Sizes that are not known are None in a fact.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.facts import Gap
from rnnlab.reading import files
from rnnlab.reading.files import Program
from rnnlab.record import Header, Record

if TYPE_CHECKING:
    from rnnlab.reading.running import Run

__all__ = ["read", "read_text"]


def read(path: str | Path) -> Record:
    """Read a script, a notebook or a folder and return what it would do; bad input is a gap in the record, never an error."""
    return _record(files.from_path(path))


def read_text(text: str, file: str = "program.py") -> Record:
    """Read a text as if it stood in a file of this name; a name that ends in .ipynb says that it is a notebook's."""
    return _record(files.from_text(text, file))


def _record(program: Program) -> Record:
    from rnnlab.reading.expressions import EXPRESSIONS
    from rnnlab.reading.running import Run
    from rnnlab.reading.statements import STATEMENTS

    record = Record(Header(program=program.name, full=False))
    run = Run(program, STATEMENTS, EXPRESSIONS)
    for part in (_run_program, _run_the_rest):
        try:
            part(run)
        except Exception as error:  # a reader that fails must not take the program's other facts with it
            run.story.doubt = 0
            run.story.tell(
                Gap(what="reading", why=f"rnnlab failed to read on from here ({type(error).__name__}: {error})")
            )
    for source in program.files.values():
        for part in source.parts:
            record.add_source(part.key, part.text)
    for fact in run.story.settled():
        record.add(fact)
    return record


def _run_program(run: Run) -> None:
    """Run the files that nobody imports."""
    from rnnlab.reading import imports
    from rnnlab.reading.running import STEPS, Frame, Stopped
    from rnnlab.reading.values import Scoped

    run.frames.append(Frame(Scoped({}, None, {}), None, ""))
    for entry in run.program.entries:
        run.left = STEPS
        try:
            imports.run_file(run, entry)
        except Stopped:
            run.story.tell(Gap(what="length", why=f"{entry} is longer than what is read of one program"))
        except (RecursionError, MemoryError):
            run.story.tell(Gap(what="depth", why=f"{entry} calls itself deeper than what is read of one program"))


def _run_the_rest(run: Run) -> None:
    """Run what nobody called."""
    from rnnlab.reading import endings
    from rnnlab.reading.running import Stopped

    try:
        endings.run_the_rest(run)
    except (Stopped, RecursionError, MemoryError):
        run.story.doubt = 0  # what nobody calls may stay unread
