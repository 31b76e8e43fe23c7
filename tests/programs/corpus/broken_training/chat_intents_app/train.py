import json

import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

from model import IntentLSTM
from nltk_utils import clean_sentence

with open('intents.json', 'r', encoding='utf-8') as f:
    intents = json.load(f)

tags = []
xy = []
for intent in intents['intents']:
    tag = intent['tag']
    tags.append(tag)
    for pattern in intent['patterns']:
        w = clean_sentence(pattern)
        if w:
            xy.append((w, tag))

all_words = sorted(set(w for words, _ in xy for w in words))
tags = sorted(set(tags))
word2idx = {w: i + 2 for i, w in enumerate(all_words)}      # 0 pad, 1 unknown

num_epochs = 300
batch_size = 8
learning_rate = 0.001
emb_size = 64
hidden_size = 64


class ChatDataset(Dataset):
    def __init__(self):
        self.x = [torch.tensor([word2idx[w] for w in words]) for words, _ in xy]
        self.y = [tags.index(t) for _, t in xy]

    def __getitem__(self, index):
        return self.x[index], self.y[index]

    def __len__(self):
        return len(self.x)


def collate(batch):
    x = nn.utils.rnn.pad_sequence([b[0] for b in batch], batch_first=True)
    return x, torch.tensor([len(b[0]) for b in batch]), torch.tensor([b[1] for b in batch])


if __name__ == '__main__':
    torch.manual_seed(0)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    loader = DataLoader(ChatDataset(), batch_size=batch_size, shuffle=True, collate_fn=collate)
    model = IntentLSTM(len(word2idx) + 2, emb_size, hidden_size, len(tags)).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)

    for epoch in range(num_epochs):
        for words, lengths, labels in loader:
            outputs = model(words.to(device), lengths)
            loss = criterion(outputs, labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if (epoch + 1) % 50 == 0:
            print(f'Epoch [{epoch+1}/{num_epochs}], Loss: {loss.item():.4f}')  # <- last_batch_reported_for_the_epoch

    torch.save({
        'model_state': model.state_dict(),
        'emb_size': emb_size,
        'hidden_size': hidden_size,
        'word2idx': word2idx,
        'tags': tags,
    }, 'data.pth')
    print('training complete. file saved to data.pth')
