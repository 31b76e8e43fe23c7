"""Measures the catalogue over folders of programs: precision, recall, what was unseen or broke, and how long it took.

    python tests/benchmarks/check.py                             # the corpus of this repository, its held-out part apart
    python tests/benchmarks/check.py FOLDER ... [--labels labels.json] [--reading] [--jobs 2] [--misses] [--only NAME]

Every file in a folder is a program, and so is every folder in it (a program of several files). What is wrong with one stands
in the programs themselves, as `# <- name_of_the_mistake` at the end of a line, or in a JSON file:

    {"train.py": [{"rule": "padding_read_as_last_step", "line": 41}],
     "project/": [{"rule": "gradients_not_zeroed", "file": "loop.py", "line": 12}],
     "lesson.ipynb": [{"rule": "softmax_before_cross_entropy", "cell": 7, "line": 3}], "clean.py": []}

Keys are paths below the folder, `file` (below a program's own folder), `cell` and `line` may be left out: then any place will
do. A finding is right when a label names its rule in its file (and cell), at most three lines away. Precision is the share of
right findings among all of a level; a finding that a program without any label for it gets counts as wrong. Recall is the
share of labels that were found, at any level; it is given for the rules whose own level is `mistake`, and for all.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CORPUS = HERE.parent / "programs" / "corpus"
MARK = re.compile(r"#\s*<-\s*([a-z_0-9]+(?:\s*,\s*[a-z_0-9]+)*)\s*$")
NEAR = 3


@dataclass
class Place:
    """Where something is wrong, or was found."""

    rule: str
    file: str = ""
    line: int = 0
    cell: int | None = None
    level: str = ""
    message: str = ""

    def fits(self, other: Place) -> bool:
        """Say whether a label speaks of a finding."""
        if self.rule != other.rule:
            return False
        if self.file and Path(self.file).name != Path(other.file).name:
            return False
        return not self.line or (self.cell == other.cell and abs(self.line - other.line) <= NEAR)

    def __str__(self) -> str:
        cell = f"#{self.cell}" if self.cell else ""
        return f"{self.rule} at {Path(self.file).name}{cell}:{self.line}"


@dataclass
class Seen:
    """What came of one program."""

    name: str
    labels: list[Place]
    found: list[Place] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    broke: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


# --- labels ---------------------------------------------------------------------------------------------------------


def marks_in(path: Path) -> list[Place]:
    """Return the marks in a program's file."""
    if path.suffix == ".ipynb":
        cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
        return [
            place for n, cell in enumerate(cells, 1) for place in _marks("".join(cell["source"]), path.name, n)
        ]  # fmt: skip
    return _marks(path.read_text(encoding="utf-8", errors="replace"), path.name, None)


def _marks(text: str, file: str, cell: int | None) -> list[Place]:
    found = []
    for n, line in enumerate(text.splitlines(), 1):
        if match := MARK.search(line):
            found += [Place(name.strip(), file, n, cell) for name in match[1].split(",")]
    return found


def labels_of(program: Path, folder: Path, labels: dict[str, Any] | None) -> list[Place]:
    """Return what is wrong with a program, from the labels' file or from its marks."""
    if labels is not None:
        name = program.relative_to(folder).as_posix()
        return [Place(**label) for label in labels.get(name, labels.get(f"{name}/", []))]
    files = [program] if program.is_file() else sorted(p for p in program.rglob("*") if p.suffix in {".py", ".ipynb"})
    return [place for file in files for place in marks_in(file)]


def programs_of(folder: Path) -> list[Path]:
    """Return the programs of a folder: files, and folders that hold any."""
    return [
        one
        for one in sorted(folder.iterdir())
        if one.suffix in {".py", ".ipynb"} or (one.is_dir() and any(one.rglob("*.py")) and one.name[0] not in "._")
    ]


# --- checking -------------------------------------------------------------------------------------------------------

_jail: Any = None


def look(program: Path, labels: list[Place], reading: bool) -> Seen:
    """Check one program, by all witnesses or by its source alone."""
    global _jail  # noqa: PLW0603  # one for each process of the pool
    from rnnlab.verbs.check import check_program, warm_jail
    from rnnlab.verbs.programs import programs_in

    if not reading and _jail is None:
        _jail = warm_jail()
    seen = Seen(program.name, labels)
    for path in programs_in(program):
        checked = check_program(path, None, None if reading else _jail)
        for name, seconds in checked.seconds.items():
            seen.seconds[name] = seen.seconds.get(name, 0.0) + seconds
        seen.troubles += checked.troubles
        for outcome in checked.report.outcomes:
            if outcome.status == "broke":
                seen.broke[outcome.rule.name] = outcome.why
            worst = {"found": 0, "broke": 1, "clear": 2, "unseen": 3, "": 4}
            before = seen.statuses.get(outcome.rule.name, "")
            if worst[outcome.status] < worst[before]:
                seen.statuses[outcome.rule.name] = outcome.status
            for one in outcome.findings:
                file, line = (one.place.file, one.place.line) if one.place else (str(path), 0)
                cell = one.place.cell if one.place else None
                place = Place(outcome.rule.name, file, line, cell, outcome.level(one), one.message)
                if not any(place.fits(known) and place.line == known.line for known in seen.found):
                    seen.found.append(place)
    return seen


