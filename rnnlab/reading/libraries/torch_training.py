"""What steers a training: optimizers, schedulers, modes, gradients on and off, seeds, and weights saved and loaded."""

from __future__ import annotations

from typing import Any

from rnnlab.facts import Call
from rnnlab.reading import tensors
from rnnlab.reading.arithmetic import told_choice
from rnnlab.reading.libraries.registry import ATTRIBUTES, CALLS, calls, group_of, methods
from rnnlab.reading.libraries.torch_layers import noted
from rnnlab.reading.passes import settle
from rnnlab.reading.values import (
    Constant,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Number,
    Object,
    Tensor,
    Text,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
)

_OPTIMIZERS = (
    "Adam AdamW SGD RMSprop Adagrad Adadelta Adamax NAdam RAdam LBFGS Rprop ASGD SparseAdam Optimizer Adafactor"
)
_BOUNDED = "ReduceLROnPlateau"


def event(run: Any, given: Any, what: str, values: dict[str, Any] | None = None, stage: str | None = "train") -> int:
    """Tell of something that steers the training and has no tensors."""
    call = Call(
        place=run.story.place(given.node), stage=stage, what=what, values=values or {}, binds=run.binds(given.node)
    )
    if run.loops:
        run.loops[-1].called = True
    if what in ("backward", "zero_grad", "optimizer_step"):
        settle(run, learns=what != "zero_grad")
    key = (str(values), run.training())
    return run.story.call(given.node, call, key)


# --- optimizers ----------------------------------------------------------------------------------------------------


def any_optimizer(run: Any, callee: Library, given: Any) -> Value:
    """Make an optimizer or a scheduler: what it holds, and its options."""
    if ".lr_scheduler" in callee.name:
        return _scheduler(run, callee.last, given)
    return _optimizer(run, callee.last, given)


def _optimizer(run: Any, kind: str, given: Any) -> Value:
    held = given.get(0, "params")
    rate = given.get(1, "lr")
    counts: dict[str, float] = {}
    rate_known = constant(rate)
    if isinstance(rate_known, int | float) and not isinstance(rate_known, bool):
        counts["learning_rate"] = float(rate_known)
    options = {name: str(noted(value)) for name, value in given.named.items() if name not in ("params", "lr")}
    samples: dict[str, Any] = {"type": kind, "options": options, "parameters": given.word(0, "params")}
    of = parameters_in(held)
    samples["holds"] = [[name, how] for name, how, _ in of]
    models = [number for _, _, number in of if number is not None]
    if models:
        told = run.story.by_id(models[0])
        if told is not None:
            samples["model"], samples["model_type"] = told.name, told.samples.get("type", "")
    number = run.story.data(given.node, "optimizer", run.name(given.node), models, counts, samples)
    made = Thing(f"torch.optim.{kind}", {"group": "optimizer", "held": held}, number=number)
    run.things.append(made)
    return made


def parameters_in(value: Value | None) -> list[tuple[str, str, int | None]]:
    """Return whose parameters these are: the class, `all` or `part`, and the identity of the model they belong to."""
    found: list[tuple[str, str, int | None]] = []
    if isinstance(value, Thing) and group_of(value) == "parameters":
        found.append((value.fields["of"], value.fields["how"], value.number))
    elif isinstance(value, Listing):
        for one in [*(value.items or ()), value.element]:
            found += parameters_in(one)
    elif isinstance(value, Mapping):
        found += parameters_in(value.items.get("params"))
    return found


def parameters_of(run: Any, owner: Any, given: Any) -> Value:
    """`model.parameters()` and `state_dict()`: whose they are goes along."""
    kind = owner.kind.name if isinstance(owner, Instance) else owner.name
    number = owner.number
    whole = isinstance(owner, Instance) and number is not None
    if given.method == "state_dict":
        return Thing(
            "state_dict", {"group": "state", "of": kind, "owner": owner, "copied": False}, owner.origins, number=number
        )
    if given.method in ("modules", "children"):
        return Listing("list", None, Unknown(text="layer"))
    return Thing("parameters", {"group": "parameters", "of": kind, "how": "all" if whole else "part"}, number=number)


