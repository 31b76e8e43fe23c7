import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.model_selection import train_test_split
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.preprocessing.sequence import pad_sequences
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

train = pd.read_csv('nlp-getting-started/train.csv')
test = pd.read_csv('nlp-getting-started/test.csv')
train = train.drop_duplicates(subset=['text'])


def clean(text):
    text = re.sub(r'http\S+', '', text)
    text = re.sub(r'<.*?>', '', text)
    text = re.sub(r'[^\x00-\x7f]', '', text)
    return text


train['clean'] = train['text'].apply(clean)
test['clean'] = test['text'].apply(clean)

X_train, X_val, y_train, y_val = train_test_split(
    train['clean'].tolist(), train['target'].values, test_size=0.2, random_state=42, stratify=train['target'])

MAX_WORDS = 15000
tokenizer = Tokenizer(num_words=MAX_WORDS, oov_token='<OOV>')
tokenizer.fit_on_texts(X_train)
# word_index keeps every word, texts_to_sequences only gives numbers below num_words
vocab_size = min(MAX_WORDS, len(tokenizer.word_index) + 1)

train_seq = tokenizer.texts_to_sequences(X_train)
MAX_LEN = max(map(len, train_seq))


def to_tensor(texts):
    # keras pads (and cuts) in front unless told otherwise
    return torch.tensor(pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=MAX_LEN), dtype=torch.long)


train_ds = TensorDataset(to_tensor(X_train), torch.tensor(y_train, dtype=torch.float32))
val_ds = TensorDataset(to_tensor(X_val), torch.tensor(y_val, dtype=torch.float32))
train_loader = DataLoader(train_ds, batch_size=64, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=64)


class DisasterLSTM(nn.Module):
    def __init__(self, vocab_size, embed_dim=100, hidden_dim=64):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.spatial_dropout = nn.Dropout1d(0.2)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.fc1 = nn.Linear(hidden_dim, 32)
        self.fc2 = nn.Linear(32, 1)
        self.relu = nn.ReLU()
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        x = self.embedding(x)
        x = self.spatial_dropout(x.permute(0, 2, 1)).permute(0, 2, 1)
        _, (hidden, _) = self.lstm(x)
        x = self.relu(self.fc1(hidden[-1]))
        return self.sigmoid(self.fc2(x))


model = DisasterLSTM(vocab_size).to(device)
criterion = nn.BCELoss()
optimizer = optim.Adam(model.parameters(), lr=1e-3)


def validate():
    model.eval()
    val_loss, preds, trues = 0.0, [], []
    with torch.no_grad():
        for xb, yb in val_loader:
            xb, yb = xb.to(device), yb.to(device)
            out = model(xb).squeeze(1)
            val_loss += criterion(out, yb).item() * xb.size(0)
            preds.extend((out > 0.5).long().cpu().tolist())
            trues.extend(yb.long().cpu().tolist())
    acc = np.mean(np.array(preds) == np.array(trues))
    return val_loss / len(val_ds), acc


EPOCHS = 4
for epoch in range(EPOCHS):
    model.train()
    train_loss = 0.0
    for xb, yb in train_loader:
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad()
        out = model(xb).squeeze(1)
        loss = criterion(out, yb)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * xb.size(0)
    vl, va = validate()
    print(f"Epoch {epoch + 1}/{EPOCHS} | train loss {train_loss / len(train_ds):.4f} | val loss {vl:.4f} | val acc {va:.4f}")

# submission, rows in the order of test.csv
model.eval()
test_loader = DataLoader(TensorDataset(to_tensor(test['clean'].tolist())), batch_size=256, shuffle=False)
outputs = []
with torch.no_grad():
    for (xb,) in test_loader:
        outputs.append((model(xb.to(device)) > 0.5).long().view(-1).cpu())
submission = pd.DataFrame({'id': test['id'], 'target': torch.cat(outputs).numpy()})
submission.to_csv('submission.csv', index=False)
print(submission.head())
