import copy
import os
import random

import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader

"""Four moods of a line of verse. poem_sentiment: columns verse_text, label (0 negative, 1 positive, 2 none, 3 mixed)."""


class Vocabulary(object):
    def __init__(self):
        self.word2index = {}
        self.index2word = {0: "UNK"}
        self.n_words = 1

    def add_verse(self, verse):
        for word in verse:
            if word not in self.word2index:
                self.word2index[word] = self.n_words
                self.index2word[self.n_words] = word
                self.n_words += 1

    def ids(self, verse):
        return torch.tensor([self.word2index.get(w, 0) for w in verse], dtype=torch.long)


class VerseRNN(nn.Module):
    def __init__(self, n_words, emb_size, hidden_size, n_classes, n_layers=2):
        super(VerseRNN, self).__init__()
        self.emb = nn.Embedding(n_words, emb_size)
        self.rnn = nn.GRU(emb_size, hidden_size, n_layers, dropout=0.2)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden_size, n_classes)

    def forward(self, verses):
        lengths = [len(v) for v in verses]
        flat = self.drop(self.emb(torch.cat(verses)))
        packed = pack_sequence(list(flat.split(lengths)), enforce_sorted=False)
        _, hidden = self.rnn(packed)
        return self.fc(self.drop(hidden[-1]))


class PoemTrainer(object):
    def __init__(self, model, vocab, opts):
        self.vocab = vocab
        self.opts = opts
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = model.to(self.device)
        self.loss = nn.CrossEntropyLoss()
        self.optim = torch.optim.Adam(self.model.parameters(), lr=opts["lr"])
        self.best = None
        self.best_acc = -1

    def collate(self, rows):
        return [self.vocab.ids(v) for v, _ in rows], torch.tensor([y for _, y in rows])

    def loader(self, rows, shuffle=False):
        return DataLoader(rows, self.opts["batch"], shuffle=shuffle, collate_fn=self.collate)

    def train(self, train_rows, dev_rows):
        for epoch in range(self.opts["epochs"]):
            self.model.train()
            n, s = 0, 0.0
            for verses, y in self.loader(train_rows, True):
                verses, y = [v.to(self.device) for v in verses], y.to(self.device)
                self.optim.zero_grad()
                loss = self.loss(self.model(verses), y)
                loss.backward()
                self.optim.step()
                s += loss.item() * len(y)
                n += len(y)
            acc = self.accuracy(dev_rows)
            print("epoch %d loss %.4f dev %.4f" % (epoch, s / n, acc))
            if acc > self.best_acc:
                self.best_acc = acc
                self.best = {k: v for k, v in self.model.state_dict().items()}  # <- best_weights_are_an_alias
        self.model.load_state_dict(self.best)

    def accuracy(self, rows):
        was_training = self.model.training
        self.model.train(False)
        good = 0
        with torch.no_grad():
            for verses, y in self.loader(rows):
                out = self.model([v.to(self.device) for v in verses])
                good += (out.argmax(1).cpu() == y).sum().item()
        self.model.train(was_training)
        return good / len(rows)

    def mood(self, line):
        words = line.split()  # <- different_tokenizer_at_prediction
        self.model.eval()
        with torch.no_grad():
            out = self.model([self.vocab.ids(words).to(self.device)])
        return ["negative", "positive", "none", "mixed"][out[0].argmax().item()]


def tokenize(verse):
    return "".join(ch if ch.isalpha() or ch == "'" else " " for ch in verse.lower()).split() or ["UNK"]


def load(part):
    df = pd.read_json(os.path.join("data", "poem_sentiment_%s.json" % part), lines=True)
    return [(tokenize(v), y) for v, y in zip(df["verse_text"], df["label"])]


if __name__ == "__main__":
    random.seed(1616)
    torch.manual_seed(1616)
    train_rows, dev_rows, test_rows = load("train"), load("validation"), load("test")
    vocab = Vocabulary()
    for verse, _ in train_rows:
        vocab.add_verse(verse)
    trainer = PoemTrainer(VerseRNN(vocab.n_words, 64, 64, 4), vocab, {"lr": 2e-3, "batch": 16, "epochs": 15})
    trainer.train(train_rows, dev_rows)
    print("test %.4f" % trainer.accuracy(test_rows))
    for line in ("With what dark sorrow, O my Heart, thou weepest;", "The Morning laughs, and all the Fields are gold"):
        print(line, "->", trainer.mood(line))
