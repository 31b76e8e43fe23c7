import torch, random, string
import torch.nn as nn
import pandas as pd

random.seed(3)
torch.manual_seed(3)

chars = string.ascii_lowercase + string.digits + " .,!?'"
c2i = {c: i + 1 for i, c in enumerate(chars)}
UNKC = len(chars) + 1
N_CHARS = len(chars) + 2
WINDOW = 1000
BS = 50

def read(fn):
    d = pd.read_csv(fn).drop_duplicates('review')
    out = []
    for text, s in zip(d['review'], d['sentiment']):
        text = text.replace('<br />', ' ').lower()[-WINDOW:]
        ids = [c2i.get(c, UNKC) for c in text]
        out.append(([0] * (WINDOW - len(ids)) + ids, 1 if s == 'positive' else 0))
    return out

train = read('data/imdb_train.csv')
valid = read('data/imdb_valid.csv')

class CharGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(N_CHARS, 24, padding_idx=0)
        self.g = nn.GRU(24, 256, num_layers=2, batch_first=True)
        self.o = nn.Linear(256, 2)
    def forward(self, x, h):
        y, h = self.g(self.e(x), h)
        return self.o(y[:, -1]), h
    def start(self, n):
        return torch.zeros(2, n, 256)

def repackage_hidden(h):
    """Wraps hidden states in new Tensors, to detach them from their history."""
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)

net = CharGRU()
crit = nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=5e-4)

for epoch in range(10):
    net.train()
    random.shuffle(train)
    hidden = net.start(BS)
    tot = cnt = 0
    for k in range(0, len(train) - BS + 1, BS):
        part = train[k:k + BS]
        x = torch.tensor([p[0] for p in part])
        y = torch.tensor([p[1] for p in part])
        hidden = repackage_hidden(hidden)
        opt.zero_grad()
        out, hidden = net(x, hidden)  # <- state_carried_from_batch_to_batch
        loss = crit(out, y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        opt.step()
        tot += loss.item() * BS
        cnt += BS
    net.eval()
    ok = 0
    with torch.no_grad():
        for k in range(0, len(valid), BS):
            part = valid[k:k + BS]
            x = torch.tensor([p[0] for p in part])
            y = torch.tensor([p[1] for p in part])
            out, _ = net(x, net.start(len(part)))
            ok += int((out.argmax(1) == y).sum())
    print('epoch', epoch, 'loss', tot / cnt, 'valid', ok / len(valid))
