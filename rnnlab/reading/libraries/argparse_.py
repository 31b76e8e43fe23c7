"""Settings: argparse's defaults give values, soft ones, since a user may give others."""

from __future__ import annotations

from typing import Any

from rnnlab.reading.libraries.registry import calls, methods
from rnnlab.reading.values import Constant, Listing, Mapping, Thing, Unknown, Value, constant


@calls("argparse.ArgumentParser configargparse.ArgumentParser jsonargparse.ArgumentParser")
def _parser(run: Any, given: Any) -> Value:
    return Thing("argparse.ArgumentParser", {"group": "parser", "settings": Mapping(kind="namespace")})


@methods("parser", "add_argument")
def _add(run: Any, owner: Thing, given: Any) -> Value:
    names = [constant(value) for value in given.positional]
    words = [name for name in names if isinstance(name, str)]
    chosen = constant(given.get(None, "dest")) or next(
        (w for w in words if w.startswith("--")), words[0] if words else None
    )
    if not isinstance(chosen, str) or not words:
        return Constant(None)
    name = chosen.lstrip("-").replace("-", "_")
    action, default = constant(given.get(None, "action")), given.get(None, "default")
    value: Value
    if isinstance(default, Constant) and default.value is not None:
        value = Constant(default.value, soft=True)
    elif default is not None and not isinstance(default, Constant):
        value = default
    elif action in ("store_true", "store_false"):
        value = Constant(action == "store_false", soft=True)
    elif default is None and not words[0].startswith("-"):
        value = Unknown(text=name)
    else:
        value = Constant(None, soft=True) if "required" not in given.named else Unknown(text=name)
    settings = owner.fields["settings"]
    run.heap.write(settings.fields, "items", {**settings.items, name: value})
    return Constant(None)


@methods("parser", "add_argument_group add_mutually_exclusive_group add_subparsers add_parser")
def _group(run: Any, owner: Thing, given: Any) -> Value:
    return owner


@methods("parser", "set_defaults")
def _defaults(run: Any, owner: Thing, given: Any) -> Value:
    settings = owner.fields["settings"]
    run.heap.write(settings.fields, "items", {**settings.items, **given.named})
    return Constant(None)


@methods("parser", "parse_args")
def _parse(run: Any, owner: Thing, given: Any) -> Value:
    return owner.fields["settings"]


@methods("parser", "parse_known_args")
def _parse_known(run: Any, owner: Thing, given: Any) -> Value:
    return Listing("tuple", [owner.fields["settings"], Listing("list", None, Unknown())])
