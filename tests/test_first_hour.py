"""What a new user stumbles over in the first hour: seeds, slips of the finger, wrong options, half of the inspectors."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rnnlab import judge
from rnnlab.cli import app
from rnnlab.pipeline.load import load


def test_a_seed_set_before_rnnlab_is_imported_keeps_its_meaning() -> None:
    program = (
        "import random; random.seed(5); before = random.getstate()\n"
        "from rnnlab import inspectors; import rnnlab\n"
        "rnnlab.inspect([['a', 'review'], ['two']])\n"
        "with inspectors.squeeze(): pass\n"
        "print(random.getstate() == before)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"


def test_printing_leaves_the_random_state_alone() -> None:
    from rich.text import Text

    from rnnlab.views import terminal

    random.seed(7)
    before = random.getstate()
    terminal.console(quiet=True).print(Text("linked", style="link https://example.org"))
    assert random.getstate() == before


def test_a_vocabulary_of_a_dataset_that_nobody_saw_split_is_not_called_clear() -> None:
    from torchtext.data import Dataset, Example, Field, LabelField

    from rnnlab.watching.watch import Watch, new_record

    text, label = Field(), LabelField()
    fields = [("text", text), ("label", label)]
    record = new_record()
    with Watch(record).looking():
        everything = Dataset([Example.fromlist([f"review {i}", str(i % 2)], fields) for i in range(20)], fields)
        text.build_vocab(everything)
    assert judge(record).of("vocabulary_saw_the_test_set").status == "unseen"


def test_judging_something_else_than_a_record_says_what_is_wanted() -> None:
    with pytest.raises(TypeError, match="takes a Record"):
        judge("walk.rnnlab")  # type: ignore[arg-type]


def test_a_report_prints_as_text_and_names_the_reasons() -> None:
    from rnnlab.watching.watch import new_record

    printed = str(judge(new_record()))
    assert "unseen: padding_read_as_last_step (the program ran no RNN)" in printed


def test_copies_can_be_dropped_and_are_counted() -> None:
    table = load(drop_copies=True)
    assert not table["review"].duplicated().any()
    assert table.attrs["dropped"]["copy of another review"] == len(load()) - len(table) > 10


def test_training_twice_tells_the_losses_of_each_time() -> None:
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    from rnnlab.facts import Data
    from rnnlab.watching.watch import Watch, new_record

    torch.manual_seed(1)
    loader = DataLoader(TensorDataset(torch.randn(12, 3), torch.randint(0, 2, (12,))), batch_size=4)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses: list[float] = []

    def train() -> None:
        for features, labels in loader:
            loss = nn.functional.cross_entropy(model(features), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

    record = new_record()
    with Watch(record).looking():
        train()
        train()
    told = [(fact.counts["first_loss"], fact.counts["last_loss"]) for fact in record.ask(Data, what="training pass")]
    assert told == [(losses[0], losses[2]), (losses[3], losses[5])]


def test_a_batch_of_plain_tensors_is_shown() -> None:
    import torch
    from torch.utils.data import DataLoader

    from rnnlab.facts import Data
    from rnnlab.watching.watch import Watch, new_record

    def collate(rows: list[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor]:
        padded = nn_utils.pad_sequence([torch.tensor(ids) for ids, _ in rows], batch_first=True)
        return padded, torch.tensor([label for _, label in rows])

    from torch.nn.utils import rnn as nn_utils

    record = new_record()
    with Watch(record).looking():
        for _ in DataLoader([([1, 2, 3], 0), ([4], 1)], batch_size=2, collate_fn=collate):
            pass
    batch = record.first(Data, what="batch")
    assert batch is not None
    assert batch.samples["0"] == {"shape": [2, 3], "axes": ["batch", "seq_len"], "dtype": "int64"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--text", "comment"], "--text names a column of your own file"),
        (["--device", "gpu"], "there is no device 'gpu' here"),
    ],
)
def test_an_option_that_cannot_work_is_refused_at_once(words: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["step", "--no-pause", *words])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "1 of 13" not in result.stdout


def test_an_option_beside_a_record_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["step", str(tmp_path / "walk.rnnlab"), "--epochs", "3"])
    assert result.exit_code == 2
    assert "leave --epochs out" in result.stderr


def test_a_record_without_a_row_says_so(tmp_path: Path) -> None:
    from rnnlab.record import Record

    path = Record().save(tmp_path / "empty.rnnlab")
    result = CliRunner().invoke(app, ["step", str(path)])
    assert "holds no row" in result.stdout


def test_a_semicolon_between_columns_is_suspected(tmp_path: Path) -> None:
    path = tmp_path / "semi.csv"
    path.write_text("id;review;sentiment\n" + "1;good, really good, very;1\n" * 30, encoding="utf-8")
    result = CliRunner().invoke(app, ["step", "--csv", str(path)])
    assert result.exit_code == 2
    assert ";" in result.stderr
