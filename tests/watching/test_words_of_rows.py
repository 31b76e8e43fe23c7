"""What a row is called: variables, items of lists, and what a line makes itself; never a number that stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from followed import follow

from rnnlab.facts import Call, Scope, ValueNote
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.verbs.program import run_program
from rnnlab.views.words import clause


def names(record: Record, what: str) -> list[list[str]]:
    return [[item.name for item in call.inputs] for call in record.ask(Call, what=what)]


def test_tensors_of_a_list_are_named_by_their_place_in_it(tmp_path: Path) -> None:
    program = """
        import torch
        from torch.nn.utils.rnn import pad_sequence
        ids = [torch.ones(3), torch.ones(2)]
        a = pad_sequence(ids, batch_first=True, padding_value=0)
        b = torch.stack([ids[0], ids[0]], dim=1)
        c = torch.cat([torch.ones(2), torch.zeros(3)], 0)
        d = torch.stack([x + 1 for x in ids[:1]], dim=0)
    """
    record, _ = follow(tmp_path, program)
    assert names(record, "pad_sequence") == [["ids[0]", "ids[1]"]]
    assert names(record, "stack")[0] == ["ids[0]", "ids[0]"]
    assert names(record, "cat") == [["torch.ones(2)", "torch.zeros(3)"]]
    assert names(record, "stack")[1] == ["[x + 1 for x in ids[:1]]"]


def test_moving_a_model_is_no_row_and_names_no_variable(tmp_path: Path) -> None:
    program = """
        import torch
        from torch import nn
        model = nn.LSTM(4, 3).to(torch.device("cpu"))
        model.to("cpu").double().float()
        model.load_state_dict(model.state_dict())
        loss = nn.CrossEntropyLoss().to("cpu")
        x = torch.ones(2).to("cpu")
    """
    record, _ = follow(tmp_path, program)
    assert [call.binds for call in record.ask(Call, what="to")] == [("x",)]
    assert not [call for call in record.ask(Call) if "model" in call.binds]


def test_what_is_added_is_not_the_sum(tmp_path: Path) -> None:
    program = """
        import torch
        total, both = 0.0, torch.zeros(2)
        total += torch.ones(1).item()
        both += torch.ones(2)
    """
    record, _ = follow(tmp_path, program)
    assert [call.binds for call in record.ask(Call, what="item")] == [()]
    assert [call.binds for call in record.ask(Call, what="arithmetic")] == [("both",)]


@pytest.mark.parametrize(
    ("index", "another"), [("[-1]", False), ("[-2, :, :]", False), ("[t]", True), ("[t - 1]", True)]
)
def test_only_an_index_that_changes_is_another_one_each_time(tmp_path: Path, index: str, another: bool) -> None:
    program = f"""
        import torch
        from torch import nn
        class Model(nn.Module):
            def forward(self, h):
                for t in range(3):
                    top = h{index}
                return top
        Model()(torch.zeros(4, 2, 5))
    """
    record, _ = follow(tmp_path, program)
    (call,) = record.ask(Call, what="index")
    assert call.times == 3 and ("another one each time" in clause(call)) == another


def test_a_call_that_failed_gave_nothing(tmp_path: Path) -> None:
    program = """
        from torch import nn
        class Model(nn.Module):
            def forward(self, x):
                return x.nothing
        def use(x):
            return Model()(x)
        try:
            use(1)
        except AttributeError:
            pass
        def fine(): return None
        fine()
    """
    record, _ = follow(tmp_path, program)
    ends = [(one.function, one.output) for one in record.ask(Scope) if one.phase == "out"]
    assert ends == [("fine", ValueNote("NoneType", "None"))]


def test_a_notebook_runs_bridged_without_being_watched(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import json

    cell = {
        "cell_type": "code",
        "source": "def f(x):\n    return x + 1\nfor i in range(2):\n    print(f(i))",
        "metadata": {},
    }
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}), encoding="utf-8")
    assert run_program(path, watch=False, save=tmp_path / "r.rnnlab").status == 0
    assert capfd.readouterr().out == "1\n2\n"


SPLIT = """
    import torch
    from torch.utils.data import DataLoader, Dataset, random_split
    rows = [({row}, i % 2) for i in range(40)]
    class Reviews(Dataset):
        def __init__(self): self.rows = rows
        def __len__(self): return len(self.rows)
        def __getitem__(self, i): return self.rows[i]
    train, test = random_split(Reviews(), [30, 10], generator=torch.Generator().manual_seed(1))
"""


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ("f'a film number {i % 4}'.split()", "found"),
        ("f'a film number {i % 4}'", "found"),
        ("f'a film number {i}'.split()", "clear"),
        ("[i % 4, 2, 3]", "unseen"),
    ],
)
def test_copies_are_found_in_rows_of_words_and_unseen_in_rows_of_ids(tmp_path: Path, row: str, status: str) -> None:
    record, _ = follow(tmp_path, SPLIT.replace("{row}", row))
    outcome = judge(record).of("same_review_in_two_splits")
    assert outcome.status == status, outcome.why
