# chatbot intents.json: patterns -> tag
import json
import random
import nltk
import torch
import torch.nn as nn
import torch.optim as optim
from nltk.stem import PorterStemmer

stemmer = PorterStemmer()
random.seed(0)
torch.manual_seed(0)

def stems(sentence):
    return [stemmer.stem(w.lower()) for w in nltk.word_tokenize(sentence)]

with open('intents.json') as f:
    intents = json.load(f)['intents']

xy = []
tags = sorted({i['tag'] for i in intents})
for i in intents:
    for pattern in i['patterns']:
        if stems(pattern):
            xy.append((stems(pattern), tags.index(i['tag'])))

words = set()
for s, _ in xy:
    words.update(s)
word_to_ix = {w: k for k, w in enumerate(words, start=1)}  # <- word_order_from_a_set
print(len(xy), 'patterns,', len(tags), 'tags,', len(words), 'stems')

class IntentRNN(nn.Module):
    def __init__(self, n_words, emb, hid, n_tags):
        super().__init__()
        self.embedding = nn.Embedding(n_words, emb)
        self.rnn = nn.RNN(emb, hid)
        self.out = nn.Linear(hid, n_tags)
    def forward(self, ids):
        # one sentence at a time: (words, 1)
        e = self.embedding(ids).view(ids.size(0), 1, -1)
        _, h = self.rnn(e)
        return self.out(h[-1])

model = IntentRNN(len(word_to_ix) + 1, 32, 64, len(tags))
optimizer = optim.Adam(model.parameters(), lr=0.001)
criterion = nn.CrossEntropyLoss()

for epoch in range(200):
    model.train()
    random.shuffle(xy)
    total = 0.0
    for s, y in xy:
        ids = torch.tensor([word_to_ix[w] for w in s])
        optimizer.zero_grad()
        loss = criterion(model(ids), torch.tensor([y]))
        loss.backward()
        optimizer.step()
        total += loss.item()
    if (epoch + 1) % 20 == 0:
        print('epoch', epoch + 1, 'mean loss', total / len(xy))

torch.save({'state': model.state_dict(), 'tags': tags}, 'chat_rnn.pth')  # <- weights_saved_without_the_vocabulary

def answer(sentence):
    model.eval()
    s = stems(sentence)
    ids = torch.tensor([word_to_ix[w] for w in s])  # <- unknown_word_raises
    with torch.no_grad():
        probs = torch.softmax(model(ids)[0], dim=0)
    p, k = probs.max(0)
    if p.item() < 0.6:
        return 'I do not understand...'
    tag = tags[k.item()]
    return random.choice([r for i in intents if i['tag'] == tag for r in i['responses']])

while True:
    sentence = input('You: ')
    if sentence.strip() in ('', 'quit'):
        break
    print('Bot:', answer(sentence))