def _parameters_element(run: Any, owner: Thing, node: Any) -> Value:
    return Tensor(None, None, "float32")


from rnnlab.reading.libraries.registry import ELEMENTS  # noqa: E402

ELEMENTS["parameters"] = _parameters_element


@calls(" ".join(f"transformers.{name}" for name in ("AdamW", "Adafactor")) + " torch_optimizer.*.RAdam")
def _foreign_optimizer(run: Any, given: Any) -> Value:
    return _optimizer(run, given.callee.last, given)


def _scheduler(run: Any, kind: str, given: Any) -> Value:
    optimizer = given.get(0, "optimizer")
    made_from = [optimizer.number] if isinstance(optimizer, Thing) and optimizer.number is not None else []
    options = {name: str(noted(value)) for name, value in given.named.items() if name != "optimizer"}
    number = run.story.data(
        given.node, "scheduler", run.name(given.node), made_from, samples={"type": kind, "options": options}
    )
    return Thing(f"torch.optim.lr_scheduler.{kind}", {"group": "scheduler"}, number=number)


@calls(
    "transformers.get_linear_schedule_with_warmup transformers.get_cosine_schedule_with_warmup",
    "transformers.get_constant_schedule",
)
def _foreign_scheduler(run: Any, given: Any) -> Value:
    return _scheduler(run, given.callee.last, given)


@methods("optimizer", "zero_grad")
def _zero(run: Any, owner: Thing, given: Any) -> Value:
    event(run, given, "zero_grad", {"optimizer": owner.number})
    return Constant(None)


@methods("optimizer", "step")
def _step(run: Any, owner: Thing, given: Any) -> Value:
    closure = given.get(0, "closure")
    if isinstance(closure, Function):
        from rnnlab.reading.calling import Arguments, call

        call(run, closure, Arguments(given.node))
    event(run, given, "optimizer_step", {"optimizer": owner.number})
    return Constant(None)


@methods("optimizer", "state_dict load_state_dict add_param_group")
def _optimizer_state(run: Any, owner: Thing, given: Any) -> Value:
    return Thing("state_dict", {"group": "state", "of": "optimizer", "owner": owner}, number=None)


@methods("scheduler", "step")
def _scheduled(run: Any, owner: Thing, given: Any) -> Value:
    values: dict[str, Any] = {
        "of": owner.name,
        "arguments": len(given.positional) + len(given.named),
        "scheduler": owner.number,
    }
    if "Plateau" in owner.name and (metric := given.get(0, "metrics")) is not None:
        told_choice(run, given.node, [metric])
    event(run, given, "scheduler_step", values)
    return Constant(None)


@methods("scheduler", "get_last_lr get_lr")
def _rates(run: Any, owner: Thing, given: Any) -> Value:
    return Listing("list", None, run.number("lr"))


@calls(
    "torch.nn.utils.clip_grad_norm_ torch.nn.utils.clip_grad_value_ torch.nn.utils.clip_grad_norm",
    "torch.nn.utils.clip_grad.clip_grad_norm_",
)
def _clip(run: Any, given: Any) -> Value:
    event(run, given, "clip_grad_norm_", {"of": given.callee.last})
    return Unknown()


# Mixed precision: the scaler stands in for backward and step.


@calls("torch.cuda.amp.GradScaler torch.amp.GradScaler torch.cuda.amp.grad_scaler.GradScaler")
def _scaler(run: Any, given: Any) -> Value:
    return Thing("torch.amp.GradScaler", {"group": "scaler"})


@methods("scaler", "scale unscale_")
def _scaled(run: Any, owner: Thing, given: Any) -> Value:
    return given.get(0) or Unknown()


