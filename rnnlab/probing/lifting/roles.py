"""What the arguments of a constructor are, by what the class does with them: `nn.Embedding(a, b)` says more than names do."""

from __future__ import annotations

import ast

from rnnlab.probing.lifting.expressions import hint
from rnnlab.probing.lifting.program import dotted

# A layer's arguments by position and by name, and what each is.
_LAYERS: dict[str, tuple[tuple[str, str], ...]] = {
    "Embedding": (("num_embeddings", "vocab"), ("embedding_dim", "emb"), ("padding_idx", "pad")),
    **dict.fromkeys(
        ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"),
        (("input_size", "features"), ("hidden_size", "hid"), ("num_layers", "layers"), ("bias", "no"),
         ("batch_first", "batch first"), ("dropout", "dropout"), ("bidirectional", "no")),
    ),
    "Dropout": (("p", "dropout"),),
    "Linear": (("in_features", ""), ("out_features", "classes")),
}  # fmt: skip
_TABLES = {"from_numpy": "array", "FloatTensor": "vectors", "tensor": "vectors", "copy_": "vectors", "from_pretrained": "vectors",
           "as_tensor": "vectors", "Tensor": "vectors"}  # fmt: skip


def roles_in(tree: ast.ClassDef) -> dict[str, str]:
    """Return the role of each name (the last part of `self.hidden`, `args.hidden`) that a class builds its layers with."""
    found: dict[str, str] = {}
    calls = sorted((n for n in ast.walk(tree) if isinstance(n, ast.Call)), key=lambda n: n.lineno)
    for wished in ("Embedding", "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "Dropout", "Linear"):
        for call in calls:
            if dotted(call.func).rpartition(".")[2] == wished:
                for name, role in _of_layer(call, _LAYERS[wished]):
                    # The last Linear is the head.
                    if role and (name not in found or (wished == "Linear" and found[name] == "classes")):
                        found[name] = role
    has_table = any(role == "vocab" for role in found.values())
    for call in calls:
        last = dotted(call.func).rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if last in _TABLES and call.args and isinstance(call.args[0], ast.Name | ast.Attribute):
            found.setdefault(hint(call.args[0]), _TABLES[last])
    return {name: "emb" if role == "features" and has_table else role for name, role in found.items()}


def _of_layer(call: ast.Call, arguments: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    given = [(argument, role) for argument, (_, role) in zip(call.args, arguments, strict=False)]
    named = dict(arguments)
    given += [(one.value, named[one.arg]) for one in call.keywords if one.arg in named]
    found = []
    for node, role in given:
        if isinstance(node, ast.Name | ast.Attribute):
            found.append((hint(node), role))
        elif isinstance(node, ast.Call) and dotted(node.func) == "len" and role == "vocab":
            found.append((hint(node.args[0]), "words"))
        elif role in {"vocab", "emb"} and (table := _shape_of(node)) is not None:
            found.append((hint(table), "vectors"))
    return found


def _shape_of(node: ast.expr) -> ast.expr | None:
    """Return what a width is read off: `matrix` of `matrix.shape[1]`, `*matrix.shape` and `matrix.size(1)`."""
    if isinstance(node, ast.Subscript | ast.Starred):
        node = node.value
    elif isinstance(node, ast.Call):
        node = node.func
    return node.value if isinstance(node, ast.Attribute) and node.attr in {"shape", "size"} else None
