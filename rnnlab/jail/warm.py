"""The warm process: it has imported what the jobs need, forks for each, watches over the fork and answers.

It talks with its owner over its standard input and output, one line of JSON for a job and one for its result; its twin, which
runs jobs beside its own, over two pipes more. Both end when their owner does, and end the running jobs with them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import sys
import warnings
from typing import Any, BinaryIO

import msgspec

from rnnlab.jail.box import Box, environment
from rnnlab.jail.child import Job, perform
from rnnlab.jail.limits import Limits
from rnnlab.jail.result import Result
from rnnlab.jail.supervising import Forked, supervised


class Request(msgspec.Struct, frozen=True):
    """What the owner asks for."""

    function: str
    arguments: dict[str, Any]
    limits: Limits


def forked(request: Request, given_up: Any = lambda: False) -> Result:
    """Run a job in a fork of this process."""
    box = Box()
    try:
        return supervised(_fork(request, box), box, request.limits, given_up)
    finally:
        box.close()


def _fork(request: Request, box: Box) -> Forked:
    job = Job(request.function, request.arguments, request.limits, str(box.answer), str(box.work))
    ours, its = os.pipe()
    with warnings.catch_warnings():
        # Python warns of forking beside threads: this process computes nothing, so that no thread of torch's has started.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(its)
        return Forked(pid, ours)
    status = 1
    try:
        os.setsid()
        os.close(ours)
        _settle(box, keep=its)
        status = perform(job)
    finally:
        _flush()
        os._exit(status)


def _settle(box: Box, keep: int) -> None:
    """Let go of every file of the parent's, and give the job its own: an empty input, and its box for what it says."""
    signal.set_wakeup_fd(-1)
    os.environ.clear()
    os.environ.update(environment(str(box.work)))
    empty, said = os.open(os.devnull, os.O_RDONLY), os.open(box.said, os.O_WRONLY | os.O_APPEND)
    for source, target in ((empty, 0), (said, 1), (said, 2)):
        os.dup2(source, target)
    os.closerange(3, keep)
    os.closerange(keep + 1, 1024)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", errors="replace", closefd=False)
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the talk with the owner; what is imported prints nowhere."""
    asked, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for target in (0, 1):
        os.dup2(nowhere, target)
    return os.fdopen(asked, "rb", buffering=0), os.fdopen(answers, "wb", buffering=0)


def _is_gone(stream: BinaryIO) -> bool:
    """The owner asks for one thing at a time: where its pipe can be read while a job runs, it is closed."""
    return bool(select.select([stream], [], [], 0)[0])


def serve(arguments: list[str]) -> None:
    """Import these modules, then run job after job until the owner is gone; a twin does the same on a second pair of pipes.

    Args:
        arguments: where the twin is asked and where it answers, as numbers of open files; then the modules.
    """
    twin_asked, twin_answers = (int(number) for number in arguments[:2])
    asked, answers = _own_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's affair
    for module in arguments[2:]:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    if os.fork():
        # Who holds the other's pipe would keep its owner waiting after the other's end.
        os.close(twin_asked)
        os.close(twin_answers)
    else:
        asked.close()
        answers.close()
        asked, answers = os.fdopen(twin_asked, "rb", buffering=0), os.fdopen(twin_answers, "wb", buffering=0)
    _serve(asked, answers)


def _serve(asked: BinaryIO, answers: BinaryIO) -> None:
    reading = os.fdopen(os.dup(asked.fileno()), "rb")
    while line := reading.readline():
        result = forked(msgspec.json.decode(line, type=Request), lambda: _is_gone(asked))
        try:
            answers.write(msgspec.json.encode(result) + b"\n")
        except BrokenPipeError:
            return
