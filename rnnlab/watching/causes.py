"""Measures what the explanation of an exception needs: the largest index and its token, the lengths, the targets, the key.

Only what lies in main memory is read, and all of it is bounded: a few numbers and names of each thing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from types import FrameType
from typing import Any

from rnnlab.operations import LOSSES, RECURRENT
from rnnlab.watching.crashes import Failed, Step, is_size

_NAMES = 40
_FOLDER = 2_000
_BENEATH = 8
# What a layer says of itself in numbers and truth values.
_OPTIONS = (
    "in_features", "out_features", "num_embeddings", "embedding_dim", "padding_idx", "input_size", "hidden_size",
    "num_layers", "batch_first", "bidirectional", "proj_size", "dropout",
)  # fmt: skip


def measured_of(error: BaseException, steps: list[Step], failed: Failed | None) -> dict[str, Any]:
    """Return what was measured of an exception: JSON values under plain names.

    Args:
        error: the exception that the failed operation raised, or the one that left the program.
        steps: the frames that it passed, outermost first.
        failed: the operation, if torch raised the exception.
    """
    learners = [step.frame for step in reversed(steps) if step.place is not None]
    found: dict[str, Any] = {}
    if beneath := _beneath(steps):
        found["beneath"] = beneath
    if failed is not None:
        found |= _of_operation(failed, learners)
    for kind, measure in _OF_ERRORS:
        if isinstance(error, kind):
            found |= measure(error, steps, learners)
    return found


def _beneath(steps: list[Step]) -> list[str]:
    """Return the library's functions between the learner's last line and the error, outermost first."""
    names: list[str] = []
    for step in steps:
        if step.place is not None:
            names = []
        elif not step.name.startswith("rnnlab."):
            names.append(step.name)
    return names if len(names) <= _BENEATH else [*names[:2], *names[2 - _BENEATH :]]


# --- operations ----------------------------------------------------------------------------------------------------


def _of_operation(failed: Failed, learners: list[FrameType]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if options := options_of(failed.module):
        found["options"] = options
    first = failed.argument(0, "input", "indices")
    if isinstance(first, tuple | list):
        found["given"] = type(first).__name__
    name = failed.operation.name
    if name in {"embedding", "embedding_bag"}:
        found |= _of_embedding(failed, learners)
    elif name == "pack_padded_sequence":
        found |= _of_packing(failed)
    elif name in LOSSES:
        found |= _of_loss(failed)
    elif name == "backward":
        found |= _of_backward(failed)
    elif name == "index":
        found |= _of_index(failed)
    elif name in {"view", "expand"}:
        found["sizes"] = [size for size in _flat(failed.args[1:]) if is_size(size)]
    if name in RECURRENT and failed.module is None:
        found.pop("options", None)
    return found


def options_of(module: Any) -> dict[str, Any]:
    """Return the sizes and switches of a layer of torch's: `{"in_features": 512, "out_features": 2}`."""
    return {
        name: value
        for name in _OPTIONS
        if isinstance(value := getattr(module, "__dict__", {}).get(name), int | float)
        and (value or name not in ("proj_size", "dropout"))
    }


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _flat(value)
        else:
            yield value


def _readable(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor) and value.device.type == "cpu"


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _range(tensor: Any) -> dict[str, Any]:
    """Return the smallest and the largest of a tensor that lies in main memory, where it has both."""
    if not _readable(tensor) or not tensor.numel() or tensor.is_complex():
        return {}
    smallest, largest = tensor.detach().min().item(), tensor.detach().max().item()
    if smallest != smallest or abs(smallest) == float("inf") or abs(largest) == float("inf"):
        return {"not finite": True}
    return {"smallest": smallest, "largest": largest}


