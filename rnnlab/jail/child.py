"""What happens inside a job's process: limits on, the function called, its answer written down."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import msgspec

from rnnlab.jail.limits import Limits, apply

TOO_MUCH_SAID = 77  # the exit status of a job whose answer is longer than it may be


class Job(msgspec.Struct, frozen=True):
    """A function by its dotted name (`rnnlab.room.file.function`), its arguments as plain data, and its limits."""

    function: str
    arguments: dict[str, Any]
    limits: Limits
    answer: str
    work: str


def perform(job: Job) -> int:
    """Run a job in this process, which is the job's alone, and return the exit status."""
    os.chdir(job.work)
    apply(job.limits)
    try:
        value = _function(job.function)(**job.arguments)
        text = json.dumps({"value": value})
    except BaseException as error:
        text = json.dumps(_told(error))
    if len(text) > job.limits.output:
        return TOO_MUCH_SAID
    try:
        Path(job.answer).write_text(text, encoding="utf-8")
    except OSError:
        return TOO_MUCH_SAID
    return 0


def _function(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _told(error: BaseException) -> dict[str, Any]:
    message = str(error)
    # torch has no exception of its own for this; Windows and Linux agree on these words.
    memory = isinstance(error, MemoryError) or "can't allocate memory" in message or "bad_alloc" in message
    return {"error": type(error).__name__, "message": message[:2000], "memory": memory}


def main(path: str) -> int:
    """Run the job that a file describes: how a job starts where there is no fork."""
    return perform(msgspec.json.decode(Path(path).read_bytes(), type=Job))
