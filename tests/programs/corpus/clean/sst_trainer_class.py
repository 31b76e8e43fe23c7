import logging
import os
import random

import torch
import torch.nn as nn
from torchtext import data, datasets

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
log = logging.getLogger("sst")


class SSTModel(nn.Module):
    def __init__(self, vocab, hidden, classes, p):
        super(SSTModel, self).__init__()
        self.pad = vocab.stoi["<pad>"]
        self.embed = nn.Embedding(len(vocab), 300, padding_idx=self.pad)
        self.rnn = nn.LSTM(300, hidden, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * hidden, 1)
        self.p = nn.Dropout(p)
        self.out = nn.Linear(2 * hidden, classes)

    def forward(self, text):
        words, lengths = text
        x = self.p(self.embed(words))
        x = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True)
        h, _ = self.rnn(x)
        h, _ = nn.utils.rnn.pad_packed_sequence(h, batch_first=True)
        a = self.score(h).squeeze(2)
        a = a.masked_fill(words == self.pad, -1e9)
        a = torch.softmax(a, 1)
        return self.out(self.p((a.unsqueeze(2) * h).sum(1)))


class Trainer:
    """Training, validation, early stopping, checkpointing."""

    def __init__(self, model, optimizer, loss_fn, device, path, vocab, patience=4):
        self.model = model.to(device)
        self.optimizer = optimizer
        self.loss_fn = loss_fn
        self.path = path
        self.vocab = vocab
        self.patience = patience
        self.best = -1.0
        self.bad_epochs = 0

    def _epoch(self, it):
        self.model.train()
        total, n = 0.0, 0
        for batch in it:
            self.optimizer.zero_grad()
            loss = self.loss_fn(self.model(batch.text), batch.label)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 3.0)
            self.optimizer.step()
            total += loss.item() * batch.label.size(0)
            n += batch.label.size(0)
        return total / n

    @torch.no_grad()
    def evaluate(self, it):
        self.model.eval()
        right, n = 0, 0
        for batch in it:
            right += (self.model(batch.text).argmax(1) == batch.label).sum().item()
            n += batch.label.size(0)
        return right / n

    def save(self):
        torch.save({"model": self.model.state_dict(), "itos": self.vocab.itos}, self.path)

    def restore(self):
        self.model.load_state_dict(torch.load(self.path)["model"])

    def fit(self, train_it, dev_it, epochs):
        for epoch in range(epochs):
            loss = self._epoch(train_it)
            acc = self.evaluate(dev_it)
            log.info("epoch %d loss %.4f dev %.4f", epoch, loss, acc)
            if acc > self.best:
                self.best, self.bad_epochs = acc, 0
                self.save()
            else:
                self.bad_epochs += 1
                if self.bad_epochs >= self.patience:
                    log.info("no progress, stop")
                    break
        self.restore()
        return self.best


def main():
    random.seed(0)
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    text = data.Field(lower=True, batch_first=True, include_lengths=True)
    label = data.LabelField()
    train, dev, test = datasets.SST.splits(text, label, fine_grained=False, train_subtrees=True,
                                           filter_pred=lambda ex: ex.label != "neutral")
    text.build_vocab(train, vectors="glove.840B.300d", unk_init=lambda t: t.normal_(0, 0.1))
    label.build_vocab(train)
    train_it, dev_it, test_it = data.BucketIterator.splits(
        (train, dev, test), batch_size=64, device=device, sort_key=lambda ex: len(ex.text),
        sort_within_batch=True, repeat=False)

    model = SSTModel(text.vocab, 168, len(label.vocab), 0.5)
    with torch.no_grad():
        model.embed.weight.copy_(text.vocab.vectors)
        model.embed.weight[model.pad].zero_()

    os.makedirs("saved", exist_ok=True)
    trainer = Trainer(model, torch.optim.Adam(model.parameters(), lr=5e-4), nn.CrossEntropyLoss(),
                      device, "saved/sst.pt", text.vocab)
    trainer.fit(train_it, dev_it, 20)
    log.info("test accuracy %.4f", trainer.evaluate(test_it))


if __name__ == "__main__":
    main()