def _of_embedding(failed: Failed, learners: list[FrameType]) -> dict[str, Any]:
    """The range of the ids, the first one that the table has no row for, and its token."""
    import torch

    tensors = [value for value in failed.args if isinstance(value, torch.Tensor)]
    ids = failed.argument(0, "input")
    table = failed.module.weight if failed.module is not None else failed.argument(1, "weight")
    # The functional form of older torch takes the table first.
    if failed.module is None and len(tensors) > 1 and tensors[0].is_floating_point() and tensors[0].dim() == 2:
        ids, table = (ids, table) if tensors[1].dtype != torch.int64 else (tensors[1], tensors[0])
    if not isinstance(ids, torch.Tensor):
        return {}
    rows = int(table.shape[0]) if isinstance(table, torch.Tensor) and table.dim() else None
    found: dict[str, Any] = {"dtype": _dtype(ids), **_range(ids)}
    if rows is None or not _readable(ids) or ids.is_floating_point():
        return found if rows is None else {**found, "rows": rows}
    found["rows"] = rows
    wrong = ((ids < 0) | (ids >= rows)).nonzero()
    if len(wrong):
        at = wrong[0].tolist()
        bad = int(ids[tuple(at)].item())
        found |= {"bad": bad, "bad_at": at, "bad_count": len(wrong)}
        found |= _vocabulary_with(int(found["largest"]), bad, learners)
    return found


def _vocabulary_with(largest: int, bad: int, learners: list[FrameType]) -> dict[str, Any]:
    """Return the name and size of the one vocabulary in sight that has a token for the ids, and the token."""
    found = {id(words): (name, words) for name, words in vocabularies(learners) if len(words) > largest}
    if len(found) != 1:
        return {}
    ((name, words),) = found.values()
    token = _word_at(words, bad)
    sized = {
        "vocabulary": name,
        "vocabulary_size": len(words),
        "specials": [w for w in ("<unk>", "<pad>") if w in words],
    }
    return sized if token is None else {**sized, "token": token}


def _word_at(words: Any, index: int) -> str | None:
    if isinstance(words, dict):
        return next((str(word)[:80] for word, number in words.items() if number == index), None)
    return str(words[index])[:80] if 0 <= index < len(words) else None


def vocabularies(learners: list[FrameType]) -> Iterator[tuple[str, Any]]:
    """Find the vocabularies that the learner's variables hold, innermost function first: `("TEXT.vocab", its words)`.

    A vocabulary is torchtext's own, or a dictionary from words to numbers.
    """
    seen: set[int] = set()
    for frame in learners:
        for space in (frame.f_locals, frame.f_globals):
            for name, value in list(space.items())[:2_000]:
                for word, words in _words_of(name, value):
                    if id(words) not in seen:
                        seen.add(id(words))
                        yield word, words


