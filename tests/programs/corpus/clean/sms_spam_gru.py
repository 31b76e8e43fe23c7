"""SMS spam filter with a small GRU. Data: the UCI SMS collection (spam.csv from kaggle)."""
import argparse
import re
from collections import Counter

import pandas as pd
import torch
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, UNK = "<pad>", "<unk>"


def tokenize(text):
    text = re.sub(r"\d+", " <num> ", text.lower())
    return re.findall(r"<num>|[a-z']+|[!?£$]", text)


class Vocab:
    def __init__(self, token_lists, min_freq=2):
        counts = Counter(tok for toks in token_lists for tok in toks)
        self.itos = [PAD, UNK] + sorted(t for t, c in counts.items() if c >= min_freq)
        self.stoi = {t: i for i, t in enumerate(self.itos)}

    def __len__(self):
        return len(self.itos)

    def encode(self, toks):
        unk = self.stoi[UNK]
        # an sms made of nothing but smileys becomes a single <unk>
        return [self.stoi.get(t, unk) for t in toks] or [unk]


class SmsDataset(Dataset):
    def __init__(self, token_lists, labels, vocab):
        self.x = [torch.tensor(vocab.encode(t)) for t in token_lists]
        self.y = labels

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(batch):
    xs, ys = zip(*batch)
    lengths = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True, padding_value=0), lengths, torch.tensor(ys)


class SpamGRU(nn.Module):
    def __init__(self, n_words, emb=64, hidden=64, p=0.3):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hidden, batch_first=True)
        self.drop = nn.Dropout(p)
        self.out = nn.Linear(hidden, 2)

    def forward(self, x, lengths):
        e = self.drop(self.emb(x))
        packed = pack_padded_sequence(e, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.out(self.drop(h[-1]))


def run_eval(model, loader, device):
    model.eval()
    preds, golds = [], []
    with torch.no_grad():
        for x, lengths, y in loader:
            logits = model(x.to(device), lengths)
            preds.extend(logits.argmax(dim=1).tolist())
            golds.extend(y.tolist())
    return golds, preds


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--csv", default="data/spam.csv")
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch-size", type=int, default=32)
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--seed", type=int, default=13)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    df = pd.read_csv(args.csv, encoding="latin-1")[["v1", "v2"]]
    df.columns = ["label", "text"]
    df = df.drop_duplicates(subset="text")
    df["y"] = df["label"].map({"ham": 0, "spam": 1})
    train_df, test_df = train_test_split(df, test_size=0.2, stratify=df["y"], random_state=args.seed)

    train_tokens = [tokenize(t) for t in train_df["text"]]
    test_tokens = [tokenize(t) for t in test_df["text"]]
    vocab = Vocab(train_tokens)
    train_dl = DataLoader(SmsDataset(train_tokens, train_df["y"].tolist(), vocab),
                          batch_size=args.batch_size, shuffle=True, collate_fn=collate)
    test_dl = DataLoader(SmsDataset(test_tokens, test_df["y"].tolist(), vocab),
                         batch_size=256, collate_fn=collate)

    model = SpamGRU(len(vocab)).to(device)
    counts = train_df["y"].value_counts().sort_index()
    weights = torch.tensor((len(train_df) / (2 * counts)).values, dtype=torch.float, device=device)
    loss_fn = nn.CrossEntropyLoss(weight=weights)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(1, args.epochs + 1):
        model.train()
        total, n = 0.0, 0
        for x, lengths, y in train_dl:
            x, y = x.to(device), y.to(device)
            loss = loss_fn(model(x, lengths), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
            n += len(y)
        print(f"epoch {epoch}: loss {total / n:.4f}")

    golds, preds = run_eval(model, test_dl, device)
    print(classification_report(golds, preds, target_names=["ham", "spam"], digits=4))


if __name__ == "__main__":
    main()
