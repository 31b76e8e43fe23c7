import random
import torch
from torch import nn
from torch.nn import functional as F
from torchtext import data, datasets

random.seed(5)
torch.manual_seed(5)


class SelfAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Sequential(nn.Linear(dim, 64), nn.Tanh(), nn.Linear(64, 1))

    def forward(self, states, mask):
        energy = self.proj(states).squeeze(-1)
        energy = energy.masked_fill(~mask, -1e9)
        weights = F.softmax(energy, dim=1)
        return (states * weights.unsqueeze(-1)).sum(dim=1)


class AttentionLSTM(nn.Module):
    def __init__(self, vocab_size, emb, hidden, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=pad_idx)
        self.lstm = nn.LSTM(emb, hidden, bidirectional=True, batch_first=True)
        self.attention = SelfAttention(2 * hidden)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(text), lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=text.size(1))
        mask = text != 0  # <- padding_index_guessed
        return self.fc(self.attention(states, mask)).squeeze(1)


def clean(tokens):
    return [t for t in ' '.join(tokens).replace('<br />', ' ').split()]


TEXT = data.Field(lower=True, batch_first=True, include_lengths=True, preprocessing=clean)
LABEL = data.LabelField(dtype=torch.float)
train, test = datasets.IMDB.splits(TEXT, LABEL)
train, valid = train.split(0.8, random_state=random.getstate())
TEXT.build_vocab(train, max_size=30000)
LABEL.build_vocab(train)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_it, valid_it, test_it = data.BucketIterator.splits(
    (train, valid, test), batch_size=32, device=device, sort_key=lambda e: len(e.text), sort_within_batch=True)
model = AttentionLSTM(len(TEXT.vocab), 100, 100, TEXT.vocab.stoi['<pad>']).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()


def accuracy(iterator):
    model.eval()
    right = count = 0
    with torch.no_grad():
        for batch in iterator:
            logits = model(*batch.text)
            right += ((logits > 0).float() == batch.label).sum().item()
            count += batch.label.numel()
    return right / count


for epoch in range(4):
    model.train()
    for batch in train_it:
        optimizer.zero_grad()
        loss = criterion(model(*batch.text), batch.label)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f'{epoch}: valid accuracy {accuracy(valid_it):.4f}')
print(f'test accuracy {accuracy(test_it):.4f}')
