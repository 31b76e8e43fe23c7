import random
import re

import torch
import torch.nn as nn
from torchtext import data

SEED = 11
random.seed(SEED)
torch.manual_seed(SEED)

def tok(s):
    return re.findall(r"\d+|\w+|[%$.]", s.lower()) or ['<empty>']

TEXT = data.Field(tokenize=tok, include_lengths=True, batch_first=True)
LABEL = data.LabelField()

# columns: id, sentiment, sentence; sentiment is 0 (negative), 1 (neutral), 2 (positive)
fields = [('id', None), ('label', LABEL), ('text', TEXT)]
full = data.TabularDataset(path='data/financial_phrases.csv', format='csv', fields=fields, skip_header=True)
full.sort_key = lambda ex: len(ex.text)

train_set, test_set, valid_set = full.split(split_ratio=[0.7, 0.2, 0.1], random_state=random.getstate())  # <- three_way_split_read_in_the_wrong_order

TEXT.build_vocab(train_set, min_freq=2)
LABEL.build_vocab(train_set)

device = 'cuda' if torch.cuda.is_available() else 'cpu'
train_iter, valid_iter, test_iter = data.BucketIterator.splits(
    (train_set, valid_set, test_set), batch_size=64, sort_within_batch=True,
    sort_key=lambda ex: len(ex.text), device=device)

NAMES = {0: 'negative', 1: 'neutral', 2: 'positive'}

class AttnLSTM(nn.Module):
    def __init__(self, V, pad, emb=100, hid=100, classes=3):
        super().__init__()
        self.pad = pad
        self.emb = nn.Embedding(V, emb, padding_idx=pad)
        self.lstm = nn.LSTM(emb, hid, batch_first=True, bidirectional=True)
        self.query = nn.Linear(2 * hid, 1, bias=False)
        self.fc = nn.Linear(2 * hid, classes)
        self.dp = nn.Dropout(0.4)

    def forward(self, text, lengths):
        x = nn.utils.rnn.pack_padded_sequence(self.dp(self.emb(text)), lengths.cpu(), batch_first=True)
        out, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(x)[0], batch_first=True)
        score = self.query(torch.tanh(out)).squeeze(2)
        score = score.masked_fill(text == self.pad, float('-inf'))
        alpha = torch.softmax(score, dim=1).unsqueeze(2)
        return self.fc(self.dp((alpha * out).sum(dim=1)))

model = AttnLSTM(len(TEXT.vocab), TEXT.vocab.stoi['<pad>']).to(device)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

def epoch(it, train):
    model.train(train)
    loss_sum = hits = n = 0
    with torch.set_grad_enabled(train):
        for b in it:
            text, lengths = b.text
            out = model(text, lengths)
            loss = criterion(out, b.label)
            if train:
                opt.zero_grad()
                loss.backward()
                opt.step()
            loss_sum += loss.item() * len(b.label)
            hits += (out.argmax(1) == b.label).sum().item()
            n += len(b.label)
    return loss_sum / n, hits / n

for e in range(1, 9):
    tl, ta = epoch(train_iter, True)
    vl, va = epoch(valid_iter, False)
    print('%d | train %.3f %.3f | valid %.3f %.3f' % (e, tl, ta, vl, va))
print('test | %.3f %.3f' % epoch(test_iter, False))

def classify(sentence):
    model.eval()
    toks = TEXT.preprocess(sentence)
    ids = torch.tensor([[TEXT.vocab.stoi[t] for t in toks]], device=device)
    with torch.no_grad():
        k = model(ids, torch.tensor([len(toks)])).argmax(1).item()
    return NAMES[k]  # <- labels_swapped_by_frequency

for s in ['Operating profit fell to EUR 11 mn from EUR 17 mn a year ago.', 'The company has 1,200 employees.']:
    print(s, '->', classify(s))
