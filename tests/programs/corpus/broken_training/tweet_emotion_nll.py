# six emotions from tweets (train.txt / val.txt / test.txt with "text;emotion" lines)
import sys
from collections import defaultdict

import torch
import torch.nn as nn
import torch.utils.data as tud

EMOTIONS = ['sadness', 'joy', 'love', 'anger', 'fear', 'surprise']
dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def load(name):
    out = []
    with open('emotion/' + name, encoding='utf8') as fh:
        for line in fh:
            line = line.strip()
            if not line:
                continue
            text, emo = line.rsplit(';', 1)
            out.append((text.split(' '), EMOTIONS.index(emo)))
    return out


train, val, test = load('train.txt'), load('val.txt'), load('test.txt')

freq = defaultdict(int)
for toks, _ in train:
    for t in toks:
        freq[t] += 1
vocab = {'<PAD>': 0, '<UNK>': 1}
for t, c in sorted(freq.items(), key=lambda kv: -kv[1]):
    if c > 1:
        vocab[t] = len(vocab)
print('vocab', len(vocab), file=sys.stderr)


class EmotionSet(tud.Dataset):
    def __init__(self, pairs):
        self.items = [([vocab.get(t, 1) for t in toks], y) for toks, y in pairs]

    def __getitem__(self, i):
        return self.items[i]

    def __len__(self):
        return len(self.items)


def pad(batch):
    L = max(len(x) for x, _ in batch)
    lens = torch.LongTensor([len(x) for x, _ in batch])
    X = torch.LongTensor([x + [0] * (L - len(x)) for x, _ in batch])
    Y = torch.LongTensor([y for _, y in batch])
    return X, lens, Y


class EmoLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 128, num_layers=2, dropout=0.3, batch_first=True)
        self.fc = nn.Sequential(nn.Dropout(0.4), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, len(EMOTIONS)))

    def forward(self, X, lens):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(X), lens, batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(p)
        return self.fc(h[-1])


def run(dl):
    net.eval()
    right = 0
    with torch.no_grad():
        for X, lens, Y in dl:
            right += (net(X.to(dev), lens).argmax(-1).cpu() == Y).sum().item()
    return right / len(dl.dataset)


torch.manual_seed(5)
dl_train = tud.DataLoader(EmotionSet(train), batch_size=64, shuffle=True, collate_fn=pad)
dl_val = tud.DataLoader(EmotionSet(val), batch_size=256, collate_fn=pad)
dl_test = tud.DataLoader(EmotionSet(test), batch_size=256, collate_fn=pad)

net = EmoLSTM().to(dev)
crit = nn.NLLLoss()
optim = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-4)

best, best_ep = 0.0, -1
for ep in range(12):
    net.train()
    s = 0.0
    for X, lens, Y in dl_train:
        optim.zero_grad()
        o = net(X.to(dev), lens)
        l = crit(o, Y.to(dev))  # <- nll_loss_without_log_softmax
        l.backward()
        optim.step()
        s += l.item() * len(Y)
    acc = run(dl_val)
    print('epoch %d loss %.4f val %.4f' % (ep, s / len(train), acc))
    if acc > best:
        best, best_ep = acc, ep
        torch.save({'net': net.state_dict(), 'vocab': vocab}, 'emotion_best.pt')

print('best epoch', best_ep, 'val', best)
print('test %.4f' % run(dl_test))  # <- best_weights_never_loaded
