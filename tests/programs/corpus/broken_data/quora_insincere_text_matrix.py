import gc, re, time
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from sklearn.model_selection import train_test_split
from torch.utils.data import TensorDataset, DataLoader

SEED = 1029
np.random.seed(SEED); torch.manual_seed(SEED)
embed_size = 300
maxlen = 70
batch_size = 512
n_epochs = 4

train_df = pd.read_csv('../input/train.csv')
test_df = pd.read_csv('../input/test.csv')
print('Train shape :', train_df.shape)

def toks(s):
    return re.sub(r"([^a-z0-9' ])", r' \1 ', s.lower()).split()

tr_tok = [toks(s) for s in train_df['question_text'].fillna('_na_')]
te_tok = [toks(s) for s in test_df['question_text'].fillna('_na_')]
y = train_df['target'].values

tr_idx, va_idx = train_test_split(np.arange(len(y)), test_size=0.1, random_state=SEED, stratify=y)
counts = Counter(w for i in tr_idx for w in tr_tok[i])
word_index = {w: i for i, (w, c) in enumerate(counts.most_common(), start=2)}    # 0 pad, 1 unk
nb_words = len(word_index) + 2

embeddings_index = {}
with open('../input/embeddings/paragram_300_sl999/paragram_300_sl999.txt', encoding='utf8', errors='ignore') as f:
    for line in f:
        w, *v = line.split(' ')
        if len(v) == embed_size:
            embeddings_index[w] = np.asarray(v, dtype='float32')

embedding_matrix = np.zeros((nb_words, embed_size), dtype='float32')  # <- words_without_vector_all_zero
for w, i in word_index.items():
    v = embeddings_index.get(w)
    if v is not None:
        embedding_matrix[i] = v
del embeddings_index; gc.collect()

def pad(seqs):
    # keep the last maxlen words, zeros in front
    out = np.zeros((len(seqs), maxlen), dtype=np.int64)
    for k, s in enumerate(seqs):
        ids = [word_index.get(w, 1) for w in s][-maxlen:]
        if ids:
            out[k, maxlen - len(ids):] = ids
    return torch.from_numpy(out)

X = pad(tr_tok)
X_test = pad(te_tok)
Y = torch.from_numpy(y.astype('float32'))

class NeuralNet(nn.Module):
    def __init__(self):
        super(NeuralNet, self).__init__()
        hidden_size = 60
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(embedding_matrix), padding_idx=0)  # <- pretrained_vectors_frozen
        self.lstm = nn.LSTM(embed_size, hidden_size, batch_first=True)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, 16)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        h_lstm, _ = self.lstm(self.embedding(x))
        h_gru, _ = self.gru(h_lstm)
        conc = self.relu(self.linear(h_gru[:, -1]))
        return self.out(self.dropout(conc)).squeeze(1)

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

train_dl = DataLoader(TensorDataset(X[tr_idx], Y[tr_idx]), batch_size, shuffle=True)
valid_dl = DataLoader(TensorDataset(X[va_idx], Y[va_idx]), batch_size)
test_dl = DataLoader(TensorDataset(X_test), batch_size)
device = 'cuda' if torch.cuda.is_available() else 'cpu'
model = NeuralNet().to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])

def predict(dl):
    model.eval()
    with torch.no_grad():
        return sigmoid(np.concatenate([model(b[0].to(device)).cpu().numpy() for b in dl]))

for epoch in range(n_epochs):
    start = time.time()
    model.train()
    avg_loss = 0.
    for xb, yb in train_dl:
        xb, yb = xb.to(device), yb.to(device)
        loss = loss_fn(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        avg_loss += loss.item() * len(xb) / len(tr_idx)
    print('Epoch {}/{} \t loss={:.4f} \t time={:.2f}s'.format(epoch + 1, n_epochs, avg_loss, time.time() - start))

def f1(t, p):
    tp = (t * p).sum()
    return 2 * tp / max(t.sum() + p.sum(), 1)

p_val = predict(valid_dl)
ths = np.arange(0.1, 0.5, 0.01)
scores = [f1(y[va_idx], (p_val > t).astype(int)) for t in ths]
best_t = ths[int(np.argmax(scores))]
print('valid F1 %.4f at threshold %.2f' % (max(scores), best_t))
sub = pd.DataFrame({'qid': test_df['qid'], 'prediction': (predict(test_dl) > best_t).astype(int)})
sub.to_csv('submission.csv', index=False)
