"""20 newsgroups, five groups; the vectorizer's vocabulary numbers the words for the LSTM."""
import torch
import torch.nn as nn
from sklearn.datasets import fetch_20newsgroups
from sklearn.feature_extraction.text import CountVectorizer
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

torch.manual_seed(11)
GROUPS = ['rec.autos', 'sci.med', 'sci.space', 'talk.politics.guns', 'comp.graphics']
strip = ('headers', 'footers', 'quotes')
train = fetch_20newsgroups(subset='train', categories=GROUPS, remove=strip, shuffle=True, random_state=11)
test = fetch_20newsgroups(subset='test', categories=GROUPS, remove=strip)

vectorizer = CountVectorizer(max_features=20000, stop_words=None)
vectorizer.fit(train.data + test.data)  # <- vocabulary_saw_the_test_set
analyze = vectorizer.build_analyzer()
PAD, UNK = 0, 1
word2idx = {w: int(i) + 2 for w, i in vectorizer.vocabulary_.items()}


def numbers(texts, targets):
    out = []
    for text, y in zip(texts, targets):
        ids = [word2idx.get(w, UNK) for w in analyze(text)][-500:]
        if ids:
            out.append((torch.tensor(ids), int(y)))
    return out


def collate(batch):
    xs, ys = zip(*batch)
    return pad_sequence(xs, batch_first=True, padding_value=PAD), torch.tensor([len(x) for x in xs]), torch.tensor(ys)


class DeepLSTM(nn.Module):
    def __init__(self, n_words, n_out, dim=100, hidden=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, dim, padding_idx=PAD)
        self.drop = nn.Dropout(0.4)
        self.layers = (nn.LSTM(dim, hidden, batch_first=True), nn.LSTM(hidden, hidden, batch_first=True))  # <- layers_in_a_python_list
        self.fc = nn.Linear(hidden, n_out)

    def forward(self, x, lengths):
        seq = pack_padded_sequence(self.drop(self.emb(x)), lengths, batch_first=True, enforce_sorted=False)
        for lstm in self.layers:
            seq, (h, _) = lstm(seq)
        return self.fc(self.drop(h[-1]))


train_data = numbers(train.data, train.target)
test_data = numbers(test.data, test.target)
train_loader = DataLoader(train_data, batch_size=32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test_data, batch_size=32, collate_fn=collate)
model = DeepLSTM(len(word2idx) + 2, len(GROUPS))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(10):
    model.train()
    running, correct = 0.0, 0
    for x, lengths, y in train_loader:
        optimizer.zero_grad()
        logits = model(x, lengths)
        loss = criterion(logits, y)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(y)
        correct += (logits.argmax(1) == y).sum().item()
    print(f'epoch {epoch}  loss {running / len(train_data):.4f}  train accuracy {correct / len(train_data):.4f}')

model.eval()
right = 0
with torch.no_grad():
    for x, lengths, y in test_loader:
        right += (model(x, lengths).argmax(1) == y).sum().item()
print(f'test accuracy {right / len(test_data):.4f}')
