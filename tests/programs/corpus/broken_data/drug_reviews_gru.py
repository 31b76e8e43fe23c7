import re
import pandas as pd
import torch
import torch.nn as nn
import torch.optim as optim
from collections import Counter
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import Dataset, DataLoader

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
torch.manual_seed(123)

# drugsComTrain_raw.tsv / drugsComTest_raw.tsv
def load_tsv(path):
    df = pd.read_csv(path, sep='\t')[['review', 'rating']].dropna()
    df = df.drop_duplicates('review')
    df['label'] = (df['rating'] >= 7).astype(int)
    df['tokens'] = df['review'].str.lower().apply(lambda r: re.findall('[a-z]+', r.replace('&#039;', "'")))
    return df[df['tokens'].apply(len) > 0]

train_df = load_tsv('drugsComTrain_raw.tsv')
test_df = load_tsv('drugsComTest_raw.tsv')

counter = Counter()
train_df['tokens'].apply(counter.update)
vocab = ['<pad>', '<unk>'] + [w for w, c in counter.most_common(20000)]
word_to_id = {w: i for i, w in enumerate(vocab)}

class DrugReviews(Dataset):
    def __init__(self, df):
        self.seqs = [torch.tensor([word_to_id.get(w, 1) for w in t]) for t in df['tokens']]
        self.labels = torch.tensor(df['label'].values)
    def __len__(self):
        return len(self.seqs)
    def __getitem__(self, idx):
        return self.seqs[idx], self.labels[idx]

def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    return pad_sequence(seqs, batch_first=True), lengths, torch.stack(labels)

class ReviewGRU(nn.Module):
    def __init__(self, vocab_size, emb_dim=100, hidden=100):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=0)
        self.gru = nn.GRU(emb_dim, hidden, batch_first=True)
        self.fc1 = nn.Linear(hidden, 32)
        self.fc2 = nn.Linear(32, 2)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x, lengths):
        embedded = self.embedding(x)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        seq, _ = pad_packed_sequence(packed, batch_first=True)  # <- unpacked_before_the_rnn
        out, hidden = self.gru(seq)  # <- padding_read_as_last_step
        x = torch.relu(self.fc1(self.dropout(hidden.squeeze(0))))
        return self.fc2(x)

train_loader = DataLoader(DrugReviews(train_df), batch_size=128, shuffle=True, collate_fn=collate)
test_loader = DataLoader(DrugReviews(test_df), batch_size=256, shuffle=False, collate_fn=collate)

model = ReviewGRU(len(vocab)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.001)
scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)

for epoch in range(5):
    model.train()
    running_loss = 0.0
    for i, (x, lengths, y) in enumerate(train_loader):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), y)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * y.size(0)
    scheduler.step()
    print('Epoch [{}/5], Loss: {:.4f}'.format(epoch + 1, running_loss / len(train_df)))

model.eval()
correct = 0
with torch.no_grad():
    for x, lengths, y in test_loader:
        pred = model(x.to(device), lengths).argmax(dim=1).cpu()
        correct += (pred == y).sum().item()
print('Test accuracy: {:.2f} %'.format(100 * correct / len(test_df)))
