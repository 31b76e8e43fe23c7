"""Amazon fine food reviews: score 1-2 negative, 4-5 positive. spaCy lemmas into an LSTM."""
import random
from collections import Counter

import pandas as pd
import spacy
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

random.seed(0)
torch.manual_seed(0)
nlp = spacy.load("en_core_web_sm")
MAX_TOKENS = 60


def tokenize(text):
    return [tok.text.lower() for tok in nlp(text) if not tok.is_space][:MAX_TOKENS]  # <- whole_spacy_pipeline_as_tokenizer, end_of_the_review_cut_off


frame = pd.read_csv("Reviews.csv", usecols=["Score", "Text"])
frame = frame[frame.Score != 3].drop_duplicates("Text").sample(60000, random_state=0)
frame["label"] = (frame.Score > 3).astype(int)
train_frame, valid_frame, test_frame = frame.iloc[:48000], frame.iloc[48000:54000], frame.iloc[54000:]

counts = Counter()
for text in train_frame.Text:
    counts.update(tokenize(text))
stoi = {"<pad>": 0, "<unk>": 1}
for word, n in counts.most_common(20000):
    stoi[word] = len(stoi)


class FoodReviews(Dataset):
    def __init__(self, frame):
        self.texts = frame.Text.tolist()
        self.labels = frame.label.tolist()

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        tokens = tokenize(self.texts[i])  # <- tokens_made_again_at_every_run
        return torch.tensor([stoi.get(t, 1) for t in tokens]), self.labels[i]


def collate(rows):
    xs, ys = zip(*rows)
    return pad_sequence(list(xs), batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(stoi), 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 100, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(200, 2)

    def forward(self, x, lengths):
        p = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        return self.fc(torch.cat([h[0], h[1]], 1))


def main():
    device = "cuda" if torch.cuda.is_available() else "cpu"
    loaders = [DataLoader(FoodReviews(f), batch_size=64, shuffle=s, collate_fn=collate)
               for f, s in ((train_frame, True), (valid_frame, False), (test_frame, False))]
    net = Net().to(device)
    weights = torch.tensor([(train_frame.label == 1).mean(), (train_frame.label == 0).mean()], dtype=torch.float, device=device)
    loss_fn = nn.CrossEntropyLoss(weight=weights)
    optim = torch.optim.Adam(net.parameters(), lr=1e-3)

    def score(loader):
        net.eval()
        hit, n = 0, 0
        with torch.no_grad():
            for x, lengths, y in loader:
                hit += (net(x.to(device), lengths).argmax(1).cpu() == y).sum().item()
                n += len(y)
        return hit / n

    for epoch in range(3):
        net.train()
        for x, lengths, y in loaders[0]:
            optim.zero_grad()
            loss_fn(net(x.to(device), lengths), y.to(device)).backward()
            optim.step()
        print(epoch, score(loaders[1]))
    print("test", score(loaders[2]))


if __name__ == "__main__":
    main()