def _words_of(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    held = getattr(value, "__dict__", {}) if not isinstance(value, type) else {}
    if isinstance(held.get("itos"), list):
        yield name, held["itos"]
    inner = getattr(held.get("vocab"), "__dict__", {})
    if isinstance(inner.get("itos"), list):
        yield f"{name}.vocab", inner["itos"]
    if isinstance(value, dict) and not name.startswith("__"):
        first = list(zip(value.items(), range(8), strict=False))
        if first and all(isinstance(word, str) and is_size(number) for (word, number), _ in first):
            yield name, value


def _of_packing(failed: Failed) -> dict[str, Any]:
    """How many lengths there are, whether they are sorted, where they lie, and how many are 0."""
    import torch

    lengths = failed.argument(1, "lengths")
    options = {
        "batch_first": bool(failed.argument(2, "batch_first")),
        "enforce_sorted": failed.argument(3, "enforce_sorted") is not False,
    }
    if isinstance(lengths, list | tuple):
        lengths = torch.as_tensor(lengths) if all(map(is_size, lengths)) else None
    if not isinstance(lengths, torch.Tensor):
        return {"options": options}
    found: dict[str, Any] = {
        "count": lengths.numel(),
        "dims": lengths.dim(),
        "device": str(lengths.device),
        "dtype": _dtype(lengths),
    }
    if _readable(lengths) and lengths.numel():
        flat = lengths.reshape(-1)
        found |= {"longest": flat.max().item(), "shortest": flat.min().item()}
        found["sorted"] = bool((flat[1:] <= flat[:-1]).all())
        empty = (flat <= 0).nonzero().reshape(-1).tolist()
        found |= {"empty": len(empty), "first_empty": empty[0] if empty else None}
        risen = (flat[1:] > flat[:-1]).nonzero().reshape(-1).tolist()
        if risen:
            found["rises"] = [risen[0], int(flat[risen[0]]), int(flat[risen[0] + 1])]
    return {"options": options, "lengths": found}


def _of_loss(failed: Failed) -> dict[str, Any]:
    """The types and ranges of what was predicted and of the targets."""
    import torch

    found: dict[str, Any] = {}
    for name, value in (("logits", failed.argument(0, "input")), ("target", failed.argument(1, "target"))):
        if isinstance(value, torch.Tensor):
            found[name] = {"dtype": _dtype(value), "device": str(value.device), **_range(value)}
    if failed.module is not None and isinstance(ignored := getattr(failed.module, "ignore_index", None), int):
        found["ignore_index"] = ignored
    return found


def _of_backward(failed: Failed) -> dict[str, Any]:
    import torch

    loss = failed.argument(0, "tensors")
    known = {"grad_on": torch.is_grad_enabled()}
    return {**known, "requires_grad": loss.requires_grad} if isinstance(loss, torch.Tensor) else known


def _of_index(failed: Failed) -> dict[str, Any]:
    """The keys of `x[...]` as text: whole numbers, `:` and the types of the rest."""
    keys = failed.argument(1) if len(failed.args) > 1 else ()
    keys = keys if isinstance(keys, tuple) else (keys,)
    return {"index": [key if is_size(key) else ":" if isinstance(key, slice) else type(key).__name__ for key in keys]}


# --- errors --------------------------------------------------------------------------------------------------------


def _of_key(error: Any, steps: list[Step], learners: list[FrameType]) -> dict[str, Any]:
    """The key that was not there, the dictionary or vocabulary that was asked, and names like it."""
    key = error.args[0] if error.args else ""
    found: dict[str, Any] = {"key": str(key)[:120], "key_type": type(key).__name__}
    for step in reversed(steps):
        owner = step.frame.f_locals.get("self")
        if step.place is None and hasattr(type(owner), "numericalize"):
            return {**found, **_of_field(owner, learners)}
    if isinstance(key, str):
        found |= _of_table(key, steps)
        known = [(name, words) for name, words in vocabularies(learners[:1]) if key not in words]
        if "columns" not in found and len(known) == 1:
            found |= {"vocabulary": known[0][0], "vocabulary_size": len(known[0][1])}
            found["unknown"] = next((word for word in ("<unk>", "<UNK>", "[UNK]", "unk") if word in known[0][1]), None)
    return found


def _of_field(field: Any, learners: list[FrameType]) -> dict[str, Any]:
    """What torchtext's Field is called and how it is set; `known` lists the few words of a label's vocabulary."""
    found: dict[str, Any] = {"field": name_of(field, learners), "field_type": type(field).__name__}
    held = getattr(field, "__dict__", {})
    for option in ("sequential", "use_vocab", "is_target", "include_lengths"):
        if isinstance(held.get(option), bool):
            found[option] = held[option]
    found["unk_token"] = held.get("unk_token")
    words = getattr(held.get("vocab"), "itos", None)
    if isinstance(words, list):
        found |= {"vocabulary_size": len(words), "known": [str(word) for word in words[:8]]}
    return found


def name_of(thing: Any, learners: list[FrameType]) -> str:
    """Return the learner's variable that holds a thing, innermost function first; "" where none does."""
    for frame in learners:
        for space in (frame.f_locals, frame.f_globals):
            for name, value in list(space.items())[:2_000]:
                if value is thing:
                    return name
    return ""


def _of_table(key: str, steps: list[Step]) -> dict[str, Any]:
    """The columns of the table whose column was asked for."""
    for step in steps:
        table: Any = step.frame.f_locals.get("self")
        if step.place is None and type(table).__module__.partition(".")[0] == "pandas" and hasattr(table, "columns"):
            columns = [str(column) for column in table.columns[:_NAMES]]
            return {"columns": columns, "near": near(key, columns)}
    return {}


def near(word: str, words: list[str]) -> str | None:
    """Return the one name that a mistyped name may have meant."""
    lower = {one.lower().strip(): one for one in reversed(words)}
    found = get_close_matches(word.lower().strip(), lower, n=1, cutoff=0.75)
    return lower[found[0]] if found else None


def _of_attribute(error: Any, steps: list[Step], learners: list[FrameType]) -> dict[str, Any]:
    """The attribute that was not there, the type of its owner, and the owner's own names."""
    owner, name = getattr(error, "obj", None), getattr(error, "name", None) or ""
    if owner is None:
        return {"attribute": name} if name else {}
    kind = type(owner).__name__
    found: dict[str, Any] = {"attribute": name, "owner": kind, "owner_name": name_of(owner, learners)}
    if isinstance(owner, tuple):
        found["items"] = [type(item).__name__ for item in owner[:8]]
    held = [name for name in names_of(owner) if not name.startswith("_")]
    found |= {"names": held[:_NAMES], "near": near(name, held)}
    if hasattr(type(owner), "numericalize"):
        found |= _of_field(owner, learners)
    return found


def names_of(owner: Any) -> list[str]:
    """Return the names that a thing holds itself: a batch's fields, a table's columns, a model's layers and attributes."""
    if type(owner).__module__.startswith("torchtext.data.batch"):
        fields = getattr(owner, "fields", None) or getattr(getattr(owner, "dataset", None), "fields", {}) or {}
        return [str(name) for name in fields]
    if type(owner).__module__.partition(".")[0] == "pandas":
        return [str(column) for column in getattr(owner, "columns", [])[:_NAMES]]
    held = getattr(owner, "__dict__", {})
    inner = [name for space in ("_modules", "_parameters") for name in (held.get(space) or {})]
    return [*map(str, inner), *(str(name) for name in held)]


def _of_file(error: Any, steps: list[Step], learners: list[FrameType]) -> dict[str, Any]:
    """The file that was not there, the folder in which it was looked for, and files like it there."""
    if not error.filename:
        return {}
    path = Path(str(error.filename))
    folder = path.parent if str(path.parent) != "." else Path.cwd()
    found: dict[str, Any] = {"file": str(path), "folder": str(folder.absolute()), "folder_exists": folder.is_dir()}
    if found["folder_exists"]:
        names = [one.name for one, _ in zip(folder.iterdir(), range(_FOLDER), strict=False)]
        alike = [name for name in sorted(names) if Path(name).suffix.lower() == path.suffix.lower()]
        found |= {"near": near(path.name, names), "alike": alike[:8]}
    return found


def _of_loading(error: Any, steps: list[Step], learners: list[FrameType]) -> dict[str, Any]:
    """The kinds of the layers of the model into which weights were loaded: `{"embedding": "Embedding"}`."""
    for step in steps:
        model: Any = step.frame.f_locals.get("self")
        if step.place is None and step.frame.f_code.co_name == "load_state_dict" and hasattr(model, "named_modules"):
            kinds = {name: type(one).__name__ for name, one in model.named_modules() if name}
            sizes = [(name, words) for name, words in vocabularies(learners) if len(words) > 2]
            return {
                "layers": dict(list(kinds.items())[:_NAMES]),
                "vocabularies": {name: len(words) for name, words in sizes[:8]},
            }
    return {}


def _of_pickling(error: Any, steps: list[Step], learners: list[FrameType]) -> dict[str, Any]:
    """The type of what was saved: the argument of `torch.save`."""
    for step in steps:
        if step.place is None and step.name in {"torch.serialization.save", "pickle.dump", "dill._dill.dump"}:
            saved = step.frame.f_locals.get("obj")
            return {"saved": type(saved).__name__, "saved_name": name_of(saved, learners)}
    return {}


_Measure = Callable[[Any, list[Step], list[FrameType]], dict[str, Any]]
_OF_ERRORS: tuple[tuple[type[BaseException], _Measure], ...] = (
    (KeyError, _of_key),
    (AttributeError, _of_attribute),
    (FileNotFoundError, _of_file),
    (RuntimeError, _of_loading),
    (Exception, _of_pickling),
)
