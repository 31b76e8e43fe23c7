# Nachnamen -> Sprache, zeichenweise mit GRU, in gepackten Batches
import math
import time
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader
from torch.nn.utils.rnn import pack_padded_sequence
import gzip
import csv

HIDDEN_SIZE = 100
BATCH_SIZE = 256
N_LAYER = 2
N_EPOCHS = 50
N_CHARS = 128 + 1      # ASCII, verschoben um 1, die 0 fuellt auf

torch.manual_seed(1)


class NameDataset(Dataset):
    def __init__(self, is_train_set=True):
        filename = './data/names_train.csv.gz' if is_train_set else './data/names_test.csv.gz'
        with gzip.open(filename, 'rt') as f:      # Datei hat keine Kopfzeile
            rows = list(csv.reader(f))
        self.names = [row[0] for row in rows]
        self.countries = [row[1] for row in rows]
        self.len = len(self.countries)
        self.country_list = list(sorted(set(self.countries)))
        self.country_dict = {c: i for i, c in enumerate(self.country_list)}

    def __getitem__(self, index):
        return self.names[index], self.country_dict[self.countries[index]]

    def __len__(self):
        return self.len


trainset = NameDataset(True)
testset = NameDataset(False)
# beide Teile enthalten alle Sprachen; trotzdem gilt die Liste des Trainings
testset.country_list, testset.country_dict = trainset.country_list, trainset.country_dict
N_COUNTRY = len(trainset.country_list)

trainloader = DataLoader(trainset, batch_size=BATCH_SIZE, shuffle=True)
testloader = DataLoader(testset, batch_size=BATCH_SIZE, shuffle=False)


def name2list(name):
    return [min(ord(c), 127) + 1 for c in name]


def make_tensors(names, countries):
    seqs = [name2list(n) for n in names]
    lengths = torch.LongTensor([len(s) for s in seqs])
    countries = countries.long()
    seq_tensor = torch.zeros(len(seqs), int(lengths.max())).long()
    for idx, (seq, l) in enumerate(zip(seqs, lengths)):
        seq_tensor[idx, :l] = torch.LongTensor(seq)
    # nach Laenge sortieren, alle drei Tensoren gleich
    lengths, perm_idx = lengths.sort(dim=0, descending=True)
    seq_tensor = seq_tensor[perm_idx]
    countries = countries[perm_idx]
    return seq_tensor, lengths, countries


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
        return torch.zeros(self.n_layers * self.n_directions, batch_size, self.hidden_size)

    def forward(self, input, seq_lengths):
        input = input.t()                       # B x S -> S x B
        batch_size = input.size(1)
        hidden = self._init_hidden(batch_size)
        embedding = self.embedding(input)
        gru_input = pack_padded_sequence(embedding, seq_lengths)
        output, hidden = self.gru(gru_input, hidden)
        if self.n_directions == 2:
            hidden_cat = torch.cat([hidden[-1], hidden[-2]], dim=1)
        else:
            hidden_cat = hidden[-1]
        return F.log_softmax(self.fc(hidden_cat), dim=1)


def time_since(since):
    s = time.time() - since
    m = math.floor(s / 60)
    return '%dm %ds' % (m, s - m * 60)


def trainModel():
    total_loss, seen = 0.0, 0
    for i, (names, countries) in enumerate(trainloader, 1):
        inputs, seq_lengths, target = make_tensors(names, countries)
        output = classifier(inputs, seq_lengths)
        loss = criterion(output, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(target)
        seen += len(target)
        if i % 10 == 0:
            print(f'[{time_since(start)}] Epoch {epoch} [{seen}/{len(trainset)}] loss={total_loss / seen:.4f}')


def testModel():
    correct = 0
    total = len(testset)
    with torch.no_grad():
        for names, countries in testloader:  # <- evaluated_in_training_mode
            inputs, seq_lengths, target = make_tensors(names, countries)
            output = classifier(inputs, seq_lengths)
            pred = output.max(dim=1, keepdim=True)[1]
            correct += pred.eq(target.view_as(pred)).sum().item()
    print(f'Test: {correct}/{total} = {100 * correct / total:.2f}%')


if __name__ == '__main__':
    classifier = RNNClassifier(N_CHARS, HIDDEN_SIZE, N_COUNTRY, N_LAYER)
    criterion = nn.NLLLoss()
    optimizer = torch.optim.Adam(classifier.parameters(), lr=0.001)
    start = time.time()
    for epoch in range(1, N_EPOCHS + 1):
        trainModel()
    testModel()
