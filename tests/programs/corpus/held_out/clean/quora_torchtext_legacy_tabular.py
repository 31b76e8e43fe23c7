# Insincere questions, torchtext legacy TabularDataset, weighted loss, F1 threshold search on validation
import numpy as np
import torch
import torch.nn as nn
from torchtext.legacy import data

SEED = 2019
torch.manual_seed(SEED)
np.random.seed(SEED)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

TEXT = data.Field(sequential=True, lower=True, tokenize=str.split, include_lengths=True, batch_first=True)
TARGET = data.Field(sequential=False, use_vocab=False, dtype=torch.float)

# columns of the files: qid,question_text,target   (with a header line)
train, valid, test = data.TabularDataset.splits(
    path='quora', train='train.csv', validation='valid.csv', test='heldout.csv', format='csv', skip_header=True,
    fields=[('qid', None), ('text', TEXT), ('target', TARGET)])
TEXT.build_vocab(train, min_freq=3)
print('vocabulary', len(TEXT.vocab))

train_iter, valid_iter, test_iter = data.BucketIterator.splits(
    (train, valid, test), batch_sizes=(256, 512, 512), device=device,
    sort_key=lambda x: len(x.text), sort_within_batch=True)

PAD = TEXT.vocab.stoi['<pad>']


class QuoraNet(nn.Module):
    def __init__(self, vocab_size, emb_size=150, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_size, padding_idx=PAD)
        self.dropout = nn.Dropout(0.1)
        self.lstm = nn.LSTM(emb_size, hidden, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(hidden * 2, hidden, bidirectional=True, batch_first=True)
        self.out = nn.Linear(hidden * 2, 1)

    def forward(self, text, lengths):
        lengths = lengths.cpu()
        emb = self.dropout(self.embedding(text))
        packed = nn.utils.rnn.pack_padded_sequence(emb, lengths, batch_first=True)
        packed, _ = self.lstm(packed)            # the second layer takes the packed sequence as it is
        _, h = self.gru(packed)
        return self.out(torch.cat([h[0], h[1]], dim=1))


model = QuoraNet(len(TEXT.vocab)).to(device)
n_pos = sum(int(ex.target) for ex in train.examples)
ratio = (len(train) - n_pos) / max(n_pos, 1)
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(ratio ** 0.5, device=device))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def collect(iterator):
    model.eval()
    probs, truth = [], []
    with torch.no_grad():
        for batch in iterator:
            text, lengths = batch.text
            probs.append(torch.sigmoid(model(text, lengths)).squeeze(1).cpu().numpy())
            truth.append(batch.target.cpu().numpy())
    return np.concatenate(probs), np.concatenate(truth)


def f1(probs, truth, threshold):
    guess = probs > threshold
    tp = (guess & (truth == 1)).sum()
    return 2 * tp / max(1, guess.sum() + (truth == 1).sum())


for epoch in range(4):
    model.train()
    total, seen = 0.0, 0
    for batch in train_iter:
        text, lengths = batch.text
        optimizer.zero_grad()
        logits = model(text, lengths).squeeze(1)
        loss = criterion(logits, batch.target)
        loss.backward()
        optimizer.step()
        total += loss.item() * lengths.size(0)
        seen += lengths.size(0)
    probs, truth = collect(valid_iter)
    print('epoch', epoch, 'loss', round(total / seen, 4), 'valid F1 at 0.5:', round(f1(probs, truth, 0.5), 4))

probs, truth = collect(valid_iter)
thresholds = np.arange(0.1, 0.9, 0.02)
threshold = max(thresholds, key=lambda t: f1(probs, truth, t))
probs, truth = collect(test_iter)
print('threshold %.2f chosen on validation, test F1 %.4f' % (threshold, f1(probs, truth, threshold)))
