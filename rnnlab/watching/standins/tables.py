"""Writes generated rows as the file that a program expects: columns in order, label values, separator, header."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path
from typing import Any, NamedTuple

from rnnlab.watching.standins.columns import Wanted, is_label, is_text, roles
from rnnlab.watching.standins.rows import ROWS, reviews, vocabulary

_SPLITS = ("train", "valid", "dev", "test", "val")
_DEFAULT = ("review", "sentiment")
_DIMENSIONS = 100


class Layout(NamedTuple):
    """How a table is written.

    `kinds` says what a column holds where its name does not (text, label, number or other), and `labels` which values a
    label has where the program has no say in it.
    """

    columns: tuple[str, ...]
    header: bool = True
    separator: str = ","
    encoding: str = "utf-8"
    kinds: tuple[tuple[str, str], ...] = ()
    labels: tuple[Any, ...] = ()


def group_of(path: str) -> str:
    """Return the split that a file's name speaks of (`train.csv`, `data/test/x.csv`), else the file's own name."""
    parts = [part.lower() for part in Path(path).parts[-3:]]
    for part in reversed(parts):
        for split in _SPLITS:
            if re.search(rf"(?:^|[^a-z]){split}(?:[^a-z]|$|ing|idation)", part):
                return {"val": "valid", "dev": "valid"}.get(split, split)
    return Path(path).stem or "rows"


def layout_of_source(wanted: Wanted, header: bool = True, separator: str = ",") -> Layout:
    """Return the layout that the program's source speaks of; two columns, review and sentiment, where it says nothing."""
    columns = list(wanted.columns)
    if not columns and wanted.positions:
        last = max(wanted.positions)
        columns = [_plain(wanted.positions.get(i, f"id {i}")) for i in range(last + 1)]
        columns = [name if name not in columns[:i] else f"{name} {i}" for i, name in enumerate(columns)]
    while wanted.renamed is not None and len(columns) < wanted.renamed:
        columns.append(f"column {len(columns)}")
    for role, name in (("text", _DEFAULT[0]), ("label", _DEFAULT[1])):
        if wanted.renamed is None and role not in roles(columns).values():
            columns.append(name)
    return Layout(tuple(dict.fromkeys(columns)), header, separator)


def _plain(words: str) -> str:
    """Return a column's name for the learner's words: `texts.append` is a text."""
    return words.partition(".")[0]


def table(layout: Layout, wanted: Wanted, group: str, count: int = ROWS) -> list[list[Any]]:
    """Return the rows of a table."""
    kinds = roles(layout.columns) | dict(layout.kinds)
    labels = {c: layout.labels or wanted.labels(c) for c, kind in kinds.items() if kind == "label"}
    rows = []
    for i, review in enumerate(reviews(group, count, wanted.min_freq)):
        # With more than two values, the two kinds share them: even ones the first kind, odd ones the second.
        spread = {c: values[(2 * (i // 2) + review.kind) % len(values)] for c, values in labels.items()}
        texts = {"text": review.text, "other": group, "number": i}
        rows.append([spread[c] if kinds[c] == "label" else texts[kinds[c]] for c in layout.columns])
    return rows


def write_table(path: Path, layout: Layout, wanted: Wanted, group: str) -> Path:
    """Write a table as comma- (or otherwise) separated values."""
    with path.open("w", encoding=layout.encoding, newline="") as file:
        writer = csv.writer(file, delimiter=layout.separator, lineterminator="\n")
        if layout.header:
            writer.writerow(layout.columns)
        writer.writerows(table(layout, wanted, group))
    return path


def write_json(path: Path, layout: Layout, wanted: Wanted, group: str, lines: bool) -> Path:
    """Write a table as JSON: one object per line, or one list of objects."""
    rows = [dict(zip(layout.columns, row, strict=True)) for row in table(layout, wanted, group)]
    text = "\n".join(json.dumps(row) for row in rows) + "\n" if lines else json.dumps(rows)
    path.write_text(text, encoding="utf-8")
    return path


def write_any(path: Path, name: str, wanted: Wanted) -> Path | None:
    """Write what a program opens by itself, guessed from the file's name; None where nothing can be guessed.

    - `reviews.txt` and `labels.txt`: one review or one label per line;
    - `pos.txt` and `neg.txt`: reviews of one kind;
    - `glove.6B.100d.txt`, `wiki.en.vec`: a word and its vector per line.
    """
    suffix, stem, group = Path(name).suffix.lower(), Path(name).stem.lower(), group_of(name)
    if is_vectors(name):
        return write_vectors(path, dimensions_of(name))
    separator = "\t" if suffix == ".tsv" or "\t" in wanted.separators else ","
    if suffix in {".json", ".jsonl", ".ndjson"}:
        if not wanted.columns:
            return None
        return write_json(path, layout_of_source(wanted), wanted, group, suffix != ".json")
    if suffix in {".csv", ".tsv"} or (
        suffix in {".txt", ".data", ""} and set(wanted.separators) & {"\t", ",", ";", "|"}
    ):
        separator = separator if suffix in {".csv", ".tsv"} else next(s for s in wanted.separators if s in "\t,;|")
        header = bool(wanted.columns) or wanted.skips_header or not (wanted.reads_rows or wanted.separators)
        return write_table(path, layout_of_source(wanted, header, separator), wanted, group)
    if suffix == ".txt":
        return _write_lines(path, stem, wanted, group)
    return None


def _write_lines(path: Path, stem: str, wanted: Wanted, group: str) -> Path:
    # Reviews and labels in two files belong together line by line: both come from the same group.
    both = group if group in {"train", "valid", "test"} else "rows"
    lines = reviews(both, ROWS, wanted.min_freq)
    kind = 1 if re.search(r"pos", stem) else 0 if re.search(r"neg", stem) else None
    if kind is not None:
        lines = [line for line in lines if line.kind == kind]
    labels = wanted.labels("label")
    is_labels = kind is None and (is_label(stem) and not is_text(stem))
    texts = [str(labels[line.kind]) if is_labels else line.text for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def is_vectors(name: str) -> bool:
    """Say whether a file is one of word vectors, by its name."""
    file = Path(name)
    known = re.search(r"glove|wiki|fasttext|word2vec|vectors|crawl", file.stem, re.IGNORECASE)
    return known is not None and file.suffix.lower() in {".txt", ".vec"}


def dimensions_of(name: str) -> int:
    """Return how long the vectors of a file are, by its name: `glove.6B.50d.txt`, `wiki-news-300d-1M.vec`."""
    found = re.search(r"(\d+)d\b|(\d+)d[-_.]", Path(name).name)
    if found:
        return int(found.group(1) or found.group(2))
    return 300 if re.search(r"wiki|fasttext|crawl|840B|42B|google|numberbatch", name, re.IGNORECASE) else _DIMENSIONS


def write_vectors(path: Path, dimensions: int) -> Path:
    """Write random vectors for the words of the made-up reviews, one word per line."""
    dice = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for word in vocabulary():
            numbers = " ".join(f"{dice.gauss(0, 0.4):.4f}" for _ in range(dimensions))
            file.write(f"{word.lower()} {numbers}\n")
    return path
