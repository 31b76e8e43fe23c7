"""What the arguments of a forward may be: by their names and by what the forward does with them, most likely first."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterator

import torch
from torch import nn

from rnnlab.probing.experiments.form import Argument, Role

_MOST = 24  # ways of calling that are tried
# Words that authors use for an argument, tried in this order.
_WORDS: tuple[tuple[Role, str], ...] = (
    ("lengths", r"len|lens\b|sizes?$|^sl$|_l$|seq_l\b|real_"),
    ("mask", r"mask"),
    ("batch size", r"batch_?size|^bs$|bsz"),
    ("cell", r"^c_?0$|^cell|^c_?(prev|t|n)?$|^cx$"),
    ("hidden", r"hidden|^h_?0$|state|^h_?(prev|t|n)?$|^hc$|^hx$|^hid|prev|^init"),
    ("label", r"label|target|^y$|^ys$|truth|answer"),
    ("none", r"device|train|return|verbose|debug|^epoch|temperature|teacher"),
    ("features", r"feat|numeric|extra|meta"),
)
_TEXT = r"text|^x|input|sent|tok|word|seq|doc|review|ids|data|src|char|batch|inp|premise|query|embed"
# What a batch may be asked for by key or attribute.
_TENSOR_WORDS = {
    "size", "shape", "dim", "device", "dtype", "view", "to", "t", "T", "transpose", "permute", "long", "float", "cuda", "cpu",
    "unsqueeze", "squeeze", "ne", "eq", "contiguous", "reshape", "new", "new_zeros", "new_ones", "detach", "data", "item",
    "sum", "type", "int", "numel", "ndim", "clone", "flip", "numpy", "tolist", "gt", "bool", "is_cuda", "ndimension", "max",
    "batch_sizes", "sorted_indices", "unsorted_indices", "clamp", "masked_fill", "expand", "repeat", "mean", "sort", "chunk",
}  # fmt: skip


def ways(model: nn.Module) -> Iterator[tuple[Argument, ...]]:
    """Yield the ways in which a forward may be called, most likely first."""
    try:
        found = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        yield (Argument("input", "text"),)
        return
    tree = _tree(model)
    parameters = [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if not parameters:
        parameters = [inspect.Parameter("input", inspect.Parameter.POSITIONAL_ONLY)]
    choices = [list(_choices(p, i, tree, [q.name for q in parameters])) for i, p in enumerate(parameters)]
    seen: set[tuple[Argument, ...]] = set()
    for picked in sorted(itertools.product(*(range(len(c)) for c in choices)), key=lambda p: (sum(p), p)):
        way = tuple(choices[i][n] for i, n in enumerate(picked))
        if _is_plausible(way) and way not in seen:
            seen.add(way)
            yield way
        if len(seen) >= _MOST:
            return


def _is_plausible(way: tuple[Argument, ...]) -> bool:
    """A text there must be; a lone argument that is left out does not leave the later ones their places."""
    roles = [role for argument in way for role in (argument.role, *(r for _, r in argument.keys))]
    return bool({"text", "text and lengths", "packed", "texts"} & set(roles))


def _choices(parameter: inspect.Parameter, position: int, tree: ast.AST | None, names: list[str]) -> Iterator[Argument]:
    """Yield what one argument may be, most likely first."""
    name, optional = parameter.name, parameter.default is not parameter.empty
    # What has a default is given by name, so that others may be left out.
    by_name = optional or parameter.kind is parameter.KEYWORD_ONLY
    left_out = Argument(name, "none", by_name=True)
    if position == 0 and _is_packed(parameter, tree):
        yield Argument(name, "packed")
        return
    if position == 0 and _is_list(name, tree):
        yield Argument(name, "texts")
    if position == 0 and (keys := _keys(name, tree)):
        yield Argument(name, *keys)
        return
    role = _used_as(name, tree) or role_of(name, position)
    is_switch = optional and isinstance(parameter.default, bool | str | float)
    if is_switch or role == "none":
        yield left_out if optional else Argument(name, "none")
        return
    if optional and role in {"hidden", "cell", "label", "features", "batch size"}:
        yield left_out
    if role == "text" and _is_unpacked(name, tree):
        yield Argument(name, "text and lengths")
    shapes = {"lengths": 3, "mask": 4, "hidden": 2, "label": 2, "text": 1}.get(role, 1)
    yield Argument(name, role, by_name=by_name)
    if optional:
        yield left_out
    for shape in range(1, shapes):
        yield Argument(name, role, shape=shape, by_name=by_name)
    if role == "text":
        yield Argument(name, "text and lengths", by_name=by_name)
    if role != "text":
        yield Argument(name, "text", by_name=by_name)
    elif position:
        others: tuple[Role, ...] = ("lengths", "hidden", "mask")
        yield from (Argument(name, other, by_name=by_name) for other in others)


def role_of(name: str, position: int) -> Role:
    """Return what an argument is by its name alone: the first one is the text unless it is clearly something else."""
    lowered = name.lower()
    for role, pattern in _WORDS:
        if re.search(pattern, lowered) and not (
            position == 0 and role not in {"label", "none"} and _sounds_text(lowered)
        ):
            if position == 0 and role in {"none", "batch size", "features", "cell"}:
                continue
            return role
    return "text"


def _sounds_text(name: str) -> bool:
    return bool(re.search(_TEXT, name)) and "len" not in name and "hidden" not in name and "mask" not in name


def _tree(model: nn.Module) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(type(model).forward)))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return None


def _keys(name: str, tree: ast.AST | None) -> tuple[Role, tuple[tuple[str, Role], ...]] | None:
    """Return the keys (or attributes) that a forward takes out of an argument, and what each of them is."""
    keys: dict[str, None] = {}
    attributes: dict[str, None] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name:
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                keys[node.slice.value] = None
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            attributes[node.attr] = None
    attributes = {name: None for name in attributes if name not in _TENSOR_WORDS and not hasattr(torch.Tensor, name)}
    if not keys and not attributes and (texts := _by_getattr(name, tree)):
        role: Role = "text and lengths" if _are_pairs(name, tree) else "text"
        return "object", tuple((key, role) for key in texts)
    for kind, found in (("dict", keys), ("object", attributes)):
        if found:
            made: tuple[tuple[str, Role], ...] = tuple((key, role_of(key, i)) for i, key in enumerate(found))
            if _are_pairs(name, tree):
                made = tuple((key, "text and lengths") if role == "text" else (key, role) for key, role in made)
            if not any(role.startswith("text") for _, role in made):
                made = ((made[0][0], "text"), *made[1:])
            return kind, made  # type: ignore[return-value]
    return None


def _by_getattr(name: str, tree: ast.AST | None) -> dict[str, None]:
    """Return the attributes that a forward asks an argument for by `getattr` with names that stand in a tuple."""
    nodes = list(ast.walk(tree)) if tree is not None else []
    asked = any(
        isinstance(n, ast.Call) and dotted_name(n.func) == "getattr" and dotted_name(n.args[0]) == name for n in nodes
    )
    loops = [
        n.iter for n in nodes if isinstance(n, ast.For | ast.comprehension) and isinstance(n.iter, ast.Tuple | ast.List)
    ]
    words = [e.value for loop in loops for e in loop.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return dict.fromkeys(words) if asked else {}


def _are_pairs(name: str, tree: ast.AST | None) -> bool:
    """Say whether a batch's texts come with their lengths: `text, lengths = batch.text`, `getattr(batch, k)[1]`."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == 1:
            value = node.value
            if (
                isinstance(value, ast.Call)
                and dotted_name(value.func) == "getattr"
                and dotted_name(value.args[0]) == name
            ):
                return True
            if isinstance(value, ast.Attribute) and dotted_name(value.value) == name:
                return True
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Attribute):
            continue
        target = node.targets[0]
        if dotted_name(node.value.value) == name and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            return True
    return False


