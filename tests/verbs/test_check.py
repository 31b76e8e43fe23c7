"""`rnnlab check` as people use it: exit codes, formats, choices, folders, records and models, and where it cannot look."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner, Result

import rnnlab
from rnnlab.cli import app
from rnnlab.record import Record
from rnnlab.verbs.programs import NothingToCheckError

BAD = """
    import torch
    from torch import nn
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(1)
    text = torch.randint(1, 60, (64, 12))
    label = (text[:, 0] > 30).long()
    loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(60, 8)
            self.rnn = nn.GRU(8, 16, batch_first=True)
            self.fc = nn.Linear(16, 2)

        def forward(self, text):
            output, hidden = self.rnn(self.embedding(text))
            return F.softmax(self.fc(hidden[-1]), dim=1)


    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for text, label in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
"""
SOFTMAX = "return F.softmax(self.fc(hidden[-1]), dim=1)"


def written(path: Path, text: str = BAD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return path


def check(*words: object) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, words)])


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return written(tmp_path / "train.py")


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "good.py", BAD.replace(SOFTMAX, "return self.fc(hidden[-1])"))


def test_a_finding_is_shown_at_its_line_with_the_reason_and_the_way_to_read_more(bad: Path) -> None:
    result = check(bad, "--reading")
    said = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "✗ mistake softmax_before_cross_entropy train.py:21:16" in said
    assert "^^^^^^^^" in said and "read in the source · rnnlab explain softmax_before_cross_entropy" in said


def test_nothing_found_ends_with_0_and_says_how_much_was_judged(good: Path) -> None:
    result = check(good, "--reading")
    assert result.exit_code == 0, result.output
    assert "could not look" in result.output and "clear" in result.output


def test_all_witnesses_agree_on_one_finding(bad: Path) -> None:
    result = check(bad, "--format", "json", "--select", "softmax_before_cross_entropy")
    (finding,) = json.loads(result.output)["findings"]
    assert result.exit_code == 1 and finding["seen_by"] == ["run", "source"] and finding["line"] == 21
    assert {fact["seen_by"] for fact in finding["evidence"]} == {"run", "source"}


def test_a_level_a_choice_and_a_comment_leave_findings_out(bad: Path) -> None:
    assert check(bad, "--reading", "--ignore", "loss").exit_code == 0
    assert check(bad, "--reading", "--select", "gradients_not_zeroed").exit_code == 0
    commented = bad.read_text(encoding="utf-8").replace(
        SOFTMAX, f"{SOFTMAX}  # rnnlab: ignore[softmax_before_cross_entropy]"
    )
    bad.write_text(commented, encoding="utf-8")
    assert check(bad, "--reading").exit_code == 0


def test_pyproject_says_it_for_a_project_and_the_command_line_wins(bad: Path) -> None:
    (bad.parent / "pyproject.toml").write_text('[tool.rnnlab]\nignore = ["loss"]\nreading = true\n', encoding="utf-8")
    assert check(bad).exit_code == 0
    assert check(bad, "--ignore", "vocab").exit_code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("def broken(:", "is not Python 3"), ("print 'old'", "is not Python 3"), ("x = 1", "nothing could be judged")],
)
def test_where_nothing_can_be_looked_at_it_ends_with_2(tmp_path: Path, text: str, said: str) -> None:
    result = check(written(tmp_path / "p.py", text), "--reading")
    assert result.exit_code == 2 and said in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.py"], "there is no nothing.py"),
        (["train.py", "--select", "softmax_befor_cross_entropy"], "near it: softmax_before_cross_entropy"),
        (["words.txt"], "neither a program"),
    ],
)
def test_bad_input_gets_one_sentence(bad: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bad.parent)
    Path("words.txt").write_text("x", encoding="utf-8")
    result = check(*words)
    assert result.exit_code == 2 and said in result.output and len(result.output.strip().splitlines()) == 1


def test_a_folder_is_checked_program_by_program(bad: Path, good: Path) -> None:
    result = check(bad.parent, "--reading", "--level", "mistake")
    assert result.exit_code == 1 and "2 programs: 1 mistake" in result.output
    told = json.loads(check(bad.parent, "--reading", "--format", "json").output)
    assert sorted(Path(one["program"]).name for one in told["programs"]) == ["good.py", "train.py"]
    statuses = {one["rule"]: one["status"] for one in told["outcomes"]}
    assert statuses["softmax_before_cross_entropy"] == "found" and statuses["gradients_not_zeroed"] == "clear"
    assert rnnlab.check(bad.parent, reading=True).of("softmax_before_cross_entropy").status == "found"


def test_a_record_and_a_model_are_checked_as_well(bad: Path, tmp_path: Path) -> None:
    class Padded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.rnn, self.fc = nn.Embedding(60, 8), nn.GRU(8, 16, batch_first=True), nn.Linear(16, 2)

        def forward(self, text: torch.Tensor) -> torch.Tensor:
            return self.fc(self.rnn(self.embedding(text))[1][-1])

    text = torch.randint(1, 60, (4, 7))
    record = rnnlab.trace(Padded(), text)
    path = record.save(tmp_path / "pass.rnnlab")
    assert rnnlab.check(record).of("gradients_not_zeroed").status == "unseen"
    assert str(rnnlab.check(path)) == str(rnnlab.check(Record.load(path)))
    assert "broke" not in {outcome.status for outcome in rnnlab.check(Padded()).outcomes}
    with pytest.raises(TypeError, match="takes a path, a record or a model"):
        rnnlab.check(7)
    with pytest.raises(NothingToCheckError):
        rnnlab.check(tmp_path / "nothing")


def test_a_dry_run_that_stops_is_said_and_the_source_still_speaks(bad: Path) -> None:
    bad.write_text("\nprint([].pop())\n" + bad.read_text(encoding="utf-8"), encoding="utf-8")
    result = check(bad, "--debug")
    said = " ".join(result.output.split())
    assert "the dry run stopped in line 2: IndexError" in said and "softmax_before_cross_entropy" in said
    assert "took: reading" in said and result.exit_code == 1


def test_a_program_of_several_files_is_one_program(tmp_path: Path) -> None:
    head, tail = textwrap.dedent(BAD).split("model = Classifier()")
    written(tmp_path / "net.py", head)
    written(tmp_path / "train.py", "from net import *\nmodel = Classifier()" + tail)
    result = check(tmp_path, "--reading", "--format", "json", "--select", "loss")
    (finding,) = json.loads(result.output)["findings"]
    assert Path(finding["file"]).name == "net.py" and finding["rule"] == "softmax_before_cross_entropy"
