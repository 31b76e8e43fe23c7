import pickle
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from keras.preprocessing.text import Tokenizer
from keras.preprocessing.sequence import pad_sequences
from sklearn.model_selection import train_test_split
from torch.utils.data import TensorDataset, DataLoader

np.random.seed(11)
torch.manual_seed(11)

df = pd.read_csv('toxic/train.csv')[['comment_text', 'toxic']]
X_train, X_val, y_train, y_val = train_test_split(df['comment_text'].tolist(), df['toxic'].values, test_size=0.15, random_state=11)

tokenizer = Tokenizer(oov_token='<oov>')
tokenizer.fit_on_texts(X_train)
VOCAB_SIZE = len(tokenizer.word_index)
MAXLEN = 400
X_train = pad_sequences(tokenizer.texts_to_sequences(X_train), maxlen=MAXLEN, padding='pre', truncating='pre')
X_val = pad_sequences(tokenizer.texts_to_sequences(X_val), maxlen=MAXLEN, padding='pre', truncating='pre')

train_loader = DataLoader(TensorDataset(torch.tensor(X_train).long(), torch.tensor(y_train).float()), batch_size=128, shuffle=True)
val_loader = DataLoader(TensorDataset(torch.tensor(X_val).long(), torch.tensor(y_val).float()), batch_size=128)


class ToxicGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB_SIZE, 100, padding_idx=0)  # <- embedding_smaller_than_the_vocabulary
        self.gru = nn.GRU(100, 64, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(64, 1)

    def forward(self, x):
        _, h = self.gru(self.emb(x))
        return self.out(self.drop(h[-1]))


device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = ToxicGRU().to(device)
pos = y_train.mean()
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor((1 - pos) / pos, dtype=torch.float, device=device))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(3):
    model.train()
    for i, (x, y) in enumerate(train_loader):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        logits = model(x)
        loss = criterion(logits, y.unsqueeze(1))
        loss.backward()
        optimizer.step()
    # validation
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for x, y in val_loader:
            x, y = x.to(device), y.to(device)
            preds = (torch.sigmoid(model(x)) > 0.5).float()
            correct += (preds == y).sum().item()  # <- comparison_broadcasts
            total += y.size(0)
    print(f'Epoch {epoch + 1}: val accuracy {correct / total:.4f}')

torch.save(model.state_dict(), 'toxic_gru.pt')
pickle.dump(tokenizer, open('tokenizer.pkl', 'wb'))
