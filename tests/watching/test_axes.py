"""Axis names pass through operations right, or become `?`: never wrong, whatever sizes coincide."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from rnnlab.axes import Symbol
from rnnlab.record import Record
from rnnlab.watching.calls import Calls
from rnnlab.watching.places import Places
from rnnlab.watching.recorder import Recorder

Operation = Callable[..., Any]
PLACES = Places()  # it remembers which files are whose


def names_after(operation: Operation, tensors: Sequence[Tensor], names: Sequence[str]) -> list[list[str]]:
    """Run an operation under Watch on tensors whose axes are named ("a b c"), and return the names that come out."""
    recorder = Recorder(Record(), PLACES)
    for tensor, words in zip(tensors, names, strict=True):
        known = [Symbol() if word == "?" else Symbol(word, "declared") for word in words.split()]
        recorder.know(tensor, known)
    with Calls(recorder):
        result = operation(*tensors)
    results = result if isinstance(result, tuple | list) else [result]
    return [[s.name for s in recorder.symbols(one)] for one in results]


def zeros(words: str, **sizes: int) -> Tensor:
    """Return zeros with an axis for each word; every size is 3 unless told, so that sizes say nothing."""
    return torch.zeros([sizes.get(word, 3) for word in words.split()])


def out(operation: Operation, *names: str, **sizes: int) -> str:
    """Return the names of the first tensor that comes out, as one text."""
    return " ".join(names_after(operation, [zeros(one, **sizes) for one in names], names)[0])


# --- by example: every size is 3 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        (lambda x: x.permute(2, 0, 1), "t b e", "e t b"),
        (lambda x: torch.permute(x, (1, 0, 2)), "t b e", "b t e"),
        (lambda x: x.permute(dims=(-1, 0, 1)), "t b e", "e t b"),
        (lambda x: x.transpose(0, 1), "t b e", "b t e"),
        (lambda x: torch.transpose(input=x, dim0=-1, dim1=0), "t b e", "e b t"),
        (lambda x: torch.swapaxes(x, axis0=0, axis1=1), "t b", "b t"),
        (lambda x: x.t(), "t b", "b t"),
        (lambda x: x[0], "t b e", "b e"),
        (lambda x: x[:, -1], "t b e", "t e"),
        (lambda x: x[..., 0], "t b e", "t b"),
        (lambda x: x[0, ..., 0], "t b e", "b"),
        (lambda x: x[:, None, 0], "t b e", "t ? e"),
        (lambda x: x[1:, :, ::2], "t b e", "t b e"),
        (lambda x: x[[0, 1]], "t b", "? ?"),
        (lambda x: x[x > 0], "t b", "?"),
        (lambda x: x[True], "t b", "? ? ?"),
        (lambda x: x.select(1, 0), "t b e", "t e"),
        (lambda x: x.unsqueeze(1), "t b", "t ? b"),
        (lambda x: x.unsqueeze(-1), "t b", "t b ?"),
        (lambda x: x.squeeze(0), "t b", "t b"),
        (lambda x: x.sum(1), "t b e", "t e"),
        (lambda x: x.sum(axis=0), "t b e", "b e"),
        (lambda x: x.mean(dim=(0, -1)), "t b e", "b"),
        (lambda x: x.mean(1, True), "t b e", "t ? e"),
        (lambda x: x.max(2, keepdim=True), "t b e", "t b ?"),
        (lambda x: x.argmax(dim=1), "b c", "b"),
        (lambda x: torch.max(x, 1), "b c", "b"),
        (lambda x: x.sum(), "t b", ""),
        (lambda x: x.sum(dim=[], keepdim=True), "t b", "? ?"),
        (lambda x: x.view(9, 3), "t b e", "t*b e"),
        (lambda x: x.view(3, 9), "t b e", "t b*e"),
        (lambda x: x.view(-1), "t b", "t*b"),
        (lambda x: x.flatten(1), "t b e", "t b*e"),
        (lambda x: x.view(3, 1, 3, 3), "t b e", "t ? b e"),
        (lambda x: x.view(3, 3, 1), "t b", "t b ?"),
        (lambda x: x.reshape(1, 9), "t b", "? t*b"),
        (lambda x: x.view(9).view(3, 3), "t b", "t b"),
        (lambda x: x.unbind(1), "t b e", "t e"),
        (lambda x: x.unbind(dim=-1), "t b e", "t b"),
        (lambda x: x.chunk(3, 1), "t b", "t ?"),
        (lambda x: x.split(1, dim=0), "t b", "? b"),
        (lambda x: x.expand(3, 3, 3), "b e", "? b e"),
        (lambda x: x.repeat(1, 2), "b e", "b ?"),
        (lambda x: x.softmax(-1), "b c", "b c"),
        (lambda x: x.sort(dim=0), "b c", "b c"),
        (lambda x: x.contiguous().float().detach() * 2 + 1, "t b", "t b"),
        (lambda x: F.one_hot(x.long(), 3), "b", "b ?"),
        (lambda x: torch.bincount(x.long(), minlength=3), "b", "?"),
        (lambda x: x.movedim(0, 1), "t b", "b t"),
        (lambda x: x.T, "t b", "b t"),
        (lambda x: F.pad(x, (0, 0, 1, -1)), "t b", "? b"),
        (lambda x: x.topk(3, dim=0), "t b", "? b"),
        (lambda x: x.cumsum(0).zero_(), "t b", "t b"),
        (lambda x: x.zero_(), "t b", "t b"),
        (lambda x: torch.max(input=x, dim=0), "t b", "b"),
        (lambda x: x.mT, "t b e", "t e b"),
        (lambda x: torch.topk(x, 2), "t b e", "t b ?"),
        (lambda x: x.movedim((0, 1), (-1, 0)), "t b e", "b e t"),
        (lambda x: torch.moveaxis(x, -1, 0), "t b e", "e t b"),
        (lambda x: x.narrow(1, 0, 2), "t b e", "t b e"),
        (lambda x: torch.narrow(x, dim=0, start=0, length=2), "t b", "t b"),
        (lambda x: x.unfold(0, 2, 1), "t b", "? b ?"),
        (lambda x: x.repeat_interleave(2, dim=1), "t b e", "t ? e"),
        (lambda x: x.repeat_interleave(2), "t b", "?"),
        (lambda x: torch.norm(x, dim=-1), "t b e", "t b"),
        (lambda x: x.norm(2, 0, True), "t b", "? b"),
        (lambda x: x.norm(), "t b", ""),
        (lambda x: x.logsumexp(1), "t b e", "t e"),
        (lambda x: x.std(0), "t b", "b"),
        (lambda x: x.var(dim=(0, 1), keepdim=True), "t b e", "? ? e"),
        (lambda x: x.median(0), "t b", "b"),
        (lambda x: x.argsort(1), "t b", "t b"),
        (lambda x: x.cummax(0)[1], "t b", "t b"),
        (lambda x: x.flip(0).roll(1, 0), "t b", "t b"),
        (lambda x: F.normalize(x, dim=1), "t b", "t b"),
        (lambda x: torch.ones_like(x), "t b", "t b"),
        (lambda x: x.tril(), "t b", "t b"),
        (lambda x: F.pad(x, (1, 1)), "t b e", "t b ?"),
        (lambda x: next(iter(x)), "t b e", "b e"),
        (lambda x: list(x)[-1], "t b", "b"),
        (lambda x: torch.nonzero(x), "t b", "? ?"),
        (lambda x: x.masked_select(x > 0), "t b", "?"),
        (nn.Identity(), "t b", "t b"),
        (nn.Unflatten(0, (3, 1)), "t b", "t ? b"),
    ],
)  # fmt: skip
def test_the_axes_of_one_tensor(operation: Operation, given: str, expected: str) -> None:
    assert out(operation, given) == expected


@pytest.mark.parametrize(
    ("operation", "first", "second", "expected"),
    [
        (lambda x, y: x + y, "t b", "t b", "t b"),
        (lambda x, y: x + y, "t b", "b", "t b"),
        (lambda x, y: x + y, "t b", "? ?", "t b"),
        (lambda x, y: x * y, "t b", "b t", "? ?"),
        (lambda x, y: x == y, "b", "b", "b"),
        (lambda x, y: torch.max(x, y), "t b", "t b", "t b"),
        (lambda x, y: torch.where(x > 0, x, y), "t b", "t b", "t b"),
        (lambda x, y: x.type_as(y), "? ?", "t b", "? ?"),
        (lambda x, y: x.to(y), "? ?", "t b", "? ?"),
        (lambda x, y: x @ y, "b h", "h c", "b c"),
        (lambda x, y: torch.matmul(other=y, input=x), "b h", "h c", "b c"),
        (lambda x, y: x @ y, "b h", "h", "b"),
        (lambda x, y: x @ y, "h", "h c", "c"),
        (lambda x, y: x @ y, "h", "b h c", "b c"),
        (lambda x, y: x @ y, "t h", "b h c", "b t c"),
        (lambda x, y: torch.bmm(x, y), "b t h", "b h c", "b t c"),
        (lambda x, y: torch.bmm(x, y), "b t h", "t h c", "? t c"),
        (lambda x, y: torch.einsum("tbh,bh->tb", x, y), "t b h", "b h", "t b"),
        (lambda x, y: torch.einsum("tbh, bk -> tbk", [x, y]), "t b h", "b k", "t b k"),
        (lambda x, y: torch.cat((x, y)), "t b", "t b", "2*t b"),
        (lambda x, y: torch.cat((x, y), -1), "b h", "b e", "b h+e"),
        (lambda x, y: torch.cat((x, y), dim=1), "b h", "c h", "? 2*h"),
        (lambda x, y: torch.cat((x[:1], y[1:])), "t b", "t b", "? b"),
        (lambda x, y: torch.cat((x[:1], y[2:])), "t b", "t b", "? b"),
        (lambda x, y: torch.cat((torch.cat((x, y), 1), torch.cat((x, y), 1)), 1), "b h", "b e", "b 2*(h+e)"),
        (lambda x, y: torch.cat((x, y), 1)[:, :3], "b h", "b h", "b ?"),
        (lambda x, y: torch.stack((x, y)), "b h", "b h", "? b h"),
        (lambda x, y: torch.stack((x, y), dim=-1), "b h", "h b", "? ? ?"),
        (lambda x, y: x[y.long(), torch.arange(3)], "t b h", "b", "b h"),
        (lambda x, y: x[0, :, y.long()], "t b h", "b", "? ?"),
        (lambda x, y: x[y.long()], "t h", "b", "b h"),
        (lambda x, y: x.gather(0, y.long()), "t b", "? b", "? b"),
        (lambda x, y: x.expand_as(y), "b", "t b", "? b"),
        (lambda x, y: F.linear(weight=y, input=x), "b h", "? ?", "b ?"),
        (lambda x, y: F.embedding(weight=y, input=x.long()), "t b", "? ?", "t b emb"),
        (lambda x, y: F.conv1d(x, y), "b e t", "? ? ?", "b channels ?"),
        (lambda x, y: F.conv1d(x, y), "e t", "? ? ?", "? ?"),
        (lambda x, y: F.layer_norm(x, (3,), y), "b h", "?", "b h"),
        (lambda x, y: torch.baddbmm(x, x, y), "b t h", "b h c", "b t c"),
        (lambda x, y: torch.addmm(input=y[0], mat1=x, mat2=y), "b h", "h c", "b c"),
        (lambda x, y: torch.mv(x, y), "b h", "h", "b"),
        (lambda x, y: torch.outer(x, y), "t", "b", "t b"),
        (lambda x, y: torch.index_select(x, 0, y.long()), "t h", "b", "b h"),
        (lambda x, y: torch.take_along_dim(x, y.long(), dim=0), "t b", "? b", "? b"),
        (lambda x, y: F.scaled_dot_product_attention(x, y, y), "b t h", "b s v", "b t h"),
        (lambda x, y: F.bilinear(x, y, torch.zeros(3, 3, 3)), "b h", "b e", "b ?"),
    ],
)  # fmt: skip
def test_the_axes_of_two_tensors(operation: Operation, first: str, second: str, expected: str) -> None:
    assert out(operation, first, second) == expected


def test_squeeze_drops_only_axes_of_size_one() -> None:
    assert out(lambda x: x.squeeze(0), "l b h", l=1) == "b h"
    assert out(lambda x: x.squeeze(), "l b h", l=1) == "b h"
    assert out(lambda x: x.squeeze(), "l b h", l=1, b=1) == "h"
    assert out(lambda x: x.squeeze((0, 2)), "l b h", l=1, h=1) == "b"
    assert out(lambda x: x.view(3, 3), "l b h", l=1) == "b h"
    assert out(lambda x: x.squeeze_(0), "l b h", l=1) == "b h"


def test_batches_of_different_sizes_end_to_end_are_not_twice_the_batch() -> None:
    (names,) = names_after(lambda x, y: torch.cat((x, y)), [torch.zeros(3, 2), torch.zeros(1, 2)], ["b c", "b c"])
    assert names == ["?", "c"]


def test_a_batch_axis_of_size_one_is_not_named_after_the_wrong_side() -> None:
    (names,) = names_after(lambda x, y: x @ y, [torch.zeros(1, 3, 3), torch.zeros(3, 3, 3)], ["l t h", "b h c"])
    assert names == ["b", "t", "c"]


def test_pooling_keeps_what_it_does_not_move_along() -> None:
    assert out(lambda x: F.max_pool1d(x, 2), "b e t") in {"b e ?", "? ? ?"}
    assert out(nn.MaxPool1d(2), "b e t") == "b e ?"
    assert out(nn.AdaptiveAvgPool1d(3), "b e t") == "b e ?"


def test_a_layer_names_its_axis_the_same_each_time_and_another_width_differently() -> None:
    small, wide = nn.Embedding(9, 3), nn.Embedding(9, 5)
    ids = torch.zeros(3, 3, dtype=torch.long)
    found = names_after(lambda x: [small(x), wide(x), small(x)], [ids], ["t b"])
    assert found == [["t", "b", "emb"], ["t", "b", "emb_5"], ["t", "b", "emb"]]


def test_layers_that_are_gone_leave_no_names_to_those_that_take_their_place() -> None:
    def heads(x: Tensor) -> list[Tensor]:
        for _ in range(20):
            head = nn.Linear(3, 3)
            F.cross_entropy(head(x), torch.zeros(3, dtype=torch.long))
            del head
        return [nn.Linear(3, 3)(x) for _ in range(20)]

    assert {tuple(names) for names in names_after(heads, [torch.zeros(3, 3)], ["b h"])} == {("b", "?")}


# --- by property: tensors whose values say where their axes went -----------------------------------------------------


def along(shape: Sequence[int], axis: int) -> Tensor:
    """Return a tensor whose values are the positions along one axis."""
    places = [1] * len(shape)
    places[axis] = shape[axis]
    return torch.arange(shape[axis], dtype=torch.float64).view(places).expand(*shape).clone()


def varies(tensor: Tensor, axis: int) -> bool:
    return bool((tensor.diff(dim=axis) != 0).any())


def true_axes(operation: Operation, shapes: list[tuple[int, ...]], names: list[list[str]]) -> list[set[str]]:
    """Return for each axis that comes out which of the axes that went in it runs along, as the values show."""
    found: list[set[str]] | None = None
    for i, shape in enumerate(shapes):
        for axis, name in enumerate(names[i]):
            tensors = [
                along(shape, axis) + 1 if j == i else torch.ones(s, dtype=torch.float64) for j, s in enumerate(shapes)
            ]
            result = operation(*tensors)
            found = found or [set() for _ in result.shape]
            for j in range(result.dim()):
                if varies(result, j):
                    found[j].add(name)
    return found or []


def parts(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", name))


@st.composite
def steps(draw: st.DrawFn) -> tuple[tuple[int, ...], list[Operation], bool]:
    """Draw a shape of 1s and of one repeated size, and up to four operations that fit one after another."""
    size = draw(st.sampled_from([2, 4]))
    shape = tuple(draw(st.lists(st.sampled_from([1, size, size]), min_size=1, max_size=4)))
    operations: list[Operation] = []
    at, sliced = torch.zeros(shape), False
    for _ in range(draw(st.integers(1, 4))):
        if not at.dim():
            break
        kind = draw(st.sampled_from(sorted(_DRAWN)))
        operation = _DRAWN[kind](draw, at)
        sliced = sliced or kind in {"index", "pieces"}
        operations.append(operation)
        at = operation(at)
    return shape, operations, sliced


def _dim(draw: st.DrawFn, at: Tensor) -> int:
    return draw(st.integers(-at.dim(), at.dim() - 1))


def _index(draw: st.DrawFn, at: Tensor) -> Operation:
    keys: list[Any] = []
    for size in at.shape[: draw(st.integers(1, at.dim()))]:
        whole, some = slice(None), slice(draw(st.integers(0, size - 1)), None)
        keys.append(draw(st.sampled_from([0, -1, whole, some, slice(None, None, 2)])))
    if draw(st.booleans()):
        keys.insert(draw(st.integers(0, len(keys))), None)
    if draw(st.booleans()):
        keys.append(Ellipsis)
    return lambda x: x[tuple(keys)]


def _view(draw: st.DrawFn, at: Tensor) -> Operation:
    """Sizes begin as powers of two: share the twos out anew, and leave what a slice has made odd in one axis."""
    twos, shape = (at.numel() & -at.numel()).bit_length() - 1, []
    if (odd := at.numel() >> twos) > 1:
        shape.append(odd)
    while twos:
        taken = draw(st.integers(1, twos))
        shape.append(2**taken)
        twos -= taken
    for _ in range(draw(st.integers(0, 2))):
        shape.insert(draw(st.integers(0, len(shape))), 1)
    how = draw(st.booleans())
    return lambda x: x.reshape(shape) if how else x.contiguous().view(*shape) if shape else x.reshape(())


def _reduced(draw: st.DrawFn, at: Tensor) -> Operation:
    dim, keep = _dim(draw, at), draw(st.booleans())
    many = draw(st.lists(st.integers(0, at.dim() - 1), min_size=1, unique=True))
    return draw(
        st.sampled_from([
            lambda x: x.sum(dim, keep), lambda x: x.mean(dim=many, keepdim=keep), lambda x: x.max(dim, keepdim=keep)[0],
            lambda x: torch.amax(x, dim, keep), lambda x: torch.min(x, dim=dim)[0],
        ])
    )  # fmt: skip


def _piece(draw: st.DrawFn, at: Tensor) -> Operation:
    dim = _dim(draw, at)
    return draw(
        st.sampled_from([
            lambda x: x.chunk(2, dim)[0], lambda x: torch.split(x, 1, dim=dim)[-1], lambda x: x.unbind(dim)[0],
            lambda x: torch.unbind(x, dim=dim)[-1],
        ])
    )  # fmt: skip


def _moved(draw: st.DrawFn, at: Tensor) -> Operation:
    a, b, order = _dim(draw, at), _dim(draw, at), draw(st.permutations(range(at.dim())))
    ways: list[Operation] = [
        lambda x: x.transpose(a, b), lambda x: torch.swapaxes(x, a, b), lambda x: x.permute(order),
        lambda x: x.permute(*order), lambda x: torch.permute(x, dims=tuple(order)), lambda x: x.movedim(a, b),
    ]  # fmt: skip
    return draw(st.sampled_from([*ways, lambda x: x.t()] if at.dim() == 2 else ways))


def _flattened(draw: st.DrawFn, at: Tensor) -> Operation:
    first = draw(st.integers(0, at.dim() - 1))
    last = draw(st.integers(first, at.dim() - 1))
    return lambda x: x.flatten(first, last)


_DRAWN: dict[str, Callable[[st.DrawFn, Tensor], Operation]] = {
    "squeeze": lambda draw, at: draw(
        st.sampled_from([lambda x, d=_dim(draw, at): x.squeeze(d), lambda x: x.squeeze(), lambda x: torch.squeeze(x)])
    ),
    "unsqueeze": lambda draw, at: lambda x, d=draw(st.integers(-at.dim() - 1, at.dim())): x.unsqueeze(d),
    "move": _moved,
    "select": lambda draw, at: lambda x, d=_dim(draw, at): x.select(d, 0),
    "index": _index,
    "view": _view,
    "flatten": _flattened,
    "reduce": _reduced,
    "pieces": _piece,
    "element": lambda draw, at: draw(
        st.sampled_from([lambda x: x * 2, lambda x: x.clone(), lambda x: torch.relu(x), lambda x: x.contiguous()])
    ),
}
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def _apply(operations: list[Operation]) -> Operation:
    def run(x: Tensor) -> Tensor:
        for operation in operations:
            x = operation(x)
        return x

    return run


@settings(max_examples=400, deadline=None, suppress_health_check=HEALTH)
@given(steps())
def test_no_name_is_ever_wrong(drawn: tuple[tuple[int, ...], list[Operation], bool]) -> None:
    shape, operations, sliced = drawn
    names, run = list("abcd"[: len(shape)]), _apply(operations)
    x = torch.zeros(shape, dtype=torch.float64)
    found, result = names_after(run, [x], [" ".join(names)])[0], run(x)
    truth = true_axes(run, [shape], [names])
    for name, axes, size in zip(found, truth, result.shape, strict=True):
        if name == "?":
            continue
        if size > 1:
            assert parts(name) == axes, (found, truth)
        else:
            # An axis of size 1 shows nothing: it had size 1 from the beginning, or was cut down to it.
            assert sliced or all(shape[names.index(part)] == 1 for part in parts(name)), (found, truth)
        if not sliced:
            whole = torch.Size([shape[names.index(part)] for part in parts(name)]).numel()
            assert size == whole, (found, truth)


BINARY: dict[str, Operation] = {
    "+": lambda x, y: x + y,
    "*": lambda x, y: x * y,
    "maximum": lambda x, y: torch.maximum(x, y),
    "matmul": lambda x, y: x @ y,
    "where": lambda x, y: torch.where(x >= y, x, y),
    "cat": lambda x, y: torch.cat((x, y), -1),
    "stack": lambda x, y: torch.stack((x, y), -1),
}


@settings(max_examples=300, deadline=None, suppress_health_check=HEALTH)
@given(st.data(), st.sampled_from(sorted(BINARY)))
def test_no_name_is_wrong_where_two_tensors_meet(data: st.DataObject, kind: str) -> None:
    operation = BINARY[kind]
    size = data.draw(st.sampled_from([2, 3]))
    shapes = [tuple(data.draw(st.lists(st.sampled_from([1, size, size]), min_size=1, max_size=3))) for _ in range(2)]
    names = [data.draw(st.permutations("abc"))[: len(shape)] for shape in shapes]
    tensors = [torch.ones(shape, dtype=torch.float64) for shape in shapes]
    try:
        result = operation(*tensors)
    except (RuntimeError, IndexError):
        return  # torch refuses these shapes
    found = names_after(operation, tensors, [" ".join(one) for one in names])[0]
    truth = true_axes(operation, shapes, names)
    new = {"cat": [result.dim() - 1], "stack": [result.dim() - 1]}.get(kind, [])
    for j, (name, axes) in enumerate(zip(found, truth, strict=True)):
        if name == "?":
            continue
        assert kind != "stack" or j not in new
        if j in new:
            ends = [one[-1] for one in names]
            assert name in {"+".join(ends), f"2*{ends[0]}" if len(set(ends)) == 1 else "?"}
        elif result.shape[j] > 1:
            assert {name} == axes, (found, truth, shapes, names)
        else:
            assert any(name in one for one in names)
