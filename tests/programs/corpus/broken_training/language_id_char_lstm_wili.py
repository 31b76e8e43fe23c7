# language identification from single lines of text (WiLI); characters, two-layer LSTM
import unicodedata
from collections import Counter, OrderedDict
import random
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter

BASE = "data/wili"
PAD, UNK = 0, 1

def lines(name):
    with open(f"{BASE}/{name}.txt", encoding="utf-8") as f:
        return [unicodedata.normalize("NFC", l.rstrip("\n")) or " " for l in f]

def langs(name):
    with open(f"{BASE}/{name}.txt", encoding="utf-8") as f:
        return [l.strip() for l in f]

random.seed(6); torch.manual_seed(6)
languages = sorted(set(langs("y_train")))
lang2id = OrderedDict((l, i) for i, l in enumerate(languages))

both = list(zip(lines("x_train"), langs("y_train")))
random.shuffle(both)
n_valid = len(both) // 10
valid, train = both[:n_valid], both[n_valid:]
test = list(zip(lines("x_test"), langs("y_test")))

chars = Counter(c for text, _ in train for c in text)
char2id = {c: i for i, c in enumerate((c for c, k in chars.most_common() if k > 4), start=2)}


def collate(rows):
    # padding in front, so that every row ends with its last character
    ids = [[char2id.get(c, UNK) for c in t] for t, _ in rows]
    width = max(map(len, ids))
    return (torch.tensor([[PAD] * (width - len(i)) + i for i in ids]),
            torch.tensor([lang2id[l] for _, l in rows]))


class CharLSTM(nn.Module):
    def __init__(self, n_chars, n_langs, emb=32, hid=128):
        super().__init__()
        self.emb = nn.Embedding(n_chars, emb, padding_idx=PAD)
        self.lstm = nn.LSTM(emb, hid, num_layers=2, dropout=0.25)
        self.fc = nn.Linear(hid, n_langs)

    def forward(self, x):
        x = x.t()                                   # (length, batch)
        out, (h, c) = self.lstm(self.emb(x))
        return self.fc(c[-1])  # <- cell_state_read_as_hidden_state


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = CharLSTM(len(char2id) + 2, len(languages)).to(device)
optimizer = optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
writer = SummaryWriter("runs/wili")
loaders = {"train": DataLoader(train, 64, shuffle=True, collate_fn=collate),
           "valid": DataLoader(valid, 64, collate_fn=collate),
           "test": DataLoader(test, 64, collate_fn=collate)}


def accuracy(name):
    model.eval()
    with torch.no_grad():
        hits = [(model(x.to(device)).argmax(1).cpu() == y) for x, y in loaders[name]]
    return torch.cat(hits).float().mean().item()


step = 0
for epoch in range(5):
    model.train()
    for x, y in loaders["train"]:
        optimizer.zero_grad()
        logits = model(x.to(device))
        loss = criterion(logits, y.to(device))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        writer.add_scalar("step/loss", loss.item(), step)
        step += 1
    writer.add_scalar("epoch/train_loss", loss.item(), epoch)  # <- last_batch_reported_for_the_epoch
    writer.add_scalar("epoch/valid_accuracy", accuracy("valid"), epoch)
    print("epoch", epoch, "valid accuracy", accuracy("valid"))
print("test accuracy", accuracy("test"))
writer.close()
torch.save({"model": model.state_dict(), "char2id": char2id, "languages": languages}, "wili_lstm.pt")
