import re
import unicodedata

CONTRACTIONS = {"what's": "what is", "i'm": "i am", "can't": "can not", "don't": "do not", "it's": "it is"}


def normalize(sentence):
    sentence = unicodedata.normalize("NFKD", sentence.lower().strip())
    for short, long in CONTRACTIONS.items():
        sentence = sentence.replace(short, long)
    return re.sub(r"[^a-z0-9 ]", " ", sentence)


def tokenize(sentence):
    return normalize(sentence).split() or ["<empty>"]


class Vocabulary:
    def __init__(self):
        self.stoi = {"<pad>": 0, "<unk>": 1}

    def fit(self, sentences):
        for s in sentences:
            for tok in tokenize(s):
                self.stoi.setdefault(tok, len(self.stoi))
        return self

    def encode(self, tokens):
        return [self.stoi.get(t, 1) for t in tokens]

    def __len__(self):
        return len(self.stoi)
