# Which review contains a spoiler?  1-output network, plain python batches
import gzip, json, random
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load(path):
    rows = []
    with gzip.open(path, "rt") as f:
        for line in f:
            r = json.loads(line)
            rows.append((r["sentence"].lower().split() or ["."], int(r["spoiler"])))
    return rows


train = load("goodreads_train.json.gz")
test = load("goodreads_test.json.gz")
stoi = {"<pad>": 0, "<unk>": 1}
for words, _ in train:
    for w in words:
        stoi.setdefault(w, len(stoi))


def tensors(rows):
    n = [len(w) for w, _ in rows]
    x = torch.zeros(max(n), len(rows), dtype=torch.long)
    for j, (words, _) in enumerate(rows):
        x[: n[j], j] = torch.tensor([stoi.get(w, 1) for w in words])
    return x.to(device), torch.tensor(n), torch.tensor([s for _, s in rows]).to(device)


class SpoilerRNN(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 100, padding_idx=0)
        self.rnn = nn.GRU(100, 128)
        self.fc = nn.Linear(128, 1)

    def forward(self, x, n):
        _, h = self.rnn(nn.utils.rnn.pack_padded_sequence(self.embedding(x), n, enforce_sorted=False))
        return self.fc(h[-1])


model = SpoilerRNN(len(stoi)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(5):
    random.shuffle(train)
    model.train()
    epoch_loss = 0.0
    for i in range(0, len(train), 64):
        x, n, y = tensors(train[i:i + 64])
        optimizer.zero_grad()
        loss = criterion(model(x, n), y.unsqueeze(1).float())  # <- one_output_with_cross_entropy
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * y.size(0)
    print("epoch %d loss %.6f" % (epoch, epoch_loss / len(train)))

model.eval()
correct = 0
with torch.no_grad():
    for i in range(0, len(test), 64):
        x, n, y = tensors(test[i:i + 64])
        pred = (model(x, n).squeeze(1) > 0).long()
        correct += (pred == y).sum().item()
print("test accuracy %.4f" % (correct / len(test)))
torch.save(model, "spoiler_model.pt")  # <- whole_model_saved
json.dump(stoi, open("spoiler_words.json", "w"))
