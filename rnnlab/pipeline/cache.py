"""Where rnnlab keeps what it downloads or computes, and how a file gets there whole or not at all.

The folder is the user cache folder of the operating system (platformdirs), or the one that the environment
variable RNNLAB_CACHE names.
"""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

_UNFINISHED = ".unfinished-"


def cache_folder(*parts: str) -> Path:
    """Return rnnlab's cache folder, or a folder below it; nothing is created."""
    chosen = os.environ.get("RNNLAB_CACHE")
    if chosen:
        return Path(chosen).expanduser().joinpath(*parts)
    import platformdirs

    return platformdirs.user_cache_path("rnnlab", appauthor=False).joinpath(*parts)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it becomes `path` if the block ends well, and is removed if it does not.

    The folder is created where it is missing. The data are on the disk before the name is, so that neither an
    interruption nor a power cut leaves half a file under `path`.

    Raises:
        OSError: the folder or the file cannot be written, or the block wrote nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name ends as the final one does: np.save and pandas look at the suffix.
    unfinished = path.with_name(f"{_UNFINISHED}{secrets.token_hex(4)}-{path.name}")
    try:
        yield unfinished
        with unfinished.open("r+b") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_unfinished(path: Path) -> None:
    """Remove what killed writers of `path` left beside it; call it only while nobody else can be writing `path`.

    Raises:
        OSError: something is there and cannot be removed.
    """
    pattern = f"{_UNFINISHED}????????-{glob.escape(path.name)}"
    for left in path.parent.glob(pattern):
        left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too, where folders can be opened (not on Windows)."""
    if os.name != "posix":
        return
    # Some network file systems refuse to sync a folder; the file is in place all the same.
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
