"""Which steps, which layers and which directions reach the answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnlab.facts import Gap, Probe
from rnnlab.probing.copies import in_silence
from rnnlab.probing.experiments.seeing import gradients_of_steps, weighted
from rnnlab.probing.experiments.subject import Subject, hooked
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import texts

_BATCH, _STEPS = 4, 7


@dataclass
class Layer:
    """A recurrent layer as it ran: what it gave, call by call."""

    name: str
    module: nn.Module
    line: int | None
    input_shape: list[int]
    packed: bool
    outputs: list[Tensor] = field(default_factory=list)
    hidden: list[Tensor] = field(default_factory=list)
    cell: list[Tensor] = field(default_factory=list)
    batch_sizes: Tensor | None = None


def reach(subject: Subject) -> Iterator[Probe | Gap]:
    """Ask for the gradients of the answers at every word, and at what each recurrent layer gave; texts are equally long.

    Fact `steps`: seen `steps`, for each step the largest gradient of an answer at its own text's word there.
    Fact `reach`, one for each recurrent layer in the order of their calls, at the line of the call: given `layer` (its name),
    `type`, `layers`, `directions`, `batch_first`, `packed`, `calls`, `input` (the axes of what it read, `?` where unknown);
    seen `hidden` and `cell`, the gradient at each row of h_n and c_n in torch's own order (layer 0 forward, layer 0 backward,
    layer 1 forward …), and `forward`, `backward`: the gradient at the output of each direction, step by step.
    """
    count, seq_len = subject.batch(_BATCH), subject.seq_len(_STEPS)
    batch = texts(subject.form, [seq_len] * count, subject.seed)
    norms = gradients_of_steps(subject, batch, seq_len)
    if norms is not None and norms.shape[0] == norms.shape[1]:
        own = torch.stack([norms[i, i] for i in range(len(norms))]).amax(0)
        yield told(subject, "steps", {"seq_len": seq_len}, {"steps": own.tolist()})
    layers, error = _ran(subject, batch, seq_len)
    if error:
        yield Gap(seen_by="probe", place=subject.place, what="reach", why=error)
    for layer in layers:
        yield told(subject, "reach", _given(layer, count, seq_len), _seen(layer), layer.line)


def _ran(subject: Subject, batch: list, seq_len: int) -> tuple[list[Layer], str]:
    """Run a copy whose recurrent layers keep the gradients of what they give, and go backwards."""
    model = subject.fresh()
    names = {id(module): name for name, module in model.named_modules()}
    layers: dict[int, Layer] = {}

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            layer = layers.get(id(module))
            if layer is None:
                layer = layers[id(module)] = _layer(module, names.get(id(module), "?"), subject.line(), inputs[0])
            _keep(layer, output)

    with hooked([nn.modules.module.register_module_forward_hook(note)]), in_silence(), torch.enable_grad():
        answers = subject.rows(subject.raw(model, batch, seq_len), len(batch), seq_len)
        if not answers.requires_grad:
            return list(layers.values()), "no answer needs a gradient"
        # Texts are weighted as well: a softmax over the batch has the same sum whatever was read.
        (weighted(answers) * torch.linspace(1.0, 2.0, len(answers))).sum().backward()
    return list(layers.values()), "" if layers else "no recurrent layer of torch's ran"


def _layer(module: nn.Module, name: str, line: int | None, given: Any) -> Layer:
    packed = isinstance(given, PackedSequence)
    shape = [int(n) for n in (given.data if packed else given).shape]
    return Layer(name, module, line, shape, packed)


def _keep(layer: Layer, output: Any) -> None:
    if isinstance(layer.module, nn.RNNCellBase):
        states = output if isinstance(output, tuple) else (output,)
        kept = [(layer.hidden, states[0]), *([(layer.cell, states[1])] if len(states) > 1 else [])]
    else:
        sequence, states = output
        if isinstance(sequence, PackedSequence):
            layer.batch_sizes, sequence = sequence.batch_sizes, sequence.data
        states = states if isinstance(states, tuple) else (states,)
        kept = [(layer.outputs, sequence), (layer.hidden, states[0])]
        kept += [(layer.cell, states[1])] if len(states) > 1 else []
    for where, tensor in kept:
        if tensor.requires_grad:
            tensor.retain_grad()
        where.append(tensor)


def _given(layer: Layer, batch: int, seq_len: int) -> dict[str, Any]:
    module = layer.module
    given: dict[str, Any] = {"layer": layer.name, "type": type(module).__name__, "calls": len(layer.hidden)}
    if isinstance(module, nn.RNNBase):
        given |= {
            "layers": module.num_layers,
            "directions": 2 if module.bidirectional else 1,
            "batch_first": module.batch_first,
            "packed": layer.packed,
            "input": _axes(layer, batch, seq_len),
        }
    return given | {"batch": batch, "seq_len": seq_len}


def _axes(layer: Layer, batch: int, seq_len: int) -> str:
    """Name the axes of what a layer read by their sizes, which differ; of a packed sequence nothing is unknown."""
    if layer.packed:
        return "tokens features"
    names = {batch: "batch", seq_len: "seq_len"} if batch != seq_len else {}
    return " ".join([*(names.get(size, "?") for size in layer.input_shape[:-1]), "features"])


def _seen(layer: Layer) -> dict[str, Any]:
    seen: dict[str, Any] = {"hidden": _rows(layer.hidden), "cell": _rows(layer.cell)}
    module = layer.module
    if not isinstance(module, nn.RNNBase):
        return seen | {"last_hidden": _last(layer.hidden), "last_cell": _last(layer.cell)}
    width = module.proj_size or module.hidden_size
    steps = [_steps(layer, grad, module) for grad in (t.grad for t in layer.outputs) if grad is not None]
    seen["forward"] = _summed([s[..., :width] for s in steps])
    seen["backward"] = _summed([s[..., width:] for s in steps]) if module.bidirectional else []
    return seen


def _rows(states: list[Tensor]) -> list[float]:
    """Return the gradient's norm at each row of (layers*directions, batch, hid), over all calls; [] where none came."""
    grads = [t.grad for t in states if t.grad is not None]
    if not grads or grads[0].dim() < 3:
        return [float(torch.stack([g.norm() for g in grads]).norm())] if grads else []
    return torch.stack([g.flatten(1).norm(dim=1) for g in grads]).norm(dim=0).tolist()