@methods("scaler", "step")
def _scaler_step(run: Any, owner: Thing, given: Any) -> Value:
    optimizer = given.get(0)
    event(run, given, "optimizer_step", {"optimizer": getattr(optimizer, "number", None)})
    return Constant(None)


@methods("scaler", "update state_dict load_state_dict")
def _scaler_update(run: Any, owner: Thing, given: Any) -> Value:
    return Constant(None)


# --- gradients on and off ------------------------------------------------------------------------------------------


@calls(
    "torch.no_grad torch.inference_mode torch.enable_grad torch.set_grad_enabled torch.autograd.no_grad",
    "torch.autograd.set_grad_enabled torch.autograd.grad_mode.no_grad",
)
def _grad(run: Any, given: Any) -> Value:
    name = given.callee.last
    function = given.get(0)
    if isinstance(function, Function):
        function.marks = (*function.marks, Thing("torch.no_grad", {"grad": name == "enable_grad"}))
        return function
    if name == "set_grad_enabled":
        asked = constant(function)
        on = asked if isinstance(asked, bool) else None
        if not _is_context(run, given.node):
            run.grad_on = on
    else:
        on = name == "enable_grad" or (name == "inference_mode" and constant(function) is False)
    return Thing(f"torch.{name}", {"group": "grad", "grad": on})


def _is_context(run: Any, node: Any) -> bool:
    """`torch.set_grad_enabled(flag)` as a statement of its own lasts; in a `with` it ends with it."""
    return run.frame.binding[0] is node


def set_mode(run: Any, owner: Object, given: Any, training: bool | None) -> Value:
    """`model.train()` and `model.eval()`, for the model and what it holds."""
    asked = given.get(0, "mode")
    if training and asked is not None:
        known = constant(asked)
        training = known if isinstance(known, bool) else None
    switch(run, owner, Constant(training) if training is not None else Unknown())
    kind = owner.kind.name if isinstance(owner, Instance) else owner.name if isinstance(owner, Thing) else "?"
    what, stage = ("train_mode", "train") if training is not False else ("eval_mode", "evaluate")
    values = {"of": kind, "model": getattr(owner, "number", None)}
    call = Call(place=run.story.place(given.node), stage=stage, what=what, values=values, training=training)
    run.story.call(given.node, call, str(values))
    return owner


def switch(run: Any, owner: Object, mode: Value, depth: int = 4) -> None:
    """Set the mode of a model and of everything in it."""
    run.heap.write(owner.fields, "training", mode)
    if depth and isinstance(owner, Instance):
        for value in list(owner.fields.values()):
            if isinstance(value, Instance | Thing) and "training" in value.fields:
                switch(run, value, mode, depth - 1)


# --- seeds ---------------------------------------------------------------------------------------------------------


@calls(
    "torch.manual_seed torch.cuda.manual_seed torch.cuda.manual_seed_all random.seed numpy.random.seed",
    "torch.random.manual_seed torch.use_deterministic_algorithms",
)
def _seed(run: Any, given: Any) -> Value:
    name: str = given.callee.name
    _tell_seed(run, given.node, _SEEDED.get(name, name), given.get(0, "seed"))
    return Constant(None)


@calls(
    "pytorch_lightning.seed_everything pytorch_lightning.*.seed_everything lightning.*.seed_everything",
    "transformers.set_seed accelerate.*.set_seed",
)
def _all_seeds(run: Any, given: Any) -> Value:
    for of in ("torch", "random", "numpy.random"):
        _tell_seed(run, given.node, of, given.get(0, "seed"))
    return Constant(None)


_SEEDED: dict[str, str] = {"torch.manual_seed": "torch", "random.seed": "random", "numpy.random.seed": "numpy.random"}


def _tell_seed(run: Any, node: Any, of: str, seed: Value | None) -> None:
    known = noted(seed) if seed is not None else None
    run.story.call(node, Call(place=run.story.place(node), what="seed", values={"of": of, "seed": known}), of)


