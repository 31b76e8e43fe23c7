"""What unknown objects are for, by what the program asks of them: the model, the loss and the optimizer of a function that nobody
calls, or of a class whose file is missing."""

from __future__ import annotations

import ast
import re
from typing import Any

from rnnlab.operations import UNKNOWN_LOSS, UNKNOWN_MODEL, operation_of
from rnnlab.reading import fitting, models, tensors
from rnnlab.reading.running import Run
from rnnlab.reading.values import Constant, Method, Tensor, Thing, Unknown, Value, derived, with_roots

# A model is asked for these, and nothing else of a training is.
_OF_A_MODEL = {"eval", "parameters", "named_parameters", "state_dict", "load_state_dict", "zero_grad", "train"}
_OF_AN_OPTIMIZER = {"param_groups", "add_param_group"}
_CALLED_A_LOSS = re.compile(
    r"loss|criterion|criteria|objective|(^|\W)crit(\W|$)|(^|\W)bce|cross_?entropy", re.IGNORECASE
)
_CALLED_AN_OPTIMIZER = re.compile(r"optim|(^|[\W_])opt([\W_]|$)", re.IGNORECASE)


def called(run: Run, callee: Value, given: Any) -> Value | None:
    """Tell of a call of something unknown that the program uses as a model or as a loss; None where it is neither."""
    function = getattr(given.node, "func", None)
    if not isinstance(callee, Unknown | Method) or not isinstance(function, ast.Name | ast.Attribute):
        return None
    name = ast.unparse(function)
    if _gives_a_loss(run, name, given):
        return _told(run, UNKNOWN_LOSS, given, Tensor((), None, "float32"))
    if not given.values() or not _is_asked(run, name, _OF_A_MODEL):
        return None
    if (model := fitting.only_model(run, len(given.positional) + len(given.named))) is not None:
        with run.doubting():
            return models.forward(run, fitting.in_any_mode(run, model), given)
    if run.loops:
        run.loops[-1].forwarded = True
    return _told(run, UNKNOWN_MODEL, given, Tensor(None, None, "float32"))


_RECURRENT = re.compile(r"(?:[A-Z]\w*)?(LSTM|GRU|RNN)", re.ASCII)


def recurrent(run: Run, callee: Value, given: Any) -> Value | None:
    """Make a recurrent layer where a model makes one of a class that lies elsewhere: `self.gru = GRU(100, 64)`."""
    if not isinstance(callee, Unknown) or (named := _RECURRENT.fullmatch(callee.text)) is None:
        return None
    function = run.frame.function
    if function is None or not function.name.endswith(".__init__") or function.owner is None:
        return None
    if not models.is_model_class(function.owner) or len(given.positional) + len(given.named) < 2:
        return None
    from rnnlab.reading.libraries import torch_layers

    with run.doubting():
        made = torch_layers.make(run, named[1], given)
    if isinstance(made, Thing) and "batch_first" not in given.named:
        made.fields["options"]["batch_first"] = Unknown(text="?")
    return made


def _told(run: Run, what: str, given: Any, result: Tensor) -> Value:
    made = tensors.tell(run, operation_of(what), given.pairs(), result, given.node)
    if what == UNKNOWN_LOSS:
        return made
    # A model that gives several things gives no tensor.
    node, names = run.frame.binding
    several = node is given.node and len(names) > 1
    return with_roots(derived(given.values()), made.origins, made.made) if several else made


def method(run: Run, owner: Value, name: str, given: Any) -> Value | None:
    """Tell of a method of something unknown that only a loss, an optimizer or a model has; None where it is no such method."""
    if not isinstance(owner, Unknown | Method):
        return None
    from rnnlab.reading.libraries.torch_training import event

    receiver = getattr(getattr(given.node, "func", None), "value", given.node)
    if name == "zero_grad":
        event(run, given, "zero_grad", {"owner": "unknown"})
        return Constant(None)
    if name == "backward" and not given.positional:
        pairs = [(run.story.word(receiver), owner)]
        return tensors.tell(run, operation_of("backward"), pairs, Constant(None), given.node)
    if name == "step" and _is_optimizer(run, ast.unparse(receiver)):
        event(run, given, "optimizer_step", {"owner": "unknown"})
        return Constant(None)
    return None


def _gives_a_loss(run: Run, name: str, given: Any) -> bool:
    """Say whether what a call gives is asked for its gradients, or two things are compared by something called a loss."""
    if len(given.positional) + len(given.named) < 2:
        return False
    _, names = run.frame.binding
    around = _around(run)
    if any(f"{one}.backward" in around for one in names) and run.binds(given.node):
        return True
    return bool(_CALLED_A_LOSS.search(name.rpartition(".")[2]))


def _is_optimizer(run: Run, name: str) -> bool:
    if _is_asked(run, name, _OF_AN_OPTIMIZER):
        return True
    if f"{name}.zero_grad" in _around(run):
        return not _is_asked(run, name, _OF_A_MODEL - {"zero_grad", "state_dict", "load_state_dict", "train", "eval"})
    return bool(_CALLED_AN_OPTIMIZER.search(name.rpartition(".")[2]))


def _is_asked(run: Run, name: str, wanted: set[str]) -> bool:
    """Say whether the program asks an object of this name for any of these."""
    asked = _around(run)
    return any(f"{name}.{one}" in asked for one in wanted)


def _around(run: Run) -> set[str]:
    """Return the dotted names that the running file asks anything of."""
    source = run.program.files.get(run.frame.file)
    if source is None:
        return set()
    key = id(source)
    if key not in run.asked:
        run.asked[key] = {
            ast.unparse(node)
            for part in source.parts
            for node in ast.walk(part.tree)
            if isinstance(node, ast.Attribute) and _is_plain(node)
        }
    return run.asked[key]


def _is_plain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
