"""What a view (reshape, flatten, unflatten) makes of axes: which of them come out whole, merged or split again.

A view leaves the numbers in their order. An axis comes out as itself, or merged with its neighbours, only where the numbers
to its right are as many as before; an axis of the same size somewhere else holds other numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnnlab.probing.sizes import Setting, factored, factors, sizes_of, unbracketed


class Reshaped(NamedTuple):
    """What an axis that comes out is: `is_axis` where it is one axis that went in, or a run of them, called `name`."""

    name: str = ""
    is_axis: bool = False


class _Atom(NamedTuple):
    """An axis that went in, or one factor of it: `seq_len*batch` is two."""

    name: str
    sizes: tuple[int, ...]


def reshaped(
    names: Sequence[str], pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], settings: Sequence[Setting]
) -> list[Reshaped]:
    """Return what each axis that comes out of a view is.

    Args:
        names: the names of the axes that go in.
        pairs: the shape that went in and the shape that came out, under each setting.
    """
    atoms = _atoms(names, [before for before, _ in pairs], settings)
    rank = len(pairs[0][1])
    found: list[Reshaped] = []
    for axis in range(rank):
        sizes = tuple(after[axis] for _, after in pairs)
        right = tuple(_product(after[axis + 1 :]) for _, after in pairs)
        found.append(_run(atoms, sizes, right))
    return found


def _atoms(names: Sequence[str], shapes: Sequence[tuple[int, ...]], settings: Sequence[Setting]) -> list[_Atom]:
    atoms: list[_Atom] = []
    for axis, name in enumerate(names):
        sizes = tuple(shape[axis] for shape in shapes)
        parts = factors(name)
        if len(parts) > 1 and (split := _split(parts, sizes, settings)) is not None:
            atoms.extend(split)
        elif any(size != 1 for size in sizes):
            atoms.append(_Atom(name, sizes))
    return atoms


def _split(parts: list[str], sizes: tuple[int, ...], settings: Sequence[Setting]) -> list[_Atom] | None:
    """Open `seq_len*batch`; one factor that no setting knows (hid) takes what the others leave."""
    known = [sizes_of(part, settings) for part in parts]
    if any(part.isdigit() for part in parts) or sum(one is None for one in known) > 1:
        return None
    rest = list(sizes)
    for one in known:
        if one is not None:
            if any(size % by for size, by in zip(rest, one, strict=True)):
                return None
            rest = [size // by for size, by in zip(rest, one, strict=True)]
    if all(one is not None for one in known) and any(size != 1 for size in rest):
        return None
    return [_Atom(part, tuple(rest if one is None else one)) for part, one in zip(parts, known, strict=True)]


def _run(atoms: list[_Atom], sizes: tuple[int, ...], right: tuple[int, ...]) -> Reshaped:
    """Find the run of neighbouring axes that is as large as this one and has as many numbers to its right."""
    for start in range(len(atoms)):
        for end in range(start + 1, len(atoms) + 1):
            inside = [_product(atom.sizes[i] for atom in atoms[start:end]) for i in range(len(sizes))]
            behind = [_product(atom.sizes[i] for atom in atoms[end:]) for i in range(len(sizes))]
            if inside == list(sizes) and behind == list(right):
                names = [atom.name for atom in atoms[start:end]]
                return Reshaped("" if "?" in names else "*".join(map(_factor, names, [len(names)] * len(names))), True)
    return Reshaped()


def _factor(name: str, among: int) -> str:
    return factored(name) if among > 1 else unbracketed(name)


def _product(sizes: object) -> int:
    total = 1
    for size in sizes:  # type: ignore[attr-defined]
        total *= size
    return total
