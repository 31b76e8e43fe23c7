"""Plotting and progress packages that are not installed: any attribute, any call, no effect.

Only where the real package cannot be imported. A package that computes something is never stood in for.
"""

from __future__ import annotations

import contextlib
import dis
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

from rnnlab.watching.bridges.imports import Imports, is_there, placed
from rnnlab.watching.bridges.telling import Teller

# What shows, draws or counts, and gives nothing back that a program computes with.
PACKAGES = (
    "matplotlib", "seaborn", "plotly", "bokeh", "altair", "wordcloud", "pylab", "tqdm", "progressbar", "wandb", "tensorboard",
    "tensorboardX", "livelossplot", "visdom", "torchviz", "hiddenlayer", "torchsummary", "torchinfo", "IPython", "ipywidgets",
    "google.colab", "watermark", "neptune", "comet_ml", "mlflow", "missingno", "cufflinks",
)  # fmt: skip


class Anything:
    """An object without effect: every attribute, call, item and sum of it is another one.

    `a, b = plt.subplots()` gets as many as it asks for; a loop over it has no turn.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *given: Any, **options: Any) -> Any:
        # A decorator gives back what it decorates.
        return given[0] if len(given) == 1 and not options and callable(given[0]) else Anything()

    def __iter__(self) -> Iterator[Any]:
        frame = sys._getframe(1)
        return iter([Anything() for _ in range(_unpacked(frame.f_code, frame.f_lasti))])

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (Anything,)

    def __getitem__(self, index: Any) -> Any:
        return Anything()

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def __delitem__(self, index: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __contains__(self, item: Any) -> bool:
        return False

    def __float__(self) -> float:
        return 0.0

    def __int__(self) -> int:
        return 0

    def __index__(self) -> int:
        return 0

    def __str__(self) -> str:
        return ""

    def __format__(self, how: str) -> str:
        return ""

    def _sum(self, *other: Any) -> Any:
        return Anything()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = __matmul__ = (
        _sum
    )
    __floordiv__ = __mod__ = __pow__ = __and__ = __or__ = _sum

    def _less(self, other: Any) -> bool:
        return False

    __lt__ = __gt__ = __le__ = __ge__ = _less


def _unpacked(code: CodeType, position: int) -> int:
    """Return into how many names the running instruction unpacks (`a, b = ...`): none, if it does something else."""
    name, argument = dis.opname[code.co_code[position]], code.co_code[position + 1]
    if name == "UNPACK_EX":  # a, *rest: what stands before the star in the low byte, behind it in the next
        return (argument & 0xFF) + (argument >> 8)
    return argument if name == "UNPACK_SEQUENCE" else 0


class Progress:
    """What tqdm does without its bar: gives what it is given."""

    def __init__(self, iterable: Iterable[Any] | None = None, *given: Any, **options: Any) -> None:
        self.iterable, self.n = iterable, options.get("initial", 0)
        self.total = options.get("total", len(iterable) if hasattr(iterable, "__len__") else None)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        for item in self.iterable or ():
            yield item
            self.n += 1

    def __len__(self) -> int:
        return int(self.total or 0)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def update(self, n: float = 1) -> None:
        """Count on."""
        self.n += n

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    @staticmethod
    def write(text: str, *given: Any, **options: Any) -> None:
        """Print a line, as tqdm does above its bar."""
        print(text)

    @classmethod
    def pandas(cls, *given: Any, **options: Any) -> None:
        """Give tables `progress_apply` and `progress_map`, which are `apply` and `map` without a bar."""
        pandas = sys.modules.get("pandas")
        for owner in (pandas.DataFrame, pandas.Series) if pandas is not None else ():
            owner.progress_apply, owner.progress_map = owner.apply, owner.map


def _range(*given: Any, **options: Any) -> Progress:
    return Progress(range(*given))


class InertModule(ModuleType):
    """A module whose every name is there."""

    __path__ = []  # type: ignore[assignment]  # noqa: RUF012 (what makes a module a package)
    __version__ = "0"
    __all__: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        below = sys.modules.get(f"{self.__name__}.{name}")
        return below if below is not None else Anything()


def _inert(name: str) -> ModuleType:
    module = InertModule(name, "Not installed: nothing in here has an effect.")
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    if name.partition(".")[0] == "tqdm":
        for word in ("tqdm", "tqdm_notebook", "tqdm_gui"):
            setattr(module, word, Progress)
        module.trange = module.tnrange = _range  # type: ignore[attr-defined]
    if name.partition(".")[0] == "IPython" and name.endswith("display"):
        module.display = _display  # type: ignore[attr-defined]
    return module


def _display(*things: Any, **options: Any) -> None:
    for thing in things:
        print(thing)


def stand_in_for_packages(teller: Teller, imports: Imports) -> None:
    """Serve packages without effect for those that are not installed; `imports` is asked after Python's own finders."""
    for package in PACKAGES:
        if not is_there(package):
            imports.serve_family(package, _told(teller, package))
    if not is_there("matplotlib"):
        imports.after("pandas.plotting._core", _no_plots)
    if not is_there("google"):
        imports.serve("google", lambda: _inert("google"))


def _no_plots(module: ModuleType, undo: contextlib.ExitStack) -> None:
    """Let tables draw nothing; they look for matplotlib by themselves."""
    undo.enter_context(placed(module, "_get_plot_backend", lambda backend=None: Anything()))


def stand_in_for_tensorboard(teller: Teller, imports: Imports) -> None:
    """Serve `torch.utils.tensorboard`, which is there but of no use without the package; `imports` is asked first."""
    if not is_there("tensorboard"):
        imports.serve_family("torch.utils.tensorboard", _told(teller, "tensorboard"))


def _told(teller: Teller, package: str) -> Callable[[str], ModuleType]:
    def make(name: str) -> ModuleType:
        done = "its names are there but have no effect: nothing is drawn, shown or uploaded"
        teller.tell(f"the package {package}, which is not installed", done, f"pip install {package}")
        return _inert(name)

    return make
