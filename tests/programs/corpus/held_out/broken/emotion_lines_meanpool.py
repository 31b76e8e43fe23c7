# emotion dataset: "text;label" lines
import torch, random
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(88); random.seed(88)
EMOTIONS = ['sadness', 'joy', 'love', 'anger', 'fear', 'surprise']
PAD, UNK = '<pad>', '<unk>'

def read(fn):
    rows = []
    for line in open(fn):
        text, emo = line.strip().split(';')
        rows.append((text.split(), EMOTIONS.index(emo)))
    return rows

tr, va, te = read('train.txt'), read('val.txt'), read('test.txt')
w2i = {UNK: 0, PAD: 1}
for words, _ in tr:
    for w in words:
        if w not in w2i:
            w2i[w] = len(w2i)

class Emo(Dataset):
    def __init__(self, rows): self.rows = rows
    def __len__(self): return len(self.rows)
    def __getitem__(self, k):
        words, y = self.rows[k]
        return [w2i.get(w, w2i[UNK]) for w in words], y

def collate(b):
    L = max(len(x) for x, _ in b)
    x = torch.tensor([x + [w2i[PAD]] * (L - len(x)) for x, _ in b])
    y = torch.tensor([y for _, y in b])
    return x, y

class EmoLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(w2i), 128, padding_idx=0)  # <- padding_idx_of_a_real_word
        self.lstm = nn.LSTM(128, 128, bidirectional=True, batch_first=True)
        self.fc = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 6))
    def forward(self, x):
        o, _ = self.lstm(self.emb(x))
        o = o.mean(1)  # <- padding_averaged_into_the_review
        return self.fc(o)

trl = DataLoader(Emo(tr), 64, shuffle=True, collate_fn=collate)
val = DataLoader(Emo(va), 64, collate_fn=collate)
tel = DataLoader(Emo(te), 64, collate_fn=collate)
m = EmoLSTM()
opt = torch.optim.Adam(m.parameters())
ce = nn.CrossEntropyLoss()

def acc(dl):
    m.eval()
    k = 0
    with torch.no_grad():
        for x, y in dl: k += (m(x).argmax(1) == y).sum().item()
    return k / len(dl.dataset)

for ep in range(5):
    m.train()
    for x, y in trl:
        opt.zero_grad()
        l = ce(m(x), y)
        l.backward()
        opt.step()
    print(ep, 'val', acc(val))
print('test', acc(tel))
