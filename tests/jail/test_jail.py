"""A job answers, or it is said why not; whatever it does, it ends, and nothing of it stays."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnlab.jail import Jail, Limits

FOLDER = Path(__file__).parent
SHORT = Limits(wall_seconds=1.0)

posix = pytest.mark.skipif(os.name != "posix", reason="limits of the system")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")


@pytest.fixture(scope="module", params=["warm", "new process"])
def jail(request: pytest.FixtureRequest) -> Iterator[Jail]:
    warm = request.param == "warm"
    if warm and not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    with Jail(["torch"] if warm else [], folders=[FOLDER], warm=warm) as jail:
        yield jail


def test_a_job_returns_its_value(jail: Jail) -> None:
    result = jail.run("jobs.double", number=21)
    assert result.finished and result.value == 42


def test_jobs_follow_each_other(jail: Jail) -> None:
    assert [jail.run("jobs.double", number=n).value for n in range(4)] == [0, 2, 4, 6]


def test_what_a_job_prints_is_kept_beside_its_value(jail: Jail) -> None:
    result = jail.run("jobs.talk", text="Grüße")
    assert result.value == 1 and result.said == "Grüße\n"


def test_an_exception_is_a_crash_with_its_name(jail: Jail) -> None:
    result = jail.run("jobs.fail", message="no such size")
    assert (result.status, result.error, result.why) == ("crashed", "ValueError", "ValueError: no such size")


def test_a_function_that_is_not_there_is_a_crash(jail: Jail) -> None:
    assert jail.run("jobs.nothing").error == "AttributeError"
    assert jail.run("no_such_room.function").error == "ModuleNotFoundError"


def test_leaving_without_an_answer_is_a_crash(jail: Jail) -> None:
    result = jail.run("jobs.leave", status=0)
    assert result.status == "crashed" and "without an answer" in result.why


@posix
def test_an_abort_is_a_crash_with_its_signal(jail: Jail) -> None:
    result = jail.run("jobs.die")
    assert result.status == "crashed" and "SIGABRT" in result.why


def test_a_job_that_sleeps_is_ended(jail: Jail) -> None:
    result = jail.run("jobs.sleep", SHORT)
    assert result.status == "took too long" and "1 seconds" in result.why


@posix
def test_a_job_that_computes_is_ended_by_its_own_time(jail: Jail) -> None:
    result = jail.run("jobs.compute", Limits(cpu_seconds=1, wall_seconds=60))
    assert result.status == "took too long" and "computed" in result.why


@linux
def test_a_job_that_wants_more_memory_does_not_get_it(jail: Jail) -> None:
    small = Limits(memory=256 << 20)
    assert jail.run("jobs.take", small, mebibytes=32).value == 32 << 20
    assert jail.run("jobs.take", small, mebibytes=1024).status == "used too much memory"


@linux
def test_memory_of_torch_counts_as_well() -> None:
    with Jail(["torch"], folders=[FOLDER]) as jail:
        small = Limits(memory=256 << 20)
        assert jail.run("jobs.take_in_torch", small, mebibytes=32).value == 32 << 18
        assert jail.run("jobs.take_in_torch", small, mebibytes=2048).status == "used too much memory"


def test_a_job_that_prints_without_end_is_ended(jail: Jail) -> None:
    result = jail.run("jobs.talk", Limits(output=10_000), text="again", times=10_000_000)
    assert result.status == "said too much" and len(result.said) <= 10_000


def test_an_answer_may_be_too_long(jail: Jail) -> None:
    assert jail.run("jobs.answer_at_length", Limits(output=1000), letters=5000).status == "said too much"
    assert jail.run("jobs.answer_at_length", Limits(output=100_000), letters=5000).finished


@posix
def test_a_file_cannot_grow_past_the_limit(jail: Jail) -> None:
    assert jail.run("jobs.write", Limits(output=1000), size=5000).error == "OSError"


@posix
def test_what_a_job_started_ends_with_it(jail: Jail, tmp_path: Path) -> None:
    note = tmp_path / "number"
    assert jail.run("jobs.start_another", Limits(wall_seconds=3), path=str(note)).status == "took too long"
    number = int(note.read_text(encoding="utf-8"))
    for _ in range(200):
        if not _runs(number):
            return
        time.sleep(0.05)
    pytest.fail("the process that the job started still runs")


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)
        state = Path(f"/proc/{number}/stat")
        return not state.exists() or state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_job_sees_an_empty_folder_of_its_own_and_no_secret(jail: Jail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "do not tell")
    with Jail(folders=[FOLDER], warm=jail.is_warm) as fresh:
        first, second = fresh.run("jobs.surroundings").value, fresh.run("jobs.surroundings").value
    assert first["folder"] != second["folder"] and not Path(first["folder"]).exists()
    assert first["files"] == second["files"] == ["left_behind.txt"] and first["input"] == ""
    assert "do not tell" not in str(first) and first["environment"]["HOME"].endswith("work")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_warm_process_has_imported_what_it_was_told() -> None:
    with Jail(["torch"], folders=[FOLDER], warm=True) as jail:
        assert jail.run("jobs.imported", name="torch").value is True
        assert jail.run("jobs.number_of_torch", size=400).value == 400**3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_warm_process_that_was_killed_is_started_again() -> None:
    with Jail(folders=[FOLDER], warm=True) as jail:
        assert jail.run("jobs.double", number=1).value == 2
        assert jail._process is not None
        jail._process.kill()
        jail._process.wait()
        assert jail.run("jobs.double", number=2).value == 4


@posix
def test_closing_a_jail_ends_the_job_that_runs(tmp_path: Path) -> None:
    """The owner may be killed: the warm process sees its pipe close."""
    import subprocess

    note = tmp_path / "number"
    code = (
        f"import sys; sys.path.insert(0, {str(FOLDER.parent.parent)!r})\n"
        "from pathlib import Path\nfrom rnnlab.jail import Jail, Limits\n"
        f"Jail(folders=[Path({str(FOLDER)!r})], warm=True).run('jobs.start_another', Limits(wall_seconds=60), path={str(note)!r})"
    )
    owner = subprocess.Popen([sys.executable, "-c", code])
    for _ in range(600):
        if note.exists() and note.read_text(encoding="utf-8"):
            break
        time.sleep(0.05)
    owner.kill()
    owner.wait()
    number = int(note.read_text(encoding="utf-8"))
    for _ in range(200):
        if not _runs(number):
            return
        time.sleep(0.05)
    pytest.fail("the job outlived its owner")


def test_a_job_runs_beside_another_one() -> None:
    import threading
    import time

    with Jail(warm=True) as jail:
        jail.run("time.time")
        began = time.monotonic()
        first = threading.Thread(target=lambda: jail.run("jobs_that_wait.none"))
        first.start()
        assert jail.run("time.time", beside=True).finished
        first.join()
        sleeping = threading.Thread(target=lambda: jail.run("time.sleep", secs=1))
        sleeping.start()
        assert jail.run("time.time", beside=True).finished
        assert time.monotonic() - began < 30
        sleeping.join()
