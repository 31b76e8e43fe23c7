"""Names -> country, GRU over characters, batches with packing (time first)."""
import csv
import random

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, Dataset

HIDDEN_SIZE = 100
BATCH_SIZE = 256
N_LAYER = 2
N_EPOCHS = 20
N_CHARS = 129          # ascii, 128 for everything else

random.seed(12)
torch.manual_seed(12)


class NameDataset(Dataset):
    def __init__(self, filename, country_list=None):
        with open(filename, encoding="utf-8", newline="") as f:
            rows = [r for r in csv.reader(f) if r]     # two columns, no header
        self.names = [r[0] for r in rows]
        self.countries = [r[1] for r in rows]
        self.country_list = country_list or sorted(set(self.countries))
        self.country_dict = {c: i for i, c in enumerate(self.country_list)}

    def __getitem__(self, index):
        return self.names[index], self.country_dict[self.countries[index]]

    def __len__(self):
        return len(self.names)


trainset = NameDataset("data/names_train.csv")
testset = NameDataset("data/names_test.csv", trainset.country_list)
N_COUNTRY = len(trainset.country_list)


def name2ids(name):
    return [min(ord(c), 128) for c in name]


def collate(batch):
    seqs = [name2ids(n) for n, _ in batch]
    lens = torch.LongTensor([len(s) for s in seqs])
    seq = torch.zeros(len(seqs), int(lens.max())).long()
    for i, s in enumerate(seqs):
        seq[i, :len(s)] = torch.LongTensor(s)
    return seq, lens, torch.LongTensor([c for _, c in batch])


trainloader = DataLoader(trainset, batch_size=BATCH_SIZE, shuffle=True, collate_fn=collate)
testloader = DataLoader(testset, batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate)
DEV = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


class RNNClassifier(nn.Module):
    def __init__(self, input_size, hidden_size, output_size, n_layers=1, bidirectional=True):
        super().__init__()
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.n_directions = 2 if bidirectional else 1
        self.embedding = nn.Embedding(input_size, hidden_size, padding_idx=0)
        self.gru = nn.GRU(hidden_size, hidden_size, n_layers, bidirectional=bidirectional)
        self.fc = nn.Linear(hidden_size * self.n_directions, output_size)

    def _init_hidden(self, batch_size):
        return torch.zeros(self.n_layers * self.n_directions, batch_size, self.hidden_size)  # <- model_never_moved_to_the_device

    def forward(self, input, seq_lengths):
        # input: batch x seq -> seq x batch
        input = input.t()
        hidden = self._init_hidden(input.size(1))
        embedding = self.embedding(input)
        gru_input = pack_padded_sequence(embedding, seq_lengths, enforce_sorted=False)
        output, hidden = self.gru(gru_input, hidden)
        if self.n_directions == 2:
            hidden_cat = torch.cat([hidden[-1], hidden[-2]], dim=1)
        else:
            hidden_cat = hidden[-1]
        return self.fc(hidden_cat)


classifier = RNNClassifier(N_CHARS, HIDDEN_SIZE, N_COUNTRY, N_LAYER).to(DEV)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(classifier.parameters(), lr=0.001)


def train_model(epoch):
    total_loss = 0
    classifier.train()
    for i, (names, lens, target) in enumerate(trainloader, 1):
        output = classifier(names.to(DEV), lens)
        loss = criterion(output, target.to(DEV))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss  # <- loss_summed_with_its_graph
        if i % 10 == 0:
            print(f"Epoch {epoch} [{i * len(names)}/{len(trainset)}] loss={total_loss / i:.4f}")


def test_model():
    correct = 0
    classifier.eval()
    with torch.no_grad():
        for names, lens, target in testloader:
            output = classifier(names.to(DEV), lens)
            correct += (output.argmax(dim=1).cpu() == target).sum().item()
    print(f"Test set: accuracy {correct}/{len(testset)} {100 * correct / len(testset):.2f}%")


for epoch in range(1, N_EPOCHS + 1):
    train_model(epoch)
    test_model()
