"""Jobs that behave well and badly, for the jail's tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def double(number: int) -> int:
    return 2 * number


def talk(text: str, times: int = 1) -> int:
    for _ in range(times):
        print(text)
    return times


def answer_at_length(letters: int) -> str:
    return "a" * letters


def fail(message: str) -> None:
    raise ValueError(message)


def leave(status: int) -> None:
    os._exit(status)


def die() -> None:
    os.abort()


def sleep() -> None:
    time.sleep(600)


def compute() -> None:
    while True:
        pass


def take(mebibytes: int) -> int:
    return len(bytearray(mebibytes << 20))


def take_in_torch(mebibytes: int) -> int:
    import torch

    return torch.ones(mebibytes << 18).numel()


def number_of_torch(size: int) -> float:
    import torch

    return float((torch.ones(size, size) @ torch.ones(size, size)).sum())


def surroundings() -> dict[str, Any]:
    Path("left_behind.txt").write_text("here", encoding="utf-8")
    environment = dict(os.environ)
    return {
        "folder": str(Path.cwd()),
        "environment": environment,
        "files": [path.name for path in Path.cwd().iterdir()],
        "input": sys.stdin.read(),
    }


def imported(name: str) -> bool:
    return name in sys.modules


def start_another(path: str) -> None:
    """Start a process that writes its number into a file and sleeps, then sleep as well."""
    code = f"import os, time; open({path!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", code])
    time.sleep(600)


def write(size: int) -> None:
    Path("large").write_bytes(b"0" * size)
