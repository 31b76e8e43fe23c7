import json
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader
from torch.utils.data import SubsetRandomSampler
import numpy as np

# Sarcasm_Headlines_Dataset.json: one object per line (headline, is_sarcastic, article_link)

torch.manual_seed(42)
np.random.seed(42)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

records = [json.loads(l) for l in open('data/Sarcasm_Headlines_Dataset.json', 'r')]
records = list({r['headline']: r for r in records}.values())     # no headline twice

order = np.random.permutation(len(records))
i1, i2 = int(0.8 * len(order)), int(0.9 * len(order))
train_idx, valid_idx, test_idx = order[:i1], order[i1:i2], order[i2:]

word2idx = {'<pad>': 0, '<unk>': 1}
for i in train_idx:
    for w in records[i]['headline'].lower().split():
        if w not in word2idx:
            word2idx[w] = len(word2idx)

max_len = max(len(r['headline'].split()) for r in records)


class Headlines(Dataset):
    def __init__(self, recs):
        self.X, self.y = [], []
        for r in recs:
            ids = [word2idx.get(w, 1) for w in r['headline'].lower().split()]
            self.X.append(torch.LongTensor([0] * (max_len - len(ids)) + ids))
            self.y.append(torch.tensor(r['is_sarcastic'], dtype=torch.float32))

    def __len__(self):
        return len(self.y)

    def __getitem__(self, idx):
        return self.X[idx], self.y[idx]


ds = Headlines(records)
batch_size = 32
train_loader = DataLoader(ds, batch_size=batch_size, sampler=SubsetRandomSampler(train_idx))
valid_loader = DataLoader(ds, batch_size=batch_size, sampler=SubsetRandomSampler(valid_idx))
test_loader = DataLoader(ds, batch_size=batch_size, sampler=SubsetRandomSampler(test_idx))


class SarcasmGRU(nn.Module):
    def __init__(self, vocab, emb=64, hid=64):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(hid, 1)

    def forward(self, x):
        out, _ = self.gru(self.embedding(x))
        out = self.fc(self.drop(out[:, -1]))
        return out.squeeze()  # <- squeeze_drops_a_batch_of_one


net = SarcasmGRU(len(word2idx)).to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)

for epoch in range(8):
    net.train()
    train_loss = 0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = loss_fn(net(x), y)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * y.size(0)

    net.eval()
    val_acc = []
    with torch.no_grad():
        for x, y in valid_loader:
            pred = torch.round(torch.sigmoid(net(x.to(device)))).cpu()
            val_acc.append((pred == y).float().mean().item())
    val_acc = sum(val_acc) / len(val_acc)  # <- mean_of_batch_means
    print('Epoch {}: train loss {:.4f}, val acc {:.4f}'.format(epoch + 1, train_loss / len(train_idx), val_acc))

net.eval()
n_right = 0
with torch.no_grad():
    for x, y in test_loader:
        pred = torch.round(torch.sigmoid(net(x.to(device)))).cpu()
        n_right += (pred == y).sum().item()
print('Test acc {:.4f}'.format(n_right / len(test_idx)))
