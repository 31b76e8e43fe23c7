"""Plotting and progress packages that are not installed have no effect and do no harm; others are missed as ever."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from rnnlab.watching.standins.inert import Anything, Progress

Run = Callable[[str], Any]


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the packages from imports, whether or not they are installed."""
    from rnnlab.watching.standins import inert

    real = inert.is_there
    hidden = {"matplotlib", "seaborn", "tqdm", "tensorboard", "wandb", "google.colab"}
    monkeypatch.setattr(inert, "is_there", lambda name: name not in hidden and real(name))
    for name in [name for name in sys.modules if name.partition(".")[0] in {"matplotlib", "seaborn", "tqdm"}]:
        monkeypatch.delitem(sys.modules, name)

    class Hidden:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name.partition(".")[0] in {"matplotlib", "seaborn", "tqdm"}:
                for finder in [f for f in sys.meta_path if getattr(f, "_last", False)]:
                    if (spec := finder.find_spec(name, path, target)) is not None:
                        return spec
                raise ModuleNotFoundError(name, name=name)
            return None

    monkeypatch.setattr(sys, "meta_path", [Hidden(), *sys.meta_path])


def test_plots_are_drawn_nowhere(run_dry: Run, nothing_installed: None) -> None:
    ran = run_dry("""\
        import matplotlib
        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
        from matplotlib import pyplot
        import seaborn as sns
        sns.set(style="darkgrid")
        fig, ax = plt.subplots()
        fig, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(8, 8))
        counts, bins, *rest = plt.hist([1, 2, 3])
        plt.rcParams["figure.figsize"] = [4, 4]
        ax.plot([1, 2], label="loss"); ax.set(xlabel="x"); a.legend()
        with plt.style.context("ggplot"):
            plt.savefig("plot.png")
        plt.show()
        turns = sum(1 for axis in fig.axes)
        """)
    assert ran.names["turns"] == 0
    assert [fact.place.line for fact in ran.of("matplotlib")] == [1, 3]
    assert ran.of("seaborn")[0].today == "pip install seaborn"
    assert "matplotlib" not in sys.modules


def test_progress_bars_give_what_they_are_given(run_dry: Run, nothing_installed: None) -> None:
    ran = run_dry("""\
        import pandas as pd
        from tqdm import tqdm, trange
        from tqdm.notebook import tqdm as other
        items = [x for x in tqdm([1, 2, 3], desc="epoch")]
        numbers = list(trange(3))
        with other(total=2) as bar:
            bar.update(2); bar.set_postfix(loss=0.1); bar.set_description("x")
        loop = tqdm(enumerate("ab"), total=2, leave=False)
        pairs = list(loop)
        length = len(tqdm([1, 2]))
        """)
    assert ran.names["items"] == [1, 2, 3]
    assert ran.names["numbers"] == [0, 1, 2]
    assert ran.names["bar"].n == 2
    assert ran.names["pairs"] == [(0, "a"), (1, "b")]
    assert ran.names["length"] == 2


def test_a_cloud_drive_and_a_log_writer_are_inert(run_dry: Run, nothing_installed: None) -> None:
    ran = run_dry("""\
        from google.colab import drive
        drive.mount("/content/drive")
        import wandb
        wandb.init(project="x"); wandb.log({"loss": 1.0})
        from torch.utils.tensorboard import SummaryWriter
        writer = SummaryWriter("runs"); writer.add_scalar("loss", 1.0, 0); writer.close()
        """)
    assert {"the package google.colab, which is not installed"} <= {fact.what for fact in ran.told}
    assert len(ran.of("tensorboard")) == 1


def test_a_package_that_computes_is_missed_as_ever(run_dry: Run) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        run_dry("import no_such_library")


def test_an_object_without_effect_takes_whatever_is_done_to_it() -> None:
    thing = Anything()

    class Callback(thing.callbacks.Base):  # type: ignore[misc, name-defined]
        pass

    @thing.decorated
    def function() -> int:
        return 3

    one, (two, three), *rest = thing()
    assert f"{thing.loss:.3f}" == str(one) == ""
    assert float(two) == int(three) == len(rest) == 0
    assert function() == 3
    assert isinstance(Callback() + 1, Anything)
    assert not thing < 3
    assert list(thing.flat) == []
    with pytest.raises(AttributeError):
        thing.__array_interface__  # noqa: B018


def test_a_bar_counts_while_it_is_read() -> None:
    bar = Progress(range(4), initial=1)
    assert list(bar) == [0, 1, 2, 3]
    assert bar.n == 5
