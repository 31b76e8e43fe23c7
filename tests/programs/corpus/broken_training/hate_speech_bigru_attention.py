# hate / offensive / neither  (labeled_data.csv of Davidson et al. -- columns: class, tweet)
import re, random
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split

SEED = 7
np.random.seed(SEED); random.seed(SEED); torch.manual_seed(SEED)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

def preprocess(t):
    t = re.sub(r"&[a-z]+;", " ", t.lower())
    t = re.sub(r"http\S+|@[\w\-]+", " ", t)
    t = re.sub(r"[^a-z' ]", " ", t)
    return t.split() or ["empty"]

df = pd.read_csv("labeled_data.csv", index_col=0).drop_duplicates("tweet")
X = [preprocess(t) for t in df["tweet"]]
y = df["class"].tolist()
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=SEED)
X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=0.1, stratify=y_tr, random_state=SEED)

vocab = {w: i + 2 for i, w in enumerate(sorted({w for x in X_tr for w in x}))}
V = len(vocab) + 2

class_w = torch.tensor([len(y_tr) / (3 * y_tr.count(c)) for c in range(3)], dtype=torch.float32).to(device)

def make_batches(X, y, bs, shuffle):
    order = np.random.permutation(len(X)) if shuffle else np.arange(len(X))
    for s in range(0, len(X), bs):
        take = order[s:s + bs]
        m = max(len(X[i]) for i in take)
        xb = torch.tensor([[vocab.get(w, 1) for w in X[i]] + [0] * (m - len(X[i])) for i in take])
        yb = torch.tensor([y[i] for i in take])
        yield xb.to(device), yb.to(device)

class Attn(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.q = nn.Parameter(torch.randn(h) * 0.1)
    def forward(self, o, mask):
        s = (o @ self.q).masked_fill(~mask, -1e9)
        return (F.softmax(s, dim=1).unsqueeze(2) * o).sum(1)

class Model(nn.Module):
    def __init__(self, V, e=100, h=64):
        super().__init__()
        self.emb = nn.Embedding(V, e, padding_idx=0)
        self.gru = nn.GRU(e, h, bidirectional=True, batch_first=True)
        self.attn = Attn(2 * h)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(2 * h, 3)
    def forward(self, x):
        mask = x != 0
        n = mask.sum(1).cpu()
        p = nn.utils.rnn.pack_padded_sequence(self.drop(self.emb(x)), n, batch_first=True, enforce_sorted=False)
        o, _ = nn.utils.rnn.pad_packed_sequence(self.gru(p)[0], batch_first=True)
        return self.fc(self.drop(self.attn(o, mask)))

model = Model(V).to(device)
decay, no_decay = [], []
for name, p in model.named_parameters():
    if name.startswith('emb') or name.startswith('gru'):
        decay.append(p)
    elif name.endswith('bias'):
        no_decay.append(p)
opt = torch.optim.AdamW([{'params': decay, 'weight_decay': 1e-2}, {'params': no_decay, 'weight_decay': 0.0}], lr=1e-3)  # <- parameters_missing_from_the_optimizer
crit = nn.NLLLoss(weight=class_w)

for ep in range(1, 7):
    model.train()
    run = 0.0
    for xb, yb in make_batches(X_tr, y_tr, 32, True):
        opt.zero_grad()
        loss = crit(F.softmax(model(xb), dim=1), yb)  # <- nll_loss_without_log_softmax
        loss.backward()
        opt.step()
        run += loss.item() * len(yb)
    model.eval()
    with torch.no_grad():
        hit = sum((model(xb).argmax(1) == yb).sum().item() for xb, yb in make_batches(X_va, y_va, 128, False))
    print(f"epoch {ep}: loss {run / len(X_tr):.4f}, validation accuracy {hit / len(X_va):.4f}")

model.eval()
pred, gold = [], []
with torch.no_grad():
    for xb, yb in make_batches(X_te, y_te, 128, False):
        pred += model(xb).argmax(1).tolist()
        gold += yb.tolist()
print(classification_report(gold, pred, target_names=["hate", "offensive", "neither"]))
torch.save({"model": model.state_dict(), "vocab": vocab}, "hate_bigru.pt")
