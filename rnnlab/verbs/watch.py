"""`rnnlab.watch`: record whatever runs inside a with block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rnnlab.record import Record
from rnnlab.verbs.trace import add_note
from rnnlab.watching.watch import VALUES, Watch, new_record


@contextlib.contextmanager
def watch(save: str | Path | None = None, *, values: bool = False) -> Iterator[Record]:
    """Watch what runs inside, and give the record of it, which grows meanwhile.

        with rnnlab.watch() as record:
            train(model, loader)
        rnnlab.inspect(record)

    Args:
        save: a file in which the record is kept as it grows; `rnnlab step FILE` walks through it.
        values: keep a few numbers of each result as well.

    The program computes what it would compute alone. An exception is recorded and goes on its way, with a note of what it means.

    Raises:
        OSError: the file cannot be written.
    """
    record = new_record(save, program="a watched stretch of code")
    watching = Watch(record, values=VALUES if values else 0)
    try:
        with watching.looking():
            yield record
    except Exception as error:
        with watching.recorder.guarded():
            add_note(error, record)
        raise
    finally:
        record.close()
