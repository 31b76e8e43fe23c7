# Twitter sentiment, Keras for the text, torch for the net
# (kaggle kernel exported as script)
import os, pickle, random
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.preprocessing.sequence import pad_sequences

def seed_all(seed=1029):
    random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed(seed)
    torch.backends.cudnn.deterministic = True

seed_all()
print(os.listdir('../input'))

cols = ['target', 'ids', 'date', 'flag', 'user', 'text']
df = pd.read_csv('../input/sentiment140/training.1600000.processed.noemoticon.csv', encoding='latin-1', names=cols)
df['target'] = (df['target'] == 4).astype(int)   # 0 negative, 4 positive; this file has no header
df = df.drop_duplicates('text')

x_tr, x_te, y_tr, y_te = train_test_split(df.text.values, df.target.values, test_size=0.1, random_state=1029, stratify=df.target)
x_tr, x_va, y_tr, y_va = train_test_split(x_tr, y_tr, test_size=0.05, random_state=1029, stratify=y_tr)

max_features = 60000
tok = Tokenizer(num_words=max_features, oov_token='<OOV>')
tok.fit_on_texts(x_tr)
seq_tr = tok.texts_to_sequences(x_tr)
seq_va = tok.texts_to_sequences(x_va)
seq_te = tok.texts_to_sequences(x_te)
maxlen = max(len(s) for s in seq_tr + seq_va + seq_te)
# keras pads in front: the last step is always a real word
X_tr = torch.tensor(pad_sequences(seq_tr, maxlen=maxlen), dtype=torch.long)
X_va = torch.tensor(pad_sequences(seq_va, maxlen=maxlen), dtype=torch.long)
X_te = torch.tensor(pad_sequences(seq_te, maxlen=maxlen), dtype=torch.long)
Y_tr = torch.tensor(y_tr, dtype=torch.float32)
Y_va = torch.tensor(y_va, dtype=torch.float32)
Y_te = torch.tensor(y_te, dtype=torch.float32)

class TweetNet(nn.Module):
    def __init__(self):
        super(TweetNet, self).__init__()
        self.embedding = nn.Embedding(max_features, 128, padding_idx=0)
        self.spatial = nn.Dropout(0.2)
        self.lstm = nn.LSTM(128, 96, batch_first=True)
        self.linear = nn.Linear(96, 32)
        self.relu = nn.ReLU()
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        h = self.spatial(self.embedding(x))
        h, _ = self.lstm(h)
        h = self.relu(self.linear(h[:, -1, :]))
        return self.out(h)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = TweetNet().to(device)
loss_fn = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)

def loader(x, y, bs, shuffle):
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=bs, shuffle=shuffle)

train_loader = loader(X_tr, Y_tr, 512, True)
valid_loader = loader(X_va, Y_va, 1024, False)
test_loader = loader(X_te, Y_te, 1024, False)

def predict_proba(dl):
    model.eval()
    out = []
    with torch.no_grad():
        for xb, _ in dl:
            out.append(torch.sigmoid(model(xb.to(device))).squeeze(1).cpu().numpy())
    return np.concatenate(out)

for epoch in range(3):
    model.train()
    tot = 0.
    for xb, yb in train_loader:
        opt.zero_grad()
        logit = model(xb.to(device))
        loss = loss_fn(logit, yb.to(device).unsqueeze(1))
        loss.backward()
        opt.step()
        tot += loss.item() * len(xb)
    pv = predict_proba(valid_loader)
    print('epoch', epoch + 1, 'loss', tot / len(X_tr), 'val acc', ((pv > 0.5) == y_va).mean())

pt = predict_proba(test_loader)
print('test acc', ((pt > 0.5) == y_te).mean())
torch.save(model.state_dict(), 'tweetnet.pt')
with open('tokenizer.pkl', 'wb') as f:
    pickle.dump((tok, maxlen), f)
