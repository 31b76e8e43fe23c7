import copy
from collections import Counter
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

EMOTIONS = ['sadness', 'joy', 'love', 'anger', 'fear', 'surprise']


class EmotionData(Dataset):
    """One example a line: text;emotion"""

    def __init__(self, lines, vocab=None):
        pairs = [l.rstrip('\n').rsplit(';', 1) for l in lines if ';' in l]
        self.labels = [EMOTIONS.index(e) for _, e in pairs]
        tokens = [t.split() for t, _ in pairs]
        if vocab is None:
            c = Counter(w for t in tokens for w in t)
            vocab = {'<pad>': 0, '<unk>': 1}
            for w, _ in c.most_common():
                vocab[w] = len(vocab)
        self.vocab = vocab
        self.x = [[vocab.get(w, 1) for w in t] for t in tokens]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.labels[i]


def collate(b):
    n = max(len(x) for x, _ in b)
    x = torch.tensor([[0] * (n - len(t)) + t for t, _ in b])
    return x, torch.tensor([y for _, y in b])


class EmotionGRU(nn.Module):
    def __init__(self, n_words, dim=100, hidden=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, dim, padding_idx=0)
        self.directions = {  # <- layers_in_a_python_list
            'fwd': nn.GRU(dim, hidden, batch_first=True),
            'bwd': nn.GRU(dim, hidden, batch_first=True),
        }
        self.fc = nn.Linear(2 * hidden, len(EMOTIONS))

    def forward(self, x):
        e = self.emb(x)
        lens = (x != 0).sum(1)
        _, f = self.directions['fwd'](e)
        # the reversed sentence, padded on the left as well
        rev = torch.zeros_like(e)
        for i, n in enumerate(lens.tolist()):
            rev[i, x.size(1) - n:] = e[i, x.size(1) - n:].flip(0)
        _, b = self.directions['bwd'](rev)
        return self.fc(torch.cat([f[-1], b[-1]], dim=1))


class Trainer:
    def __init__(self, model, train_loader, valid_loader, lr=1e-3, patience=3):
        self.model = model
        self.train_loader = train_loader
        self.valid_loader = valid_loader
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.CrossEntropyLoss()
        self.patience = patience

    def fit(self, epochs):
        best, state, bad = 0.0, copy.deepcopy(self.model.state_dict()), 0
        for e in range(epochs):
            self.model.train()
            for x, y in self.train_loader:
                self.optimizer.zero_grad()
                self.loss(self.model(x), y).backward()
                self.optimizer.step()
            acc = self.score(self.valid_loader)
            print('epoch', e, 'valid', round(acc, 4))
            if acc > best:
                best, state, bad = acc, copy.deepcopy(self.model.state_dict()), 0
            else:
                bad += 1
                if bad >= self.patience:
                    break
        self.model.load_state_dict(state)

    @torch.no_grad()
    def score(self, loader):
        self.model.eval()
        hits = sum((self.model(x).argmax(1) == y).sum().item() for x, y in loader)
        return hits / len(loader.dataset)


if __name__ == '__main__':
    torch.manual_seed(31)
    lines = open('data/emotions.txt', encoding='utf8').readlines()
    order = torch.randperm(len(lines)).tolist()
    lines = [lines[i] for i in order]

    train = EmotionData(lines[:16000])
    valid = EmotionData(lines[14000:16000], train.vocab)  # <- same_review_in_two_splits
    test = EmotionData(lines[16000:], train.vocab)

    trainer = Trainer(EmotionGRU(len(train.vocab)),
                      DataLoader(train, 64, shuffle=True, collate_fn=collate),
                      DataLoader(valid, 64, collate_fn=collate))
    trainer.fit(20)
    print('test', round(trainer.score(DataLoader(test, 64, collate_fn=collate)), 4))
