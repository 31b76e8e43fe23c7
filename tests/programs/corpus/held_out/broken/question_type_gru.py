import torch
import torch.nn as nn
import pandas as pd
from torch.utils.data import Dataset, DataLoader
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

# QuestionTypes: columns question,type
torch.manual_seed(64)
train_df = pd.read_csv('qtypes_train.csv')
test_df = pd.read_csv('qtypes_test.csv')
types = sorted(train_df['type'].unique())
type2id = {t: i for i, t in enumerate(types)}


class Vocabulary(object):
    def __init__(self):
        self.token2id = {'<PAD>': 0, '<UNK>': 1}

    def add_sentence(self, sent):
        for tok in sent.lower().split():
            if tok not in self.token2id:
                self.token2id[tok] = len(self.token2id)

    def numericalize(self, sent):
        return [self.token2id.get(tok, 1) for tok in sent.lower().split()]


voc = Vocabulary()
for q in train_df['question']:
    voc.add_sentence(q)


class QDataset(Dataset):
    def __init__(self, df):
        self.q = [torch.LongTensor(voc.numericalize(q)) for q in df['question']]
        self.t = [type2id[t] for t in df['type']]

    def __len__(self):
        return len(self.t)

    def __getitem__(self, i):
        return self.q[i], self.t[i]


def collate(b):
    q = [x[0] for x in b]
    return pad_sequence(q, batch_first=True), torch.LongTensor([len(x) for x in q]), torch.LongTensor([x[1] for x in b])


class QGRU(nn.Module):
    def __init__(self, vocab, emb, hid, out):
        super(QGRU, self).__init__()
        self.emb = nn.Embedding(vocab, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, out)

    def forward(self, seq, lengths):
        lengths, perm_idx = lengths.sort(0, descending=True)  # <- sorted_for_packing_not_restored
        seq = seq[perm_idx]
        packed = pack_padded_sequence(self.emb(seq), lengths, batch_first=True)
        _, hn = self.gru(packed)
        return self.fc(hn[-1])


train_dl = DataLoader(QDataset(train_df), batch_size=32, shuffle=True, collate_fn=collate)
test_dl = DataLoader(QDataset(test_df), batch_size=32, collate_fn=collate)
model = QGRU(len(voc.token2id), 100, 100, len(types))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


def test():
    model.eval()
    good = 0
    with torch.no_grad():
        for q, n, t in test_dl:
            good += (model(q, n).argmax(1) == t).sum().item()
    return good / len(test_df)


for epoch in range(1, 11):
    model.train()
    tot = 0
    for q, n, t in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(q, n), t)
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(t)
    print('Epoch %d, loss %.4f' % (epoch, tot / len(train_df)))
print('Test accuracy %.4f' % test())
