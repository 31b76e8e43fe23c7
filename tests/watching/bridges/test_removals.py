"""Names and arguments that libraries have dropped since 2018 work again for the learner's lines, and for nobody else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from rnnlab.facts import Call
from rnnlab.watching.bridges import Bridges
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.watch import Watch, new_record

Run = Callable[[str], Any]


def test_the_loss_is_asked_for_its_only_item(run_old: Run) -> None:
    ran = run_old("""\
        import torch
        loss = torch.tensor([1.0, 2.0]).sum()
        total = loss.data[0] + loss[0]
        row = torch.ones(2, 3)[0]
        """)
    assert ran.names["total"] == 6.0
    assert isinstance(ran.names["total"], float)
    assert tuple(ran.names["row"].shape) == (3,)
    assert ran.lines("[0] of a tensor without axes") == [3]
    assert ran.told[0].today == "loss.item()"


@pytest.mark.parametrize("index", ["1", "-1", "0.5", "(0, 0)"])
def test_every_other_index_of_a_number_is_the_error_that_it_is(run_old: Run, index: str) -> None:
    with pytest.raises(IndexError):
        run_old(f"import torch\ntorch.tensor(1.0)[{index}]")


def test_an_index_stays_a_row_of_the_trace() -> None:
    watch = Watch(new_record())
    with watch.looking(), Bridges(watch.recorder):
        hidden = torch.ones(2, 3, 4)
        last = hidden[-1]
    calls = [fact for fact in map(watch.record.fact, range(len(watch.record))) if isinstance(fact, Call)]
    assert (calls[-1].what, calls[-1].binds) == ("index", ("last",))
    assert tuple(last.shape) == (3, 4)


def test_numpy_finds_its_old_names(run_old: Run) -> None:
    ran = run_old("""\
        import numpy as np
        a = np.array([1, 2], dtype=np.float)
        b = [np.int, np.object, np.NaN, np.Inf, np.float_, np.product([2, 3]), np.asscalar(np.array([4]))]
        """)
    assert ran.names["a"].dtype == "float64"
    kinds = ran.names["b"]
    assert kinds[:2] == [int, object]
    assert math.isnan(kinds[2])
    assert kinds[5:] == [6, 4]
    assert ran.lines("numpy.float") == [2, 3]


def test_nobody_but_the_learner_finds_them() -> None:
    import numpy

    with Bridges(Recorder(new_record())):
        # The question comes from a library's frame.
        found: list[bool] = []
        exec(compile("found.append(hasattr(numpy, 'float'))", "<library>", "exec"), {"numpy": numpy, "found": found})
    assert found == [False]


def test_pandas_tables_can_be_appended_to(run_old: Run) -> None:
    ran = run_old("""\
        import pandas as pd
        table = pd.DataFrame({"a": [1]})
        table = table.append({"a": 2}, ignore_index=True).append(pd.DataFrame({"a": [3]}), ignore_index=True)
        names = [name for name, column in table.iteritems()]
        numbers = table.as_matrix().tolist()
        texts = table.applymap(str)["a"].tolist()
        less = table.drop("a", 1)
        pd.set_option("display.max_colwidth", -1)
        pd.set_option("display.max_colwidth", 50)
        """)
    assert ran.names["names"] == ["a"]
    assert ran.names["numbers"] == [[1], [2], [3]]
    assert ran.names["texts"] == ["1", "2", "3"]
    assert list(ran.names["less"].columns) == []
    assert {fact.what for fact in ran.told} >= {"DataFrame.append", "drop(labels, 1)", "max_colwidth of -1"}


def test_a_column_may_be_called_like_a_lost_method(run_old: Run) -> None:
    ran = run_old("""\
        import pandas as pd
        column = pd.DataFrame({"append": [1]})["append"].tolist()
        """)
    assert ran.names["column"] == [1]
    assert not ran.told


def test_old_arguments_of_read_csv_are_translated(run_old: Run, tmp_path: Any) -> None:
    (tmp_path / "bad.csv").write_text("a\n1\n2,3\n4\n")
    ran = run_old("""\
        import pandas as pd
        column = pd.read_csv(folder + "/bad.csv", ",", error_bad_lines=False, squeeze=True)
        """)
    assert ran.names["column"].tolist() == [1, 4]
    assert [fact.today for fact in ran.told if "error_bad_lines" in fact.what] == ["on_bad_lines='skip'"]


def test_spacy_knows_its_shortcuts_again(run_old: Run) -> None:
    ran = run_old("""\
        import spacy
        tokens = [token.text for token in spacy.load("en").tokenizer("Don't!")]
        """)
    assert ran.names["tokens"] == ["Do", "n't", "!"]
    assert "en_core_web_sm" in ran.told[0].today


def test_a_model_that_is_missing_today_stays_missing(run_old: Run) -> None:
    with pytest.raises(OSError, match="E050"):
        run_old("import spacy\nspacy.load('qq_nowhere_sm')")


def test_schedulers_take_verbose_again(run_old: Run) -> None:
    ran = run_old("""\
        import torch
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", patience=0, verbose=True)
        for loss in (1.0, 2.0):
            plateau.step(loss)
        """)
    assert ran.names["optimizer"].param_groups[0]["lr"] == pytest.approx(0.1)
    assert ran.lines("ReduceLROnPlateau(verbose=...)") == [3]


def test_python_finds_its_old_names(run_old: Run) -> None:
    ran = run_old("""\
        import time
        from collections import Iterable
        from torch._six import string_classes, container_abcs
        is_one = isinstance([], Iterable) and isinstance("", string_classes) and isinstance({}, container_abcs.Mapping)
        started = time.clock()
        """)
    assert ran.names["is_one"]
    assert ran.lines("collections.Iterable") == [2]
    assert ran.lines("time.clock") == [5]


def test_what_still_works_is_left_alone(run_old: Run) -> None:
    ran = run_old("""\
        import torch
        from torch.autograd import Variable
        x = Variable(torch.ones(2), requires_grad=True)
        torch.nn.init.constant_(torch.empty(2), 1.0)
        y = torch.sigmoid(x)
        """)
    assert isinstance(ran.names["x"], torch.Tensor)
    assert not ran.told


def test_a_line_in_a_loop_tells_once(run_old: Run) -> None:
    ran = run_old("""\
        import torch
        total = 0
        for i in range(5):
            total += torch.tensor(1.0).data[0]
        """)
    assert ran.names["total"] == 5
    assert len(ran.told) == 1


def test_the_bridges_draw_nothing_random() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with Bridges(Recorder(new_record())):
        pass
    assert torch.equal(before, torch.get_rng_state())
