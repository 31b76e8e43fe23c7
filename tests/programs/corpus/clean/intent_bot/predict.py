import sys

import torch

import config as C
from data import Vocabulary, tokenize
from model import IntentModel


class Bot:
    def __init__(self, path=C.CHECKPOINT):
        saved = torch.load(path, map_location="cpu")
        self.vocab = Vocabulary(saved["words"])
        self.intents = saved["intents"]
        self.model = IntentModel(len(self.vocab), len(self.intents), C.EMB_DIM, C.HIDDEN, C.DROPOUT)
        self.model.load_state_dict(saved["state"])
        self.model.eval()

    @torch.no_grad()
    def __call__(self, sentence, k=3):
        ids = self.vocab.encode(tokenize(sentence))
        probs = torch.softmax(self.model(torch.tensor([ids]), torch.tensor([len(ids)])), dim=1)[0]
        top = probs.topk(min(k, len(self.intents)))
        return [(self.intents[i], p) for p, i in zip(top.values.tolist(), top.indices.tolist())]


if __name__ == "__main__":
    bot = Bot()
    for line in sys.stdin:
        if line.strip():
            for name, p in bot(line.strip()):
                print(f"  {p:.3f}  {name}")
