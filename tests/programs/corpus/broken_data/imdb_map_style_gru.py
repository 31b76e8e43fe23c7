"""IMDB with torchtext 0.15, map-style data sets and a GRU."""
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from torchtext.data.functional import to_map_style_dataset
from torchtext.data.utils import get_tokenizer
from torchtext.datasets import IMDB
from torchtext.vocab import build_vocab_from_iterator

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
tokenizer = get_tokenizer("basic_english")

train_ds = to_map_style_dataset(IMDB(split="train"))
test_ds = to_map_style_dataset(IMDB(split="test"))

vocab = build_vocab_from_iterator((tokenizer(text) for _, text in train_ds), min_freq=10, specials=["<unk>", "<pad>"])
vocab.set_default_index(vocab["<unk>"])

label_pipeline = lambda label: 1.0 if label == "pos" else 0.0  # <- labels_mapped_to_one_value
text_pipeline = lambda text: vocab(tokenizer(text))


def collate_batch(batch):
    texts = [torch.tensor(text_pipeline(text)) for _, text in batch]  # <- tokens_made_again_at_every_run
    labels = torch.tensor([label_pipeline(label) for label, _ in batch])
    padded = pad_sequence(texts, batch_first=True, padding_value=vocab["<pad>"])
    return padded.to(device), labels.to(device)


train_dl = DataLoader(train_ds, batch_size=64, shuffle=True, collate_fn=collate_batch)
test_dl = DataLoader(test_ds, batch_size=64, shuffle=False, collate_fn=collate_batch)


class GRUModel(nn.Module):
    def __init__(self, vocab_size, embed_dim=100, hidden=128):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=vocab["<pad>"])
        self.gru = nn.GRU(embed_dim, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(self.embedding(x))
        mask = (x != 0).unsqueeze(-1)  # <- padding_index_guessed
        mean = (out * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return self.linear(mean).squeeze(1)


model = GRUModel(len(vocab)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(1, 4):
    model.train()
    total = 0.0
    for text, label in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(text), label)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        total += loss.item() * label.size(0)
    print(f"epoch {epoch} | loss {total / len(train_ds):.4f}")

model.eval()
hits = 0
with torch.no_grad():
    for text, label in test_dl:
        hits += ((model(text) > 0).float() == label).sum().item()
print(f"test accuracy {hits / len(test_ds):.4f}")
