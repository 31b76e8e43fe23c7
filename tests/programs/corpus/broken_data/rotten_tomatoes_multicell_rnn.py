import random
from collections import Counter
import torch
from torch import nn
from torch.utils.data import DataLoader

# rt-polarity.pos / rt-polarity.neg, one sentence per line
random.seed(55)
torch.manual_seed(55)


def read(fn, label):
    with open(fn, encoding='latin-1') as f:
        return [(l.split(), label) for l in f if l.strip()]


pos = read('rt-polaritydata/rt-polarity.pos', 1)
neg = read('rt-polaritydata/rt-polarity.neg', 0)
random.shuffle(pos)
random.shuffle(neg)
k = int(0.9 * len(pos))
train = pos[:k] + neg[:k]
test = pos[k:] + neg[k:]

freq = Counter()
for s, _ in train:
    freq.update(s)
itos = ['<pad>', '<unk>'] + [w for w, n in freq.most_common() if n > 1]
stoi = dict(zip(itos, range(len(itos))))


def collate(batch):
    longest = max(len(s) for s, _ in batch)
    ids, mask = [], []
    for s, _ in batch:
        ids.append([stoi.get(w, 1) for w in s] + [0] * (longest - len(s)))
        mask.append([1.0] * len(s) + [0.0] * (longest - len(s)))
    return torch.tensor(ids), torch.tensor(mask), torch.tensor([y for _, y in batch])


class MultiCellRNN(nn.Module):
    def __init__(self, n_words, emb, hid, n_layers):
        super().__init__()
        self.hid, self.n_layers = hid, n_layers
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.cells = []  # <- layers_in_a_python_list
        for i in range(n_layers):
            self.cells.append(nn.GRUCell(emb if i == 0 else hid, hid))
        self.out = nn.Linear(hid, 2)

    def forward(self, x, mask):
        B, T = x.shape
        e = self.emb(x)
        h = [e.new_zeros(B, self.hid) for _ in range(self.n_layers)]
        for t in range(T):
            m = mask[:, t].unsqueeze(1)
            inp = e[:, t]
            for i, cell in enumerate(self.cells):
                new = cell(inp, h[i])
                h[i] = m * new + (1 - m) * h[i]
                inp = h[i]
        return self.out(h[-1])


model = MultiCellRNN(len(itos), 64, 64, 2)
train_loader = DataLoader(train, batch_size=32, collate_fn=collate)  # <- training_data_not_shuffled
test_loader = DataLoader(test, batch_size=32, collate_fn=collate)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(5):
    model.train()
    total = 0.0
    for x, m, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x, m), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * y.numel()
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, m, y in test_loader:
            ok += (model(x, m).argmax(1) == y).sum().item()
    print(f'{epoch}\t{total / len(train):.4f}\t{ok / len(test):.4f}')
