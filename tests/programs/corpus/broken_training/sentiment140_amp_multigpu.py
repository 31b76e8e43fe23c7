"""Sentiment140 (1.6M tweets). LSTM, mixed precision, DataParallel when several cards are there."""
import argparse
import logging
import re
from collections import Counter

import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset

log = logging.getLogger("s140")
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

URL = re.compile(r"https?://\S+|www\.\S+")
USER = re.compile(r"@\w+")


def normalise(t):
    t = USER.sub(" <user> ", URL.sub(" <url> ", t.lower()))
    return re.findall(r"<\w+>|[a-z]+'?[a-z]*|[!?.]", t) or ["<empty>"]


class Tweets(Dataset):
    def __init__(self, tokens, y, stoi):
        self.ids = [[stoi.get(w, 1) for w in t] for t in tokens]
        self.y = list(y)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, k):
        return self.ids[k], self.y[k]


def collate(items):
    n = max(len(i) for i, _ in items)
    # left padding keeps the last word at the end for every row
    x = torch.tensor([[0] * (n - len(i)) + i for i, _ in items])
    return x, torch.tensor([float(y) for _, y in items])


class TweetLSTM(nn.Module):
    def __init__(self, vocab, emb, hid, layers, drop):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, layers, batch_first=True, dropout=drop)
        self.bn = nn.BatchNorm1d(hid)
        self.fc = nn.Linear(hid, 1)

    def forward(self, x):
        out, (h, c) = self.lstm(self.emb(x))
        return self.fc(self.bn(h[0])).squeeze(1)  # <- lower_layer_read_as_the_last


def evaluate(model, loader, device):
    good = n = 0
    with torch.no_grad():
        for x, y in loader:  # <- evaluated_in_training_mode
            p = model(x.to(device)).float().cpu() > 0
            good += (p == (y > 0.5)).sum().item()
            n += len(y)
    return good / n


def main(a):
    torch.manual_seed(a.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    df = pd.read_csv(a.csv, encoding="latin-1", header=None, names=["target", "id", "date", "q", "user", "text"])
    df = df.drop_duplicates("text")
    df["y"] = (df["target"] == 4).astype(int)
    tr, te = train_test_split(df, test_size=40000, random_state=a.seed, stratify=df["y"])
    tr, va = train_test_split(tr, test_size=40000, random_state=a.seed, stratify=tr["y"])
    toks = {k: [normalise(t) for t in d["text"]] for k, d in (("tr", tr), ("va", va), ("te", te))}
    count = Counter(w for t in toks["tr"] for w in t)
    stoi = {"<pad>": 0, "<unk>": 1}
    for w, _ in count.most_common(a.vocab):
        stoi[w] = len(stoi)

    mk = lambda k, d, s: DataLoader(Tweets(toks[k], d["y"], stoi), a.batch, shuffle=s, collate_fn=collate)
    train_dl, valid_dl, test_dl = mk("tr", tr, True), mk("va", va, False), mk("te", te, False)

    model = TweetLSTM(len(stoi), 128, 256, 2, 0.3).to(device)
    if torch.cuda.device_count() > 1:
        model = nn.DataParallel(model)
    opt = torch.optim.AdamW(model.parameters(), lr=a.lr)
    scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
    loss_fn = nn.BCEWithLogitsLoss()

    for epoch in range(a.epochs):
        model.train()
        tot = 0.0
        for step, (x, y) in enumerate(train_dl):
            x, y = x.to(device), y.to(device)
            opt.zero_grad(set_to_none=True)
            with torch.autocast(device.type, enabled=device.type == "cuda"):
                loss = loss_fn(model(x), y)
            scaler.scale(loss).backward()
            scaler.step(opt)
            scaler.update()
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # <- gradients_clipped_after_the_step
            tot += loss.item() * len(y)
        log.info("epoch %d loss %.4f valid acc %.4f", epoch, tot / len(train_dl.dataset), evaluate(model, valid_dl, device))
    log.info("test acc %.4f", evaluate(model, test_dl, device))
    core = model.module if isinstance(model, nn.DataParallel) else model
    torch.save({"state": core.state_dict(), "stoi": stoi}, a.out)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--csv", default="training.1600000.processed.noemoticon.csv")
    p.add_argument("--out", default="s140.pt")
    p.add_argument("--batch", type=int, default=512)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--vocab", type=int, default=50000)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=17)
    main(p.parse_args())
