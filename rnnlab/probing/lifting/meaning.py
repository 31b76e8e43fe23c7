"""What a size, an option or an object is likely to be, by its name: small stand-ins for what the source does not say.

Sizes differ from each other, so that none can be taken for another one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

VOCAB, EMB, HID, CLASSES, FEATURES, LENGTH, BATCH = 50, 12, 8, 3, 9, 20, 6
PAD, UNK = 1, 0


class Words:
    """A vocabulary, a tokenizer or a field of fifty words, whatever it is asked for."""

    def __init__(self, size: int = VOCAB, width: int = EMB) -> None:
        self.itos = ["<unk>", "<pad>", *(f"word{i}" for i in range(2, size))][:size]
        self.width = width
        self.stoi: dict[str, int] = defaultdict(int, {word: i for i, word in enumerate(self.itos)})
        self.vocab_size = self.n_words = self.num_words = size
        self.pad_token, self.unk_token, self.pad_token_id = "<pad>", "<unk>", PAD
        self.size = size

    @property
    def vocab(self) -> Words:
        """Itself: `TEXT.vocab`."""
        return self

    @property
    def vectors(self) -> Any:
        """Random vectors for each word."""
        return matrix((self.size, self.width))

    def get_stoi(self) -> dict[str, int]:
        """Return the index of each word."""
        return self.stoi

    def get_itos(self) -> list[str]:
        """Return the words."""
        return self.itos

    def get(self, word: str, default: Any = UNK) -> int:
        """Return a word's index."""
        return self[word]

    def keys(self) -> list[str]:
        """Return the words."""
        return self.itos

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Any:
        return iter(self.itos)

    def __contains__(self, word: Any) -> bool:
        return True

    def __getitem__(self, word: Any) -> Any:
        if isinstance(word, int):
            return self.itos[word % self.size]
        lowered = str(word).lower()
        return PAD if "pad" in lowered else UNK if "unk" in lowered or "oov" in lowered else self.stoi.get(word, 5)

    def __call__(self, words: Any) -> list[int]:
        return [self[word] for word in words]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if re.search(r"2i|stoi|to_i|index$|indices$|word_index", name):
            return self.stoi
        if re.search(r"2w|itos|to_w|words$|tokens$", name):
            return self.itos
        return meant(name, Words)


def matrix(shape: tuple[int, ...], numpy: bool = False) -> Any:
    """Return random numbers of a shape, as a tensor or as an array."""
    import torch

    numbers = torch.randn(*shape, generator=torch.Generator().manual_seed(7))
    return numbers.numpy() if numpy else numbers


# What a name says, the first that fits: a role, which `made` turns into a value.
_ROLES: tuple[tuple[str, str], ...] = (
    ("device", r"device|^dev$|cuda|gpu"),
    ("no", r"^use_|^is_|freeze|static|fine_?tune|verbose|debug|tied|^tie_|bidirection|^bi$|^bidir|training|residual|attention$"),
    ("batch first", r"batch_?first"),
    ("dropout", r"drop|keep_prob|^p$|^dp$|^rate$"),
    ("pad", r"pad"),
    ("unk", r"unk"),
    ("vectors", r"matrix|vectors?$|pretrain|^weights?$|glove|w2v|word2vec|fasttext|^embeddings?$|emb(ed)?(ding)?s?_weights?"),
    ("classes", r"class|n_out|num_out|output|label|tag|categor|target|out_dim|out_features|num_lab|^k$|intent"),
    ("kind", r"(rnn|cell|unit|model)_?(type|name|kind|class)$|^mode$|^rnn$|^cell$"),
    ("layers", r"layer|depth|^n_?l$"),
    ("vocab", r"voc\w*_?(size|len|num|dim|n)|vocabsize|n_?vocab|num_embeddings|n_?tokens?$|num_tokens|dict|^v$|^input_?dim"
              r"|(n|num|nb|size|count|max)_?(of_)?_?(words|chars|characters|features|letters|letter)|words?_(num|count|size)"
              r"|voc_?s|char_?size|^voc$|alphabet"),
    ("words", r"vocab|^text|field|token|word2|stoi|itos|lang|char2|_to_i"),
    ("hid", r"hid|rnn_(size|dim)|units|lstm|gru|latent|n_?h$|state_size|^h$|d_?h$"),
    ("emb", r"emb|ninp|d_model|wordvec|vec_?dim|vector_size|dim_e|^e$|^d$|wdim|^dim$"),
    ("length", r"seq|len|time_?steps|max_?words|^t$"),
    ("batch", r"batch|^bs$|bsz"),
    ("features", r"^input|feature|in_dim|n_?inp"),
    ("heads", r"head"),
    ("filters list", r"(kernel|filter)_?(sizes|s)$|windows"),
    ("kernel", r"kernel_?size|^ks$|stride"),
    ("filters", r"filter|channel|kernel_?num|n_kern"),
    ("rate", r"^lr|learning|decay|momentum|^eps|alpha|gamma|beta|clip"),
    ("hops", r"^r$|hops|^d_?a$|attn|attention|mlp|dense|linear|fc|proj|middle|inner|^da"),
    ("settings", r"arg|opt|conf|cfg|param|flags|setting"),
)  # fmt: skip


def role_of(name: str) -> str:
    """Return what a name says, "" where it says nothing."""
    lowered = name.rpartition(".")[2].strip("_").lower()
    # `hiddenDim` is read as `hidden_dim`.
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2].strip("_")).lower()
    for role, pattern in _ROLES:
        if re.search(pattern, lowered) or re.search(pattern, spelled):
            return role
    return ""


def made(role: str, sizes: dict[str, int] | None = None) -> Any:
    """Return a value for a role; `sizes` are those that the program itself gives to vocab, emb and others."""
    known = {"vocab": VOCAB, "emb": EMB, "hid": HID, "classes": CLASSES, "layers": 1, **(sizes or {})}
    plain: dict[str, Any] = {
        "no": False, "batch first": True, "dropout": 0.25, "pad": PAD, "unk": UNK, "length": LENGTH, "batch": BATCH,
        "features": FEATURES, "heads": 2, "filters list": [2, 3], "kernel": 3, "filters": 6, "rate": 0.001, "hops": 10,
        "kind": "LSTM",
    }  # fmt: skip
    if role in known:
        return known[role]
    if role in plain:
        return plain[role]
    if role == "device":
        import torch

        return torch.device("cpu")
    if role in {"vectors", "array"}:
        return matrix((known["vocab"], known["emb"]), numpy=role == "array")
    if role == "words":
        return Words(known["vocab"], known["emb"])
    return None


def meant(name: str, otherwise: Any = None, sizes: dict[str, int] | None = None) -> Any:
    """Return a value for a name; `otherwise` where it says nothing (a class is made)."""
    role = role_of(name)
    if role == "settings":
        from rnnlab.probing.lifting.settings import Settings

        return Settings({})
    if role:
        return made(role, sizes)
    return otherwise() if isinstance(otherwise, type) else otherwise
