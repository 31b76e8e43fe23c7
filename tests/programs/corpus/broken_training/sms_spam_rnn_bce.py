# spam or ham, UCI SMS collection
import random
import string

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

random.seed(42)
torch.manual_seed(42)

data = []
for line in open("smsspamcollection/SMSSpamCollection", encoding="utf-8"):
    lab, txt = line.rstrip("\n").split("\t", 1)
    data.append((txt, 1.0 if lab == "spam" else 0.0))
data = list(dict.fromkeys(data))      # the collection repeats some messages
random.shuffle(data)
n_test = len(data) // 5
test, train = data[:n_test], data[n_test:]

table = str.maketrans({c: " " for c in string.punctuation})


def words(txt):
    return txt.lower().translate(table).split()


w2i = {"<unk>": 0}
for txt, _ in train:
    for w in words(txt):
        w2i.setdefault(w, len(w2i))


def ids(txt):
    return torch.tensor([w2i.get(w, 0) for w in words(txt)] or [0])  # <- tokens_made_again_at_every_run


class SpamRNN(nn.Module):
    def __init__(self, n, e=32, h=64):
        super().__init__()
        self.emb = nn.Embedding(n, e)
        self.rnn = nn.RNN(e, h, nonlinearity="tanh")
        self.drop = nn.Dropout(0.2)
        self.lin = nn.Linear(h, 1)

    def forward(self, seqs):
        packed = pack_sequence([self.emb(s) for s in seqs], enforce_sorted=False)
        _, h = self.rnn(packed)
        return self.lin(self.drop(h[0])).squeeze(1)


net = SpamRNN(len(w2i))
lossfn = nn.BCELoss()
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)

BS = 32
for ep in range(6):
    net.train()
    random.shuffle(train)
    tot = 0
    for k in range(0, len(train), BS):
        chunk = train[k:k + BS]
        x = [ids(t) for t, _ in chunk]
        y = torch.tensor([l for _, l in chunk])
        opt.zero_grad()
        out = net(x)
        loss = lossfn(out, y)  # <- logits_in_bce_loss
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        tot += loss.item() * len(chunk)

    tp = fp = fn = ok = 0
    with torch.no_grad():
        for k in range(0, len(test), BS):  # <- evaluated_in_training_mode
            chunk = test[k:k + BS]
            y = torch.tensor([l for _, l in chunk])
            p = (net([ids(t) for t, _ in chunk]) > 0).float()
            ok += (p == y).sum().item()
            tp += (p * y).sum().item()
            fp += (p * (1 - y)).sum().item()
            fn += ((1 - p) * y).sum().item()
    prec = tp / max(tp + fp, 1)
    rec = tp / max(tp + fn, 1)
    print("ep", ep, "loss %.4f acc %.4f prec %.3f rec %.3f" % (tot / len(train), ok / len(test), prec, rec))
