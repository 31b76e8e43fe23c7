# Subjective or objective sentence (two txt files of 5000 lines each), Trainer class with early stopping
import copy
import logging
import os
import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter

logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
log = logging.getLogger("subj")


class Corpus:
    def __init__(self, directory, seed=0):
        sents = []
        for label, name in enumerate(("plot.tok.gt9.5000", "quote.tok.gt9.5000")):
            with open(os.path.join(directory, name), encoding="latin-1") as f:
                sents += [(line.lower().split(), label) for line in f if line.strip()]
        random.Random(seed).shuffle(sents)
        a, b = int(0.8 * len(sents)), int(0.9 * len(sents))
        self.train, self.valid, self.test = sents[:a], sents[a:b], sents[b:]
        self.index = {"<pad>": 0, "<oov>": 1}
        for words, _ in self.train:
            for w in words:
                self.index.setdefault(w, len(self.index))

    def loader(self, part, batch_size, shuffle=False):
        return DataLoader(part, batch_size=batch_size, shuffle=shuffle, collate_fn=self._collate)

    def _collate(self, batch):
        batch = sorted(batch, key=lambda item: len(item[0]), reverse=True)   # words and label move together
        lengths = [len(words) for words, _ in batch]
        x = torch.zeros(lengths[0], len(batch), dtype=torch.long)
        for col, (words, _) in enumerate(batch):
            x[:lengths[col], col] = torch.tensor([self.index.get(w, 1) for w in words])
        y = torch.tensor([label for _, label in batch])
        return x, torch.tensor(lengths), y


class Net(nn.Module):
    def __init__(self, n_words, emb_dim=100, hidden=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb_dim, padding_idx=0)
        self.rnn = nn.GRU(emb_dim, hidden, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 2)
        self.drop = nn.Dropout(0.5)

    def forward(self, x, lengths):
        e = self.drop(self.emb(x))
        packed = nn.utils.rnn.pack_padded_sequence(e, lengths.cpu())
        _, h = self.rnn(packed)
        h = h.transpose(0, 1).reshape(lengths.size(0), -1)
        return self.fc(self.drop(h))


class Trainer:
    def __init__(self, model, corpus, lr=1e-3, patience=3, logdir="runs/subj"):
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = model.to(self.device)
        self.corpus = corpus
        self.opt = torch.optim.Adam(self.model.parameters(), lr=lr)
        self.loss_fn = nn.CrossEntropyLoss(reduction="sum")
        self.patience = patience
        self.writer = SummaryWriter(logdir)

    def run_epoch(self, loader, training):
        self.model.train(training)
        loss_sum, right, count = 0.0, 0, 0
        with torch.set_grad_enabled(training):
            for x, lengths, y in loader:
                x, y = x.to(self.device), y.to(self.device)
                logits = self.model(x, lengths)
                loss = self.loss_fn(logits, y)
                if training:
                    self.opt.zero_grad()
                    (loss / y.size(0)).backward()
                    self.opt.step()
                loss_sum += loss.item()
                right += (logits.argmax(1) == y).sum().item()
                count += y.size(0)
        return loss_sum / count, right / count

    def fit(self, epochs, batch_size=50):
        train = self.corpus.loader(self.corpus.train, batch_size, shuffle=True)
        valid = self.corpus.loader(self.corpus.valid, batch_size)
        best_loss, best_weights, bad = np.inf, None, 0
        for epoch in range(1, epochs + 1):
            tl, ta = self.run_epoch(train, True)
            vl, va = self.run_epoch(valid, False)
            log.info("epoch %d train %.4f/%.3f valid %.4f/%.3f", epoch, tl, ta, vl, va)
            self.writer.add_scalars("loss", {"train": tl, "valid": vl}, epoch)
            if vl < best_loss:
                best_loss, best_weights, bad = vl, copy.deepcopy(self.model.state_dict()), 0
            else:
                bad += 1
                if bad >= self.patience:
                    log.info("early stop")
                    break
        self.model.load_state_dict(best_weights)
        return self

    def test(self):
        loss, acc = self.run_epoch(self.corpus.loader(self.corpus.test, 100), False)
        log.info("test loss %.4f accuracy %.4f", loss, acc)
        return acc


if __name__ == "__main__":
    torch.manual_seed(0)
    corpus = Corpus("data/rotten_imdb")
    trainer = Trainer(Net(len(corpus.index)), corpus)
    trainer.fit(epochs=20)
    trainer.test()
    torch.save({"weights": trainer.model.state_dict(), "index": corpus.index}, "subj.pt")
