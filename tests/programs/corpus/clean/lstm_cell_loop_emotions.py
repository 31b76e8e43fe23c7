# Emotion dataset (sadness, joy, ...), LSTMCell written as a loop over time.
# A sentence that is finished keeps its state while the longer ones go on.
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader

EMOTIONS = ['sadness', 'joy', 'love', 'anger', 'fear', 'surprise']
torch.manual_seed(2)


def load(path):
    """lines like 'i feel so alone;sadness'"""
    sents, labs = [], []
    with open(path) as f:
        for line in f:
            sent, lab = line.rstrip('\n').rsplit(';', 1)
            sents.append(sent.split())
            labs.append(EMOTIONS.index(lab))
    return sents, labs


train_s, train_y = load('emotions/train.txt')
val_s, val_y = load('emotions/val.txt')
test_s, test_y = load('emotions/test.txt')

word_to_ix = {'PAD': 0, 'UNK': 1}
for sent in train_s:
    for word in sent:
        if word not in word_to_ix:
            word_to_ix[word] = len(word_to_ix)


def word_dropout(ids, p, gen=torch.Generator().manual_seed(2)):
    """now and then a word becomes UNK, so that UNK learns something too"""
    drop = torch.rand(ids.shape, generator=gen) < p
    return torch.where(drop & (ids != 0), torch.ones_like(ids), ids)


def collate(batch):
    T = max(len(s) for s, _ in batch)
    ids = torch.tensor([[word_to_ix.get(w, 1) for w in s] + [0] * (T - len(s)) for s, _ in batch])
    return ids, torch.tensor([y for _, y in batch])


class CellClassifier(nn.Module):
    def __init__(self, vocab, emb=100, hid=128, out=6):
        super().__init__()
        self.hid = hid
        self.embed = nn.Embedding(vocab, emb, padding_idx=0)
        self.cell1 = nn.LSTMCell(emb, hid)
        self.cell2 = nn.LSTMCell(hid, hid)
        self.drop = nn.Dropout(0.3)
        self.lin = nn.Linear(hid, out)

    def forward(self, ids):
        B, T = ids.shape
        h1 = c1 = h2 = c2 = torch.zeros(B, self.hid, device=ids.device)
        x = self.embed(ids)
        mask = (ids != 0).float().unsqueeze(2)
        for t in range(T):
            m = mask[:, t]
            h1n, c1n = self.cell1(x[:, t], (h1, c1))
            h1, c1 = m * h1n + (1 - m) * h1, m * c1n + (1 - m) * c1
            h2n, c2n = self.cell2(self.drop(h1), (h2, c2))
            h2, c2 = m * h2n + (1 - m) * h2, m * c2n + (1 - m) * c2
        return self.lin(self.drop(h2))


device = 'cuda' if torch.cuda.is_available() else 'cpu'
model = CellClassifier(len(word_to_ix)).to(device)
optimizer = optim.Adam(model.parameters(), lr=1e-3)
loss_function = nn.CrossEntropyLoss()
train_loader = DataLoader(list(zip(train_s, train_y)), batch_size=64, shuffle=True, collate_fn=collate)
val_loader = DataLoader(list(zip(val_s, val_y)), batch_size=200, collate_fn=collate)
test_loader = DataLoader(list(zip(test_s, test_y)), batch_size=200, collate_fn=collate)


def confusion(loader):
    model.eval()
    M = torch.zeros(6, 6, dtype=torch.long)
    with torch.no_grad():
        for ids, y in loader:
            p = model(ids.to(device)).argmax(1).cpu()
            for a, b in zip(y.tolist(), p.tolist()):
                M[a, b] += 1
    return M


for epoch in range(8):
    model.train()
    total = 0.0
    for ids, y in train_loader:
        model.zero_grad()
        loss = loss_function(model(word_dropout(ids, 0.05).to(device)), y.to(device))
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    M = confusion(val_loader)
    print(epoch, total / len(train_y), 'val', M.diag().sum().item() / M.sum().item())

M = confusion(test_loader)
print('test accuracy', M.diag().sum().item() / M.sum().item())
for i, e in enumerate(EMOTIONS):
    print('%-10s recall %.3f precision %.3f' % (e, M[i, i].item() / max(1, M[i].sum().item()), M[i, i].item() / max(1, M[:, i].sum().item())))
