"""Reads and judges every Python file of a folder, whatever it is: `python tests/benchmarks/any_files.py [FOLDER] [--every 10]`.

Without a folder: the installed packages of this Python. Prints what failed inside, which rules broke, what was found (nothing
should be, but in programs that train), and the files whose reading took longest.
"""

from __future__ import annotations

import argparse
import statistics
import sysconfig
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple


class Looked(NamedTuple):
    """What came of one file: seconds of reading and of judging, what failed, what was found at level `mistake`."""

    path: Path
    reading: float
    judging: float
    failed: tuple[str, ...]
    found: tuple[str, ...]


def look(path: Path) -> Looked:
    """Read and judge one file."""
    from rnnlab.facts import Gap
    from rnnlab.report import judge
    from rnnlab.rules.kit import catalogue
    from rnnlab.verbs.check import read_program

    begin = time.perf_counter()
    record = read_program(path)
    middle = time.perf_counter()
    report = judge(record, list(catalogue().values()))
    end = time.perf_counter()
    failed = [gap.why for gap in record.ask(Gap, what="reading")]
    failed += [f"{one.rule.name}: {one.why}" for one in report.outcomes if one.status == "broke"]
    found = [one.rule.name for one in report.outcomes for finding in one.findings if one.level(finding) == "mistake"]
    return Looked(path, middle - begin, end - middle, tuple(failed), tuple(found))


def main() -> None:
    """Look at all files and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_path("purelib")))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="take one of so many files")
    wished = parser.parse_args()
    paths = sorted(wished.folder.rglob("*.py"))[:: wished.every]
    with ProcessPoolExecutor(wished.jobs) as pool:
        looked = list(pool.map(look, paths, chunksize=16))
    for one in looked:
        for why in one.failed:
            print(f"failed: {one.path}: {why}")
    found = Counter(name for one in looked for name in one.found)
    print("found:", ", ".join(f"{name} {count}" for name, count in found.most_common()) or "nothing")
    for one in sorted(looked, key=lambda one: -one.reading)[:5]:
        print(f"slowest: {one.path}: reading {one.reading:.2f} s, judging {one.judging:.2f} s")
    over = sum(one.reading > 2 for one in looked)
    median = statistics.median(one.reading for one in looked) * 1000
    failures = sum(len(one.failed) for one in looked)
    print(f"{len(looked):,} files: {failures} failures, {over} over 2 s, median {median:.0f} ms")


if __name__ == "__main__":
    main()
