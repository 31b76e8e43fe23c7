"""The commands: what they show, what they refuse, and what they do not import."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rnnlab import cli
from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.stages import STAGE_NAMES, STAGES

SMALL = ["--emb", "4", "--hid", "6", "--vocabulary", "200", "--batch", "16", "--epochs", "1"]


def run(*arguments: str | Path, read: str = ""):
    """Run a command in this process; nothing but an exit may leave it."""
    done = CliRunner().invoke(cli.app, [str(one) for one in arguments], input=read)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def child(*arguments: str | Path, code: str = "", **env: str) -> subprocess.CompletedProcess:
    """Run `python -m rnnlab` (or a piece of code) in a process of its own, with pipes for a terminal."""
    how = ["-c", code] if code else ["-m", "rnnlab"]
    return subprocess.run(
        [sys.executable, *how, *map(str, arguments)],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
    )


def refused(*arguments: str | Path) -> str:
    """The one sentence on stderr with which a command is refused."""
    done = run(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.startswith("rnnlab: ") and done.stderr.count("\n") == 1 and done.stderr.endswith(".\n")
    return done.stderr


def titles(output: str) -> list[str]:
    return re.findall(r"╭─  (\d+ of 13 \w+) ·", output)


def panels(output: str) -> list[str]:
    """The thirteen panels of a walk, as they stand between their corners."""
    return re.findall(r"^╭─  \d+ of 13 .*?^╰─.*?$", output, flags=re.MULTILINE | re.DOTALL)


ALL = [f"{stage.number} of 13 {stage.name}" for stage in STAGES]


@pytest.fixture(scope="module")
def walked(small_csv, tmp_path_factory):
    """A finished walk of small widths: its output and its record."""
    path = tmp_path_factory.mktemp("walk") / "walk.rnnlab"
    done = run("step", "--no-pause", "--csv", small_csv, "--save", path, *SMALL)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout, path


# --- help ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ([], ["step", "train", "predict", "explain", "data"]),
        (
            ["step"],
            "--csv --text --label --limit --padded --rnn --epochs --batch --emb --hid --vocabulary --learning-rate "
            "--seed --device --remove-breaks --sentence --quiz --no-pause --save".split(),
        ),
        (
            ["train"],
            "--csv --text --label --limit --out --resume --recipe --epochs --padded --unbucketed --loader --precision "
            "--checkpoint-seconds --device --seed".split(),
        ),
        (["predict"], ["RUN", "TEXTS"]),
        (["explain"], ["NAME"]),
        (["data"], ["imdb"]),
        (["data", "imdb"], ["--archive", "--to"]),
    ],
)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_option(command, names, flag):
    done = run(*command, flag)
    assert done.exit_code == 0 and done.stderr == ""
    for name in names:
        assert name.lower() in done.stdout.lower()


@pytest.mark.parametrize("command", [[], ["data"]])
def test_a_command_alone_shows_its_help(command):
    assert "Usage" in run(*command).output


# --- what is not imported ------------------------------------------------------------------------------------------

WITHOUT_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchtext", "spacy", "pandas"}:
            raise ImportError(f"{name} was imported")
sys.meta_path.insert(0, Refuse())
from rnnlab.cli import main
main()
"""


def test_help_explain_and_replay_never_import_torch(walked):
    rule = next(iter(catalogue()))
    for arguments in (
        ["--help"],
        ["step", "--help"],
        ["train", "--help"],
        ["predict", "--help"],
        ["explain"],
        ["explain", rule],
        ["step", walked[1]],
    ):
        done = child(*arguments, code=WITHOUT_TORCH)
        assert (done.returncode, done.stderr) == (0, ""), arguments


def test_this_check_can_fail():
    done = child("step", "--no-pause", code=WITHOUT_TORCH)
    assert done.returncode != 0 and "was imported" in done.stderr


def test_importing_rnnlab_imports_nothing_heavy():
    code = (
        "import sys, rnnlab, rnnlab.cli; print(sorted({'torch', 'spacy', 'pandas', 'numpy', 'rich'} & {*sys.modules}))"
    )
    assert child(code=code).stdout.strip() in {"[]", "['rich']"}


def catalogue():
    from rnnlab.rules.kit import catalogue

    return catalogue()


# --- the walk ------------------------------------------------------------------------------------------------------


def test_a_walk_shows_the_thirteen_stages_in_their_order(walked):
    assert titles(walked[0]) == ALL
    assert walked[0].rstrip().endswith(f"the record is kept: rnnlab step {walked[1]}".split("/")[-1])


def test_a_walk_shows_the_shapes_with_their_axes(walked):
    found = dict(zip(STAGE_NAMES, panels(walked[0]), strict=True))
    assert "(400 rows, 2 columns)" in found["load"]
    assert "batch=16" in found["batch"] and "seq_len=" in found["batch"]
    assert "emb=4" in found["embed"]
    assert "hid=6" in found["rnn"]
    assert "(batch=16, hid=6)" in found["squeeze"]
    assert "(batch=16, classes=2)" in found["head"]
    assert "0.6931" in found["loss"]
    assert "1 of 1 epochs" in found["train"]
    assert "wonderful" in found["predict"]


