"""The one table of operations: their names, all their spellings, their stage and what they do to the axes in words.

Names only, no torch: a witness that runs, one that reads and one that probes speak of the same operation by the same name.
"""

from __future__ import annotations

from typing import NamedTuple


class Operation(NamedTuple):
    """One operation. `family` says how axes pass through it (see `rnnlab.axes`)."""

    name: str
    family: str
    stage: str | None
    spellings: frozenset[str]


def _row(name: str, family: str, stage: str | None, spellings: str = "") -> Operation:
    return Operation(name, family, stage, frozenset({name, *spellings.split()}))


OPERATIONS: tuple[Operation, ...] = (
    # Layers: the class names of torch.nn and the functions beneath them.
    _row("embedding", "embedding", "embed", "Embedding"),
    _row("embedding_bag", "embedding_bag", "embed", "EmbeddingBag"),
    _row("lstm", "recurrent", "rnn", "LSTM"),
    _row("gru", "recurrent", "rnn", "GRU"),
    _row("rnn", "recurrent", "rnn", "RNN rnn_tanh rnn_relu"),
    _row("lstm_cell", "cell", "rnn", "LSTMCell"),
    _row("gru_cell", "cell", "rnn", "GRUCell"),
    _row("rnn_cell", "cell", "rnn", "RNNCell rnn_tanh_cell rnn_relu_cell"),
    _row("linear", "linear", "head", "Linear LazyLinear"),
    _row("dropout", "keep", None, "Dropout Dropout1d Dropout2d feature_dropout dropout1d dropout2d"),
    _row("bilinear", "linear", None, "Bilinear"),
    _row("identity", "keep", None, "Identity"),
    _row("layer_norm", "keep", None, "LayerNorm"),
    _row("batch_norm", "keep", None, "BatchNorm1d BatchNorm2d"),
    _row("normalize", "keep", None, "rms_norm RMSNorm group_norm GroupNorm instance_norm InstanceNorm1d"),
    _row(
        "attention", "attention", None, "MultiheadAttention multi_head_attention_forward scaled_dot_product_attention"
    ),
    _row("transformer_encoder", "keep", None, "TransformerEncoder TransformerEncoderLayer"),
    _row("conv1d", "conv1d", None, "Conv1d"),
    _row("conv2d", "conv2d", None, "Conv2d"),
    _row("max_pool1d", "pool1d", None, "MaxPool1d AdaptiveMaxPool1d adaptive_max_pool1d"),
    _row("avg_pool1d", "pool1d", None, "AvgPool1d AdaptiveAvgPool1d adaptive_avg_pool1d"),
    _row("max_pool2d", "pool2d", None, "MaxPool2d AdaptiveMaxPool2d adaptive_max_pool2d"),
    _row("avg_pool2d", "pool2d", None, "AvgPool2d AdaptiveAvgPool2d adaptive_avg_pool2d"),
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
    _row("transpose", "transpose", None, "swapaxes swapdims transpose_ swapaxes_ swapdims_"),
    _row("t", "t", None, "t_ T"),
    _row("mT", "transpose last", None, "adjoint mH H"),
    _row("movedim", "movedim", None, "moveaxis"),
    _row("view", "view", None, "reshape view_as reshape_as unflatten Unflatten"),
    _row("flatten", "view", None, "Flatten"),
    _row("cat", "cat", None, "concat concatenate"),
    _row("stack", "stack", None),
    _row("expand", "expand", None, "expand_as repeat broadcast_to tile"),
    _row("chunk", "pieces", None, "split unbind tensor_split"),
    _row("gather", "gather", None),
    _row("take_along_dim", "take_along_dim", None),
    _row("index_select", "index_select", None),
    _row("narrow", "narrow", None),
    _row("repeat_interleave", "repeat_interleave", None),
    _row("unfold", "unfold", None),
    _row("pad", "edges", None),
    _row("flip", "keep", None, "fliplr flipud roll"),
    _row("one_hot", "one_hot", None),
    # Along an axis.
    _row("mean", "reduce", None),
    _row("sum", "reduce", None),
    _row("max", "reduce", None, "amax"),
    _row("min", "reduce", None, "amin"),
    _row("argmax", "reduce", "evaluate"),
    _row("argmin", "reduce", None),
    _row("any", "reduce", None, "all"),
    _row("prod", "reduce", None),
    _row("logsumexp", "reduce", None),
    _row("median", "reduce", None, "nanmedian mode"),
    _row("spread", "reduce", None, "std var"),
    _row("nanmean", "reduce", None, "nansum count_nonzero"),
    _row("norm", "norm", None),
    _row("topk", "topk", None),
    _row("cumsum", "keep", None, "cumprod cummax cummin logcumsumexp cumsum_"),
    _row("triangle", "keep", None, "tril triu"),
    _row("softmax", "keep", "head", "Softmax"),
    _row("log_softmax", "keep", "head", "LogSoftmax"),
    _row("gumbel_softmax", "keep", None),
    _row("sort", "keep", None),
    _row("argsort", "keep", None),
    _row("msort", "keep", None),
    # Element by element.
    _row("sigmoid", "keep", "head", "Sigmoid sigmoid_"),
    _row("tanh", "keep", None, "Tanh tanh_"),
    _row("relu", "keep", None, "ReLU relu_"),
    _row(
        "activation",
        "keep",
        None,
        "gelu GELU elu ELU silu SiLU selu SELU leaky_relu LeakyReLU softplus Softplus mish Mish hardtanh Hardtanh relu6 ReLU6 "
        "logsigmoid log_sigmoid LogSigmoid prelu PReLU softsign Softsign hardswish Hardswish celu CELU elu_ leaky_relu_",
    ),
    _row("round", "keep", None),
    _row("eq", "same", None, "__eq__"),
    _row("compare", "same", None, "ne gt lt ge le __gt__ __lt__ __ge__ __le__ __ne__"),
    _row(
        "arithmetic",
        "same",
        None,
        "add sub mul div true_divide __add__ __radd__ __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__ "
        "__truediv__ __rtruediv__ __rdiv__ __div__ __itruediv__ "
        "__pow__ pow neg exp log sqrt abs clamp masked_fill masked_fill_ where "
        "maximum minimum logical_and logical_or logical_not __and__ __or__ __invert__ add_ sub_ mul_ div_ "
        "logical_xor floor ceil trunc sign square reciprocal rsqrt sin cos erf isnan isinf isfinite floor_divide remainder "
        "fmod lerp addcmul addcdiv clip clamp_ pow_ exp_ __floordiv__ __rfloordiv__ __mod__ __rpow__ __xor__ __neg__ "
        "__abs__ __rand__ __ror__ rsub subtract multiply divide negative "
        "bitwise_and bitwise_or bitwise_xor bitwise_not",
    ),
    _row("to", "keep", None, "cpu cuda float long int double half bool type contiguous clone detach detach_ bfloat16"),
    _row("matmul", "matmul", None, "mm bmm mv dot __matmul__"),
    _row("add_matmul", "add matmul", None, "addmm baddbmm addmv"),
    _row("outer", "outer", None, "ger"),
    _row("einsum", "einsum", None),
    # Where tensors are born.
    _row(
        "tensor",
        "born",
        None,
        "LongTensor FloatTensor from_numpy as_tensor zeros ones rand randn full arange",
    ),
    _row("tensor_like", "keep", None, "zeros_like ones_like rand_like randn_like full_like empty_like"),
    # Loss and optimiser.
    _row("cross_entropy", "loss", "loss", "CrossEntropyLoss"),
    _row("nll_loss", "loss", "loss", "NLLLoss"),
    _row("binary_cross_entropy_with_logits", "loss of each", "loss", "BCEWithLogitsLoss"),
    _row("binary_cross_entropy", "loss of each", "loss", "BCELoss"),
    _row("mse_loss", "loss of each", "loss", "MSELoss"),
    _row("backward", "nothing", "train"),
    _row("zero_grad", "nothing", "train"),
    _row("clip_grad_norm_", "nothing", "train"),
    _row("optimizer_step", "nothing", "train"),
    # A single number leaves torch.
    _row("item", "nothing", None, "__float__ __int__ tolist __format__"),
)

_BY_SPELLING = {spelling: operation for operation in OPERATIONS for spelling in operation.spellings}
RECURRENT = frozenset({"lstm", "gru", "rnn"})
LOSSES = frozenset(operation.name for operation in OPERATIONS if operation.stage == "loss")
# What reading tells where a model or a loss is of a kind that it cannot know: a parameter, a class of a file that is missing.
UNKNOWN_MODEL, UNKNOWN_LOSS = "unknown_model", "unknown_loss"
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
