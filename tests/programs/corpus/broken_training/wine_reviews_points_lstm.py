"""Points (80..100) of a wine from its description; LSTM regression, early stopping on the validation error."""
import argparse
import copy

import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset


def words(text):
    return [w.strip(".,;:!?()'\"") for w in text.lower().split()]


class Wine(Dataset):
    def __init__(self, frame, stoi):
        self.x = [torch.tensor([stoi.get(w, 1) for w in words(d)]) for d in frame["description"]]
        self.y = torch.tensor(((frame["points"] - 80) / 20).values, dtype=torch.float)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(batch):
    x, y = zip(*batch)
    return pad_sequence(x, batch_first=True), torch.tensor([len(s) for s in x]), torch.stack(y)


class WineLSTM(nn.Module):
    def __init__(self, n_words, emb, hid, layers):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, layers, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hid, 1)

    def forward(self, x, n):
        packed = pack_padded_sequence(self.emb(x), n.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        h = torch.cat([h[-1], h[-3]], dim=1)  # <- wrong_directions_of_the_hidden_state
        return torch.sigmoid(self.out(h))


def mae(model, loader, device):
    model.eval()
    total = n = 0
    with torch.no_grad():
        for x, lens, y in loader:
            total += (model(x.to(device), lens)[:, 0].cpu() - y).abs().sum().item() * 20
            n += len(y)
    return total / n


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--csv", default="data/winemag-data-130k-v2.csv")
    p.add_argument("--emb", type=int, default=64)
    p.add_argument("--hid", type=int, default=64)
    p.add_argument("--layers", type=int, default=2)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--patience", type=int, default=2)
    a = p.parse_args()
    torch.manual_seed(75)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    df = pd.read_csv(a.csv, index_col=0).drop_duplicates("description").sample(frac=1, random_state=75)
    tenth = len(df) // 10
    test, valid, train = df[:tenth], df[tenth:2 * tenth], df[2 * tenth:]
    stoi = {"<pad>": 0, "<unk>": 1}
    for d in train["description"]:
        for w in words(d):
            stoi.setdefault(w, len(stoi))
    train_dl = DataLoader(Wine(train, stoi), 64, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(Wine(valid, stoi), 256, collate_fn=collate)
    test_dl = DataLoader(Wine(test, stoi), 256, collate_fn=collate)
    model = WineLSTM(len(stoi), a.emb, a.hid, a.layers).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state, wait = float("inf"), None, 0
    for epoch in range(a.epochs):
        model.train()
        for x, lens, y in train_dl:
            opt.zero_grad()
            loss = F.smooth_l1_loss(model(x.to(device), lens), y.to(device))  # <- scores_and_labels_broadcast
            loss.backward()
            opt.step()
        err = mae(model, valid_dl, device)
        print(f"epoch {epoch} mean error {err:.3f} points")
        if err < best:
            best, state, wait = err, copy.deepcopy(model.state_dict()), 0
        else:
            wait += 1
            if wait >= a.patience:
                break
    model.load_state_dict(state)
    print(f"test: mean error {mae(model, test_dl, device):.3f} points")
    torch.save({"state": state, "stoi": stoi, "args": vars(a)}, "wine.pt")


if __name__ == "__main__":
    main()