def test_a_saved_walk_is_replayed_with_the_same_panels(walked):
    done = run("step", walked[1], "--no-pause")
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(panels(walked[0])) == 13
    assert panels(done.stdout) == panels(walked[0])


def test_without_a_terminal_nothing_waits(walked):
    done = child("step", walked[1])
    assert (done.returncode, done.stderr) == (0, "")
    assert titles(done.stdout) == ALL and "Enter next" not in done.stdout


def test_with_pause_the_learner_goes_back_jumps_and_quits(walked):
    done = run("step", walked[1], "--pause", read="\nb\n7\n?\nnowhere\nq\n")
    assert done.exit_code == 0
    assert [title.split()[-1] for title in titles(done.stdout)] == ["load", "tokenize", "load", "rnn"]
    assert "? rnn" in done.stdout and "no stage is called 'nowhere'" in done.stdout


def test_where_the_answers_end_the_walk_goes_on_to_its_end(walked):
    assert titles(run("step", walked[1], "--pause", read="\n").stdout) == ALL


def test_the_quiz_keeps_the_score_of_piped_answers(walked):
    done = run("step", walked[1], "--no-pause", "--quiz", read="1 2 3\n-\nbatch hid\n")
    assert done.exit_code == 0
    assert titles(done.stdout) == ALL
    assert "score 0/1" in done.stdout
    assert re.search(r"quiz: [01] of 2 shapes right", done.stdout)


def test_right_answers_of_the_quiz_count(walked):
    asked = run("step", walked[1], "--no-pause", "--quiz", read="1\n" * 20)
    rights = re.findall(r"it is: +\((.*?)\)", asked.stdout) or re.findall(r"it is: .*?\((.*?)\)", asked.stdout)
    answers = [" ".join(re.findall(r"\d+", right)) for right in rights]
    assert len(answers) >= 4
    done = run("step", walked[1], "--no-pause", "--quiz", read="\n".join(answers) + "\n")
    assert f"quiz: {len(answers)} of {len(answers)} shapes right" in done.stdout


def test_other_columns_classes_and_a_gzip_file_are_walked_too(tmp_path):
    rows = "".join(f"{i},{('bad', 'good', 'so so')[i % 3]},film number {i} was so\n" for i in range(90))
    path = tmp_path / "three.csv.gz"
    path.write_bytes(gzip.compress(f"id,stars,what they wrote\n{rows}".encode()))
    options = ["--text", "what they wrote", "--label", "stars", "--rnn", "gru", "--padded", "--remove-breaks"]
    done = run("step", "--no-pause", "--csv", path, *options, *SMALL)
    assert (done.exit_code, done.stderr) == (0, "")
    assert titles(done.stdout) == ALL and "classes=3" in done.stdout and "'so so'" in done.stdout


def test_an_output_that_is_closed_early_is_no_traceback(walked):
    with subprocess.Popen(
        [sys.executable, "-m", "rnnlab", "step", str(walked[1])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_a_walk_that_was_not_saved_is_kept_in_the_cache(small_csv, own_cache):
    assert run("step", "--no-pause", "--csv", small_csv, "--limit", "60", *SMALL).exit_code == 0
    record = Record.load(own_cache / "walks" / "last.rnnlab")
    # The whole file was read, then the first rows of it were taken.
    assert [table.counts["rows"] for table in record.ask(Data, what="table")][-1] == 60


# --- what is refused -----------------------------------------------------------------------------------------------


def test_a_wrong_path_is_refused(tmp_path):
    assert "There is no file" in refused("step", "--csv", tmp_path / "nowhere.csv")
    assert "there is no file" in refused("step", tmp_path / "nowhere.rnnlab")


def test_a_wrong_column_is_refused_with_those_there_are(small_csv):
    assert "it has 'review', 'sentiment'" in refused("step", "--csv", small_csv, "--label", "stars")


def test_a_table_given_as_a_record_is_pointed_to_the_option(small_csv):
    assert "for a table of reviews, use --csv" in refused("step", small_csv)


def test_a_folder_is_neither_a_record_nor_a_table(tmp_path):
    assert "neither a program nor a record" in refused("step", tmp_path)
    assert "is a folder" in refused("step", "--csv", tmp_path)


def test_a_damaged_record_is_refused(walked, tmp_path):
    lines = walked[1].read_bytes().splitlines(keepends=True)
    path = tmp_path / "damaged.rnnlab"
    path.write_bytes(b"".join([*lines[:3], b"{broken\n", *lines[3:]]))
    assert "cannot be read" in refused("step", path)
    path.write_bytes(b'{"fact":"header"')
    assert "is not a record" in refused("step", path)


def test_a_record_and_a_table_are_not_walked_together(walked, small_csv, tmp_path):
    assert "leave --csv out" in refused("step", walked[1], "--csv", small_csv)
    assert "leave --save out" in refused("step", walked[1], "--save", tmp_path / "copy.rnnlab")


def test_a_record_is_never_kept_where_it_cannot_or_must_not_be(walked, small_csv, tmp_path):
    before = walked[1].read_bytes()
    assert "make it first" in refused("step", "--csv", small_csv, "--save", tmp_path / "no" / "walk.rnnlab")
    assert "is there already" in refused("step", "--csv", small_csv, "--save", walked[1])
    assert "is there already" in refused("step", "--csv", small_csv, "--save", tmp_path)
    assert walked[1].read_bytes() == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that refuses every new file")
def test_a_record_that_cannot_be_written_is_refused(small_csv):
    assert "/proc/walk.rnnlab cannot be used" in refused("step", "--csv", small_csv, "--save", "/proc/walk.rnnlab")


def test_a_refused_table_leaves_no_empty_record_behind(tmp_path):
    for _ in range(2):
        refused("step", "--csv", tmp_path / "nowhere.csv", "--save", tmp_path / "walk.rnnlab")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("device", ["gpu", "cpu:1", "cuda:99", ""])
def test_a_device_that_is_not_there_is_refused_before_anything_runs(small_csv, tmp_path, device):
    path = tmp_path / "walk.rnnlab"
    done = run("step", "--no-pause", "--csv", small_csv, "--device", device, "--save", path, *SMALL)
    assert done.exit_code == 2
    assert re.fullmatch(rf"rnnlab: there is no device '{device}' here; there is .*cpu\.\n", done.stderr)
    assert done.stdout == "" and not path.exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--epochs", "0"),
        ("--batch", "0"),
        ("--limit", "-1"),
        ("--hid", "many"),
        ("--learning-rate", "-1"),
        ("--seed", "99999999999999999999"),
        ("--rnn", "transformer"),
    ],
)
def test_a_number_out_of_range_is_refused_at_once(option, value):
    done = run("step", "--no-pause", option, value)
    assert done.exit_code == 2 and done.stdout == ""
    assert f"Invalid value for '{option}'" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("sentence", ["", "  ", "\n"])
