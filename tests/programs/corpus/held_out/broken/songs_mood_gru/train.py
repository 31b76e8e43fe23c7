import random
import torch
import torch.nn as nn
from mood_model import MoodRNN, read_lyrics, to_batch, word_index

random.seed(6)
torch.manual_seed(6)
train = read_lyrics('lyrics_train.txt')
test = read_lyrics('lyrics_test.txt')
index = word_index(train)
model = MoodRNN(len(index) + 2)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(12):
    random.shuffle(train)
    model.train()
    for i in range(0, len(train), 16):
        x, n, y = to_batch(train[i:i + 16], index)
        opt.zero_grad()
        loss = loss_fn(model(x, n), y)
        loss.backward()
        opt.step()
model.eval()
hits = 0
with torch.no_grad():
    for i in range(0, len(test), 16):
        x, n, y = to_batch(test[i:i + 16], index)
        hits += (model(x, n).argmax(1) == y).sum().item()
print('test accuracy', hits / len(test))
torch.save(model.state_dict(), 'mood.pt')  # <- weights_saved_without_the_vocabulary
