"""Guess the country of a wine from its review (winemag csv)."""
import pickle
import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

torch.manual_seed(0)
TOP = 8

wine = pd.read_csv('winemag-data-130k-v2.csv', usecols=['country', 'description']).dropna().drop_duplicates('description')
wine = wine[wine['country'].isin(wine['country'].value_counts().index[:TOP])]
enc = LabelEncoder()
wine['y'] = enc.fit_transform(wine['country'])

cv = CountVectorizer(max_features=15000)
cv.fit(wine['description'])  # <- vocabulary_saw_the_test_set
analyzer = cv.build_analyzer()
index = {w: i + 2 for w, i in cv.vocabulary_.items()}
train, test = train_test_split(wine, test_size=0.2, random_state=0, stratify=wine['y'])


class Wines(Dataset):
    def __init__(self, df):
        self.x = [torch.tensor([index.get(w, 1) for w in analyzer(t)] or [1]) for t in df['description']]
        self.y = torch.tensor(df['y'].to_numpy())

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(b):
    xs, ys = zip(*b)
    return nn.utils.rnn.pad_sequence(list(xs), batch_first=True), torch.stack(ys)


class WineLSTM(nn.Module):
    def __init__(self, n_words, n_classes):
        super().__init__()
        self.emb = nn.Embedding(n_words, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 128, batch_first=True)
        self.fc = nn.Linear(128, n_classes)

    def forward(self, x):
        out, (h, c) = self.lstm(self.emb(x))  # <- padding_read_as_last_step
        return self.fc(h.squeeze(0))


train_dl = DataLoader(Wines(train), batch_size=64, shuffle=True, collate_fn=collate)
test_dl = DataLoader(Wines(test), batch_size=64, collate_fn=collate)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = WineLSTM(len(index) + 2, TOP).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(5):
    model.train()
    train_right = 0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        out = model(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        train_right += (out.argmax(1) == y).sum().item()
    print('epoch', epoch, 'training accuracy', train_right / len(train))

model.eval()
right = 0
with torch.no_grad():
    for x, y in test_dl:
        right += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
print('test accuracy', right / len(test))
torch.save(model.state_dict(), 'wine_lstm.pth')
pickle.dump((index, list(enc.classes_)), open('wine_index.pkl', 'wb'))
