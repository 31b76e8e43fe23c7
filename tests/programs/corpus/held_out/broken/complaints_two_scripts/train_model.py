import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader

from data import PRODUCTS, collate_with, load_frame, make_vocab, save_vocab
from net import ComplaintLSTM

torch.manual_seed(8)
df = load_frame()
train_df, test_df = train_test_split(df, test_size=0.2, random_state=8, stratify=df['y'])
vocab = make_vocab(train_df)
save_vocab(vocab)

rows = list(zip(train_df['tokens'], train_df['y']))
loader = DataLoader(rows, batch_size=32, shuffle=True, collate_fn=collate_with(vocab))
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = ComplaintLSTM(len(vocab), len(PRODUCTS)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(4):
    model.train()
    total = 0.0
    for x, n, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x.to(device), n), y.to(device))
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print('epoch', epoch, 'loss', total / len(rows))
torch.save(model.state_dict(), 'complaints.pt')
