"""Measures `rnnlab step --no-pause`, started cold: the time to the first stage's panel, and to the end.

Run it with `python tests/benchmarks/walk.py [RUNS]`; three runs take about a minute. Each is a new process with an empty
cache; the figures come last, with the machine that they belong to.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version


def walk() -> tuple[float, float]:
    """Run one walk and return the seconds to its first stage and to its end."""
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "RNNLAB_CACHE": cache, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
        started = time.perf_counter()
        command = [sys.executable, "-m", "rnnlab", "step", "--no-pause"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=env) as process:
            assert process.stdout is not None
            first = 0.0
            for line in process.stdout:
                if not first and " 1 of 13 load " in line:
                    first = time.perf_counter() - started
        total = time.perf_counter() - started
    if process.returncode != 0 or not first:
        sys.exit(f"the walk ended with exit code {process.returncode}")
    return first, total


def main() -> None:
    """Run the walks and print their medians."""
    runs = []
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        runs.append(walk())
        print(f"run {number + 1}: first stage after {runs[-1][0]:.2f} s, all thirteen after {runs[-1][1]:.2f} s")
    first, total = (statistics.median(times) for times in zip(*runs, strict=True))
    print(f"median of {len(runs)}: first stage after {first:.2f} s, all thirteen after {total:.2f} s")
    print(
        f"on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {version('torch')}, {platform.system()}"
    )


if __name__ == "__main__":
    main()
