import random
import string
import torch
import torch.nn as nn
import pandas as pd

letters = string.ascii_letters + "'- "
n_letters = len(letters)
UNKNOWN = n_letters            # any other sign
EMB, HID, LAYERS = 32, 64, 1

df = pd.read_csv('data/nationalities.csv').dropna().drop_duplicates('surname')
countries = sorted(df['country'].unique())
pairs = [(s, countries.index(c)) for s, c in zip(df['surname'], df['country'])]
random.seed(0)
torch.manual_seed(0)
random.shuffle(pairs)
split = len(pairs) * 9 // 10
train_pairs, test_pairs = pairs[:split], pairs[split:]


def encode(name):
    return torch.tensor([letters.find(c) if c in letters else UNKNOWN for c in name])


class SurnameLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(n_letters + 1, EMB)
        self.lstm = nn.LSTM(EMB, HID, LAYERS, batch_first=True)
        self.fc = nn.Linear(HID, len(countries))

    def forward(self, x):
        h0 = torch.randn(LAYERS, x.size(0), HID)  # <- random_first_state
        c0 = torch.randn(LAYERS, x.size(0), HID)  # <- random_first_state
        out, _ = self.lstm(self.emb(x), (h0, c0))
        return self.fc(out[:, -1])


def same_length_batches(pairs, size=32):
    """Names of the same length go into a batch together, so nothing is padded."""
    by_len = {}
    for name, y in pairs:
        by_len.setdefault(len(name), []).append((name, y))
    out = []
    for group in by_len.values():
        random.shuffle(group)
        for i in range(0, len(group), size):
            part = group[i:i + size]
            out.append((torch.stack([encode(n) for n, _ in part]), torch.tensor([y for _, y in part])))
    random.shuffle(out)
    return out


model = SurnameLSTM()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(15):
    model.train()
    total = 0.0
    for x, y in same_length_batches(train_pairs):
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
    print('epoch', epoch, 'loss %.4f' % (total / len(train_pairs)))

model.eval()
with torch.no_grad():
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in same_length_batches(test_pairs))
print('test accuracy %.3f' % (hits / len(test_pairs)))


def predict(name, k=3):
    model.eval()
    with torch.no_grad():
        scores = model(encode(name))  # <- no_batch_axis_given
        top = scores.softmax(-1).topk(k)
    for p, i in zip(top.values.view(-1).tolist(), top.indices.view(-1).tolist()):
        print('%.3f %s' % (p, countries[i]))


for s in ['Schneider', "O'Neill", 'Tanaka']:
    print('>', s)
    predict(s)