def flag(run: Any, name: str, value: Value, node: Any) -> None:
    """A flag of torch's that makes runs repeatable was set."""
    if name.startswith("torch.backends.cudnn."):
        _tell_seed(run, node, name, value)


# --- saving and loading --------------------------------------------------------------------------------------------


@calls("torch.save pickle.dump joblib.dump json.dump dill.dump")
def _save(run: Any, given: Any) -> Value:
    value, target = given.get(0, "obj", "value"), given.get(1, "f", "fp", "file", "filename")
    if value is None:
        return Constant(None)
    if given.callee.root != "torch" and not _are_words(value):
        store(run, path_of(target, given.word(1, "f")), value)
    holds, parents = contents(value)
    if not holds and given.callee.root != "torch" and not deep_origins(value):
        return Constant(None)
    samples = {
        "path": path_of(target, given.word(1, "f")),
        "deed": "saved",
        "holds": holds or "?",
        "written": given.word(0, "obj"),
    }
    parents += list(deep_origins(value))
    number = run.story.data(given.node, "checkpoint", run.name(given.node), parents, samples=samples)
    run.saved[samples["path"]] = (number, value)
    return Constant(None)


def store(run: Any, path: str, value: Value) -> None:
    """Remember rows that are written to a file, for a script that reads them there."""
    name = name_of_file(path)
    is_rows = isinstance(value, Listing | Tensor | Unknown) and deep_origins(value)
    if "{" not in name and "." in name and (is_rows or (isinstance(value, Mapping) and value.fields["number"])):
        run.stored[name] = value


def _are_words(value: Value) -> bool:
    """Say whether a list may hold the words of a vocabulary: each of its elements is one thing, and no number."""
    return isinstance(value, Listing) and not isinstance(value.element, Listing | Tensor | Number)


def name_of_file(path: str) -> str:
    """Return the last part of a path."""
    return path.replace("\\", "/").rpartition("/")[2]


@calls("numpy.save numpy.load numpy.loadtxt")
def _array_file(run: Any, given: Any) -> Value:
    """`np.save(path, rows)` in one script, `np.load(path)` in another."""
    path = path_of(given.get(0, "file", "fname"), given.word(0, "file"))
    if given.callee.last == "save":
        value = given.get(1, "arr")
        if value is not None:
            store(run, path, value)
        return Constant(None)
    return run.stored.get(name_of_file(path)) or Unknown()


def path_of(target: Value | None, word: str) -> str:
    """Return a path as far as it is known; else its spelling."""
    value = constant(target)
    if isinstance(value, str):
        return value
    if isinstance(target, Text):
        return target.known
    if isinstance(target, Thing) and isinstance(target.fields.get("path"), str):  # a file or a path
        return target.fields["path"]
    return word


def contents(value: Value) -> tuple[str, list[int]]:
    """Return in words what is saved, and the identities of the models and vocabularies in it."""
    from rnnlab.reading import models

    if isinstance(value, Thing) and group_of(value) == "state":
        what = "the state of an optimizer" if value.fields["of"] == "optimizer" else "state_dict"
        return what, [value.number] if value.number is not None else []
    if isinstance(value, Instance):
        number = [value.number] if value.number is not None else []
        return (f"the whole module {value.kind.name}" if models.is_model(value) else value.kind.name), number
    if isinstance(value, Thing) and group_of(value) in ("vocabulary", "field"):
        return "vocabulary", [value.number] if value.number is not None else []
    if isinstance(value, Mapping):
        if value.fields["number"] is not None:
            return "vocabulary", [value.fields["number"]]
        inner = {str(key): contents(one) for key, one in value.items.items()}
        parts = [f"{key}: {holds}" for key, (holds, _) in inner.items() if holds]
        numbers = [number for _, found in inner.values() for number in found]
        return (f"dict with {', '.join(parts)}"[:120] if parts else ""), numbers
    return "", []