def _used_as(name: str, tree: ast.AST | None) -> Role | None:
    """Return what an argument is where the forward's use of it says so: packing wants lengths, a recurrent layer states."""
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Call):
            continue
        function = ast.unparse(node.func).rpartition(".")[2]
        given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg in {"lengths", "hx", "mask"})]
        if not any(dotted_name(part) == name for one in given for part in ast.walk(one)):
            continue
        if function == "pack_padded_sequence":
            return "lengths"
        if re.fullmatch(r"(bi)?_?(rnn|lstm|gru)\d*(_layer|_cell)?", function.lower()) and isinstance(
            node.func, ast.Attribute
        ):
            return "hidden"
    return None


def _is_packed(parameter: inspect.Parameter, tree: ast.AST | None) -> bool:
    """Say whether an argument is a packed sequence: it is annotated so, or asked for its batch_sizes."""
    if "PackedSequence" in str(parameter.annotation):
        return True
    return any(
        isinstance(n, ast.Attribute) and n.attr == "batch_sizes" and dotted_name(n.value) == parameter.name
        for n in (ast.walk(tree) if tree is not None else ())
    )


def dotted_name(node: ast.AST) -> str:
    """Return a bare name, "" for anything else."""
    return node.id if isinstance(node, ast.Name) else ""


def _is_list(name: str, tree: ast.AST | None) -> bool:
    """Say whether an argument is a list of texts: it is gone through text by text, or packed or joined as it is."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.comprehension) and dotted_name(node.iter) == name:
            return True
        is_given = isinstance(node, ast.Call) and bool(node.args) and dotted_name(node.args[0]) == name
        if (
            is_given
            and isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith(("pack_sequence", "pad_sequence"))
        ):
            return True
    return False


def _is_unpacked(name: str, tree: ast.AST | None) -> bool:
    """Say whether a forward takes its argument apart: `text, lengths = batch`, or `batch[0]` and `batch[1]` as two things."""
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Assign):
            continue
        if (
            dotted_name(node.value) == name
            and isinstance(node.targets[0], ast.Tuple)
            and len(node.targets[0].elts) == 2
        ):
            return True
        if isinstance(node.value, ast.Subscript):
            value, index = node.value.value, node.value.slice
            if (
                isinstance(value, ast.Name)
                and value.id == name
                and isinstance(index, ast.Constant)
                and index.value == 1
            ):
                return True
    return False
