"""What a check is asked for: levels, names to select and to ignore, folders to leave out; from pyproject.toml and the command."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnnlab.rules.kit import LEVELS, Level, Rule, catalogue
from rnnlab.stages import STAGE_NAMES

_KEYS = {"level", "select", "ignore", "exclude", "reading"}


class ChoiceError(ValueError):
    """Something asked for does not exist; the message says what there is."""


@dataclass(frozen=True)
class Choices:
    """What to look for and where not to look.

    Args:
        level: the least serious level that is shown and counts for the exit code.
        select, ignore: names of mistakes or stages; none selected means all.
        exclude: patterns of paths in a folder that are left out.
        reading: the source alone is looked at.
    """

    level: Level = "habit"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    reading: bool = False

    def rules(self) -> list[Rule]:
        """Return the rules that are asked, in the order of the stages.

        Raises:
            ChoiceError: a name is neither a mistake's nor a stage's.
        """
        chosen, left_out = _named(self.select, "select"), _named(self.ignore, "ignore")
        return [
            rule
            for rule in catalogue().values()
            if (not self.select or rule.name in chosen) and rule.name not in left_out
        ]

    def is_shown(self, level: Level) -> bool:
        """Say whether a finding of this level is serious enough."""
        return LEVELS.index(level) <= LEVELS.index(self.level)


def _named(words: Iterable[str], option: str) -> set[str]:
    found: set[str] = set()
    for word in words:
        names = [rule.name for rule in catalogue().values() if word in (rule.name, rule.stage)]
        if not names and word not in STAGE_NAMES:
            near = difflib.get_close_matches(word, [*catalogue(), *STAGE_NAMES], 3, 0.5)
            hint = f"; near it: {', '.join(near)}" if near else "; rnnlab explain lists them"
            raise ChoiceError(f"{option}: no mistake and no stage is called '{word}'{hint}")
        found.update(names)
    return found


def chosen(start: Path, **wished: Any) -> Choices:
    """Return the choices of the nearest pyproject.toml above a path, with what the command line asks for on top.

    Raises:
        ChoiceError: the file cannot be read, or holds a key or a value that means nothing.
    """
    given = {name: value for name, value in wished.items() if value is not None}
    return replace(_configured(start), **given)


def _configured(start: Path) -> Choices:
    folder = start.absolute() if start.is_dir() else start.absolute().parent
    for one in (folder, *folder.parents):
        path = one / "pyproject.toml"
        if path.is_file():
            return _read(path)
    return Choices()


def _read(path: Path) -> Choices:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("rnnlab", {})
    except (OSError, ValueError) as error:
        raise ChoiceError(f"{path} cannot be read: {error}") from error
    if unknown := sorted(set(table) - _KEYS):
        raise ChoiceError(f"{path}: [tool.rnnlab] has no '{unknown[0]}'; it has {', '.join(sorted(_KEYS))}")
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name == "level":
            if value not in LEVELS:
                raise ChoiceError(f"{path}: level is one of {', '.join(LEVELS)}, not {value!r}")
            values[name] = value
        elif name == "reading":
            if not isinstance(value, bool):
                raise ChoiceError(f"{path}: reading is true or false, not {value!r}")
            values[name] = value
        elif isinstance(value, list) and all(isinstance(word, str) for word in value):
            values[name] = tuple(value)
        else:
            raise ChoiceError(f"{path}: {name} is a list of texts, not {value!r}")
    return Choices(**values)
