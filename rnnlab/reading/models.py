"""Objects of the learner's classes that mean something: models (their forward is entered) and datasets."""

from __future__ import annotations

import ast
from typing import Any

from rnnlab.facts import Named
from rnnlab.reading.libraries.registry import methods
from rnnlab.reading.running import DEEPEST, Frame, Run
from rnnlab.reading.values import (
    Class,
    Constant,
    Function,
    Instance,
    Listing,
    Mapping,
    Scoped,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    derived,
    origins_of,
)

_MODELS = {
    "Module",
    "LightningModule",
    "PreTrainedModel",
    "ModuleList",
    "Sequential",
    "BertPreTrainedModel",
    "jit.ScriptModule",
}
_DATASETS = {"Dataset", "IterableDataset", "TensorDataset", "MapDataPipe", "IterDataPipe"}


def is_model_class(kind: Class) -> bool:
    """Say whether a class of the learner's is an nn.Module."""
    return any(name.rpartition(".")[2] in _MODELS or name.startswith("torch.nn.") for name in kind.above())


def is_model(value: Value) -> bool:
    """Say whether a value is an object of a learner's model class."""
    return isinstance(value, Instance) and is_model_class(value.kind)


def is_dataset(value: Value) -> bool:
    """Say whether a value is an object of a learner's dataset class."""
    if not isinstance(value, Instance):
        return False
    return any(name.rpartition(".")[2] in _DATASETS for name in value.kind.above())


def made(run: Run, instance: Instance, given: Any) -> None:
    """An object was made: a model or a dataset is told of."""
    node = given.node
    if is_model(instance):
        if run.models or any(
            f.function is not None and f.function.name.endswith(".__init__") and _is_models_own(f) for f in run.frames
        ):
            return  # a part of a larger model
        inner = sorted({one for value in instance.fields.values() for one in _layers_in(value)})
        samples = {"type": instance.kind.name, "layers": inner, "python_lists": _layers_in_python_lists(instance)}
        origins = [
            n
            for n in deep_origins_of_arguments(given)
            if (told := run.story.by_id(n)) is not None and told.what == "vocabulary"
        ]
        instance.number = run.story.data(node, "model", run.name(node), origins, samples=samples)
    elif is_dataset(instance):
        origins = origins_of(given.values()) or origins_of(instance.fields.values())
        origins -= frozenset(n for n in origins if _is_no_rows(run, n))
        samples = {"type": instance.kind.name}
        instance.number = run.story.data(
            node, "dataset", run.name(node), origins, samples=samples, certain=len(origins) <= 1
        )


def _is_no_rows(run: Run, number: int) -> bool:
    told = run.story.by_id(number)
    return told is not None and told.what in ("vocabulary", "label map", "field", "model")


def deep_origins_of_arguments(given: Any) -> frozenset[int]:
    """Return the data behind a call's arguments."""
    return origins_of(given.values())


def _is_models_own(frame: Frame) -> bool:
    owner = next(iter(frame.arguments.values()), None)
    return isinstance(owner, Instance) and is_model(owner)


def _layers_in(value: Any) -> list[str]:
    if isinstance(value, Thing) and value.fields.get("group") in ("layer", "container"):
        return [value.name]
    if isinstance(value, Instance) and is_model(value):
        return [value.kind.name]
    return []


def _layers_in_python_lists(instance: Instance) -> list[str]:
    """Return the attributes that hold layers in a plain list or dict, where parameters() does not see them."""
    found = []
    for name, value in instance.fields.items():
        held: list[Any] = []
        if isinstance(value, Listing):
            held = [*(value.items or ()), value.element]
        elif isinstance(value, Mapping):
            held = [*value.items.values(), value.fields["element"]]
        if any(_layers_in(one) for one in held):
            found.append(str(name))
    return found


def attribute_written(run: Run, owner: Instance, name: str, value: Value, node: Any) -> None:
    """A model got an attribute; a layer that is put in after the optimizer was made is worth knowing."""


# --- forward -------------------------------------------------------------------------------------------------------


def forward(run: Run, instance: Instance, given: Any) -> Value:
    """Call a model: its forward runs, and what it does is told inside a scope of its own."""
    method = instance.kind.attribute("forward")
    if not isinstance(method, Function):
        inner = next(
            (v for v in instance.fields.values() if isinstance(v, Thing) and v.fields.get("group") == "container"), None
        )
        if inner is None:
            return derived(given.values())
        from rnnlab.reading.libraries import call_thing

        return call_thing(run, inner, given)
    if len(run.frames) >= DEEPEST or sum(1 for one in run.models if one is instance) >= 2:
        return derived(given.values())
    from rnnlab.reading.calling import _bind_parameters, _part_of, _result

    run.entered.add(id(method.node))
    if run.loops and not run.models:
        run.loops[-1].forwarded = True
    whole = given.after(instance)
    scope = Scoped({}, method.around, method.around.top)
    frame = Frame(scope, method, method.file, given.node)
    _bind_parameters(run, method, whole, scope.variables)
    _become_tensors(scope.variables)
    _settle_words(run, instance, method, scope.variables)
    frame.arguments = dict(scope.variables)
    frame.place = run.story.place(given.node)
    function = f"{instance.kind.name}.forward"
    story = run.story
    inputs = [Named(word, story.note(value)) for word, value in given.pairs()]
    names = [Named("self", story.note(instance)), *inputs]
    key = (run.training(), run.grad_on, str(instance.fields.get("training") and constant(instance.fields["training"])))
    n = story.enter(given.node, function, names, key=(key, tuple(tuple(v.made) for v in frame.arguments.values())))
    part = story.part
    run.frames.append(frame)
    run.models.append(instance)
    story.part = _part_of(run, method) or part
    result: Value = Unknown()
    try:
        from rnnlab.reading.libraries import grad_by_marks

        with run.gradients(grad_by_marks(run, method)):
            run.execute(method.node.body)  # type: ignore[arg-type]
        result = _result(run, frame, method)
        if len(run.models) == 1 and isinstance(result, Tensor) and result.shape is not None and len(result.shape) == 2:
            batch, classes = result.symbols
            if batch.name == "batch":
                classes.settle("classes")
        if len(run.models) == 1:
            _tell_prediction(run, instance, given)
    finally:
        run.models.pop()
        run.frames.pop()
        story.part = part
        story.leave(n, function, result)
    return result


