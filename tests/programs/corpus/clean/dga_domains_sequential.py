# Malware domain names (generated or not), nn.Sequential with a little helper module
import csv
import random
import string
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader

random.seed(0)
torch.manual_seed(0)

ALPHABET = string.ascii_lowercase + string.digits + '-._'
C2I = {c: i for i, c in enumerate(ALPHABET, 1)}       # 0: nothing there
MAXLEN = 63                                           # longest label that DNS allows; of more, the right end


def encode(domain):
    name = domain.lower().rsplit('.', 1)[0]
    ids = [C2I[c] for c in name if c in C2I][-MAXLEN:]
    return [0] * (MAXLEN - len(ids)) + ids


rows = []
with open('dga/dga_data.csv') as f:
    for r in csv.DictReader(f):
        rows.append((r['host'], int(r['class'] == 'dga')))
rows = sorted(set(rows))
random.shuffle(rows)
X = torch.tensor([encode(h) for h, _ in rows])
y = torch.tensor([c for _, c in rows])
n = int(.85 * len(rows))
train, test = TensorDataset(X[:n], y[:n]), TensorDataset(X[n:], y[n:])


class LastStep(nn.Module):
    def forward(self, rnn_result):
        return rnn_result[0][:, -1]


model = nn.Sequential(
    nn.Embedding(len(ALPHABET) + 1, 64, padding_idx=0),
    nn.LSTM(64, 64, batch_first=True),
    LastStep(),
    nn.Dropout(.3),
    nn.Linear(64, 2),
    nn.LogSoftmax(dim=-1),
)
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(model.parameters())

for epoch in range(3):
    model.train()
    loss_sum = 0
    for xb, yb in DataLoader(train, batch_size=128, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        loss_sum += float(loss) * len(xb)
    print('epoch %d  loss %.4f' % (epoch + 1, loss_sum / len(train)))

model.eval()
tp = fp = fn = tn = 0
with torch.no_grad():
    for xb, yb in DataLoader(test, batch_size=512):
        p = model(xb).argmax(1)
        tp += ((p == 1) & (yb == 1)).sum().item()
        fp += ((p == 1) & (yb == 0)).sum().item()
        fn += ((p == 0) & (yb == 1)).sum().item()
        tn += ((p == 0) & (yb == 0)).sum().item()
print('accuracy %.4f  precision %.4f  recall %.4f' % ((tp + tn) / len(test), tp / max(1, tp + fp), tp / max(1, tp + fn)))

with torch.no_grad():
    for d in ['wikipedia.org', 'xkqjzhvbwpqrt.info']:
        print(d, 'p(dga) = %.3f' % model(torch.tensor([encode(d)])).exp()[0, 1].item())

# the alphabet is part of the file above, nothing else is needed to read the weights
torch.save(model.state_dict(), 'dga/lstm.pt')