def test_an_empty_sentence_is_refused_before_anything_is_trained(sentence):
    assert "--sentence is empty" in refused("step", "--no-pause", "--sentence", sentence)


def test_a_sentence_that_is_not_utf_8_is_refused():
    assert "write it in UTF-8" in refused("step", "--no-pause", "--sentence", "caf\udce9")


def test_widths_that_no_memory_holds_are_refused(monkeypatch, small_csv):
    def too_much(*_, **__):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate much")

    monkeypatch.setattr("rnnlab.verbs.step.step_walk", too_much)
    assert "not enough memory" in refused("step", "--no-pause", "--csv", small_csv, "--hid", "1000000000")


def test_an_error_of_ours_is_not_hidden(monkeypatch, small_csv):
    def broken(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr("rnnlab.verbs.step.step_walk", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        run("step", "--no-pause", "--csv", small_csv)


def test_a_tokenizing_process_that_ends_early_is_reported(monkeypatch, small_csv):
    def dies(*_):
        raise ChildProcessError("A tokenizing process has ended early; run the command again.")

    monkeypatch.setattr("rnnlab.pipeline.tokenize._cut", dies)
    monkeypatch.setattr("rnnlab.pipeline.tokenize._read_cache", lambda *_: None)
    done = run("step", "--no-pause", "--csv", small_csv)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "ended early" in done.stderr


# --- explain and data ----------------------------------------------------------------------------------------------


def test_explain_lists_all_mistakes_and_shows_each_ones_page():
    listed = run("explain").stdout
    for name in catalogue():
        assert name in listed
        done = run("explain", name)
        assert (done.exit_code, done.stderr) == (0, "")
        assert name in done.stdout and "Fix" in done.stdout


def test_a_part_of_a_name_is_enough_where_it_fits_one():
    assert run("explain", "HTML").exit_code == 0


def test_an_unknown_mistake_is_refused_with_those_there_are():
    message = refused("explain", "nothing_wrong")
    assert "no mistake is called 'nothing_wrong'" in message and "padding_read_as_last_step" in message


def test_a_part_of_several_names_is_refused_with_them():
    assert "several mistakes are called 'a'" in refused("explain", "a")


def test_an_archive_that_is_not_there_is_refused(tmp_path):
    done = run("data", "imdb", "--archive", tmp_path / "nowhere.tar.gz", "--to", tmp_path)
    assert done.exit_code == 2
    assert done.stderr.startswith("rnnlab: ") and "is not a file" in done.stderr


# --- as a process --------------------------------------------------------------------------------------------------


def test_python_m_rnnlab_is_the_command():
    done = child("--help")
    assert done.returncode == 0 and "Usage: " in done.stdout and "step" in done.stdout


def test_a_refusal_is_one_sentence_and_exit_code_2_in_a_real_process(tmp_path):
    done = child("step", "--csv", tmp_path / "nowhere.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rnnlab: There is no file") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_utf_8_is_no_traceback(walked, encoding):
    done = subprocess.run(
        [sys.executable, "-m", "rnnlab", "step", str(walked[1])],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert b"Traceback" not in done.stderr and done.returncode == 0
