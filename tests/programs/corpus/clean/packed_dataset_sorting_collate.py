'''Hotel reviews, three classes. The collate function sorts and hands out PackedSequences.'''
import json
import re
from collections import Counter
import torch
import torch.nn as nn
import torch.utils.data as tud
from torch.nn.utils.rnn import pack_sequence, PackedSequence
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt

CLASS2ID = {'negative': 0, 'neutral': 1, 'positive': 2}
ID2CLASS = {v: k for k, v in CLASS2ID.items()}


class HotelReviews(tud.Dataset):
    SPLIT = re.compile(r"\w+|[!?]")

    def __init__(self, path, vocab=None, min_count=3):
        with open(path, encoding='utf8') as f:
            records = json.load(f)
        tokens = [self.SPLIT.findall(r['review'].lower()) for r in records]
        if vocab is None:
            c = Counter()
            for t in tokens:
                c.update(t)
            vocab = {'[UNK]': 0}
            vocab.update((w, i) for i, w in enumerate(sorted(w for w in c if c[w] >= min_count), 1))
        self.vocab = vocab
        unk = vocab['[UNK]']
        self.items = [(torch.LongTensor([vocab.get(w, unk) for w in t]), CLASS2ID[r['label']])
                      for t, r in zip(tokens, records) if t]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]

    @staticmethod
    def collate_fn(items):
        items = sorted(items, key=lambda it: it[0].size(0), reverse=True)
        seqs, labels = [it[0] for it in items], [it[1] for it in items]
        return pack_sequence(seqs), torch.LongTensor(labels)


class PackedLSTM(nn.Module):
    def __init__(self, n_words, n_classes, d_emb=100, d_hid=128):
        super().__init__()
        self.emb = nn.Embedding(n_words, d_emb)
        self.drop = nn.Dropout(0.35)
        self.lstm = nn.LSTM(d_emb, d_hid, num_layers=2, dropout=0.35)
        self.cls = nn.Linear(d_hid, n_classes)

    def forward(self, packed):
        e = self.drop(self.emb(packed.data))
        _, (h_n, _) = self.lstm(PackedSequence(e, packed.batch_sizes))
        return self.cls(self.drop(h_n[-1]))


def evaluate(model, loader, device):
    model.eval()
    cor, tot = torch.zeros(3), torch.zeros(3)
    with torch.no_grad():
        for x, y in loader:
            pred = model(x.to(device)).argmax(-1).cpu()
            for k in range(3):
                tot[k] += (y == k).sum()
                cor[k] += ((y == k) & (pred == k)).sum()
    return (cor.sum() / tot.sum()).item(), (cor / tot.clamp(min=1)).tolist()


if __name__ == '__main__':
    torch.manual_seed(123)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    train_set = HotelReviews('hotels/train.json')
    dev_set = HotelReviews('hotels/dev.json', vocab=train_set.vocab)
    test_set = HotelReviews('hotels/test.json', vocab=train_set.vocab)
    kw = dict(batch_size=64, collate_fn=HotelReviews.collate_fn)
    train_loader = tud.DataLoader(train_set, shuffle=True, **kw)
    dev_loader = tud.DataLoader(dev_set, **kw)
    test_loader = tud.DataLoader(test_set, **kw)

    model = PackedLSTM(len(train_set.vocab), 3).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9)
    criterion = nn.CrossEntropyLoss()
    curve_loss, curve_dev = [], []
    for epoch in range(10):
        model.train()
        loss_sum = 0.0
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            loss = criterion(model(x), y)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            loss_sum += loss.item() * y.size(0)
        sched.step()
        acc, per_class = evaluate(model, dev_loader, device)
        curve_loss.append(loss_sum / len(train_set))
        curve_dev.append(acc)
        print('epoch', epoch, 'loss', round(curve_loss[-1], 4), 'dev', round(acc, 4), [round(p, 3) for p in per_class])

    acc, per_class = evaluate(model, test_loader, device)
    print('test', round(acc, 4), {ID2CLASS[k]: round(p, 3) for k, p in enumerate(per_class)})
    torch.save({'weights': model.state_dict(), 'vocab': train_set.vocab, 'classes': CLASS2ID}, 'hotels/lstm.pt')

    fig, ax = plt.subplots()
    ax.plot(curve_loss, label='train loss')
    ax.plot(curve_dev, label='dev accuracy')
    ax.legend()
    fig.savefig('hotels/curves.png')
