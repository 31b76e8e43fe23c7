"""All of torchtext's interfaces at once, on the one release that still runs: 0.6.0, which is pure Python.

- 0.9 to 0.11 moved the classic interface (Field, BucketIterator) to `torchtext.legacy`: the same modules are served there.
- 0.10 to 0.18 had a new vocabulary, datasets that are functions, and transforms: made anew in this package.

Where a name has two meanings (`datasets.IMDB`, `build_vocab_from_iterator`), the way it is used decides.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.machinery
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from rnnlab.watching.bridges.imports import Imports, is_there, placed
from rnnlab.watching.bridges.telling import Teller

# What to write today, for the whole of a library that is no longer developed.
TODAY_FIELD = (
    "torchtext ended with 0.18 (2024): `from torchtext import data` with torchtext==0.6.0, or plain PyTorch: "
    "a Dataset, a collate_fn with pad_sequence, a DataLoader"
)
TODAY_VOCAB = "a dict of your own, `{token: id}`, made with collections.Counter from the training reviews"
TODAY_DATASETS = "the reviews from a file: pandas.read_csv, or a Dataset of your own"
TODAY_TRANSFORMS = "a collate_fn of your own that cuts, numbers and pads (torch.nn.utils.rnn.pad_sequence)"
# A program of 0.6 to 0.9 works with these, one of 0.10 to 0.18 with their successors.
_CLASSIC = re.compile(r"\.(?:stoi|itos|freqs)\b|torchtext\.legacy")
_NEW = re.compile(r"set_default_index|get_stoi|get_itos|lookup_(?:token|indices)|torchtext\.transforms")
_WORDS = re.compile(r"""==\s*(['"])(?:pos|neg)\1|(['"])(?:pos|neg)\2\s*:|\[\s*(['"])(?:pos|neg)\3\s*[,\]]""")


def bridge_torchtext(teller: Teller, imports: Imports, undo: contextlib.ExitStack) -> None:
    """Serve every interface of torchtext, where 0.6 is what is installed."""
    if not is_there("torchtext"):
        return
    import torchtext

    if not torchtext.__version__.startswith("0.6."):
        return
    imports.serve_family("torchtext.legacy", functools.partial(_legacy, teller))
    for name in ("transforms", "functional"):
        imports.serve(f"torchtext.{name}", functools.partial(_transforms, teller, name))
    undo.enter_context(placed(torchtext, "__getattr__", functools.partial(_part, teller)))
    _place_vocabulary(teller, undo)
    _place_datasets(teller, undo)


def _legacy(teller: Teller, name: str) -> ModuleType:
    """Return the module that `torchtext.legacy...` stands for; the package itself holds the three that people use."""
    teller.tell("torchtext.legacy", "torchtext 0.6's own modules were served: the same interface", TODAY_FIELD)
    rest = name.removeprefix("torchtext.legacy").lstrip(".")
    if rest:
        return importlib.import_module(f"torchtext.{rest}")
    package = ModuleType(name, "What 0.9 to 0.11 called legacy: the classic interface.")
    package.__path__ = []
    package.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    for part in ("data", "datasets", "vocab", "utils"):
        setattr(package, part, importlib.import_module(f"torchtext.{part}"))
    return package


def _transforms(teller: Teller, name: str) -> ModuleType:
    from rnnlab.watching.bridges import transforms

    teller.tell(f"torchtext.{name}", "the transforms of 0.12 to 0.18 were served", TODAY_TRANSFORMS)
    module = ModuleType(f"torchtext.{name}", transforms.__doc__)
    vars(module).update({word: getattr(transforms, word) for word in transforms.__all__})
    return module


def _part(teller: Teller, name: str) -> Any:
    """Answer for parts of `torchtext` that 0.6 has not, asked for as attributes."""
    if name in {"legacy", "transforms", "functional"}:
        return importlib.import_module(f"torchtext.{name}")
    if name == "disable_torchtext_deprecation_warning":
        return lambda: None
    raise AttributeError(f"module 'torchtext' has no attribute {name!r}", name=name)


def _place_vocabulary(teller: Teller, undo: contextlib.ExitStack) -> None:
    import torchtext
    from torch.utils.data import Dataset

    from rnnlab.watching.bridges import vocab as new

    classic: Callable[..., Any] = torchtext.vocab.build_vocab_from_iterator

    @functools.wraps(new.build_vocab_from_iterator)
    def build_vocab_from_iterator(iterator: Any, *args: Any, **options: Any) -> Any:
        text = teller.text_around()
        is_classic = "num_lines" in options or (_CLASSIC.search(text) and not _NEW.search(text))
        if is_classic and not args and set(options) <= {"num_lines"}:
            return classic(iterator, **options)
        teller.tell("torchtext.vocab.build_vocab_from_iterator", "the one of 0.10 to 0.18 was used", TODAY_VOCAB)
        return new.build_vocab_from_iterator(iterator, *args, **options)

    @functools.wraps(new.vocab)
    def vocab(*args: Any, **options: Any) -> Any:
        teller.tell("torchtext.vocab.vocab", "the one of 0.10 to 0.18 was used", TODAY_VOCAB)
        return new.vocab(*args, **options)

    class MapStyleDataset(Dataset):
        """An iterator's items as a list, by number."""

        def __init__(self, items: Any) -> None:
            self._data = list(items)

        def __len__(self) -> int:
            return len(self._data)

        def __getitem__(self, index: Any) -> Any:
            return self._data[index]

    def to_map_style_dataset(iter_data: Any) -> Any:
        """Return a Dataset of everything that an iterator gives."""
        today = "list(iterator): a list is a map-style dataset"
        teller.tell("torchtext.data.functional.to_map_style_dataset", "the one of 0.10 to 0.18 was used", today)
        return MapStyleDataset(iter_data)

    undo.enter_context(placed(torchtext.vocab, "build_vocab_from_iterator", build_vocab_from_iterator))
    undo.enter_context(placed(torchtext.vocab, "vocab", vocab))
    undo.enter_context(placed(torchtext.data.functional, "to_map_style_dataset", to_map_style_dataset))
    undo.enter_context(placed(torchtext.data, "to_map_style_dataset", to_map_style_dataset))


