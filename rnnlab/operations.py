"""The one table of operations: their names, all their spellings, their stage and what they do to the axes in words.

Names only, no torch: a witness that runs, one that reads and one that probes speak of the same operation by the same name.
"""

from __future__ import annotations

from typing import NamedTuple


class Operation(NamedTuple):
    """One operation. `family` says how axes pass through it (see `rnnlab.watching.axes`)."""

    name: str
    family: str
    stage: str | None
    spellings: frozenset[str]


def _row(name: str, family: str, stage: str | None, spellings: str = "") -> Operation:
    return Operation(name, family, stage, frozenset({name, *spellings.split()}))


OPERATIONS: tuple[Operation, ...] = (
    # Layers: the class names of torch.nn and the functions beneath them.
    _row("embedding", "embedding", "embed", "Embedding"),
    _row("embedding_bag", "other", "embed", "EmbeddingBag"),
    _row("lstm", "recurrent", "rnn", "LSTM"),
    _row("gru", "recurrent", "rnn", "GRU"),
    _row("rnn", "recurrent", "rnn", "RNN rnn_tanh rnn_relu"),
    _row("lstm_cell", "cell", "rnn", "LSTMCell"),
    _row("gru_cell", "cell", "rnn", "GRUCell"),
    _row("rnn_cell", "cell", "rnn", "RNNCell rnn_tanh_cell rnn_relu_cell"),
    _row("linear", "linear", "head", "Linear LazyLinear"),
    _row("dropout", "same", None, "Dropout feature_dropout"),
    _row("layer_norm", "same", None, "LayerNorm"),
    # Packing and padding.
    _row("pack_padded_sequence", "pack", "rnn"),
    _row("pad_packed_sequence", "unpack", "rnn"),
    _row("pack_sequence", "other", "rnn"),
    _row("pad_sequence", "pad", "batch"),
    # Axes moved, dropped and added: in a classifier this is where the state is chosen.
    _row("squeeze", "squeeze", "squeeze", "squeeze_"),
    _row("unsqueeze", "unsqueeze", None, "unsqueeze_"),
    _row("index", "index", None, "__getitem__"),
    _row("select", "select", None),
    _row("permute", "permute", None),
    _row("transpose", "transpose", None, "swapaxes swapdims transpose_"),
    _row("t", "t", None),
    _row("view", "view", None, "reshape view_as reshape_as unflatten"),
    _row("flatten", "view", None),
    _row("cat", "cat", None, "concat concatenate"),
    _row("stack", "stack", None),
    _row("expand", "other", None, "expand_as repeat"),
    _row("chunk", "pieces", None, "split unbind tensor_split"),
    # Along an axis.
    _row("mean", "reduce", None),
    _row("sum", "reduce", None),
    _row("max", "reduce", None, "amax"),
    _row("min", "reduce", None, "amin"),
    _row("argmax", "reduce", "evaluate"),
    _row("any", "reduce", None, "all"),
    _row("softmax", "same", "head", "Softmax"),
    _row("log_softmax", "same", "head", "LogSoftmax"),
    _row("sort", "same", None),
    # Element by element.
    _row("sigmoid", "same", "head", "Sigmoid"),
    _row("tanh", "same", None, "Tanh"),
    _row("relu", "same", None, "ReLU"),
    _row("round", "same", None),
    _row("eq", "same", None, "__eq__"),
    _row("compare", "same", None, "ne gt lt ge le __gt__ __lt__ __ge__ __le__ __ne__"),
    _row(
        "arithmetic",
        "same",
        None,
        "add sub mul div true_divide __add__ __radd__ __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__ "
        "__truediv__ __rtruediv__ __itruediv__ __pow__ pow neg exp log sqrt abs clamp masked_fill",
    ),
    _row("to", "same", None, "cpu cuda float long int double half bool type contiguous clone detach detach_"),
    _row("matmul", "matmul", None, "mm bmm __matmul__"),
    # Where tensors are born.
    _row(
        "tensor",
        "born",
        None,
        "LongTensor FloatTensor from_numpy as_tensor zeros ones rand randn full arange zeros_like",
    ),
    # Loss and optimiser.
    _row("cross_entropy", "loss", "loss", "CrossEntropyLoss"),
    _row("nll_loss", "loss", "loss", "NLLLoss"),
    _row("binary_cross_entropy_with_logits", "loss", "loss", "BCEWithLogitsLoss"),
    _row("binary_cross_entropy", "loss", "loss", "BCELoss"),
    _row("mse_loss", "loss", "loss", "MSELoss"),
    _row("backward", "nothing", "train"),
    _row("zero_grad", "nothing", "train"),
    _row("clip_grad_norm_", "nothing", "train"),
    _row("optimizer_step", "nothing", "train"),
    # A single number leaves torch.
    _row("item", "nothing", None, "__float__ __int__ tolist __format__"),
)

_BY_SPELLING = {spelling: operation for operation in OPERATIONS for spelling in operation.spellings}
RECURRENT = frozenset({"lstm", "gru", "rnn"})
LOSSES = frozenset(operation.name for operation in OPERATIONS if operation.family == "loss")
# Getters and bookkeeping that torch runs behind one line of the learner's: no row of their own.
SILENT = frozenset(
    "__get__ __set__ size dim ndimension numel nelement is_floating_point is_complex register_hook requires_grad_ "
    "__len__ __bool__ __repr__ __hash__ __iter__ __reduce_ex__ __deepcopy__ data_ptr stride storage_offset element_size "
    "is_contiguous get_device retain_grad has_names is_nested __array__ numpy untyped_storage storage __contains__ "
    "__enter__ __exit__ __new__ __setstate__ is_same_size is_pinned __index__ __dlpack__ __dlpack_device__ "
    "is_inference __dir__".split()
)


def operation_of(spelling: str) -> Operation:
    """Return the operation of a function's or layer's name; an unknown name gives itself, family `other`."""
    return _BY_SPELLING.get(spelling) or Operation(spelling, "other", None, frozenset({spelling}))