def _last(states: list[Tensor]) -> float:
    grad = states[-1].grad if states else None
    return 0.0 if grad is None else float(grad.norm())


def _steps(layer: Layer, grad: Tensor, module: nn.RNNBase) -> Tensor:
    """Return a gradient at an output as (seq_len, batch, hid)."""
    if layer.batch_sizes is not None:
        return pad_packed_sequence(PackedSequence(grad, layer.batch_sizes))[0]
    if grad.dim() == 2:
        return grad.unsqueeze(1)
    return grad.transpose(0, 1) if module.batch_first else grad


def _summed(steps: list[Tensor]) -> list[float]:
    """Return the norm at each step: of one call over its steps, of several calls over the calls."""
    if not steps:
        return []
    if len(steps) > 1:
        return [float(s.norm()) for s in steps]
    return steps[0].flatten(1).norm(dim=1).tolist()


@contextlib.contextmanager
def layers_of() -> Iterator[list[int]]:
    """Note how many texts each recurrent layer takes its input for, in the order of their calls."""
    found: list[int] = []

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        given = inputs[0] if inputs else None
        if not isinstance(module, nn.RNNBase | nn.RNNCellBase):
            return
        if isinstance(given, PackedSequence):
            found.append(int(given.batch_sizes[0]))
        elif isinstance(given, Tensor) and given.dim() == 3:
            found.append(given.shape[0 if getattr(module, "batch_first", False) else 1])
        elif isinstance(given, Tensor) and isinstance(module, nn.RNNCellBase) and given.dim() == 2:
            found.append(given.shape[0])

    # Every layer, those that the model holds in a plain list among them.
    with hooked([nn.modules.module.register_module_forward_hook(note)]):
        yield found
