# Sentiment analysis with an RNN (reviews.txt / labels.txt)
import numpy as np
from string import punctuation
from collections import Counter
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

with open('data/reviews.txt', 'r') as f:
    reviews = f.read()
with open('data/labels.txt', 'r') as f:
    labels = f.read()

def clean(text):
    text = text.lower()
    return ''.join([c for c in text if c not in punctuation])

reviews_split = [clean(r) for r in reviews.rstrip('\n').split('\n')]
labels_split = labels.rstrip('\n').split('\n')

words = ' '.join(reviews_split).split()
counts = Counter(words)  # <- vocabulary_saw_the_test_set
vocab = sorted(counts, key=counts.get, reverse=True)
vocab_to_int = {word: ii for ii, word in enumerate(vocab, 1)}
print('Unique words: ', len(vocab_to_int))

reviews_ints = [[vocab_to_int[word] for word in review.split()] for review in reviews_split]
encoded_labels = np.array([1 if label.strip() == 'positive' else 0 for label in labels_split])

# outlier removal
non_zero_idx = [ii for ii, review in enumerate(reviews_ints) if len(review) != 0]
reviews_ints = [reviews_ints[ii] for ii in non_zero_idx]
encoded_labels = np.array([encoded_labels[ii] for ii in non_zero_idx])


def pad_features(reviews_ints, seq_length):
    ''' left padded with 0's '''
    features = np.zeros((len(reviews_ints), seq_length), dtype=int)
    for i, row in enumerate(reviews_ints):
        row = row[-seq_length:]
        features[i, -len(row):] = np.array(row)
    return features


seq_length = 400
features = pad_features(reviews_ints, seq_length)

rng = np.random.RandomState(7)
order = rng.permutation(len(features))
features, encoded_labels = features[order], encoded_labels[order]

split_frac = 0.8
split_idx = int(len(features) * split_frac)
train_x, remaining_x = features[:split_idx], features[split_idx:]
train_y, remaining_y = encoded_labels[:split_idx], encoded_labels[split_idx:]
test_idx = int(len(remaining_x) * 0.5)
val_x, test_x = remaining_x[:test_idx], remaining_x[test_idx:]
val_y, test_y = remaining_y[:test_idx], remaining_y[test_idx:]

batch_size = 50
train_data = TensorDataset(torch.from_numpy(train_x), torch.from_numpy(train_y))
valid_data = TensorDataset(torch.from_numpy(val_x), torch.from_numpy(val_y))
test_data = TensorDataset(torch.from_numpy(test_x), torch.from_numpy(test_y))
train_loader = DataLoader(train_data, shuffle=True, batch_size=batch_size, drop_last=True)
valid_loader = DataLoader(valid_data, batch_size=batch_size)
test_loader = DataLoader(test_data, batch_size=batch_size)

train_on_gpu = torch.cuda.is_available()
device = 'cuda' if train_on_gpu else 'cpu'


class SentimentRNN(nn.Module):
    def __init__(self, vocab_size, output_size, embedding_dim, hidden_dim, n_layers, drop_prob=0.5):
        super(SentimentRNN, self).__init__()
        self.output_size = output_size
        self.n_layers = n_layers
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, n_layers, dropout=drop_prob, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden_dim, output_size)
        self.sig = nn.Sigmoid()

    def forward(self, x, hidden):
        batch_size = x.size(0)
        embeds = self.embedding(x)
        lstm_out, hidden = self.lstm(embeds, hidden)
        lstm_out = lstm_out.contiguous().view(-1, self.hidden_dim)
        out = self.fc(self.dropout(lstm_out))
        sig_out = self.sig(out)
        sig_out = sig_out.view(batch_size, -1)
        sig_out = sig_out[:, -1]
        return sig_out, hidden

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        return (weight.new(self.n_layers, batch_size, self.hidden_dim).zero_(),
                weight.new(self.n_layers, batch_size, self.hidden_dim).zero_())


net = SentimentRNN(len(vocab_to_int) + 1, 1, 400, 256, 2).to(device)
print(net)

criterion = nn.BCELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
epochs = 4
counter = 0
print_every = 100
clip = 5

for e in range(epochs):
    net.train()
    h = net.init_hidden(batch_size)
    for inputs, labels in train_loader:
        counter += 1
        inputs, labels = inputs.to(device), labels.to(device)
        h = tuple([each.data for each in h])
        net.zero_grad()
        output, h = net(inputs, h)  # <- state_carried_from_batch_to_batch
        loss = criterion(output, labels.float())
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()

        if counter % print_every == 0:
            val_loss, n = 0.0, 0
            net.eval()
            with torch.no_grad():
                for inputs, labels in valid_loader:
                    inputs, labels = inputs.to(device), labels.to(device)
                    val_h = net.init_hidden(inputs.size(0))
                    output, val_h = net(inputs, val_h)
                    val_loss += criterion(output, labels.float()).item() * inputs.size(0)
                    n += inputs.size(0)
            net.train()
            print("Epoch: {}/{}...".format(e + 1, epochs), "Step: {}...".format(counter),
                  "Loss: {:.6f}...".format(loss.item()), "Val Loss: {:.6f}".format(val_loss / n))

num_correct = 0
net.eval()
with torch.no_grad():
    for inputs, labels in test_loader:
        inputs, labels = inputs.to(device), labels.to(device)
        h = net.init_hidden(inputs.size(0))
        output, h = net(inputs, h)
        pred = torch.round(output)
        num_correct += pred.eq(labels.float().view_as(pred)).sum().item()
print("Test accuracy: {:.3f}".format(num_correct / len(test_loader.dataset)))


def tokenize_review(test_review):
    test_words = clean(test_review).split()
    return [[vocab_to_int[word] for word in test_words]]  # <- unknown_word_raises


def predict(net, test_review, sequence_length=400):
    net.eval()
    feats = pad_features(tokenize_review(test_review), sequence_length)
    feature_tensor = torch.from_numpy(feats).to(device)
    h = net.init_hidden(feature_tensor.size(0))
    with torch.no_grad():
        output, h = net(feature_tensor, h)
    print('Prediction value, pre-rounding: {:.6f}'.format(output.item()))
    print("Positive review detected!" if output.item() > 0.5 else "Negative review detected.")


predict(net, 'The worst movie I have seen; acting was terrible and I want my money back.')
