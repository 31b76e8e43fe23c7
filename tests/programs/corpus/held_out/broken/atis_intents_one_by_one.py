# ATIS intents, tab separated: intent \t sentence
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(1)


def load(fn):
    out = []
    for line in open(fn, encoding='utf8'):
        line = line.strip()
        if not line:
            continue
        intent, sent = line.split('\t')
        out.append((sent.lower().split(), intent))
    return out


train = load('atis_train.tsv')
test = load('atis_test.tsv')

word2idx = {}
for sent, _ in train:
    for w in sent:
        if w not in word2idx:
            word2idx[w] = len(word2idx)
tag2idx = {}
for _, tag in train:
    if tag not in tag2idx:
        tag2idx[tag] = len(tag2idx)
test = [(s, t) for s, t in test if t in tag2idx]
print(len(word2idx), 'words', len(tag2idx), 'intents')


def prepare_sequence(seq, to_ix):
    idxs = [to_ix[w] for w in seq]  # <- unknown_word_raises
    return torch.tensor(idxs, dtype=torch.long)


class LSTMIntent(nn.Module):
    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
        super(LSTMIntent, self).__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        return torch.log_softmax(self.hidden2tag(lstm_out[-1]), dim=1)  # <- log_softmax_before_cross_entropy


model = LSTMIntent(32, 48, len(word2idx), len(tag2idx))
loss_function = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.05)

for epoch in range(10):
    total = 0.0
    model.train()
    for k in torch.randperm(len(train)).tolist():
        sentence, tag = train[k]
        model.zero_grad()
        scores = model(prepare_sequence(sentence, word2idx))
        loss = loss_function(scores, torch.tensor([tag2idx[tag]]))
        loss.backward()
        optimizer.step()
        total += loss.item()
    print('epoch', epoch, 'loss', total / len(train))

model.eval()
with torch.no_grad():
    right = 0
    for sentence, tag in test:
        right += int(model(prepare_sequence(sentence, word2idx)).argmax(1).item() == tag2idx[tag])
print('test accuracy', right / len(test))
