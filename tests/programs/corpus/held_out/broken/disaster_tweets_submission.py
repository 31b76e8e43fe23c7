# Kaggle "Real or Not? NLP with Disaster Tweets"
import re
import random
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torchtext import data

SEED = 999
random.seed(SEED)
torch.manual_seed(SEED)
np.random.seed(SEED)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def tokenize(s):
    s = re.sub(r'http\S+', 'url', s)
    return re.findall(r"[a-z']+|[0-9]+|#", s.lower()) or ['empty']


TEXT = data.Field(tokenize=tokenize, include_lengths=True)
TARGET = data.LabelField(dtype=torch.float, use_vocab=False)
train_data = data.TabularDataset('../input/nlp-getting-started/train.csv', format='csv', skip_header=True,
                                 fields=[('id', None), ('keyword', None), ('location', None), ('text', TEXT), ('target', TARGET)])
train_data, val_data = train_data.split(0.85, random_state=random.getstate())
test_data = data.TabularDataset('../input/nlp-getting-started/test.csv', format='csv', skip_header=True,
                                fields=[('id', None), ('keyword', None), ('location', None), ('text', TEXT)])
TEXT.build_vocab(train_data, min_freq=2)
train_it, val_it = data.BucketIterator.splits((train_data, val_data), batch_size=64, sort_key=lambda x: len(x.text),
                                              sort_within_batch=True, device=device)
test_it = data.BucketIterator(test_data, batch_size=64, sort_key=lambda x: len(x.text), sort=True, sort_within_batch=True,
                              train=False, shuffle=False, device=device)


class TweetLSTM(nn.Module):
    def __init__(self, n, pad):
        super().__init__()
        self.embedding = nn.Embedding(n, 200, padding_idx=pad)
        self.lstm = nn.LSTM(200, 128, num_layers=2, bidirectional=True, dropout=0.4)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(256, 1)

    def forward(self, text, lengths):
        emb = self.dropout(self.embedding(text))
        packed = nn.utils.rnn.pack_padded_sequence(emb, lengths.cpu())
        _, (h, _) = self.lstm(packed)
        return self.fc(self.dropout(torch.cat((h[-2], h[-1]), 1))).squeeze(1)


model = TweetLSTM(len(TEXT.vocab), TEXT.vocab.stoi['<pad>']).to(device)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
crit = nn.BCEWithLogitsLoss()


def val_accuracy():
    model.eval()
    ok = 0
    with torch.no_grad():
        for b in val_it:
            ok += ((model(*b.text) > 0).float() == b.target).sum().item()
    return ok / len(val_data)


for epoch in range(5):
    model.train()
    for b in train_it:
        opt.zero_grad()
        loss = crit(model(*b.text), b.target)
        loss.backward()
        opt.step()
    print('epoch', epoch, 'val', val_accuracy())

model.eval()
preds = []
with torch.no_grad():
    for b in test_it:
        preds.extend((model(*b.text) > 0).long().cpu().tolist())

submission = pd.read_csv('../input/nlp-getting-started/sample_submission.csv')
submission['target'] = preds  # <- predictions_not_in_file_order
submission.to_csv('submission.csv', index=False)