def _place_datasets(teller: Teller, undo: contextlib.ExitStack) -> None:
    from torchtext import datasets

    from rnnlab.watching.bridges import datasets as new

    classic_imdb, classic_news = datasets.IMDB, datasets.AG_NEWS
    served = "the function of 0.9 to 0.18 was used: (label, text) pairs"

    class IMDB(classic_imdb):
        """Both: the classic Dataset with `splits`, and the function with `split=`."""

        def __new__(cls, *args: Any, **options: Any) -> Any:
            if len(args) > 2 or {"text_field", "label_field"} & set(options):
                return super().__new__(cls)
            words = bool(_WORDS.search(teller.text_around()))
            labels = "'neg' and 'pos' as up to 0.13" if words else "1 (negative) and 2 (positive) as from 0.14 on"
            teller.tell("torchtext.datasets.IMDB", f"{served}, with the labels {labels}", TODAY_DATASETS)
            read = functools.partial(new.imdb_rows, words=words)
            return new.splits_of(read, ("train", "test"), *_root_and_split(("train", "test"), *args, **options))

    @functools.wraps(classic_news)
    def AG_NEWS(*args: Any, **options: Any) -> Any:  # noqa: N802
        if {"ngrams", "vocab", "include_unk"} & set(options):
            return classic_news(*args, **options)
        teller.tell("torchtext.datasets.AG_NEWS", served, TODAY_DATASETS)
        return new.splits_of(new.ag_news_rows, ("train", "test"), *_root_and_split(("train", "test"), *args, **options))

    def SST2(*args: Any, **options: Any) -> Any:  # noqa: N802
        """Return (text, label) pairs; the test split has no labels."""
        teller.tell("torchtext.datasets.SST2", "the function of 0.12 to 0.18 was used", TODAY_DATASETS)
        known = ("train", "dev", "test")
        return new.splits_of(new.sst2_rows, known, *_root_and_split(known, *args, **options))

    # Its own name, so that what is printed and pickled says what it is.
    IMDB.__module__, IMDB.__qualname__ = datasets.__name__, "IMDB"
    for name, made in (("IMDB", IMDB), ("AG_NEWS", AG_NEWS), ("SST2", SST2)):
        undo.enter_context(placed(datasets, name, made))


def _root_and_split(every: tuple[str, ...], root: Any = None, split: Any = None) -> tuple[Any, Any]:
    return root, every if split is None else split


def is_torchtext(depth: int = 1) -> bool:
    """Say whether the function `depth` calls above the caller's caller is torchtext's."""
    return sys._getframe(depth + 1).f_globals.get("__name__", "").startswith("torchtext.")
