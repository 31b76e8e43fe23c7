"""Every spelling of an operation is one row, called by one name: as a function, a method, an operator and a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnlab.facts import Call
from rnnlab.operations import OPERATIONS
from rnnlab.verbs.trace import trace

# (3, 4): small, and of two sizes.
X = torch.linspace(0.1, 0.9, 12).view(3, 4)
BITS = X > 0.5
IDS = torch.tensor([[0, 1, 2], [2, 1, 0]])
TARGET = torch.tensor([0, 1, 2])
PICTURE = torch.rand(2, 3, 8)  # (batch, channels, seq_len)
PHOTO = torch.rand(2, 3, 8, 8)
TABLE = torch.rand(5, 4)
STEPS = torch.rand(6, 3, 4)  # (seq_len, batch, emb)
LENGTHS = torch.tensor([6, 4, 2])
CELL = [torch.rand(20, 4), torch.rand(20, 5), torch.rand(20), torch.rand(20)]


def packed() -> Any:
    return nn.utils.rnn.pack_padded_sequence(STEPS, LENGTHS)


def _encoder() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 1, enable_nested_tensor=False)


def trained() -> torch.optim.Optimizer:
    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    return torch.optim.SGD([weight], 0.1)


def as_function(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, kwargs


# What a function or a method is given: its first argument is the tensor itself. By operation, or by spelling where it differs.
GIVEN: dict[str, Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "embedding": lambda: as_function(IDS, TABLE),
    "embedding_bag": lambda: as_function(IDS, TABLE),
    "layer_norm": lambda: as_function(X, (4,)),
    "batch_norm": lambda: as_function(X, torch.zeros(4), torch.ones(4), training=True),
    "linear": lambda: as_function(X, torch.rand(2, 4)),
    "dropout1d": lambda: as_function(PICTURE),
    "dropout2d": lambda: as_function(PHOTO),
    "feature_dropout": lambda: as_function(PHOTO, 0.5, True),
    "dropout": lambda: as_function(X, 0.5, True),
    "conv1d": lambda: as_function(PICTURE, torch.rand(5, 3, 2)),
    "conv2d": lambda: as_function(PHOTO, torch.rand(5, 3, 2, 2)),
    "max_pool1d": lambda: as_function(PICTURE, 2),
    "avg_pool1d": lambda: as_function(PICTURE, 2),
    "max_pool2d": lambda: as_function(PHOTO, 2),
    "avg_pool2d": lambda: as_function(PHOTO, 2),
    "lstm_cell": lambda: as_function(X, (torch.rand(3, 5), torch.rand(3, 5)), *CELL),
    "gru_cell": lambda: as_function(X, torch.rand(3, 5), *[part[:15] for part in CELL]),
    "rnn_cell": lambda: as_function(X, torch.rand(3, 5), *[part[:5] for part in CELL]),
    "pack_padded_sequence": lambda: as_function(STEPS, LENGTHS),
    "pad_packed_sequence": lambda: as_function(packed()),
    "pack_sequence": lambda: as_function([X, X[:2]]),
    "pad_sequence": lambda: as_function([X, X[:2]]),
    "squeeze": lambda: as_function(X[None].clone(), 0),
    "unsqueeze": lambda: as_function(X.clone(), 0),
    "index": lambda: as_function(X, 0),
    "select": lambda: as_function(X, 0, 1),
    "permute": lambda: as_function(X, (1, 0)),
    "transpose": lambda: as_function(X.clone(), 0, 1),
    "t": lambda: as_function(X.clone()),
    "view": lambda: as_function(X, (4, 3)),
    "view_as": lambda: as_function(X, torch.rand(4, 3)),
    "unflatten": lambda: as_function(X, 1, (2, 2)),
    "cat": lambda: as_function([X, X]),
    "stack": lambda: as_function([X, X]),
    "expand": lambda: as_function(X[:1], (3, 4)),
    "expand_as": lambda: as_function(X[:1], X),
    "repeat": lambda: as_function(X, (2, 1)),
    "chunk": lambda: as_function(X, 2),
    "unbind": lambda: as_function(X),
    "gather": lambda: as_function(X, 1, torch.zeros(3, 1, dtype=torch.long)),
    "max": lambda: as_function(X, 1),
    "min": lambda: as_function(X, 1),
    "any": lambda: as_function(BITS),
    "softmax": lambda: as_function(X, 1),
    "log_softmax": lambda: as_function(X, 1),
    "eq": lambda: as_function(X, X),
    "compare": lambda: as_function(X, X),
    "arithmetic": lambda: as_function(X.clone(), X),
    "neg": lambda: as_function(X),
    "exp": lambda: as_function(X),
    "log": lambda: as_function(X),
    "sqrt": lambda: as_function(X),
    "abs": lambda: as_function(X),
    "clamp": lambda: as_function(X, 0.2, 0.8),
    "masked_fill": lambda: as_function(X.clone(), BITS, 0.0),
    "where": lambda: as_function(BITS, X, X),
    "logical_not": lambda: as_function(BITS),
    "__invert__": lambda: as_function(BITS),
    "__and__": lambda: as_function(BITS, BITS),
    "bitwise_and": lambda: as_function(BITS, BITS),
    "bitwise_or": lambda: as_function(BITS, BITS),
    "bitwise_xor": lambda: as_function(BITS, BITS),
    "bitwise_not": lambda: as_function(BITS),
    "__or__": lambda: as_function(BITS, BITS),
    "to": lambda: as_function(X, torch.float64),
    "cpu": lambda: as_function(X),
    "detach_": lambda: as_function(X.clone()),
    "matmul": lambda: as_function(X, X.T.contiguous()),
    "bmm": lambda: as_function(PICTURE, PICTURE.transpose(1, 2)),
    "einsum": lambda: as_function("ab,cb->ac", X, X),
    "cross_entropy": lambda: as_function(X, TARGET),
    "nll_loss": lambda: as_function(X.log_softmax(1), TARGET),
    "binary_cross_entropy_with_logits": lambda: as_function(X, BITS.float()),
    "binary_cross_entropy": lambda: as_function(X, BITS.float()),
    "mse_loss": lambda: as_function(X, X),
    "backward": lambda: as_function(X.clone().requires_grad_().sum()),
    "clip_grad_norm_": lambda: as_function(trained().param_groups[0]["params"], 1.0),
    "item": lambda: as_function(X.sum()),
    "__format__": lambda: as_function(X.sum(), ".2f"),
    "tensor": lambda: as_function([1, 2]),
    "from_numpy": lambda: as_function(X.numpy()),
    "zeros": lambda: as_function(2, 3),
    "full": lambda: as_function((2, 3), 1.0),
    "zeros_like": lambda: as_function(X),
    "arange": lambda: as_function(3),
}
GIVEN |= {
    "bilinear": lambda: as_function(X, X, torch.rand(2, 4, 4)),
    "rms_norm": lambda: as_function(X, (4,)),
    "group_norm": lambda: as_function(X, 2),
    "torch.rms_norm": lambda: as_function(X, (4,)),
    "instance_norm": lambda: as_function(PICTURE),
    "multi_head_attention_forward": lambda: as_function(
        STEPS,
        STEPS,
        STEPS,
        4,
        2,
        torch.rand(12, 4),
        torch.rand(12),
        None,
        None,
        False,
        0.0,
        torch.rand(4, 4),
        torch.rand(4),
    ),
    "scaled_dot_product_attention": lambda: as_function(PICTURE, PICTURE, PICTURE),
    "movedim": lambda: as_function(X, 0, 1),
    "take_along_dim": lambda: as_function(X, torch.zeros(3, 1, dtype=torch.long), 1),
    "index_select": lambda: as_function(X, 0, torch.tensor([0, 2])),
    "narrow": lambda: as_function(X, 0, 1, 2),
    "repeat_interleave": lambda: as_function(X, 2, 0),
    "Tensor.unfold": lambda: as_function(X, 0, 2, 1),
    "F.unfold": lambda: as_function(PHOTO, (2, 2)),
    "pad": lambda: as_function(X, (1, 1)),
    "flip": lambda: as_function(X, (0,)),
    "fliplr": lambda: as_function(X),
    "flipud": lambda: as_function(X),
    "roll": lambda: as_function(X, 1, 0),
    "one_hot": lambda: as_function(TARGET),
    "logsumexp": lambda: as_function(X, 1),
    "topk": lambda: as_function(X, 2),
    "cumsum": lambda: as_function(X.clone(), 1),
    "broadcast_to": lambda: as_function(X[:1], (3, 4)),
    "prelu": lambda: as_function(X, torch.ones(1)),
    "logical_xor": lambda: as_function(BITS, BITS),
    "lerp": lambda: as_function(X, X, 0.5),
    "addcmul": lambda: as_function(X, X, X),
    "addcdiv": lambda: as_function(X, X, X),
    "clip": lambda: as_function(X, 0.2, 0.8),
    "clamp_": lambda: as_function(X.clone(), 0.2, 0.8),
    "dot": lambda: as_function(X[0], X[1]),
    "mv": lambda: as_function(X, X[0]),
    "addmm": lambda: as_function(torch.rand(3, 3), X, X.T.contiguous()),
    "addmv": lambda: as_function(torch.rand(3), X, X[0]),
    "baddbmm": lambda: as_function(torch.rand(2, 3, 3), PICTURE, PICTURE.transpose(1, 2)),
    "outer": lambda: as_function(X[0], X[1]),
    "full_like": lambda: as_function(X, 1.0),
    "__xor__": lambda: as_function(BITS, BITS),
    "__rpow__": lambda: as_function(X, 2.0),
    "argsort": lambda: as_function(X),
    "exp_": lambda: as_function(X.clone()),
    "sigmoid_": lambda: as_function(X.clone()),
}
for (
    _word
) in "floor ceil trunc sign square reciprocal rsqrt sin cos erf isnan isinf isfinite negative __neg__ __abs__".split():
    GIVEN[_word] = GIVEN["neg"]
for _word, _like in {
    "tile": "repeat", "moveaxis": "movedim", "ger": "outer", "cumprod": "cumsum", "cummax": "cumsum", "cummin": "cumsum",
    "logcumsumexp": "cumsum", "cumsum_": "cumsum", "__rand__": "__xor__", "__ror__": "__xor__", "tanh_": "sigmoid_",
    "relu_": "sigmoid_", "elu_": "sigmoid_", "leaky_relu_": "sigmoid_", "bfloat16": "cpu",

    "squeeze_": "squeeze", "tensor_split": "chunk", "split": "chunk", "argmax": "max", "amax": "max", "amin": "max",
    "mean": "max", "sum": "max", "all": "any", "mm": "matmul", "__matmul__": "matmul", "masked_fill_": "masked_fill",
    "logical_and": "__and__", "logical_or": "__and__", "detach": "cpu", "contiguous": "cpu", "clone": "cpu",
    "float": "cpu", "long": "cpu", "int": "cpu", "double": "cpu", "half": "cpu", "bool": "cpu", "ones": "zeros", "rand": "zeros",
    "randn": "zeros", "adaptive_max_pool1d": "max_pool1d", "adaptive_avg_pool1d": "max_pool1d",
    "adaptive_max_pool2d": "max_pool2d", "adaptive_avg_pool2d": "max_pool2d", "reshape_as": "view_as",
    "rnn_tanh_cell": "rnn_cell",
    "rnn_relu_cell": "rnn_cell", "type": "to", "__float__": "item", "__int__": "item", "tolist": "item",
}.items():  # fmt: skip
    GIVEN.setdefault(_word, GIVEN[_like])

# How a layer is made, and what it is given.
LAYERS: dict[str, Callable[[], tuple[nn.Module, tuple[Any, ...]]]] = {
    "Embedding": lambda: (nn.Embedding(5, 4), (IDS,)),
    "EmbeddingBag": lambda: (nn.EmbeddingBag(5, 4), (IDS,)),
    "LSTM": lambda: (nn.LSTM(4, 5), (STEPS,)),
    "GRU": lambda: (nn.GRU(4, 5), (packed(),)),
    "RNN": lambda: (nn.RNN(4, 5), (STEPS,)),
    "LSTMCell": lambda: (nn.LSTMCell(4, 5), (X,)),
    "GRUCell": lambda: (nn.GRUCell(4, 5), (X,)),
    "RNNCell": lambda: (nn.RNNCell(4, 5), (X,)),
    "Linear": lambda: (nn.Linear(4, 2), (X,)),
    "LazyLinear": lambda: (nn.LazyLinear(2), (X,)),
    "Dropout": lambda: (nn.Dropout(), (X,)),
    "Dropout1d": lambda: (nn.Dropout1d(), (PICTURE,)),
    "Dropout2d": lambda: (nn.Dropout2d(), (PHOTO,)),
    "LayerNorm": lambda: (nn.LayerNorm(4), (X,)),
    "BatchNorm1d": lambda: (nn.BatchNorm1d(4), (X,)),
    "BatchNorm2d": lambda: (nn.BatchNorm2d(3), (PHOTO,)),
    "Conv1d": lambda: (nn.Conv1d(3, 5, 2), (PICTURE,)),
    "Conv2d": lambda: (nn.Conv2d(3, 5, 2), (PHOTO,)),
    "MaxPool1d": lambda: (nn.MaxPool1d(2), (PICTURE,)),
    "AvgPool1d": lambda: (nn.AvgPool1d(2), (PICTURE,)),
    "AdaptiveMaxPool1d": lambda: (nn.AdaptiveMaxPool1d(2), (PICTURE,)),
    "AdaptiveAvgPool1d": lambda: (nn.AdaptiveAvgPool1d(2), (PICTURE,)),
    "MaxPool2d": lambda: (nn.MaxPool2d(2), (PHOTO,)),
    "AvgPool2d": lambda: (nn.AvgPool2d(2), (PHOTO,)),
    "AdaptiveMaxPool2d": lambda: (nn.AdaptiveMaxPool2d(2), (PHOTO,)),
    "AdaptiveAvgPool2d": lambda: (nn.AdaptiveAvgPool2d(2), (PHOTO,)),
    "Softmax": lambda: (nn.Softmax(dim=1), (X,)),
    "LogSoftmax": lambda: (nn.LogSoftmax(dim=1), (X,)),
    "CrossEntropyLoss": lambda: (nn.CrossEntropyLoss(), (X, TARGET)),
    "NLLLoss": lambda: (nn.NLLLoss(), (X.log_softmax(1), TARGET)),
    "BCEWithLogitsLoss": lambda: (nn.BCEWithLogitsLoss(), (X, BITS.float())),
    "BCELoss": lambda: (nn.BCELoss(), (X, BITS.float())),
    "MSELoss": lambda: (nn.MSELoss(), (X, X)),
    "Bilinear": lambda: (nn.Bilinear(4, 4, 2), (X, X)),
    "GroupNorm": lambda: (nn.GroupNorm(2, 4), (X,)),
    "RMSNorm": lambda: (nn.RMSNorm(4), (X,)),
    "InstanceNorm1d": lambda: (nn.InstanceNorm1d(3), (PICTURE,)),
    "MultiheadAttention": lambda: (nn.MultiheadAttention(4, 2), (STEPS, STEPS, STEPS)),
    "TransformerEncoder": lambda: (_encoder(), (STEPS,)),
    "TransformerEncoderLayer": lambda: (nn.TransformerEncoderLayer(4, 2, 8), (STEPS,)),
    "Unflatten": lambda: (nn.Unflatten(1, (2, 2)), (X,)),
}
# Needs another machine; is what torch's own layers call, with arguments that no learner writes; or torch tells nobody of it.
LEFT_OUT = set(
    "cuda lstm gru rnn_tanh rnn_relu feature_dropout rnn LongTensor FloatTensor from_numpy torch.embedding "
    "torch.embedding_bag torch.batch_norm torch.instance_norm torch.group_norm Tensor.index Tensor.where".split()
)
OWNERS = {"torch": torch, "F": F, "Tensor": Tensor, "nn.utils.rnn": nn.utils.rnn, "nn.utils": nn.utils}


def forms() -> Iterator[Any]:
    """Every way in which this torch lets an operation be written."""
    for operation in OPERATIONS:
        for spelling in sorted(operation.spellings - LEFT_OUT):
            for name, owner in OWNERS.items() if not spelling.startswith("__") else [("Tensor", Tensor)]:
                function = getattr(owner, spelling, None)
                if callable(function) and not isinstance(function, type) and f"{name}.{spelling}" not in LEFT_OUT:
                    yield pytest.param(
                        operation.name, f"{name}.{spelling}", spelling, function, id=f"{name}.{spelling}"
                    )
            if isinstance(getattr(nn, spelling, None), type):
                yield pytest.param(operation.name, f"nn.{spelling}", spelling, None, id=f"nn.{spelling}")


@pytest.mark.parametrize(("name", "form", "spelling", "function"), list(forms()))
def test_a_spelling_is_one_row_of_its_operation(name: str, form: str, spelling: str, function: Any) -> None:
    if function is None:
        layer, inputs = LAYERS[spelling]() if spelling in LAYERS else (getattr(nn, spelling)(), (X,))
        record = trace(lambda: layer(*inputs))
    else:
        args, kwargs = (GIVEN.get(form) or GIVEN.get(spelling) or GIVEN.get(name) or (lambda: as_function(X)))()
        record = trace(lambda: function(*args, **kwargs))
    assert [call.what for call in record.ask(Call)] == [name]


def test_every_spelling_that_this_torch_has_is_tried() -> None:
    tried = {form.values[2] for form in forms()}  # type: ignore[attr-defined]
    not_tried = {spelling for operation in OPERATIONS for spelling in operation.spellings} - tried - LEFT_OUT
    assert not_tried <= {
        "T",
        "mT",
        "mH",
        "H",
        "attention",
        "eq",
        "index",
        "view",
        "activation",
        "arithmetic",
        "compare",
        "zero_grad",
        "optimizer_step",
        "item",
    } | {spelling for spelling in not_tried if not any(hasattr(owner, spelling) for owner in (*OWNERS.values(), nn))}


def test_operators_are_the_operations_that_they_stand_for() -> None:
    record = trace(lambda: (1 + X, 1 - X, X - 1, 2 / X, X / 2, X**2, -X, X @ X.T, X > 0.5, X == X, ~BITS, BITS & BITS))
    assert [call.what for call in record.ask(Call) if call.what not in {"T", "t", "transpose"}] == [
        *["arithmetic"] * 7, "matmul", "compare", "eq", *["arithmetic"] * 2,
    ]  # fmt: skip


def test_attributes_that_turn_a_matrix_are_rows() -> None:
    record = trace(lambda: (X.T, X.mT, X.mH, X.H))
    assert [call.what for call in record.ask(Call)] == ["t", "mT", "mT", "mT"]


def test_the_optimizer_s_two_methods_are_rows() -> None:
    def step() -> None:
        optimizer = trained()
        optimizer.zero_grad()
        optimizer.step()

    assert [call.what for call in trace(step).ask(Call)][-2:] == ["zero_grad", "optimizer_step"]


def test_a_module_sets_its_gradients_to_zero_as_an_optimizer_does() -> None:
    layer = nn.Linear(2, 2)
    assert [call.what for call in trace(lambda: layer.zero_grad()).ask(Call)] == ["zero_grad"]
