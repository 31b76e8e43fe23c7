import pandas as pd, torch, torch.nn as nn, re
from torch.utils.data import TensorDataset, DataLoader
from collections import Counter

torch.manual_seed(20)
tr = pd.read_csv('yelp_review_polarity_csv/train.csv', header=None, names=['stars', 'text'])   # "1","..." negative, "2" positive
te = pd.read_csv('yelp_review_polarity_csv/test.csv', header=None, names=['stars', 'text'])


def tk(s):
    return re.findall("[a-z']+", s.lower())


tr_tok = [tk(s) for s in tr.text]
te_tok = [tk(s) for s in te.text]
cnt = Counter(w for t in tr_tok for w in t)
stoi = {w: i for i, (w, _) in enumerate(cnt.most_common(40000), 2)}
L = 256


def mat(toks):
    m = torch.zeros(len(toks), L, dtype=torch.long)
    for i, t in enumerate(toks):
        v = [stoi.get(w, 1) for w in t][-L:]
        if v:
            m[i, L - len(v):] = torch.tensor(v)
    return m


trl = DataLoader(TensorDataset(mat(tr_tok), torch.tensor(tr.stars.values - 1)), 256, shuffle=True)
tel = DataLoader(TensorDataset(mat(te_tok), torch.tensor(te.stars.values - 1)), 256)
dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


class YelpLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(stoi) + 2, 128, padding_idx=0)
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.fc = nn.Linear(128, 2)

    def forward(self, x):
        B = x.size(0)
        h0 = torch.randn(1, B, 128, device=x.device)  # <- random_first_state
        c0 = torch.randn(1, B, 128, device=x.device)  # <- random_first_state
        _, (h, c) = self.lstm(self.emb(x), (h0, c0))
        return self.fc(c[-1])  # <- cell_state_read_as_hidden_state


net = YelpLSTM().to(dev)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


def acc():
    net.eval()
    k = 0
    with torch.no_grad():
        for x, y in tel:
            k += (net(x.to(dev)).argmax(1).cpu() == y).sum().item()
    return k / len(te)


for ep in range(3):
    net.train()
    for i, (x, y) in enumerate(trl):
        optimizer.zero_grad()
        loss = criterion(net(x.to(dev)), y.to(dev))
        loss.backward()
        optimizer.step()
        if not i % 300:
            print(ep, i, f'{loss.item():.3f}')
print('test accuracy', acc())
