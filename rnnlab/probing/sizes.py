"""Which function of the input's sizes is this size? Fitted to a handful of runs, in whole numbers.

A size that was seen under several settings of (seq_len, batch) is named `seq_len-2`, `2*batch`, `seq_len*batch` or
`(seq_len-2)//2` only where exactly one such function goes through every run, the learner's own run among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Setting = Mapping[str, int]  # the size of each axis that the inputs vary: {"seq_len": 13, "batch": 7}

# Derived from the inputs, never varied on their own: the sum and the largest of the lengths that were given.
TOKENS, LONGEST = "tokens", "max(lengths)"
_WIDEST_STRIDE = 16


class Fit(NamedTuple):
    """What a size is: `constant` under every setting, or the function of the settings in `name` ("" where none fits)."""

    name: str = ""
    constant: bool = False

    @property
    def known(self) -> bool:
        """Whether the size is one certain function of the settings."""
        return bool(self.name)


def fit(sizes: Sequence[int], settings: Sequence[Setting]) -> Fit:
    """Return which function of the settings a size is.

    Args:
        sizes: the size under each setting.
        settings: the sizes of the varied axes; each has the same names.
    """
    if len(set(sizes)) == 1:
        return Fit(constant=True)
    varied = [name for name in settings[0] if len({setting[name] for setting in settings}) > 1]
    for name in varied:
        if list(sizes) == [setting[name] for setting in settings]:
            return Fit(name)
    names = {expression for name in varied if (expression := _of_one(sizes, name, settings))}
    if not names:
        names = {
            expression
            for factor in varied
            for other in varied
            if factor != other and (expression := _product(sizes, factor, other, settings))
        }
    # `seq_len*batch` is found from either side; two different functions through the same points name nothing.
    return Fit(names.pop()) if len(names) == 1 else Fit()


def _of_one(sizes: Sequence[int], name: str, settings: Sequence[Setting]) -> str:
    """Return the one function of a single axis that goes through all points, or ""."""
    points: dict[int, int] = {}
    for size, setting in zip(sizes, settings, strict=True):
        if points.setdefault(setting[name], size) != size:
            return ""
    if len(points) < 2:
        return ""
    return _linear(name, points) or _floored(name, points)


def _linear(name: str, points: Mapping[int, int]) -> str:
    (x0, y0), (x1, y1), *_ = points.items()
    slope, rest = divmod(y1 - y0, x1 - x0)
    offset = y0 - slope * x0
    if rest or slope < 1 or any(slope * x + offset != y for x, y in points.items()):
        return ""
    return _shifted(name if slope == 1 else f"{slope}*{name}", offset)


def _floored(name: str, points: Mapping[int, int]) -> str:
    """Windows that move in steps: (n + offset) // stride, where the points leave one stride and one offset only."""
    if len(points) < 3:
        return ""
    x0, y0 = next(iter(points.items()))
    found = [
        (stride, offset)
        for stride in range(2, _WIDEST_STRIDE + 1)
        for offset in range(stride * y0 - x0, stride * (y0 + 1) - x0)
        if all((x + offset) // stride == y for x, y in points.items())
    ]
    if len(found) != 1:
        return ""
    ((stride, offset),) = found
    inner = _shifted(name, offset)
    return f"({inner})//{stride}" if offset else f"{inner}//{stride}"


def _product(sizes: Sequence[int], factor: str, other: str, settings: Sequence[Setting]) -> str:
    """Return `seq_len*batch`, `(seq_len-2)*batch`: one axis as it is, times a function of another one."""
    if any(size % setting[factor] for size, setting in zip(sizes, settings, strict=True)):
        return ""
    quotients = [size // setting[factor] for size, setting in zip(sizes, settings, strict=True)]
    function = _of_one(quotients, other, settings)
    if not function:
        return ""
    times = re.fullmatch(rf"(\d+)\*({re.escape(other)})", function)
    amount = f"{times[1]}*" if times else ""
    pair = [other, factor] if times or function == other else [factored(function), factor]
    if times or function == other:
        # One spelling, whichever of the two was taken as it is: the time axis first.
        names = list(settings[0])
        pair.sort(key=names.index)
    return amount + "*".join(pair)


def _shifted(name: str, offset: int) -> str:
    return name + (f"{offset:+d}" if offset else "")


def factored(name: str) -> str:
    """Return a name as it stands inside a product: in brackets where it is a sum or a quotient."""
    bare = name.replace(LONGEST, "longest")
    return f"({name})" if re.search(r"[-+/]", bare) and not _is_bracketed(bare) else name


def _is_bracketed(name: str) -> bool:
    return name.startswith("(") and name.endswith(")") and _balanced(name[1:-1])


def unbracketed(name: str) -> str:
    """Return a factor as it stands alone."""
    return name[1:-1] if _is_bracketed(name) else name


def _balanced(name: str) -> bool:
    depth = 0
    for letter in name:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            return False
    return depth == 0


def factors(name: str) -> list[str]:
    """Return the factors of a product in order: `(seq_len-2)*batch` gives `(seq_len-2)` and `batch`; a sum is one."""
    parts, depth = [""], 0
    for letter in name:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter in "+-/" and depth == 0:
            return [name]
        if letter == "*" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _evaluated(expression: str, setting: Setting) -> int | None:
    """Return a name's size under a setting; None where it names an axis that the setting does not know."""
    text = expression.replace(LONGEST, "longest")
    known = {name.replace(LONGEST, "longest"): size for name, size in setting.items()}
    tokens = re.findall(r"[A-Za-z_]\w*|\d+|//|[-+*()]", text)
    if "".join(tokens) != text.replace(" ", "") or any(t.isidentifier() and t not in known for t in tokens):
        return None
    try:
        # Names are replaced by numbers, and nothing but numbers, + - * // and brackets is left.
        return int(eval("".join(str(known.get(t, t)) for t in tokens), {"__builtins__": {}}))
    except (SyntaxError, ZeroDivisionError, TypeError):
        return None


def sizes_of(expression: str, settings: Sequence[Setting]) -> list[int] | None:
    """Return what a name says of an axis' size under each setting, or None where it names what no setting knows."""
    found = [_evaluated(expression, setting) for setting in settings]
    return None if None in found else [size for size in found if size is not None]


def moves_as(name: str, sizes: Sequence[int], settings: Sequence[Setting]) -> bool:
    """Say whether an axis moves as its name says.

    Names that no setting knows (hid, emb) must not move; in `seq_len*hid` the rest of the product must not.
    """
    rests: set[tuple[int, int]] = set()
    for size, setting in zip(sizes, settings, strict=True):
        known, unknown = 1, False
        for factor in factors(name):
            value = _evaluated(factor, setting)
            if value is None:
                if any(part in setting for part in re.findall(r"[A-Za-z_]\w*", factor)):
                    return True  # `seq_len+emb`: nothing to hold it against
                unknown = True
            else:
                known *= value
        if known == 0 or size % known:
            return False
        rests.add((size // known, int(unknown)))
    return len(rests) == 1 and (bool(next(iter(rests))[1]) or next(iter(rests))[0] == 1)
