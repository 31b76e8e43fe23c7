# 20 newsgroups, long documents read in chunks of 200 words; inside ONE batch the state runs on
# from chunk to chunk (detached now and then), each new batch starts at zero again
import numpy as np
import torch
from torch import nn
from sklearn.datasets import fetch_20newsgroups
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
rng = np.random.default_rng(0)
CHUNK = 200
dev = torch.device('cuda:0') if torch.cuda.is_available() else torch.device('cpu')

bunch_tr = fetch_20newsgroups(subset='train', remove=('headers', 'footers', 'quotes'))
bunch_te = fetch_20newsgroups(subset='test', remove=('headers', 'footers', 'quotes'))
n_classes = len(bunch_tr.target_names)
txt_tr, txt_va, y_tr, y_va = train_test_split(bunch_tr.data, bunch_tr.target, test_size=0.1, random_state=0,
                                              stratify=bunch_tr.target)
txt_te, y_te = bunch_te.data, bunch_te.target

cv = CountVectorizer(max_features=30000, min_df=2, token_pattern=r"(?u)\b\w+\b")
cv.fit(txt_tr)
analyze = cv.build_analyzer()                    # same lower-casing and tokens everywhere
index = {w: i + 2 for w, i in cv.vocabulary_.items()}   # column numbers start at 0


def encode(texts):
    return [[index.get(w, 1) for w in analyze(t)] or [1] for t in texts]


def batches(seqs, y, size, shuffle):
    idx = np.arange(len(seqs))
    if shuffle:
        rng.shuffle(idx)
    for i in range(0, len(idx), size):
        sel = idx[i:i + size]
        n = [len(seqs[j]) for j in sel]
        x = np.zeros((len(sel), max(n)), dtype=np.int64)
        for r, j in enumerate(sel):
            x[r, :n[r]] = seqs[j]
        yield torch.from_numpy(x).to(dev), torch.tensor(n, device=dev), torch.as_tensor(y[sel], device=dev)


class ChunkedLSTM(nn.Module):
    def __init__(self, V, C, emb=100, hid=200):
        super().__init__()
        self.embedding = nn.Embedding(V, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.linear = nn.Linear(hid, C)

    def forward(self, x, n):
        state = None
        summed = 0
        for k in range(0, x.size(1), CHUNK):
            part = x[:, k:k + CHUNK]
            if state is not None:
                state = (state[0].detach(), state[1].detach())
            out, state = self.lstm(self.dropout(self.embedding(part)), state)
            keep = (part != 0).unsqueeze(2)
            summed = summed + (out * keep).sum(1)
        return self.linear(self.dropout(summed / n.unsqueeze(1)))


seq_tr, seq_va, seq_te = encode(txt_tr), encode(txt_va), encode(txt_te)
model = ChunkedLSTM(len(index) + 2, n_classes).to(dev)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()


def accuracy(seqs, y):
    model.eval()
    pred = []
    with torch.no_grad():
        for xb, nb, _ in batches(seqs, y, 64, False):
            pred.append(model(xb, nb).argmax(1).cpu().numpy())
    return (np.concatenate(pred) == y).mean()


for epoch in range(15):
    model.train()
    losses = []
    for xb, nb, yb in batches(seq_tr, y_tr, 32, True):
        opt.zero_grad()
        loss = ce(model(xb, nb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2)
        opt.step()
        losses.extend([loss.item()] * len(yb))
    print('%2d  train loss %.4f  valid acc %.4f' % (epoch, np.mean(losses), accuracy(seq_va, y_va)))

print('test acc %.4f' % accuracy(seq_te, y_te))
