import os, gc, time, random
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from torch.utils.data import TensorDataset, DataLoader

def seed_torch(seed=1029):
    random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)

seed_torch()
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
embed_size = 300
max_features = 95000
batch_size = 512
n_epochs = 4

puncts = [',', '.', '"', ':', ')', '(', '-', '!', '?', '|', ';', "'", '$', '&', '/', '[', ']', '%', '=', '#', '*', '+']

def clean_text(x):
    for punct in puncts:
        x = x.replace(punct, f' {punct} ')
    return x.lower()

df = pd.read_csv('../input/train.csv')
train_df, val_df = train_test_split(df, test_size=0.08, random_state=2018, stratify=df['target'])
val_df, hold_df = train_test_split(val_df, test_size=0.5, random_state=2018, stratify=val_df['target'])
texts = {k: [clean_text(t).split() for t in d['question_text']] for k, d in
         dict(train=train_df, val=val_df, hold=hold_df).items()}

freq = {}
for t in texts['train']:
    for w in t:
        freq[w] = freq.get(w, 0) + 1
word_index = {w: i + 2 for i, w in enumerate(sorted(freq, key=freq.get, reverse=True)[:max_features])}
maxlen = max(len(t) for t in texts['train'])      # questions are short

def pad_pre(lists):
    X = np.zeros((len(lists), maxlen), dtype='int64')
    for i, t in enumerate(lists):
        s = [word_index.get(w, 1) for w in t][-maxlen:]
        X[i, maxlen - len(s):] = s
    return X

X = {k: pad_pre(v) for k, v in texts.items()}
y = {k: d['target'].values.astype('float32') for k, d in dict(train=train_df, val=val_df, hold=hold_df).items()}
del texts; gc.collect()

def load_glove(path):
    wanted = {}
    for line in open(path, encoding='utf8'):
        parts = line.rstrip().split(' ')
        if parts[0] in word_index:
            wanted[parts[0]] = np.asarray(parts[1:], dtype='float32')
    all_embs = np.stack(list(wanted.values()))
    # words that GloVe does not know get a random vector with the same mean and spread
    m = np.random.normal(all_embs.mean(), all_embs.std(), (len(word_index) + 2, embed_size)).astype('float32')
    for w, v in wanted.items():
        m[word_index[w]] = v
    m[0] = 0
    return m

embedding_matrix = load_glove('../input/embeddings/glove.840B.300d/glove.840B.300d.txt')

class NeuralNet(nn.Module):
    def __init__(self):
        super(NeuralNet, self).__init__()
        self.embedding = nn.Embedding(len(word_index) + 2, embed_size, padding_idx=0)
        self.embedding.weight = nn.Parameter(torch.tensor(embedding_matrix))
        self.embedding.weight.requires_grad = False
        self.embedding_dropout = nn.Dropout(0.1)
        self.lstm = nn.LSTM(embed_size, 64, batch_first=True)
        self.gru = nn.GRU(64, 64, batch_first=True)
        self.linear = nn.Linear(128, 16)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        mask = (x > 0).unsqueeze(2)
        h_embedding = self.embedding_dropout(self.embedding(x))
        h_lstm, _ = self.lstm(h_embedding)
        h_gru, hh_gru = self.gru(h_lstm)
        max_pool = h_gru.masked_fill(~mask, -1e4).max(1)[0]
        conc = torch.cat((hh_gru[-1], max_pool), 1)     # left padded: last state = last word
        return self.out(self.dropout(self.relu(self.linear(conc))))

loaders = {k: DataLoader(TensorDataset(torch.from_numpy(X[k]), torch.from_numpy(y[k]).unsqueeze(1)),
                         batch_size=batch_size, shuffle=(k == 'train')) for k in X}

model = NeuralNet()
if torch.cuda.device_count() > 1:
    print('using', torch.cuda.device_count(), 'GPUs')
    model = nn.DataParallel(model)
model.to(device)
loss_fn = nn.BCEWithLogitsLoss(reduction='sum')
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()))

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def run(loader):
    model.eval()
    out = np.zeros(len(loader.dataset))
    with torch.no_grad():
        for i, (xb, yb) in enumerate(loader):
            out[i * batch_size:(i + 1) * batch_size] = sigmoid(model(xb.to(device)).cpu().numpy())[:, 0]
    return out

for epoch in range(n_epochs):
    start = time.time()
    model.train()
    total = 0.
    for xb, yb in loaders['train']:
        y_pred = model(xb.to(device))
        loss = loss_fn(y_pred, yb.to(device)) / len(xb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    p = run(loaders['val'])
    print('Epoch %d  loss=%.4f  val_f1@0.33=%.4f  %.0fs' % (epoch + 1, total / len(train_df), f1_score(y['val'], p > 0.33), time.time() - start))

# threshold from the validation part, then one look at the held-out part
p = run(loaders['val'])
best_t, best_f = max(((t, f1_score(y['val'], p > t)) for t in np.arange(0.1, 0.6, 0.01)), key=lambda z: z[1])
print('threshold %.2f val f1 %.4f' % (best_t, best_f))
print('held out f1 %.4f' % f1_score(y['hold'], run(loaders['hold']) > best_t))