@calls("torch.load pickle.load joblib.load dill.load json.load")
def _load(run: Any, given: Any) -> Value:
    target = given.get(0, "f", "fp", "file", "filename")
    path = path_of(target, given.word(0, "f"))
    saved = run.saved.get(path) or (_only_whole_model(run) if given.callee.root == "torch" else None)
    if saved is None and given.callee.root == "json":
        from rnnlab.reading.libraries import tables

        return tables.loaded_json(run, given, target)
    if given.callee.root != "torch" and (stored := run.stored.get(name_of_file(path))) is not None:
        return stored
    samples = {"path": path, "deed": "loaded", "holds": contents(saved[1])[0] if saved else "?"}
    number = run.story.data(
        given.node, "checkpoint", run.name(given.node), [saved[0]] if saved else [], samples=samples
    )
    if saved is not None and isinstance(saved[1], Mapping):
        return Mapping(saved[1].items, saved[1].fields["element"], saved[1].fields["key"], frozenset({number}))
    if saved is not None and isinstance(saved[1], Instance) and given.callee.root != "json":
        return saved[1]
    return Thing("checkpoint", {"group": "checkpoint", "saved": saved[1] if saved else None}, number=number)


def _only_whole_model(run: Any) -> tuple[int, Any] | None:
    """Return the model that a program saves whole, where it saves nothing else: what it loads is this one."""
    from rnnlab.reading import models

    whole = list(run.saved.values())
    return whole[-1] if whole and all(models.is_model(value) for _, value in whole) else None


def _checkpoint_item(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    return Thing("checkpoint", {"group": "checkpoint"}, number=owner.number)


from rnnlab.reading.libraries.registry import ITEMS  # noqa: E402

ITEMS["checkpoint"] = _checkpoint_item


def fill(run: Any, owner: Any, given: Any) -> Value:
    """`model.load_state_dict(...)`: a model gets weights."""
    value = given.get(0, "state_dict")
    kind = owner.kind.name if isinstance(owner, Instance) else owner.name
    strict = constant(given.get(1, "strict"), True)
    samples: dict[str, Any] = {"into": kind, "strict": strict, "written": given.word(0, "state_dict")}
    samples["model"] = owner.number
    if isinstance(value, Thing) and group_of(value) == "state":
        samples["held"] = "copy" if value.fields.get("copied") else "alias"
    run.story.data(given.node, "weights", given.word(None), sorted(deep_origins(value)), samples=samples)
    return Unknown()


def load_method(run: Any, owner: Any, given: Any) -> Value:
    """The method of layers and models that are no instance."""
    return fill(run, owner, given)


methods("layer", "load_state_dict")(load_method)
methods("container", "load_state_dict")(load_method)


def _state_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    return None


ATTRIBUTES["state"] = _state_attribute


# --- distributed and compiled models: the model is what they hold ---------------------------------------------------


@calls(
    "torch.compile torch.nn.DataParallel torch.nn.parallel.DistributedDataParallel torch.jit.script",
    "torch.nn.parallel.DataParallel",
)
def _wrapped(run: Any, given: Any) -> Value:
    return given.get(0, "model", "module") or Unknown()


@calls(
    "torch.autocast torch.cuda.amp.autocast torch.amp.autocast contextlib.nullcontext",
    "torch.autograd.set_detect_anomaly",
)
def _context(run: Any, given: Any) -> Value:
    return Thing("context", {"group": "context"})


@calls("torch.cuda.is_available torch.backends.mps.is_available")
def _available(run: Any, given: Any) -> Value:
    return Unknown(text="cuda")


@calls("torch.stack torch.cat torch.concat")
def _joined(run: Any, given: Any) -> Value:
    from rnnlab.reading.filling import joined_rows

    return joined_rows(run, given.node, given.get(0, "tensors"), tensors.function(run, given.callee.last, given))


for _name in _OPTIMIZERS.split():
    CALLS.pop(f"torch.optim.{_name}", None)
