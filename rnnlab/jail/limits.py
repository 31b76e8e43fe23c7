"""How much a job may take, and how the system is told so."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import msgspec

_MEBIBYTE = 1 << 20


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one job. Times in seconds, sizes in bytes; `memory` is what it may take on top of the warm process' own.

    Wall time and output hold everywhere, CPU time and file sizes where there are POSIX limits, memory on Linux alone.
    """

    wall_seconds: float = 20.0
    cpu_seconds: int = 20
    memory: int = 2048 * _MEBIBYTE
    output: int = 16 * _MEBIBYTE
    open_files: int = 256


def apply(limits: Limits) -> None:
    """Limit this very process, for good; what the system does not know is left out."""
    try:
        import resource
    except ImportError:  # Windows: the supervisor's clock alone
        return
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    _limit(resource.RLIMIT_FSIZE, limits.output)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    if sys.platform == "linux":
        # The address space counts libraries and stacks that are mapped and never used: torch alone maps gigabytes.
        _limit(resource.RLIMIT_AS, _mapped() + limits.memory)


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    import resource

    _, most = resource.getrlimit(kind)
    hard = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft, hard))


def _mapped() -> int:
    """Return the size of this process' address space in bytes."""
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
