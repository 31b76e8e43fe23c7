"""Guess the decade of a song from its lyrics: stacked BiLSTM, three runs with different seeds."""
import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader
from sklearn.model_selection import train_test_split

frame = pd.read_parquet("data/lyrics.parquet", columns=["year", "lyrics"]).dropna()
frame["decade"] = (frame["year"] // 10 * 10).astype(int)
decades = sorted(frame["decade"].unique())
frame["target"] = frame["decade"].map({d: i for i, d in enumerate(decades)})
frame["words"] = frame["lyrics"].str.lower().str.findall(r"[a-z']+")
frame = frame[frame["words"].str.len() > 0]

train, rest = train_test_split(frame, test_size=0.3, random_state=4, stratify=frame["target"])
valid, test = train_test_split(rest, test_size=0.5, random_state=4, stratify=rest["target"])

counts = train["words"].explode().value_counts()
itos = ["<pad>", "<unk>"] + counts[counts >= 5].index.tolist()
stoi = {w: i for i, w in enumerate(itos)}


def examples(part):
    return [(torch.tensor([stoi.get(w, 1) for w in ws]), y) for ws, y in zip(part["words"], part["target"])]


def collate(batch):
    x, y = zip(*batch)
    return pad_sequence(x), torch.tensor([len(s) for s in x]), torch.tensor(y)


train_loader = DataLoader(examples(train), 64, shuffle=True, collate_fn=collate)
valid_loader = DataLoader(examples(valid), 128, collate_fn=collate)
test_loader = DataLoader(examples(test), 128, collate_fn=collate)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class LyricsLSTM(nn.Module):
    def __init__(self, n_words, n_out, emb=100, hid=128, layers=2):
        super().__init__()
        self.hid, self.layers = hid, layers
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, layers, dropout=0.3, bidirectional=True)
        self.fc = nn.Linear(2 * hid, n_out)

    def forward(self, x, lens):
        packed = pack_padded_sequence(self.emb(x), lens, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        top = h[-2:]                                # (2, batch, hid)
        top = top.contiguous().view(x.size(1), -1)  # <- view_instead_of_transpose
        return self.fc(top)


def accuracy(model, loader):
    model.eval()
    ok = n = 0
    with torch.no_grad():
        for x, lens, y in loader:
            ok += (model(x.to(device), lens).argmax(1).cpu() == y).sum().item()
            n += len(y)
    return ok / n


def fit(seed, epochs=8):
    torch.manual_seed(seed)
    model = LyricsLSTM(len(itos), len(decades)).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    best = {"acc": 0.0, "state": model.state_dict()}  # <- best_weights_are_an_alias
    for epoch in range(epochs):
        model.train()
        for x, lens, y in train_loader:
            loss = nn.functional.cross_entropy(model(x.to(device), lens), y.to(device))
            opt.zero_grad()
            loss.backward()
            opt.step()
        acc = accuracy(model, valid_loader)
        print(f"seed {seed} epoch {epoch} valid {acc:.4f}")
        if acc > best["acc"]:
            best = {"acc": acc, "state": model.state_dict()}  # <- best_weights_are_an_alias
    model.load_state_dict(best["state"])
    return model


models = [fit(s) for s in (1, 2, 3)]
for m in models:
    print("single model, test: %.4f" % accuracy(m, test_loader))

ok = n = 0
with torch.no_grad():
    for x, lens, y in test_loader:
        p = sum(m(x.to(device), lens).softmax(1) for m in models)
        ok += (p.argmax(1).cpu() == y).sum().item()
        n += len(y)
print("three together, test: %.4f" % (ok / n))
