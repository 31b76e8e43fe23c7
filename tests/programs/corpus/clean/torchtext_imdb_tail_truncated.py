"""IMDb with torchtext >= 0.12. Very long reviews keep their last 500 tokens, where the verdict is."""
import random
import re
from functools import partial

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from torchtext.data.utils import get_tokenizer
from torchtext.datasets import IMDB
from torchtext.vocab import GloVe, build_vocab_from_iterator

MAX_TOKENS = 500
SEED = 31


def prepare(split, tokenizer):
    # the datapipe gives 1 / 2 in newer versions and 'neg' / 'pos' in older ones
    to_index = {"neg": 0, "pos": 1, 1: 0, 2: 1}
    rows = []
    for label, line in IMDB(root=".data", split=split):
        tokens = tokenizer(re.sub(r"<br\s*/?>", " ", line))
        rows.append((tokens[-MAX_TOKENS:], to_index[label]))
    return rows


def collate(batch, vocab, pad):
    ids = [torch.tensor(vocab(tokens), dtype=torch.long) for tokens, _ in batch]
    lengths = torch.tensor([len(i) for i in ids])
    labels = torch.tensor([y for _, y in batch], dtype=torch.float)
    return pad_sequence(ids, padding_value=pad), lengths, labels


class Sentiment(nn.Module):
    def __init__(self, vectors, pad, hidden=128, drop=0.5):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=pad)
        self.rnn = nn.GRU(vectors.size(1), hidden, bidirectional=True)
        self.drop = nn.Dropout(drop)
        self.fc = nn.Linear(hidden * 2, 1)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.drop(self.embedding(text)), lengths.cpu(), enforce_sorted=False)
        _, hidden = self.rnn(packed)
        return self.fc(self.drop(torch.cat([hidden[0], hidden[1]], dim=1))).flatten()


def epoch_over(model, loader, criterion, device, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_total = correct = count = 0
    with torch.set_grad_enabled(training):
        for text, lengths, labels in loader:
            text, labels = text.to(device), labels.to(device)
            logits = model(text, lengths)
            loss = criterion(logits, labels)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_total += loss.item() * labels.numel()
            correct += (logits.gt(0) == labels.bool()).sum().item()
            count += labels.numel()
    return loss_total / count, correct / count


def main():
    random.seed(SEED)
    torch.manual_seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = get_tokenizer("basic_english")

    train = prepare("train", tokenizer)
    random.shuffle(train)             # the files come class by class
    train, valid = train[:22500], train[22500:]
    test = prepare("test", tokenizer)

    vocab = build_vocab_from_iterator((tokens for tokens, _ in train), min_freq=5,
                                      specials=["<pad>", "<unk>"], special_first=True)
    vocab.set_default_index(vocab["<unk>"])
    glove = GloVe(name="6B", dim=100, unk_init=lambda t: t.normal_(0, 0.4))
    vectors = glove.get_vecs_by_tokens(vocab.get_itos())
    vectors[vocab["<pad>"]] = 0.0

    make = partial(DataLoader, collate_fn=partial(collate, vocab=vocab, pad=vocab["<pad>"]))
    train_loader = make(train, batch_size=64, shuffle=True)
    valid_loader = make(valid, batch_size=128)
    test_loader = make(test, batch_size=128)

    model = Sentiment(vectors, vocab["<pad>"]).to(device)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
    best = (float("inf"), None)
    for epoch in range(8):
        tl, ta = epoch_over(model, train_loader, criterion, device, optimizer)
        vl, va = epoch_over(model, valid_loader, criterion, device)
        print(f"{epoch}: train {tl:.3f} / {ta:.3f}   valid {vl:.3f} / {va:.3f}")
        if vl < best[0]:
            torch.save({"state": model.state_dict(), "itos": vocab.get_itos()}, "imdb_gru.pt")
            best = (vl, epoch)
    model.load_state_dict(torch.load("imdb_gru.pt")["state"])
    print("best epoch", best[1], "test %.3f / %.3f" % epoch_over(model, test_loader, criterion, device))


if __name__ == "__main__":
    main()
