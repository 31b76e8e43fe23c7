"""PyTorch Lightning: a trainer calls the hooks of a module in the order in which the framework would."""

from __future__ import annotations

from typing import Any

from rnnlab.reading.libraries.registry import calls, methods
from rnnlab.reading.values import Constant, Function, Instance, Listing, Thing, Unknown, Value


@calls("pytorch_lightning.Trainer lightning.*.Trainer pytorch_lightning.*.Trainer")
def _trainer(run: Any, given: Any) -> Value:
    return Thing("lightning.Trainer", {"group": "trainer"})


@methods("trainer", "fit")
def _fit(run: Any, owner: Thing, given: Any) -> Value:
    model = given.get(0, "model")
    loaders = [value for value in [*given.positional[1:], *given.named.values()] if value is not model]
    if isinstance(model, Instance):
        hooks(run, model, given.node, loaders, ("training_step", "validation_step"))
    return Constant(None)


@methods("trainer", "test validate predict")
def _test(run: Any, owner: Thing, given: Any) -> Value:
    model = given.get(0, "model")
    loaders = [value for value in [*given.positional[1:], *given.named.values()] if value is not model]
    names = {"test": ("test_step",), "validate": ("validation_step",), "predict": ("predict_step",)}[given.method]
    if isinstance(model, Instance):
        hooks(run, model, given.node, loaders, names)
    return Unknown()


_LOADERS = {"training_step": "train_dataloader", "validation_step": "val_dataloader", "test_step": "test_dataloader"}


def hooks(run: Any, model: Instance, node: Any, loaders: list[Value], steps: tuple[str, ...]) -> None:
    """Enter the hooks of a module, with gradients and mode as the framework sets them."""
    from rnnlab.reading.calling import Arguments
    from rnnlab.reading.libraries.torch_training import event, switch

    _call(run, model, "prepare_data", node)
    _call(run, model, "setup", node, [Constant("fit")])
    _call(run, model, "configure_optimizers", node)
    flat = [one for value in loaders for one in _loaders(value)]
    module = next((value for value in loaders if isinstance(value, Instance)), None)
    if module is not None:
        _call(run, module, "prepare_data", node)
        _call(run, module, "setup", node, [Constant("fit")])
    for i, step in enumerate(steps):
        if not isinstance(model.kind.attribute(step), Function):
            continue
        owner = module if module is not None else model
        loader = flat[i] if i < len(flat) else _call(run, owner, _LOADERS.get(step, ""), node)
        trains = step == "training_step"
        switch(run, model, Constant(trains))
        with run.gradients(trains):
            _one_pass(
                run,
                model,
                step,
                node,
                loader,
                trains,
                lambda what: event(run, Arguments(node), what, {"by": "lightning"}),
            )
        _call(run, model, f"on_{step.removesuffix('_step')}_epoch_end", node)


def _loaders(value: Value) -> list[Value]:
    if isinstance(value, Listing) and value.items is not None:
        return list(value.items)
    if isinstance(value, Instance):
        return []  # a data module: its own hooks give the loaders
    return [value]


def _one_pass(run: Any, model: Instance, step: str, node: Any, loader: Value | None, trains: bool, tell: Any) -> None:
    from rnnlab.reading import looping

    place = run.story.place(node)
    behind = looping.loader_behind(loader)
    passed = looping._begin(run, node, place, behind, None)
    passed.kind, passed.settled, passed.trained = "batches", True, trains
    run.story.folding += 1
    try:
        batch = looping.element_of(run, loader, node) if loader is not None else Unknown()
        if trains:
            tell("zero_grad")
        _call(run, model, step, node, [batch, run.number("index")])
        if trains:
            tell("backward")
            tell("optimizer_step")
    finally:
        run.story.folding -= 1
    looping._end(run, node, place, passed)


def _call(run: Any, model: Instance, name: str, node: Any, given: list[Value] | None = None) -> Value | None:
    from rnnlab.reading.attributes import bound
    from rnnlab.reading.calling import Arguments, call

    method = model.kind.attribute(name) if name else None
    if not isinstance(method, Function):
        return None
    wanted = len(method.node.args.args) - 1
    values = list(given or [])[: max(0, wanted)] if not method.node.args.vararg else list(given or [])
    return call(run, bound(method, model), Arguments(node, values))
