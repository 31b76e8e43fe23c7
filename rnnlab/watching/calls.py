"""Watches torch at the level at which a learner writes: one row per layer, function, method, operator and index.

Two hooks see everything: a `TorchFunctionMode` the functions, and torch's global module hooks the layers. What runs inside
a layer of torch.nn, inside an optimizer or inside another library is folded into the line that the learner wrote.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode, _get_current_function_mode, _pop_mode, _push_mode

from rnnlab import axes, sources
from rnnlab.axes import Operand, Symbol, Use
from rnnlab.facts import Call, GroupNote, Named, Note, Place, Scope
from rnnlab.operations import LOSSES, RECURRENT, SILENT, Operation, operation_of
from rnnlab.watching.answers import count_answers, count_classes
from rnnlab.watching.births import Births
from rnnlab.watching.causes import options_of
from rnnlab.watching.crashes import Failed, remember
from rnnlab.watching.describing import Describer
from rnnlab.watching.layers import described, holds_weights, is_wrapper, operation_of_layer, uncompiled
from rnnlab.watching.measuring import are_ids, in_order, measured, sampled, tensors_and_packs, tensors_in
from rnnlab.watching.optimizing import Optimizers
from rnnlab.watching.packing import Packing
from rnnlab.watching.places import here
from rnnlab.watching.recorder import Recorder

_FORWARD = Operation("forward", "nothing", None, frozenset())
_TAKING = {"index", "select", "pieces"}  # the families that may take one step out of a tensor
_ATTRIBUTES = {"T", "mT", "H", "mH"}
_TELLS_KWARGS = "with_kwargs" in inspect.signature(hooks.register_module_forward_hook).parameters


class _Open:
    """A module whose forward is running, called from `frame`."""

    __slots__ = ("aside", "frame", "held", "inputs", "module", "operands", "ours", "row", "scope")

    def __init__(self, module: nn.Module, ours: bool, frame: FrameType | None) -> None:
        self.module, self.ours, self.frame = module, ours, frame
        self.scope: int | None = None
        self.inputs: tuple[Named, ...] = ()
        self.operands: list[Operand] = []
        self.row: Any = None
        self.held = self.aside = False


class _Row:
    """A row that was told in the forward pass that is running: its fact, and the key under which loop turns fold it.

    What its operation read last and the axes that came out stand for the next turn, where it reads the same axes.
    """

    __slots__ = ("key", "n", "read", "symbols")

    def __init__(self, n: int, key: Any) -> None:
        self.n, self.key = n, key
        self.read: list[axes.Symbols] = []
        self.symbols: list[axes.Symbols] = []

    def known(self, operands: Sequence[Operand], count: int) -> list[axes.Symbols] | None:
        """Return the axes of `count` results, where these operands have the very axes of the last ones."""
        same = len(self.symbols) == count and self.read == [operand.symbols for operand in operands]
        return self.symbols if same else None


class Calls(TorchFunctionMode):
    """The witness of torch calls; enter it as a context, once."""

    def __init__(self, recorder: Recorder, describer: Describer | None = None) -> None:
        super().__init__()
        self.recorder = recorder
        self.describer = describer
        self._modules: list[_Open] = []
        self._births = Births()
        self._optimizers = Optimizers(recorder)
        self._layer_names: dict[int, str] = {}
        self._folding: FrameType | None = None
        # What this forward pass told already: a loop over time steps makes the same row again and again.
        self._rows: dict[Any, _Row] = {}
        self._classifiers: weakref.WeakKeyDictionary[nn.Module, bool] = weakref.WeakKeyDictionary()
        self._undo = contextlib.ExitStack()
        # The result of the outermost model that ran last: its axes, where it has two.
        self._result: tuple[nn.Module, axes.Symbols] | None = None
        # Called with the number of each new row and the tensors that it gave.
        self.when_made: Callable[[int, list[torch.Tensor]], None] | None = None

    # --- installing ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Calls:
        undo = self._undo
        for handle in (hooks.register_module_forward_pre_hook(self._before_module), self._after_every_module()):
            undo.callback(_remove, handle)
        undo.enter_context(self._optimizers)
        undo.enter_context(Packing(self))
        undo.enter_context(uncompiled())
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        while self._modules:
            self._abandon(self._modules.pop())
        super().__exit__(*error)
        self._undo.close()
        self._rows.clear()
        self._folding = None

    def _after_every_module(self) -> Any:
        """Hook into the end of every forward; older torch (2.4) does not tell a global hook of keyword arguments."""
        if _TELLS_KWARGS:
            return hooks.register_module_forward_hook(self._after_module, with_kwargs=True, always_call=True)
        return hooks.register_module_forward_hook(
            lambda module, args, result: self._after_module(module, args, {}, result), always_call=True
        )

    # --- functions -----------------------------------------------------------------------------------------------

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        recorder = self.recorder
        if name == "__get__":  # an attribute: x.T is an operation, x.shape is none
            name = getattr(func.__self__, "__name__", "")
            name = name if name in _ATTRIBUTES else "__get__"
        if name in SILENT or (self._modules and not self._modules[-1].ours) or self._is_away():
            return func(*args, **kwargs)
        frame, beneath = recorder.places.caller(here())
        if frame is None:
            return func(*args, **kwargs)
        operation = self._operation(name, beneath)
        if operation is None:
            return func(*args, **kwargs) if name != "unbind" else self._iterated(func, args)
        return self._function(operation, frame, func, args, kwargs)

    def _iterated(self, unbind: Any, args: Any) -> Any:
        """Walking over a tensor unbinds its first axis; the slices are no row, but their axes are known."""
        pieces = unbind(*args)
        with self.recorder.guarded():
            (walked, *symbols), made_by = self.recorder.symbols(args[0]), self.recorder.made_by(args[0])
            for piece in pieces:
                self.recorder.know(piece, symbols, made_by)
                self._births.taken_along(walked, piece)
        return pieces

    def _operation(self, name: str, beneath: FrameType | None) -> Operation | None:
        """Return the operation of a call; what a Python function of torch does inside is folded into its first call."""
        function = beneath
        if function is not None and _is_housekeeping(function):
            return None
        if function is None or function.f_code.co_name == name:
            # One underscore in front is torch's own bookkeeping; two are Python's operators.
            internal = name.startswith("_") and not name.startswith("__")
            return None if internal else operation_of(name)
        if function is self._folding:
            return None
        self._folding = function
        # What torch does behind a line without being asked by name (constructors, profilers) is no row. A function that
        # it chooses between two by a flag has an underscore of its own: F.max_pool1d.
        called = function.f_code.co_name
        chosen = function.f_back is not None and function.f_back.f_code.co_name == "fn"
        called = called.removeprefix("_") if chosen else called
        return None if called.startswith("_") else operation_of(called)

    def _function(self, operation: Operation, frame: FrameType, func: Any, args: Any, kwargs: Any) -> Any:
        recorder = self.recorder
        operands: list[Operand] = []
        inputs: tuple[Named, ...] = ()
        told: Any = None
        # Shapes are taken before the call: squeeze_() and its kind rewrite history.
        with recorder.guarded():
            operands = self.operands(args, kwargs)
            told = self._row_of(frame, operation, operands)
            if told not in self._rows:
                tensors = [t for t in tensors_and_packs(args, kwargs) if isinstance(t, torch.Tensor)]
                inputs = self.inputs(frame, tensors)
        try:
            with recorder.silence():
                result = func(*args, **kwargs)
        except Exception as error:
            self.failed(error, operation, frame, inputs, args, kwargs)
            raise
        with recorder.guarded():
            made = tensors_in((result,))
            row = self._rows.get(told)
            symbols = row.known(operands, len(made)) if row is not None else None
            if symbols is None:
                symbols = self._through_function(operation, operands, args, kwargs, made)
            if operation.family in _TAKING:
                for piece, known in zip(made, symbols, strict=True):
                    self._births.taken(operands[0], piece, known)
            if row is not None:
                self._again(row, operands, made, symbols)
            else:
                self.tell(operation, frame, inputs, result, args, kwargs, made, symbols, row=told)
        return result

    def _through_function(
        self, operation: Operation, operands: list[Operand], args: Any, kwargs: Any, made: list[torch.Tensor]
    ) -> list[axes.Symbols]:
        use = Use(operands, args, kwargs, [tuple(t.shape) for t in made], self._births.at_function(args, made))
        symbols = axes.through(operation.family, use)
        if operation.family == "other":
            # What works in place (zero_, copy_) gives its own tensor back.
            given = {id(t): known.symbols for t, known in zip(tensors_in((*args,)), operands, strict=False)}
            symbols = [
                given[id(t)] if id(t) in given and len(given[id(t)]) == t.dim() else known
                for t, known in zip(made, symbols, strict=True)
            ]
        self._settle_ends(operation, args, kwargs, made, symbols)
        return symbols

    # --- loops inside a forward pass -----------------------------------------------------------------------------

    def _row_of(self, frame: FrameType, operation: Operation, operands: list[Operand], layer: Any = None) -> Any:
        """Return what makes a row of the running forward pass the same row again: its span, its owner and its shapes."""
        if not self.recorder.is_holding:
            return None
        owner = id(layer) if layer is not None else id(self._modules[-1].module) if self._modules else 0
        return frame.f_code, frame.f_lasti, operation.name, owner, tuple(operand.shape for operand in operands)

    def _again(self, row: _Row, operands: list[Operand], made: list[torch.Tensor], symbols: list[axes.Symbols]) -> None:
        """Count another turn of a row; its results get their axes and their maker all the same."""
        row.read, row.symbols = [operand.symbols for operand in operands], symbols
        for tensor, known in zip(made, symbols, strict=True):
            self.recorder.know(tensor, known, (row.n,))
        self.recorder.again(row.n, row.key)

    def failed(
        self,
        error: BaseException | None,
        operation: Operation,
        frame: FrameType,
        inputs: tuple[Named, ...],
        args: Any,
        kwargs: Any,
        layer: nn.Module | None = None,
    ) -> None:
        """Remember what an operation was given when it raised."""
        with self.recorder.guarded():
            # In a later turn of a loop nothing was noted before the call.
            inputs = inputs or self.inputs(frame, tensors_and_packs(args, kwargs))
            remember(error, Failed(operation, self.recorder.places.place(frame), inputs, args, kwargs, layer))
        # A frame holds the variables of all its callers, and an error may be about memory.
        self._folding = None

    def operands(self, args: Any, kwargs: dict[str, Any]) -> list[Operand]:
        return [Operand(t.shape, list(self.recorder.symbols(t))) for t in tensors_in(in_order(args, kwargs))]

    def tell(
        self,
        operation: Operation,
        frame: FrameType,
        inputs: tuple[Named, ...],
        result: Any,
        args: Any,
        kwargs: dict[str, Any],
        made: list[torch.Tensor],
        symbols: list[axes.Symbols],
        layer: nn.Module | None = None,
        row: Any = None,
    ) -> int:
        recorder = self.recorder
        for tensor, known in zip(made, symbols, strict=True):
            recorder.know(tensor, known, recorder.made_by(tensor))
        place = recorder.places.place(frame)
        binds = recorder.places.binds(place) if self._ends_containers(layer, -1) else ()
        call = Call(
            place=place,
            stage=operation.stage or self._stage_of(inputs),
            what=operation.name,
            inputs=inputs,
            output=recorder.note(result),
            binds=binds,
            values=self._measured(operation, args, kwargs, result, place, layer),
            layer=None if layer is None else described(layer),
            grad_on=torch.is_grad_enabled(),
            training=next((o.module.training for o in self._modules if o.ours), None),
        )
        if operation.name == "backward" and recorder.loops:
            recorder.loops[-1].trained = True
        if operation.name in {"sum", "mean"} and recorder.loops:
            count_answers(recorder, place, operation.name, args, result)
        if operation.name == "eq" and recorder.loops:
            count_classes(recorder, place, args)
        if operation.name in LOSSES and recorder.loops and "value" in call.values:
            recorder.loops[-1].lost(call.values["value"])
        key = (place, operation.name, binds, self._layer_names.get(id(layer)))
        n = recorder.tell_folded(call, key)
        if row is not None:
            self._rows[row] = _Row(n, key)
        for tensor in made:
            recorder.know(tensor, recorder.symbols(tensor), (n,))
        if self.when_made is not None:
            self.when_made(n, made)
        return n

    def _measured(
        self,
        operation: Operation,
        args: Any,
        kwargs: dict[str, Any],
        result: Any,
        place: Place,
        layer: nn.Module | None,
    ) -> dict[str, Any]:
        """What rules and views ask for, and a sample of the values as long as the budget for them lasts."""
        values = measured(operation, args, kwargs, result)
        if operation.name in RECURRENT:
            values |= options_of(layer)
        if values.get("index") and sources.has_fixed_index(self.recorder.places.text(sources.key_of(place)), place):
            values["fixed"] = True
        if self.recorder.values_left > 0 and (made := tensors_in((result,))):
            seen = sampled(made[0])
            self.recorder.values_left -= 8 * len(seen.get("sample", ())) + 32
            values |= seen
        return values

    def _stage_of(self, inputs: tuple[Named, ...]) -> str | None:
        """Inside the learner's model, what comes between the RNN and the head chooses the state: the squeeze stage."""
        if not any(o.ours for o in self._modules):
            return None
        return "squeeze" if any(self._comes_from_rnn(i.note) for i in inputs) else None

    def _comes_from_rnn(self, note: Note) -> bool:
        if isinstance(note, GroupNote):
            return any(self._comes_from_rnn(item.note) for item in note.items)
        names = {a.name for a in getattr(note, "axes", ()) if isinstance(a, Symbol)}
        return any(name == "hid" or name.endswith("*hid") or name.startswith("hid_") for name in names)

    def _settle_ends(
        self, operation: Operation, args: Any, kwargs: Any, made: list[torch.Tensor], symbols: list[axes.Symbols]
    ) -> None:
        """Outside of a model, a softmax along the last of two axes is over classes; inside it may be attention."""
        if operation.name in {"softmax", "log_softmax"} and made and made[0].dim() == 2:
            dim = args[1] if len(args) > 1 else kwargs.get("dim")
            if dim in (1, -1) and not any(o.ours for o in self._modules):
                symbols[0][1].settle("classes")

    def _ends_containers(self, layer: nn.Module | None, end: int) -> bool:
        """Say whether a layer is the first (0) or the last (-1) of every container that runs it on the learner's line."""
        inner = layer
        for opened in reversed(self._modules):
            if opened.module is inner:  # the layer itself, still open
                continue
            if inner is None or not isinstance(opened.module, nn.Sequential):
                return True
            if opened.module[end] is not inner:
                return False
            inner = opened.module
        return True

    def inputs(self, frame: FrameType, values: list[Any]) -> tuple[Named, ...]:
        names = self.recorder.places.names(frame, values)
        return tuple(Named(name, self.recorder.note(value)) for name, value in zip(names, values, strict=True))

    # --- modules -------------------------------------------------------------------------------------------------

    def _before_module(self, module: nn.Module, args: Any) -> None:
        # Whose forward runs? A subclass of nn.LSTM without one is still that layer. A container does nothing itself: each of
        # its layers is a row.
        written_in = getattr(type(module).forward, "__module__", type(module).__module__)
        ours = not written_in.startswith("torch.") or is_wrapper(module)
        self._drop_interrupted()
        opened = _Open(module, ours, here().f_back)
        inside_library = bool(self._modules) and not self._modules[-1].ours
        self._modules.append(opened)
        if inside_library or self._is_away():
            return
        # What a layer of torch's does inside is no row: the mode steps aside until the layer is left.
        aside = self._step_aside()
        with self.recorder.guarded():
            frame = self.recorder.places.learner(here())
            if frame is None:
                pass
            elif ours:
                self._enter_model(opened, frame, args)
            else:
                self._enter_layer(opened, frame, args)
        if ours and aside:
            _push_mode(self)
        else:
            opened.aside = aside

    def _step_aside(self) -> bool:
        """Take this mode off torch's stack, if it lies on top; a device context of the learner's may lie there instead."""
        on_top = _get_current_function_mode() is self
        if on_top:
            _pop_mode()
        return on_top

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Let what torch and the recorder do behind one line pass by unseen."""
        aside = self._step_aside()
        try:
            yield
        finally:
            if aside:
                _push_mode(self)

    def _drop_interrupted(self) -> None:
        """Forget modules that a Ctrl-C has left without torch telling of it: their caller is no longer running."""
        while self._modules and not _is_running(self._modules[-1].frame, here()):
            self._abandon(self._modules.pop())

    def _abandon(self, opened: _Open) -> None:
        if opened.aside:
            _push_mode(self)
        self._close(opened, failed=True)

    def _enter_layer(self, opened: _Open, frame: FrameType, args: Any) -> None:
        opened.operands = self.operands(args, {})
        opened.row = self._row_of(frame, operation_of_layer(opened.module), opened.operands, opened.module)
        if opened.row in self._rows:
            return
        opened.inputs = self.inputs(frame, tensors_and_packs(args, {}))
        if not self._ends_containers(opened.module, 0):
            opened.inputs = tuple(Named("", item.note) for item in opened.inputs)

    def _enter_model(self, opened: _Open, frame: FrameType, args: Any) -> None:
        recorder = self.recorder
        if not any(o.held for o in self._modules):
            self._rows.clear()
            for name, layer in opened.module.named_modules():
                if name:
                    self._layer_names[id(layer)] = name.rpartition(".")[2]
        told = self._row_of(frame, _FORWARD, self.operands(args, {}), opened.module)
        recorder.hold()
        opened.held = True
        if is_wrapper(opened.module):
            return
        if told in self._rows:
            recorder.again(self._rows[told].n, self._rows[told].key)
            return
        place = recorder.places.place(frame)
        function = f"{type(opened.module).__name__}.forward"
        if not recorder.is_repeated((place, function)):
            inputs = self.inputs(frame, tensors_and_packs(args, {}))
            opened.scope = recorder.enter(Scope(place=place, function=function, inputs=inputs))
            if told is not None:
                self._rows[told] = _Row(opened.scope, (place, function))

    def _after_module(self, module: nn.Module, args: Any, *rest: Any) -> None:
        # torch gives (kwargs, result), but after a crash in forward the result alone.
        kwargs, result = rest if len(rest) == 2 else ({}, *rest)
        if not self._modules or self._modules[-1].module is not module:
            return
        opened = self._modules.pop()
        inside_library = bool(self._modules) and not self._modules[-1].ours
        if inside_library or self._is_away():
            return
        aside = opened.aside or self._step_aside()
        try:
            with self.recorder.guarded():
                if opened.ours:
                    self._leave_model(opened, result)
                elif result is not None:
                    self._layer(module, opened, args, kwargs, result)
                else:
                    self._layer_failed(module, opened, args, kwargs)
        finally:
            if aside:
                _push_mode(self)

    def _layer_failed(self, module: nn.Module, opened: _Open, args: Any, kwargs: Any) -> None:
        frame = self.recorder.places.learner(here())
        if frame is not None:
            operation = operation_of_layer(module)
            self.failed(sys.exception(), operation, frame, opened.inputs, args, kwargs, module)

    def _leave_model(self, opened: _Open, result: Any) -> None:
        recorder = self.recorder
        if not any(o.ours for o in self._modules) and isinstance(result, torch.Tensor) and result.dim() == 2:
            self._result = opened.module, recorder.symbols(result)
            self.settle_result()
        self._close(opened, result, failed=result is None and sys.exception() is not None)

    def settle_result(self) -> None:
        """Name the classes of the latest result, once its first axis is known to be the batch."""
        if self._result is None:
            return
        module, (batch, classes) = self._result
        if batch.name == "batch" and self._is_classifier(module):
            classes.settle("classes")

    def _is_classifier(self, module: nn.Module) -> bool:
        """Say whether a model stands alone: where the program holds a second one, its result may be read by that."""
        if module not in self._classifiers:
            frame = self.recorder.places.learner(here())
            held = [*frame.f_globals.values(), *frame.f_locals.values()] if frame is not None else []
            owner = frame.f_locals.get("self") if frame is not None else None
            held += getattr(owner, "__dict__", {}).values()
            others = [m for m in held if isinstance(m, nn.Module) and holds_weights(m)]
            alone = all(any(m is part for part in module.modules()) or module in m.children() for m in others)
            self._classifiers[module] = alone
        return self._classifiers[module]

    def _close(self, opened: _Open, result: Any = None, *, failed: bool = False) -> None:
        recorder = self.recorder
        if opened.scope is not None:
            function = f"{type(opened.module).__name__}.forward"
            out = Scope(function=function, phase="out", output=recorder.note(result))
            recorder.leave(opened.scope, None if failed else out)
        if opened.held:
            recorder.release()

    def _layer(self, module: nn.Module, opened: _Open, args: Any, kwargs: Any, result: Any) -> None:
        frame = self.recorder.places.learner(here())
        if frame is None:
            return
        operation = operation_of_layer(module)
        made = tensors_in((result,))
        operands = self.operands(args, kwargs) if kwargs else opened.operands
        row = self._rows.get(opened.row)
        if row is not None and operation.family == "cell":
            self._births.walked(opened.row, args[0] if args else None, operands)
        if row is not None and (known := row.known(operands, len(made))) is not None:
            self._again(row, operands, made, known)
            return
        layer = self._layer_names.get(id(module), "")
        use = Use(operands, args, kwargs, [tuple(t.shape) for t in made], self._births.at_layer(module, layer))
        recurrent = operation.name in RECURRENT
        symbols = self._births.through_rnn(module, layer, use) if recurrent else axes.through(operation.family, use)
        if row is not None:
            self._again(row, operands, made, symbols)
            return
        if operation.family == "cell":
            self._births.begun(opened.row, operands)
        n = self.tell(operation, frame, opened.inputs, result, args, kwargs, made, symbols, module, opened.row)
        # Ids that no loader gave were made by the program itself, from a sentence: a prediction.
        if operation.name == "embedding" and not self.recorder.in_pass and self.describer and are_ids(args[0]):
            self.describer.tell_prediction(frame, args[0], n)

    def _is_away(self) -> bool:
        """Say whether the recorder itself is working, or an optimizer."""
        return bool(self.recorder.quiet) or self._optimizers.are_working


def _is_housekeeping(function: FrameType) -> bool:
    """Say whether a function is a module's own care for its weights: `to`, `load_state_dict`; a module's call is none."""
    name = function.f_code.co_qualname
    return name.startswith("Module.") and not name.startswith("Module._")


def _is_running(wanted: FrameType | None, frame: FrameType | None) -> bool:
    """Say whether a frame is among the callers of another one."""
    while frame is not None and frame is not wanted:
        frame = frame.f_back
    return frame is not None


def _remove(handle: Any) -> None:
    handle.remove()
    # torch's own handle forgets these two (2.4 has the first alone).
    for name in ("_global_forward_hooks_always_called", "_global_forward_hooks_with_kwargs"):
        getattr(hooks, name, {}).pop(handle.id, None)
