"""Ways to fill in what a program's source does not say, and how an error leads from one to the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnnlab.probing.lifting.meaning import made

# Two widths that do not fit, the one that is wanted first.
_WIDTHS = re.compile(
    r"(?:size of tensor a \(|input_size\. Expected |Expected )(\d+)(?:\) must match the size of tensor b \(|, got )(\d+)"
)
_PRODUCT = re.compile(r"\(\d+x(\d+) and (\d+)x\d+\)")  # the width that is there first


@dataclass(frozen=True)
class Plan:
    """One way to fill in what is not known: narrow widths or the program's own, one layer or two, tensors or arrays."""

    narrow: bool = True
    layers: int = 1
    array: bool = False
    vectors: bool = True
    site: int = 0
    sizes: tuple[tuple[str, int], ...] = ()
    given: tuple[tuple[str, Any], ...] = ()

    def having(self, name: str, value: Any) -> Plan:
        """Return the plan with one more argument settled."""
        return replace(self, given=(*((n, v) for n, v in self.given if n != name), (name, value)))


def resized(plan: Plan, trouble: str, sizes: Mapping[str, int]) -> Plan | None:
    """Return the plan with the width of the stand-ins that an error asks for, None where it asks for none."""
    match = _WIDTHS.search(trouble) or _PRODUCT.search(trouble)
    if match is None:
        return None
    first, second = (int(number) for number in match.groups())
    wanted, had = (first, second) if match.re is _WIDTHS else (second, first)
    for role in ("emb", "vocab"):
        if had == sizes.get(role, made(role)) and dict(plan.sizes).get(role) != wanted:
            return replace(plan, sizes=(*plan.sizes, (role, wanted)))
    return None