# --- scoring --------------------------------------------------------------------------------------------------------


def score(title: str, results: list[Seen], misses: bool, only: str) -> None:
    """Print precision and recall of some programs, by rule and altogether."""
    from rnnlab.rules.kit import catalogue

    rules = catalogue()
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    at_level: dict[str, Counter[bool]] = defaultdict(Counter)
    hit: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    lines: list[str] = []
    for seen in results:
        for place in seen.found:
            fits = any(label.fits(place) for label in seen.labels)
            (right if fits else wrong)[place.rule] += 1
            at_level[place.level][fits] += 1
            if not fits and (not only or only in place.rule):
                lines.append(f"  wrong   {seen.name}: {place.level}: {place}: {place.message[:160]}")
        for label in seen.labels:
            got = any(label.fits(place) for place in seen.found)
            (hit if got else missed)[label.rule] += 1
            if not got and (not only or only in label.rule):
                status = seen.statuses.get(label.rule, "no such rule")
                lines.append(f"  missed  {seen.name}: {label} ({status})")
    print(f"\n=== {title}: {len(results)} programs, {sum(len(s.labels) for s in results)} labels")
    if misses:
        print(*sorted(lines), sep="\n")
    print(f"{'rule':44} {'level':8} {'right':>5} {'wrong':>5} {'found':>5} {'missed':>6}")
    for name in sorted({*right, *wrong, *hit, *missed}):
        if only and only not in name:
            continue
        level = rules[name].level if name in rules else "-"
        print(f"{name:44} {level:8} {right[name]:5} {wrong[name]:5} {hit[name]:5} {missed[name]:6}")
    for level in ("mistake", "risk", "habit"):
        yes, no = at_level[level][True], at_level[level][False]
        print(f"precision at {level:8} {_share(yes, yes + no)}  ({yes} of {yes + no})")
    certain = [name for name in {*hit, *missed} if name in rules and rules[name].level == "mistake"]
    for words, names in (("certain mistakes", certain), ("all labels", [*{*hit, *missed}])):
        yes, no = sum(hit[n] for n in names), sum(missed[n] for n in names)
        print(f"recall of {words:17} {_share(yes, yes + no)}  ({yes} of {yes + no})")
    statuses = Counter(status for seen in results for status in seen.statuses.values())
    print("outcomes:", ", ".join(f"{count:,} {status}" for status, count in statuses.most_common()))
    for seen in results:
        for name, why in seen.broke.items():
            print(f"  broke: {name} on {seen.name}: {why}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %" if whole else "    - "


def times(results: list[Seen]) -> None:
    """Print how long the witnesses took (the program's own imports are a part of its dry run), and the slowest programs."""
    for name in ("reading", "probing", "dry run", "imports", "judging"):
        own = [seen.seconds[name] for seen in results if name in seen.seconds]
        if own:
            print(
                f"{name:8}: median {statistics.median(own) * 1000:,.0f} ms, worst {max(own) * 1000:,.0f} ms a program"
            )
    slowest = sorted(results, key=lambda seen: -_all_seconds(seen))[:5]
    print("slowest:", ", ".join(f"{seen.name} {_all_seconds(seen):.1f} s" for seen in slowest))


def _all_seconds(seen: Seen) -> float:
    return sum(seconds for name, seconds in seen.seconds.items() if name != "imports")


def main() -> None:
    """Check the programs of some folders and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--labels", type=Path, help="a JSON file of labels instead of marks")
    parser.add_argument("--reading", action="store_true", help="look at the source alone")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--misses", action="store_true", help="list every wrong finding and every missed label")
    parser.add_argument("--only", default="", help="list the rules whose name holds this text alone")
    wished = parser.parse_args()
    labels = json.loads(wished.labels.read_text(encoding="utf-8")) if wished.labels else None
    folders = wished.folders or [
        CORPUS / "clean",
        CORPUS / "broken_data",
        CORPUS / "broken_training",
        CORPUS / "held_out" / "clean",
        CORPUS / "held_out" / "broken",
    ]
    began, everything = time.perf_counter(), []
    for folder in folders:
        jobs = [(program, labels_of(program, folder, labels), wished.reading) for program in programs_of(folder)]
        with ProcessPoolExecutor(wished.jobs) as pool:
            results = list(pool.map(look, *zip(*jobs, strict=True))) if jobs else []
        score("/".join(folder.parts[-2:]), results, wished.misses, wished.only)
        everything += results
    print()
    times(everything)
    print(
        f"{len(everything)} programs in {time.perf_counter() - began:.0f} s with {wished.jobs} processes",
        file=sys.stdout,
    )


if __name__ == "__main__":
    main()
