# IMDB sentiment: keras preprocessing, pytorch model
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from bs4 import BeautifulSoup
from sklearn.model_selection import train_test_split
from tensorflow.keras.preprocessing.sequence import pad_sequences
from tensorflow.keras.preprocessing.text import Tokenizer
from torch.utils.data import TensorDataset, DataLoader

maxlen = 400
max_features = 20000
embed_size = 128
batch_size = 128
n_epochs = 4
torch.manual_seed(123)
np.random.seed(123)

df = pd.read_csv('../input/imdb-dataset-of-50k-movie-reviews/IMDB Dataset.csv')
df = df.drop_duplicates('review')
df['review'] = df['review'].apply(lambda r: BeautifulSoup(r, 'html.parser').get_text(' '))
y = (df['sentiment'] == 'positive').astype('float32').values

X_train, X_test, y_train, y_test = train_test_split(df['review'].values, y, test_size=0.2, random_state=123)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, test_size=0.1, random_state=123)

tokenizer = Tokenizer(num_words=max_features, oov_token='<OOV>')
tokenizer.fit_on_texts(X_train)


def to_ids(texts):
    # pre-padding and pre-truncating are the keras defaults, the end of the review stays
    return pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=maxlen)


def make_loader(texts, labels, shuffle):
    ds = TensorDataset(torch.from_numpy(to_ids(texts)).long(), torch.from_numpy(labels))
    return DataLoader(ds, batch_size=batch_size, shuffle=shuffle)


train_loader = make_loader(X_train, y_train, True)
val_loader = make_loader(X_val, y_val, False)
test_loader = make_loader(X_test, y_test, False)


class NeuralNet(nn.Module):
    def __init__(self):
        super(NeuralNet, self).__init__()
        self.embedding = nn.Embedding(max_features, embed_size, padding_idx=0)
        self.gru = nn.GRU(embed_size, 64, batch_first=True)
        self.linear = nn.Linear(64, 16)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        h_embedding = self.embedding(x)
        h_gru, _ = self.gru(h_embedding)
        conc = self.relu(self.linear(h_gru[:, -1, :]))
        conc = self.dropout(conc)
        return torch.sigmoid(self.out(conc)).squeeze()  # <- squeeze_drops_a_batch_of_one


device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = NeuralNet().to(device)
loss_fn = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)


def val_scores(loader):
    model.eval()
    losses, accs = [], []
    with torch.no_grad():
        for xb, yb in loader:
            xb, yb = xb.to(device), yb.to(device)
            p = model(xb)
            losses.append(loss_fn(p, yb).item())
            accs.append(((p > 0.5).float() == yb).float().mean().item())
    return np.mean(losses), np.mean(accs)  # <- mean_of_batch_means


for epoch in range(n_epochs):
    model.train()
    avg = 0.0
    for xb, yb in train_loader:
        xb, yb = xb.to(device), yb.to(device)
        p = model(xb)
        loss = loss_fn(p, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        avg += loss.item() * len(yb) / len(train_loader.dataset)
    vl, va = val_scores(val_loader)
    print('Epoch {}/{} \t loss={:.4f} \t val_loss={:.4f} \t val_acc={:.4f}'.format(epoch + 1, n_epochs, avg, vl, va))

print('test loss %.4f test acc %.4f' % val_scores(test_loader))


def sentiment(text):
    model.eval()
    ids = torch.from_numpy(to_ids([BeautifulSoup(text, 'html.parser').get_text(' ')])).long().to(device)
    with torch.no_grad():
        return 'positive' if model(ids).item() > 0.5 else 'negative'


print(sentiment('A slow start, but the last hour makes up for everything.'))