def _tell_prediction(run: Run, instance: Instance, given: Any) -> None:
    """A model is asked about a single review, outside of every pass, with gradients off."""
    if run.grad_on is not False or any(passed.kind == "batches" for passed in run.loops):
        return
    ids = next((v for v in given.positional if isinstance(v, Tensor) and v.shape is not None), None)
    if ids is None or not (len(ids.shape or ()) == 1 or 1 in (ids.shape or ())[:2]):
        return
    caller = run.frames[-2].function if len(run.frames) > 1 else None
    samples: dict[str, Any] = {"model": instance.kind.name, **({"function": caller.name} if caller is not None else {})}
    inner = run.frames.pop()
    name = run.name(given.node)
    run.frames.append(inner)
    made_from = [instance.number] if instance.number is not None else []
    run.story.data(given.node, "prediction", name, made_from, {"rows": 1.0}, samples, place=inner.place)


def _become_tensors(variables: dict[str, Value]) -> None:
    """What a model's forward is given is taken for a tensor where nothing else is known of it."""
    for name, value in variables.items():
        if isinstance(value, Unknown) and (value.made or value.text == name or not value.text):
            variables[name] = Tensor(None, None, "", value.origins, value.made)


def _settle_words(run: Run, instance: Instance, method: Function, variables: dict[str, Value]) -> None:
    """What forward looks up in an embedding is the words of a batch, before any of its sizes is asked for."""
    from rnnlab.reading.libraries import torch_layers

    for node in ast.walk(method.node):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        layer = instance.fields.get(node.func.attr)
        if isinstance(layer, Thing) and layer.name == "Embedding":
            value = variables.get(_root(node.args[0]))
            if isinstance(value, Tensor):
                torch_layers.stand_side_by_side(run, value)


def _root(node: ast.expr) -> str:
    """Return the variable behind `x`, `x.long()`, `x.to(device)`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr not in ("long", "to", "cuda", "int", "type", "contiguous"):
            return ""
        node = node.func.value
    return node.id if isinstance(node, ast.Name) else ""


# --- methods that models have from torch ------------------------------------------------------------------------------


@methods("model", "to cuda cpu double float half apply requires_grad_ share_memory type compile")
def _itself(run: Run, owner: Instance, given: Any) -> Value:
    from rnnlab.facts import Call

    if given.method == "apply":
        _applied(run, owner, given)
    if given.method in ("to", "cuda", "cpu"):
        call = Call(
            place=run.story.place(given.node),
            what="to",
            binds=run.binds(given.node),
            grad_on=run.grad_on,
            values={"model": owner.number, "of": owner.kind.name, "device": given.word(0) or given.method},
        )
        run.story.call(given.node, call, "model")
    return owner


def _applied(run: Run, owner: Instance, given: Any) -> None:
    function = given.get(0)
    if isinstance(function, Function):
        run.entered.add(id(function.node))


@methods("model", "train eval")
def _mode(run: Run, owner: Instance, given: Any) -> Value:
    from rnnlab.reading.libraries import torch_training

    return torch_training.set_mode(run, owner, given, given.method == "train")


@methods("model", "parameters named_parameters state_dict modules children named_modules named_children")
def _parameters(run: Run, owner: Instance, given: Any) -> Value:
    from rnnlab.reading.libraries import torch_training

    return torch_training.parameters_of(run, owner, given)


@methods("model", "load_state_dict")
def _fill(run: Run, owner: Instance, given: Any) -> Value:
    from rnnlab.reading.libraries import torch_training

    return torch_training.fill(run, owner, given)


@methods("model", "__call__ forward")
def _called(run: Run, owner: Instance, given: Any) -> Value:
    return forward(run, owner, given)


@methods("model", "zero_grad")
def _zero(run: Run, owner: Instance, given: Any) -> Value:
    from rnnlab.reading.libraries import torch_training

    torch_training.event(run, given, "zero_grad", {"model": owner.number})
    return Constant(None)


@methods("model", "register_buffer register_parameter")
def _registered(run: Run, owner: Instance, given: Any) -> Value:
    name = constant(given.get(0, "name"))
    value = given.get(1, "tensor", "param")
    if isinstance(name, str) and value is not None:
        run.heap.write(owner.fields, name, value)
    return Constant(None)


@methods("model", "add_module")
def _added(run: Run, owner: Instance, given: Any) -> Value:
    return _registered(run, owner, given)


@methods("model", "log log_dict save_hyperparameters print")
def _logged(run: Run, owner: Instance, given: Any) -> Value:
    if given.method == "save_hyperparameters":
        frame = next((f for f in reversed(run.frames) if f.function is not None), None)
        if frame is not None:
            kept = {k: v for k, v in frame.arguments.items() if k != "self"}
            run.heap.write(owner.fields, "hparams", Mapping(kept, kind="namespace"))
    elif given.method == "log" and len(given.positional) > 1:
        name = constant(given.get(0), "") or ""
        value = given.positional[1]
        run.story.said(given.node, f"{name} {{}}", [(given.word(1), value)])
    return Constant(None)
