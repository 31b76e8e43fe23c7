"""A step-through debugger for recurrent text classifiers in PyTorch.

    import rnnlab

    rnnlab.inspect(batch)                       # what is this?
    record = rnnlab.trace(model, text, lengths) # what does my model do, line by line?
    rnnlab.check("train.py")                    # what is wrong with my program?
    rnnlab.load("runs/imdb").predict("A gem.")  # what does the model of `rnnlab train` say?
    with rnnlab.watch() as record: train()      # what does this stretch of my program do?
    from rnnlab import inspectors               # what goes in and out of each stage of my own program?

Nothing heavy is imported before it is used: `import rnnlab` does not import torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab import inspectors as inspectors
    from rnnlab.record import Record as Record
    from rnnlab.report import judge as judge
    from rnnlab.verbs.assertions import assert_axes as assert_axes
    from rnnlab.verbs.check import check as check
    from rnnlab.verbs.inspect import inspect as inspect
    from rnnlab.verbs.predict import load as load
    from rnnlab.verbs.trace import trace as trace
    from rnnlab.verbs.watch import watch as watch

__version__ = "0.1.0"

_WHERE = {
    "assert_axes": ("rnnlab.verbs.assertions", "assert_axes"),
    "check": ("rnnlab.verbs.check", "check"),
    "Record": ("rnnlab.record", "Record"),
    "inspect": ("rnnlab.verbs.inspect", "inspect"),
    "inspectors": ("rnnlab.inspectors", None),
    "judge": ("rnnlab.report", "judge"),
    "load": ("rnnlab.verbs.predict", "load"),
    "trace": ("rnnlab.verbs.trace", "trace"),
    "watch": ("rnnlab.verbs.watch", "watch"),
}
__all__ = [
    "Record",
    "assert_axes",
    "check",
    "inspect",
    "inspectors",
    "judge",
    "load",
    "trace",
    "watch",
]  # the lazy names, as _WHERE has them


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"rnnlab has no '{name}'; it has {', '.join(__all__)}")
    module, attribute = _WHERE[name]
    found = importlib.import_module(module)
    return found if attribute is None else getattr(found, attribute)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
