import pandas as pd
import re
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(12)

df = pd.read_csv('SMSSpamCollection', sep='\t', header=None, names=['label', 'sms'], quoting=3).drop_duplicates('sms')
df = df.sample(frac=1, random_state=12)
df['y'] = df['label'].map({'ham': 0.0, 'spam': 1.0})
split = int(len(df) * .8)
train, test = df.iloc[:split], df.iloc[split:]


def to_words(s):
    return re.findall(r"[a-z']+|\d+", s.lower())


w2i = {'<pad>': 0, '<unk>': 1}
for s in train['sms']:
    for w in to_words(s):
        w2i.setdefault(w, len(w2i))
width = df['sms'].map(lambda s: len(to_words(s))).max()


def left_padded(texts):
    x = torch.zeros(len(texts), width, dtype=torch.long)
    for r, s in enumerate(texts):
        ids = [w2i.get(w, 1) for w in to_words(s)][-width:]
        if ids:
            x[r, width - len(ids):] = torch.tensor(ids)
    return x


def ds(part):
    return TensorDataset(left_padded(list(part['sms'])), torch.tensor(part['y'].values, dtype=torch.float32))


class SpamNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(w2i), 50, padding_idx=0)
        self.lstm = nn.LSTM(50, 50, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(100, 1)

    def forward(self, x):
        out, _ = self.lstm(self.embed(x))
        last = out[:, -1, :]  # <- backward_direction_read_at_the_wrong_end
        return self.fc(last).squeeze()  # <- squeeze_drops_a_batch_of_one


net = SpamNet()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
ratio = (train['y'] == 0).sum() / (train['y'] == 1).sum()
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(float(ratio)))
train_dl = DataLoader(ds(train), batch_size=32, shuffle=True)
test_dl = DataLoader(ds(test), batch_size=32)
for epoch in range(5):
    net.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    print('epoch', epoch, 'finished')

net.eval()
ok = 0
with torch.no_grad():
    for x, y in test_dl:
        ok += ((net(x) > 0).float() == y).sum().item()
print('test accuracy', ok / len(test))


def spam_probability(messages):
    net.eval()
    with torch.no_grad():
        return [round(p, 3) for p in torch.sigmoid(net(left_padded(messages))).tolist()]


print(spam_probability(['URGENT! You have won a 1 week FREE membership']))
