"""The tables of what is known of libraries: who answers a call of a dotted name, and a method of a kind of thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnlab.reading.values import Value

Handler = Callable[[Any, Any], Value]  # (run, arguments)
MethodHandler = Callable[[Any, Any, Any], Value]  # (run, owner, arguments)

CALLS: dict[str, Handler] = {}
LASTS: dict[tuple[str, str], Handler] = {}
METHODS: dict[tuple[str, str], MethodHandler] = {}
THINGS: dict[str, MethodHandler] = {}
ITEMS: dict[str, Callable[[Any, Any, Any, Any], Value]] = {}
ELEMENTS: dict[str, Callable[[Any, Any, Any], Value]] = {}
ATTRIBUTES: dict[str, Callable[[Any, Any, str, Any], Value | None]] = {}


def calls(*names: str) -> Callable[[Handler], Handler]:
    """Answer calls of these dotted names; `root.*.name` stands for every module of a package."""

    def register(handler: Handler) -> Handler:
        for whole in names:
            for name in whole.split():
                root, star, last = name.partition(".*.")
                if star:
                    LASTS[root, last] = handler
                else:
                    CALLS[name] = handler
        return handler

    return register


def methods(group: str, names: str) -> Callable[[MethodHandler], MethodHandler]:
    """Answer these methods of things of a group."""

    def register(handler: MethodHandler) -> MethodHandler:
        for name in names.split():
            METHODS[group, name] = handler
        return handler

    return register


def called_things(group: str) -> Callable[[MethodHandler], MethodHandler]:
    """Answer the call of a thing of a group itself."""

    def register(handler: MethodHandler) -> MethodHandler:
        THINGS[group] = handler
        return handler

    return register


def handler_of(name: str) -> Handler | None:
    """Return who answers a call of a dotted name."""
    found = CALLS.get(name)
    if found is None:
        parts = name.split(".")
        found = LASTS.get((parts[0], ".".join(parts[-2:]))) or LASTS.get((parts[0], parts[-1]))
    return found


def group_of(thing: Any) -> str:
    """Return the group of a thing."""
    return thing.fields.get("group", "")
