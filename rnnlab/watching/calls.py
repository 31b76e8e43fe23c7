"""Watches torch at the level at which a learner writes: one row per layer, function, method, operator and index.

Two hooks see everything: a `TorchFunctionMode` the functions, and torch's global module hooks the layers. What runs inside
a layer of torch.nn, inside an optimizer or inside another library is folded into the line that the learner wrote.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NamedTuple

import torch
import torch.optim.optimizer as optimizers
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode, _get_current_function_mode, _pop_mode, _push_mode

from rnnlab import axes
from rnnlab.axes import Operand, Symbol, Use
from rnnlab.facts import Call, Data, Fact, GroupNote, Named, Note, Place, Scope, makers
from rnnlab.operations import LOSSES, RECURRENT, SILENT, Operation, operation_of
from rnnlab.watching.crashes import Failed, remember
from rnnlab.watching.describing import Describer
from rnnlab.watching.layers import described, holds_weights, is_wrapper, kind_of, uncompiled
from rnnlab.watching.measuring import are_ids, in_order, measured, readable, sampled, tensors_and_packs, tensors_in
from rnnlab.watching.places import here, outward
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.replacing import replaced_everywhere

_FORWARD = Operation("forward", "nothing", None, frozenset())
_ATTRIBUTES = {"T", "mT", "H", "mH"}
_PACKING = ("pack_padded_sequence", "pad_packed_sequence", "pad_sequence", "pack_sequence")


class _Open:
    """A module whose forward is running, called from `frame`."""

    __slots__ = ("aside", "frame", "held", "inputs", "module", "ours", "row", "scope")

    def __init__(self, module: nn.Module, ours: bool, frame: FrameType | None) -> None:
        self.module, self.ours, self.frame = module, ours, frame
        self.scope: int | None = None
        self.inputs: tuple[Named, ...] = ()
        self.row: Any = None
        self.held = self.aside = False


class _Row(NamedTuple):
    """A row that was told in the forward pass that is running: its fact, and the key under which loop turns fold it."""

    n: int
    key: Any


class Calls(TorchFunctionMode):
    """The witness of torch calls; enter it as a context, once."""

    def __init__(self, recorder: Recorder, describer: Describer | None = None) -> None:
        super().__init__()
        self.recorder = recorder
        self.describer = describer
        self._modules: list[_Open] = []
        self._born: dict[int, tuple[weakref.ref[Any], dict[str, Symbol]]] = {}
        self._layer_names: dict[int, str] = {}
        self._sizes: dict[str, int] = {}
        self._folding: FrameType | None = None
        # What this forward pass told already: a loop over time steps makes the same row again and again.
        self._rows: dict[Any, _Row] = {}
        self._steps: list[FrameType] = []
        self._classifiers: weakref.WeakKeyDictionary[nn.Module, bool] = weakref.WeakKeyDictionary()
        self._undo = contextlib.ExitStack()
        # The result of the outermost model that ran last: its axes, where it has two.
        self._result: tuple[nn.Module, axes.Symbols] | None = None
        # Called with the number of each new row and the tensors that it gave.
        self.when_made: Callable[[int, list[torch.Tensor]], None] | None = None

    # --- installing ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Calls:
        undo = self._undo
        handles = [
            hooks.register_module_forward_pre_hook(self._before_module),
            self._after_every_module(),
            optimizers.register_optimizer_step_pre_hook(self._before_step),
            optimizers.register_optimizer_step_post_hook(self._after_step),
        ]
        for handle in handles:
            undo.callback(_remove, handle)
        undo.enter_context(self._watched_zero_grad())
        undo.enter_context(self._watched_packing())
        undo.enter_context(uncompiled())
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        while self._modules:
            self._abandon(self._modules.pop())
        super().__exit__(*error)
        self._undo.close()
        self._steps.clear()
        self._rows.clear()
        self._folding = None

    def _after_every_module(self) -> Any:
        """Hook into the end of every forward; older torch (2.4) does not tell a global hook of keyword arguments."""
        if "with_kwargs" in inspect.signature(hooks.register_module_forward_hook).parameters:
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
            symbols, made_by = self.recorder.symbols(args[0])[1:], self.recorder.made_by(args[0])
            for piece in pieces:
                self.recorder.know(piece, symbols, made_by)
        return pieces

    def _operation(self, name: str, beneath: FrameType | None) -> Operation | None:
        """Return the operation of a call; what a Python function of torch does inside is folded into its first call."""
        function = beneath
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
            operands = self._operands(args, kwargs)
            told = self._row_of(frame, operation, operands)
            if told not in self._rows:
                tensors = [t for t in tensors_and_packs(args, kwargs) if isinstance(t, torch.Tensor)]
                inputs = self._inputs(frame, tensors)
        with recorder.silence(), self._failing(operation, frame, inputs, args, kwargs):
            result = func(*args, **kwargs)
        with recorder.guarded():
            made = tensors_in((result,))
            use = Use(operands, args, kwargs, [tuple(t.shape) for t in made], self._birth(args, made))
            symbols = axes.through(operation.family, use)
            if operation.family == "other":
                # What works in place (zero_, copy_) gives its own tensor back.
                given = {id(t): known.symbols for t, known in zip(tensors_in((*args,)), operands, strict=False)}
                symbols = [
                    given[id(t)] if id(t) in given and len(given[id(t)]) == t.dim() else known
                    for t, known in zip(made, symbols, strict=True)
                ]
            self._settle_ends(operation, args, kwargs, made, symbols)
            if told in self._rows:
                self._again(told, made, symbols)
            else:
                self._tell(operation, frame, inputs, result, args, kwargs, made, symbols, row=told)
        return result

    # --- loops inside a forward pass -----------------------------------------------------------------------------

    def _row_of(self, frame: FrameType, operation: Operation, operands: list[Operand], layer: Any = None) -> Any:
        """Return what makes a row of the running forward pass the same row again: its span, its owner and its shapes."""
        if not self.recorder.is_holding:
            return None
        owner = id(layer) if layer is not None else id(self._modules[-1].module) if self._modules else 0
        return frame.f_code, frame.f_lasti, operation.name, owner, tuple(operand.shape for operand in operands)

    def _again(self, told: Any, made: list[torch.Tensor], symbols: list[axes.Symbols]) -> None:
        """Count another turn of a row; its results get their axes and their maker all the same."""
        row = self._rows[told]
        for tensor, known in zip(made, symbols, strict=True):
            self.recorder.know(tensor, known, (row.n,))
        self.recorder.again(row.n, row.key)

    @contextlib.contextmanager
    def _failing(
        self, operation: Operation, frame: FrameType, inputs: tuple[Named, ...], args: Any, kwargs: Any
    ) -> Iterator[None]:
        """Remember what an operation was given when it raises."""
        try:
            yield
        except Exception as error:
            with self.recorder.guarded():
                place = self.recorder.places.place(frame)
                remember(error, Failed(operation, place, inputs, args, kwargs))
            # A frame holds the variables of all its callers, and an error may be about memory.
            self._folding = None
            raise

    def _operands(self, args: Any, kwargs: dict[str, Any]) -> list[Operand]:
        return [Operand(t.shape, list(self.recorder.symbols(t))) for t in tensors_in(in_order(args, kwargs))]

    def _birth(self, args: Any, made: list[torch.Tensor]) -> Callable[[str], Symbol]:
        """Functional layers give birth to axes at their weight; without one, each call to new ones."""
        weight = next((a for a in args if isinstance(a, nn.Parameter)), None)
        if weight is None or not made:
            return lambda name: Symbol(name, "propagated")
        return lambda name: self.symbol_of(weight, name, "", made[0].shape[-1])

    def symbol_of(self, owner: Any, name: str, layer: str, size: int) -> Symbol:
        """Return the axis that a layer gives birth to: the same symbol each time it is called.

        A second layer of another width gets the layer's name behind the axis name, so that one name has one size.
        """
        key, born = id(owner), self._born
        if key not in born or born[key][0]() is not owner:

            def gone(reference: Any) -> None:
                # An id is used again; only the entry of this very owner is forgotten.
                if key in born and born[key][0] is reference:
                    del born[key]

            born[key] = weakref.ref(owner, gone), {}
        symbols = born[key][1]
        if name not in symbols:
            label = name
            if name != "?" and self._sizes.setdefault(name, size) != size:
                label = f"{name}_{layer or size}"
            symbols[name] = Symbol() if name == "?" else Symbol(label, "propagated")
        return symbols[name]

    def _tell(
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
            values=self._measured(operation, args, kwargs, result),
            layer=None if layer is None else described(layer),
            grad_on=torch.is_grad_enabled(),
            training=next((o.module.training for o in self._modules if o.ours), None),
        )
        if operation.name == "backward" and recorder.loops:
            recorder.loops[-1].trained = True
        if operation.name in {"sum", "mean"} and recorder.loops:
            self._count_answers(place, operation.name, args, result)
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

    def _measured(self, operation: Operation, args: Any, kwargs: dict[str, Any], result: Any) -> dict[str, Any]:
        """What rules and views ask for, and a sample of the values as long as the budget for them lasts."""
        values = measured(operation, args, kwargs, result)
        if self.recorder.values_left > 0 and (made := tensors_in((result,))):
            seen = sampled(made[0])
            self.recorder.values_left -= 8 * len(seen.get("sample", ())) + 32
            values |= seen
        return values

    def _count_answers(self, place: Place, name: str, args: Any, result: Any) -> None:
        """Tally a batch's right answers: the sum or mean of `answers == batch.label`, one comparison per review."""
        turns = self.recorder.loops[-1]
        if not (turns.rows and args and readable(args[0]) and readable(result)):
            return
        one_each = args[0].numel() == turns.rows and result.numel() == 1
        if one_each and self._compares_labels(self.recorder.made_by(args[0])):
            value = float(result.detach())
            turns.answered(place, round(value * turns.rows) if name == "mean" else value)

    def _compares_labels(self, made_by: tuple[int, ...]) -> bool:
        call = self._unconverted(made_by)
        if not isinstance(call, Call) or call.what != "eq" or len(call.inputs) != 2:
            return False
        sources = [self._unconverted(tuple(makers(side.note))) for side in call.inputs]
        return any(isinstance(source, Data) and source.what == "batch" for source in sources)

    def _unconverted(self, made_by: tuple[int, ...]) -> Fact | None:
        """Return the fact that made a tensor, looking through changes of type, device and axes of size 1."""
        fact = self.recorder.fact(made_by[0]) if made_by else None
        while isinstance(fact, Call) and fact.what in {"to", "squeeze", "unsqueeze", "view"} and fact.inputs:
            made = sorted(makers(fact.inputs[0].note))
            fact = self.recorder.fact(made[0]) if made else None
        return fact

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

    def _inputs(self, frame: FrameType, values: list[Any]) -> tuple[Named, ...]:
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

    def _drop_interrupted(self) -> None:
        """Forget modules that a Ctrl-C has left without torch telling of it: their caller is no longer running."""
        while self._modules and not any(frame is self._modules[-1].frame for frame in outward(here())):
            self._abandon(self._modules.pop())

    def _abandon(self, opened: _Open) -> None:
        if opened.aside:
            _push_mode(self)
        self._close(opened)

    def _enter_layer(self, opened: _Open, frame: FrameType, args: Any) -> None:
        opened.row = self._row_of(frame, operation_of(kind_of(opened.module)), self._operands(args, {}), opened.module)
        if opened.row in self._rows:
            return
        opened.inputs = self._inputs(frame, tensors_and_packs(args, {}))
        if not self._ends_containers(opened.module, 0):
            opened.inputs = tuple(Named("", item.note) for item in opened.inputs)

    def _enter_model(self, opened: _Open, frame: FrameType, args: Any) -> None:
        recorder = self.recorder
        if not any(o.held for o in self._modules):
            self._rows.clear()
            for name, layer in opened.module.named_modules():
                if name:
                    self._layer_names[id(layer)] = name.rpartition(".")[2]
        told = self._row_of(frame, _FORWARD, self._operands(args, {}), opened.module)
        recorder.hold()
        opened.held = True
        if is_wrapper(opened.module):
            return
        if told in self._rows:
            recorder.again(*self._rows[told])
            return
        place = recorder.places.place(frame)
        function = f"{type(opened.module).__name__}.forward"
        if not recorder.is_repeated((place, function)):
            inputs = self._inputs(frame, tensors_and_packs(args, {}))
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
        recorder = self.recorder
        self._folding = None
        frame = recorder.places.learner(here())
        if frame is not None:
            inputs = opened.inputs or self._inputs(frame, tensors_and_packs(args, {}))
            operation = operation_of(kind_of(module))
            remember(sys.exception(), Failed(operation, recorder.places.place(frame), inputs, args, kwargs, module))

    def _leave_model(self, opened: _Open, result: Any) -> None:
        recorder = self.recorder
        if not any(o.ours for o in self._modules) and isinstance(result, torch.Tensor) and result.dim() == 2:
            self._result = opened.module, recorder.symbols(result)
            self.settle_result()
        self._close(opened, result)

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

    def _close(self, opened: _Open, result: Any = None) -> None:
        recorder = self.recorder
        if opened.scope is not None:
            function = f"{type(opened.module).__name__}.forward"
            recorder.leave(opened.scope, Scope(function=function, phase="out", output=recorder.note(result)))
        if opened.held:
            recorder.release()

    def _layer(self, module: nn.Module, opened: _Open, args: Any, kwargs: Any, result: Any) -> None:
        frame = self.recorder.places.learner(here())
        if frame is None:
            return
        operation = operation_of(kind_of(module))
        made = tensors_in((result,))
        operands = self._operands(args, kwargs)
        layer = self._layer_names.get(id(module), "")
        use = Use(operands, args, kwargs, [tuple(t.shape) for t in made], self._layer_birth(module, layer))
        recurrent = operation.name in RECURRENT
        symbols = self._recurrent(module, layer, use) if recurrent else axes.through(operation.family, use)
        if opened.row in self._rows:
            self._again(opened.row, made, symbols)
            return
        n = self._tell(operation, frame, opened.inputs, result, args, kwargs, made, symbols, module, opened.row)
        # Ids that no loader gave were made by the program itself, from a sentence: a prediction.
        if operation.name == "embedding" and not self.recorder.in_pass and self.describer and are_ids(args[0]):
            self.describer.tell_prediction(frame, args[0], n)

    def _layer_birth(self, module: nn.Module, layer: str) -> Callable[[str], Symbol]:
        widths = (getattr(module, name, None) for name in ("embedding_dim", "hidden_size", "out_channels"))
        size = next((width for width in widths if width), 0)
        return lambda name: self.symbol_of(module, name, layer, size)

    def _recurrent(self, module: Any, layer: str, use: Use) -> list[axes.Symbols]:
        """Axes of `(output, hidden)` or `(output, (hidden, cell))`; the input settles what the RNN reads as what."""
        directions = 2 if module.bidirectional else 1
        width = module.proj_size or module.hidden_size
        hid = self.symbol_of(module, "proj" if module.proj_size else "hid", layer, width)
        state = hid
        if directions == 2:
            hid = self.symbol_of(module, f"2*{state.name}", layer, 2 * width)
        operand = use.tensors[0]
        packed = isinstance(next(iter((*use.args, *use.kwargs.values()))), nn.utils.rnn.PackedSequence)
        if not packed:
            axes.read_by_rnn(operand.symbols, module.batch_first)
        single = not packed and len(operand.shape) == 2
        if packed or single:
            time, batch = operand.symbols[0], Symbol("batch", "propagated")
        else:
            time, batch = operand.symbols[int(module.batch_first)], operand.symbols[1 - int(module.batch_first)]
        layers = self.symbol_of(module, "layers*directions" if directions == 2 else "layers", layer, 0)
        cell = self.symbol_of(module, "hid", layer, module.hidden_size) if module.proj_size else state
        # The states to begin with: (layers, batch, hid), whatever batch_first says.
        for given, width_of in zip(use.tensors[1:], (state, cell), strict=False):
            for symbol, name in zip(given.symbols, (layers.name, "batch", width_of.name), strict=False):
                if len(given.shape) == 3:
                    symbol.settle(name)
        if single:
            return [[time, hid], [layers, state], [layers, cell]][: len(use.shapes)]
        output = [time, hid] if packed else [batch, time, hid] if module.batch_first else [time, batch, hid]
        return [output, [layers, batch, state], [layers, batch, cell]][: len(use.shapes)]

    # --- packing, optimizers ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _watched_packing(self) -> Iterator[None]:
        """Replace the packing functions wherever the learner's modules hold them, and put them back afterwards."""
        watched = {name: self._watched_function(name, getattr(nn.utils.rnn, name)) for name in _PACKING}
        with replaced_everywhere(nn.utils.rnn, watched, self.recorder.places):
            yield

    def _watched_function(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        operation = operation_of(name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            recorder = self.recorder
            frame, beneath = recorder.places.caller(here())
            # pack_sequence itself uses the others: what the learner wrote is one row.
            if recorder.quiet or frame is None or beneath is not None:
                return original(*args, **kwargs)
            operands: list[Operand] = []
            inputs: tuple[Named, ...] = ()
            with recorder.guarded():
                operands, inputs = self._operands(args, kwargs), self._inputs(frame, tensors_and_packs(args, kwargs))
            with recorder.silence(), self._failing(operation, frame, inputs, args, kwargs):
                result = original(*args, **kwargs)
            with recorder.guarded():
                made = tensors_in((result,))
                use = Use(operands, args, kwargs, [tuple(t.shape) for t in made])
                symbols = axes.through_packing(operation.name, use) or axes.through(operation.family, use)
                self._tell(operation, frame, inputs, result, args, kwargs, made, symbols)
            return result

        watched.__name__, watched.__doc__ = original.__name__, original.__doc__
        watched.__wrapped__ = original  # type: ignore[attr-defined]
        return watched

    @contextlib.contextmanager
    def _watched_zero_grad(self) -> Iterator[None]:
        original = torch.optim.Optimizer.zero_grad

        def zero_grad(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            frame, _ = self.recorder.places.caller(here())
            with self.recorder.silence():
                original(optimizer, *args, **kwargs)
            if not self.recorder.quiet and frame is not None:
                self._event("zero_grad", frame)

        torch.optim.Optimizer.zero_grad = zero_grad  # type: ignore[method-assign]
        try:
            yield
        finally:
            torch.optim.Optimizer.zero_grad = original  # type: ignore[method-assign]

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self._steps.append(here())

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if here() in self._steps:
            del self._steps[self._steps.index(here()) :]
        frame = self.recorder.places.learner(here())
        if frame is not None and not self._is_away():
            self._event("optimizer_step", frame)

    def _is_away(self) -> bool:
        """Say whether the recorder itself is working, or an optimizer: one that raised has left no sign but its frame."""
        while self._steps and self._steps[-1] not in outward(here()):
            self._steps.pop()
        return bool(self.recorder.quiet or self._steps)

    def _event(self, name: str, frame: FrameType) -> None:
        place = self.recorder.places.place(frame)
        self.recorder.tell_folded(Call(place=place, stage="train", what=name), (place, name))


def _remove(handle: Any) -> None:
    handle.remove()
    # torch's own handle forgets these two (2.4 has the first alone).
    for name in ("_global_forward_hooks_always_called", "_global_forward_hooks_with_kwargs"):
        getattr(hooks, name, {}).pop(handle.id, None)
