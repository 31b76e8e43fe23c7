"""The datasets of torchtext 0.9 to 0.18: functions that give (label, text) pairs, as `IMDB(split="train")`.

The files are downloaded and unpacked by torchtext 0.6's own functions, where and when the program asks for them.
See https://pytorch.org/text/0.18.0/datasets.html.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torchtext
from torch.utils.data.datapipes.iter import IterableWrapper, Shuffler
from torchtext.datasets import imdb

# Where the originals come from, as torchtext 0.8 to 0.18 have it.
AG_NEWS_URL = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/{split}.csv"
SST2_URL = "https://dl.fbaipublicfiles.com/glue/data/SST-2.zip"
CACHE = "~/.torchtext/cache"


class Rows(Shuffler):
    """The rows of one split: it can be read again and again, counted, and taken from with `next()`.

    A DataLoader with `shuffle=True` shuffles it.
    """

    def __init__(self, rows: list[Any]) -> None:
        super().__init__(IterableWrapper(rows, deepcopy=False), buffer_size=max(1, len(rows)))
        self.set_shuffle(False)
        self._rows = rows
        self._next: Iterator[Any] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __next__(self) -> Any:
        self._next = iter(self._rows) if self._next is None else self._next
        return next(self._next)


def splits_of(read: Callable[[Path, str], Iterable[Any]], known: tuple[str, ...], root: Any, split: Any) -> Any:
    """Return the rows of one split, or a tuple of them where several were asked for.

    Raises:
        TypeError: `split` is neither a text nor a tuple or list of texts.
        ValueError: there is no such split.
    """
    folder = Path(CACHE if root is None else root).expanduser()
    wanted = [split] if isinstance(split, str) else split
    if not isinstance(wanted, tuple | list):
        raise TypeError(f"Split expected type: str or tuple, got {type(split)}")
    for one in wanted:
        if one not in known:
            raise ValueError(f"split {one!r} is not among the splits of this dataset: {', '.join(known)}")
    made = tuple(Rows(list(read(folder, one))) for one in wanted)
    return made[0] if isinstance(split, str) else made


def imdb_rows(folder: Path, split: str, words: bool) -> Iterator[tuple[int | str, str]]:
    """Read the reviews of one split, the negative ones first.

    Args:
        words: whether labels are "neg" and "pos" (up to 0.13) or 1 and 2 (from 0.14 on).
    """
    top = Path(imdb.IMDB.download(str(folder)))
    for number, label in enumerate(("neg", "pos"), 1):
        for file in sorted((top / split / label).glob("*.txt")):
            yield label if words else number, file.read_text(encoding="utf-8")


def ag_news_rows(folder: Path, split: str) -> Iterator[tuple[int, str]]:
    """Read the news of one split: the class (1 World, 2 Sports, 3 Business, 4 Sci/Tec), then title and text in one."""
    path = fetch(AG_NEWS_URL.format(split=split), folder / "datasets" / "AG_NEWS" / f"{split}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for label, *texts in csv.reader(file):
            yield int(label), " ".join(texts)


def sst2_rows(folder: Path, split: str) -> Iterator[tuple[str, int] | tuple[str]]:
    """Read the phrases of one split: text first, then 0 (negative) or 1; the test split has no labels."""
    path = fetch(SST2_URL, folder / "datasets" / "SST2" / "SST-2.zip")
    with zipfile.ZipFile(path) as archive:
        lines = archive.read(f"SST-2/{split}.tsv").decode("utf-8").splitlines()[1:]
    for first, _, second in (line.partition("\t") for line in lines):
        yield (second,) if split == "test" else (first.strip(), int(second))


def fetch(url: str, path: Path) -> Path:
    """Return where a file lies, downloaded if it is not there yet."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torchtext.utils.download_from_url(url, str(path))
    return path
