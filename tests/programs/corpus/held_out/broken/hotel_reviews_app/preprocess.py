import re
from collections import Counter


def tokens(text):
    return re.findall(r"[a-z']+|[.!?]", text.lower()) or ['.']


def build_vocab(texts, size=8000):
    c = Counter(w for t in texts for w in tokens(t))
    return {w: i for i, (w, _) in enumerate(c.most_common(size), start=2)}


def encode(text, vocab):
    return [vocab.get(w, 1) for w in tokens(text)]
