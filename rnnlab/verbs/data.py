"""`rnnlab data`: brings data sets onto this machine, with a progress bar."""

from __future__ import annotations

from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from rnnlab.pipeline import imdb
from rnnlab.views import terminal


def bring_imdb(target: Path | None = None, archive: Path | None = None) -> Path:
    """Write the IMDb reviews as movie_data.csv and return its path.

    Raises:
        ImdbError: one clear sentence about the network, the archive or the disk.
    """
    console = terminal.console(stderr=True)
    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def show(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        return imdb.prepare(target, archive=archive, show=show)
