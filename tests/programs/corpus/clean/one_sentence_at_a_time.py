# subjectivity of sentences; no batches: the LSTM gets (words, dim) as torch allows it, one sentence after another,
# the gradient of 16 sentences is collected before a step
import random, sys
from collections import defaultdict
import torch
import torch.nn as nn
import torch.optim as optim

random.seed(1)
torch.manual_seed(1)

def prepare_sequence(seq, to_ix):
    return torch.tensor([to_ix[w] if w in to_ix else to_ix['UNKNOWN'] for w in seq], dtype=torch.long)

training_data, test_data = [], []
for fname, target in (('train', training_data), ('test', test_data)):
    fh = open('mpqa/%s.txt' % fname)
    for line in fh:
        parts = line.strip().split('\t')
        if len(parts) != 2: continue
        target.append((parts[1].lower().split(), parts[0]))
    fh.close()

word_to_ix = {'UNKNOWN': 0}
wordcount = defaultdict(int)
for sent, tag in training_data:
    for word in sent:
        wordcount[word] += 1
for word in wordcount:
    if wordcount[word] > 1:
        word_to_ix[word] = len(word_to_ix)
tag_to_ix = {'neg': 0, 'pos': 1}
print(len(word_to_ix), 'words')

EMBEDDING_DIM = 64
HIDDEN_DIM = 64
STEP_EVERY = 16

class LSTMClassifier(nn.Module):

    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
        super(LSTMClassifier, self).__init__()
        self.hidden_dim = hidden_dim
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)          # (words, dim), no batch axis anywhere
        lstm_out, (h, c) = self.lstm(embeds)             # h: (1, hidden)
        return torch.log_softmax(self.hidden2tag(h[-1]), dim=0)   # (classes,)

model = LSTMClassifier(EMBEDDING_DIM, HIDDEN_DIM, len(word_to_ix), len(tag_to_ix))
loss_function = nn.NLLLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)

def accuracy(data):
    n = 0
    with torch.no_grad():
        for sentence, tag in data:  # <- evaluated_in_training_mode
            scores = model(prepare_sequence(sentence, word_to_ix))
            if torch.argmax(scores).item() == tag_to_ix[tag]:
                n += 1
    return 1.0 * n / len(data)

for epoch in range(15):
    random.shuffle(training_data)
    loss_sum = 0.0
    model.zero_grad()
    for k, (sentence, tag) in enumerate(training_data):
        tag_scores = model(prepare_sequence(sentence, word_to_ix))
        loss = loss_function(tag_scores, torch.tensor(tag_to_ix[tag]))
        (loss / STEP_EVERY).backward()
        loss_sum += loss.item()
        if (k + 1) % STEP_EVERY == 0 or k + 1 == len(training_data):
            optimizer.step()
            model.zero_grad()
    print('epoch', epoch, 'mean loss', loss_sum / len(training_data))
    sys.stdout.flush()

print('test accuracy', accuracy(test_data))
