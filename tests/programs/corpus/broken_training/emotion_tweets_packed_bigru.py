"""Six emotions in short English sentences (files train.txt / val.txt / test.txt, "sentence;emotion" per line)."""
import copy
import os
import random
from collections import Counter
from functools import partial

import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils import rnn as rnn_utils
from torch.utils.data import DataLoader

config = {
    "data_dir": "data/emotion",
    "min_freq": 2,
    "embedding_dim": 100,
    "hidden_dim": 64,
    "num_layers": 2,
    "dropout": 0.4,
    "batch_size": 64,
    "lr": 1e-3,
    "max_epochs": 20,
    "patience": 4,
    "seed": 2022,
}


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


def load_split(name):
    rows = []
    with open(os.path.join(config["data_dir"], name + ".txt"), encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if not line:
                continue
            sentence, emotion = line.rsplit(";", 1)
            rows.append((sentence.split(), emotion))
    return rows


def make_batch(rows, stoi, labels):
    xs = [torch.tensor([stoi.get(w, stoi["<unk>"]) for w in words]) for words, _ in rows]
    lengths = [len(x) for x in xs]
    x = rnn_utils.pad_sequence(xs, batch_first=True, padding_value=stoi["<pad>"])
    y = torch.tensor([labels.index(e) for _, e in rows])
    return x, torch.tensor(lengths), y


class EmotionNet(nn.Module):
    def __init__(self, vocab_size, n_labels, pad, cfg):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, cfg["embedding_dim"], padding_idx=pad)
        self.gru = nn.GRU(cfg["embedding_dim"], cfg["hidden_dim"], cfg["num_layers"], batch_first=True,
                          bidirectional=True, dropout=cfg["dropout"])
        self.norm = nn.LayerNorm(2 * cfg["hidden_dim"])
        self.out = nn.Linear(2 * cfg["hidden_dim"], n_labels)

    def forward(self, x, lengths):
        packed = rnn_utils.pack_padded_sequence(self.embed(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        both = torch.cat((h[0], h[1]), dim=-1)  # <- wrong_directions_of_the_hidden_state
        return self.out(self.norm(both))


def score(model, loader, device):
    model.eval()
    loss = hits = n = 0
    with torch.no_grad():
        for x, lengths, y in loader:
            y = y.to(device)
            logits = model(x.to(device), lengths)
            loss += nn.functional.cross_entropy(logits, y, reduction="sum").item()
            hits += (logits.argmax(-1) == y).sum().item()
            n += len(y)
    return loss / n, hits / n


def main():
    set_seed(config["seed"])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_rows, val_rows, test_rows = (load_split(s) for s in ("train", "val", "test"))
    counts = Counter(w for words, _ in train_rows for w in words)
    stoi = {"<pad>": 0, "<unk>": 1}
    for w, c in counts.items():
        if c >= config["min_freq"]:
            stoi[w] = len(stoi)
    labels = sorted({e for _, e in train_rows})

    collate = partial(make_batch, stoi=stoi, labels=labels)
    train_loader = DataLoader(train_rows, config["batch_size"], shuffle=True, collate_fn=collate)
    val_loader = DataLoader(val_rows, config["batch_size"], collate_fn=collate)
    test_loader = DataLoader(test_rows, config["batch_size"], collate_fn=collate)

    model = EmotionNet(len(stoi), len(labels), stoi["<pad>"], config).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=1)

    best_loss, best_weights, waited = float("inf"), None, 0
    for epoch in range(config["max_epochs"]):
        model.train()
        for x, lengths, y in train_loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x.to(device), lengths), y.to(device))
            loss.backward()
            optimizer.step()
        val_loss, val_acc = score(model, val_loader, device)
        test_loss, test_acc = score(model, test_loader, device)
        scheduler.step(val_loss)
        print(f"{epoch:3d}  val {val_loss:.4f}/{val_acc:.4f}  test {test_loss:.4f}/{test_acc:.4f}")
        if test_loss < best_loss:  # <- test_set_chooses_the_epoch
            best_loss, waited = test_loss, 0
            best_weights = copy.deepcopy(model.state_dict())
        else:
            waited += 1
            if waited > config["patience"]:
                break
    model.load_state_dict(best_weights)
    print("final test accuracy: %.4f" % score(model, test_loader, device)[1])


if __name__ == "__main__":
    main()
