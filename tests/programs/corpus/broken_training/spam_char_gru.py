"""Character-level spam filter. A GRU reads the message letter by letter, one output unit."""
import argparse
import string

import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader

ALPHABET = string.printable[:95]
CHAR2ID = {c: i + 1 for i, c in enumerate(ALPHABET)}       # 0 is padding
OTHER = len(ALPHABET) + 1


def encode(msg):
    return [CHAR2ID.get(c, OTHER) for c in msg] or [OTHER]


def collate(batch):
    ids = [torch.tensor(encode(m)) for m, _ in batch]
    lens = torch.tensor([len(i) for i in ids])
    return nn.utils.rnn.pad_sequence(ids), lens, torch.tensor([y for _, y in batch])


class CharGRU(nn.Module):
    def __init__(self, emb=24, hidden=100):
        super().__init__()
        self.embedding = nn.Embedding(OTHER + 1, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hidden)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lens):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(x), lens, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.fc(self.dropout(h.squeeze(0)))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", default="spam.csv")
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--lr", type=float, default=2e-3)
    args = p.parse_args()
    torch.manual_seed(13)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    df = pd.read_csv(args.data, encoding="latin-1")[["v1", "v2"]].drop_duplicates("v2")
    df["v1"] = (df["v1"] == "spam").astype(int)
    train, test = train_test_split(df, test_size=0.25, stratify=df["v1"], random_state=13)
    to_list = lambda d: list(zip(d["v2"], d["v1"].tolist()))
    train_dl = DataLoader(to_list(train), batch_size=64, shuffle=True, collate_fn=collate)
    test_dl = DataLoader(to_list(test), batch_size=64, collate_fn=collate)

    model = CharGRU().to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, lens, y in train_dl:
            optimizer.zero_grad()
            output = model(x.to(device), lens)
            loss = criterion(output, y.float().unsqueeze(1).to(device))  # <- one_output_with_cross_entropy
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        print(f"epoch {epoch}: {total / len(train):.5f}")

    model.eval()
    right = 0
    with torch.no_grad():
        for x, lens, y in test_dl:
            p = torch.sigmoid(model(x.to(device), lens)).squeeze(1).cpu()
            right += ((p > 0.5).long() == y).sum().item()
    print(f"accuracy on {len(test)} messages: {right / len(test):.4f}")


if __name__ == "__main__":
    main()
