import numpy as np
import pandas as pd
import torch, re
import torch.nn as nn
from collections import Counter
from torch.utils.data import DataLoader, TensorDataset
from sklearn.model_selection import train_test_split

is_cuda = torch.cuda.is_available()
device = torch.device("cuda") if is_cuda else torch.device("cpu")
torch.manual_seed(2)

df = pd.read_csv('IMDB Dataset.csv')
df = df.drop_duplicates('review')
X, y = df['review'].values, df['sentiment'].values
x_train, x_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=2)
print(f'train {x_train.shape} test {x_test.shape}')

def preprocess_string(s):
    s = s.lower().replace('<br />', ' ')
    s = re.sub(r"[^\w\s]", '', s)
    return re.sub(r"\d", '', s).split()

def tockenize(x_train, y_train, x_val, y_val):
    word_list = []
    for sent in x_train:
        word_list += preprocess_string(sent)
    corpus = Counter(word_list)
    corpus_ = [w for w, _ in corpus.most_common(5000)]
    onehot_dict = {w: i + 1 for i, w in enumerate(corpus_)}
    final_train = [[onehot_dict.get(w, 0) for w in preprocess_string(s)] for s in x_train]  # <- unknown_words_read_as_padding
    final_test = [[onehot_dict.get(w, 0) for w in preprocess_string(s)] for s in x_val]  # <- unknown_words_read_as_padding
    enc_train = [1 if label == 'positive' else 0 for label in y_train]
    enc_test = [1 if label == 'positive' else 0 for label in y_val]
    return final_train, np.array(enc_train), final_test, np.array(enc_test), onehot_dict

x_train, y_train, x_test, y_test, vocab = tockenize(x_train, y_train, x_test, y_test)
print(f'Length of vocabulary is {len(vocab)}')

def padding_(sentences, seq_len):
    features = np.zeros((len(sentences), seq_len), dtype=int)
    for ii, review in enumerate(sentences):
        if len(review) != 0:
            features[ii, -len(review):] = np.array(review[-seq_len:])
    return features

x_train_pad = padding_(x_train, 500)
x_test_pad = padding_(x_test, 500)

batch_size = 50
train_data = TensorDataset(torch.from_numpy(x_train_pad), torch.from_numpy(y_train))
valid_data = TensorDataset(torch.from_numpy(x_test_pad), torch.from_numpy(y_test))
train_loader = DataLoader(train_data, shuffle=True, batch_size=batch_size, drop_last=True)
valid_loader = DataLoader(valid_data, shuffle=False, batch_size=batch_size)

class SentimentRNN(nn.Module):
    def __init__(self, no_layers, vocab_size, hidden_dim, embedding_dim):
        super(SentimentRNN, self).__init__()
        self.hidden_dim = hidden_dim
        self.no_layers = no_layers
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers=no_layers, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden_dim, 1)
        self.sig = nn.Sigmoid()

    def forward(self, x, hidden):
        embeds = self.embedding(x)
        lstm_out, hidden = self.lstm(embeds, hidden)
        lstm_out = lstm_out.contiguous().view(-1, self.hidden_dim)
        out = self.fc(self.dropout(lstm_out))
        sig_out = self.sig(out)
        sig_out = sig_out.view(batch_size, -1)  # <- batch_size_built_into_the_model
        return sig_out[:, -1], hidden

    def init_hidden(self, n):
        h0 = torch.zeros((self.no_layers, n, self.hidden_dim)).to(device)
        c0 = torch.zeros((self.no_layers, n, self.hidden_dim)).to(device)
        return (h0, c0)

model = SentimentRNN(2, len(vocab) + 1, 256, 64).to(device)
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
clip = 5
epochs = 5

for epoch in range(epochs):
    model.train()
    train_correct, train_n = 0.0, 0
    h = model.init_hidden(batch_size)
    for inputs, labels in train_loader:
        inputs, labels = inputs.to(device), labels.to(device)
        h = tuple([each.data for each in h])
        model.zero_grad()
        output, h = model(inputs, h)  # <- state_carried_from_batch_to_batch
        loss = criterion(output, labels.float())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        train_correct += (output.round() == labels).sum().item()
        train_n += len(labels)
    print(f'Epoch {epoch + 1} train accuracy {100 * train_correct / train_n:.2f}')

val_correct = 0
model.eval()
with torch.no_grad():
    for inputs, labels in valid_loader:
        inputs, labels = inputs.to(device), labels.to(device)
        output, _ = model(inputs, model.init_hidden(inputs.size(0)))
        val_correct += (output.round() == labels).sum().item()
print(f'test accuracy {100 * val_correct / len(valid_data):.2f}')
