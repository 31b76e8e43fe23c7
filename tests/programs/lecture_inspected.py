"""lecture.py with all thirteen inspectors added, and nothing else changed. Usage: lecture_inspected.py REVIEWS.csv"""

import random
import sys
import time

import pandas as pd
import spacy
import torch
import torch.nn.functional as F
from torchtext import data

from rnnlab import inspectors

RANDOM_SEED = 123
torch.manual_seed(RANDOM_SEED)

VOCABULARY_SIZE = 2000
LEARNING_RATE = 0.005
BATCH_SIZE = 32
NUM_EPOCHS = 2
DEVICE = torch.device("cpu")
EMBEDDING_DIM = 16
HIDDEN_DIM = 24
NUM_CLASSES = 2

# --- the data ---
df = inspectors.load(pd.read_csv)(sys.argv[1])
df.columns = ["TEXT_COLUMN_NAME", "LABEL_COLUMN_NAME"]
df.to_csv(sys.argv[1] + ".renamed", index=None)

nlp = spacy.blank("en")


@inspectors.tokenize
def tokenize(text):
    return [token.text for token in nlp.tokenizer(text)]


TEXT = data.Field(tokenize=tokenize, include_lengths=True)
LABEL = data.LabelField(dtype=torch.long)
fields = [("TEXT_COLUMN_NAME", TEXT), ("LABEL_COLUMN_NAME", LABEL)]
dataset = data.TabularDataset(path=sys.argv[1] + ".renamed", format="csv", skip_header=True, fields=fields)

random.seed(RANDOM_SEED)
with inspectors.split():
    train_data, test_data = dataset.split(split_ratio=[0.8, 0.2], random_state=random.getstate())
    train_data, valid_data = train_data.split(split_ratio=[0.85, 0.15], random_state=random.getstate())

with inspectors.vocab():
    TEXT.build_vocab(train_data, max_size=VOCABULARY_SIZE)
    LABEL.build_vocab(train_data)

train_loader, valid_loader, test_loader = data.BucketIterator.splits(
    (train_data, valid_data, test_data),
    batch_size=BATCH_SIZE,
    sort_within_batch=True,
    sort_key=lambda x: len(x.TEXT_COLUMN_NAME),
    device=DEVICE,
)
train_loader = inspectors.batch(train_loader)


# --- the model ---
class RNN(torch.nn.Module):
    def __init__(self, input_dim, embedding_dim, hidden_dim, output_dim):
        super().__init__()
        self.embedding = torch.nn.Embedding(input_dim, embedding_dim)
        self.rnn = torch.nn.LSTM(embedding_dim, hidden_dim)
        self.fc = torch.nn.Linear(hidden_dim, output_dim)

    def forward(self, text, text_length):
        embedded = self.embedding(text)
        packed = torch.nn.utils.rnn.pack_padded_sequence(embedded, text_length.to("cpu"))
        packed_output, (hidden, cell) = self.rnn(packed)
        with inspectors.squeeze():
            hidden = hidden.squeeze(0)
        return self.fc(hidden)


torch.manual_seed(RANDOM_SEED)
model = RNN(len(TEXT.vocab), EMBEDDING_DIM, HIDDEN_DIM, NUM_CLASSES).to(DEVICE)
inspectors.embed(model.embedding)
inspectors.rnn(model.rnn)
inspectors.head(model.fc)
F.cross_entropy = inspectors.loss(F.cross_entropy)
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)


# --- training ---
@inspectors.evaluate
def compute_accuracy(model, data_loader, device):
    with torch.no_grad():
        correct_pred, num_examples = 0, 0
        for batch_data in data_loader:
            features, text_length = batch_data.TEXT_COLUMN_NAME
            targets = batch_data.LABEL_COLUMN_NAME.to(device)
            logits = model(features, text_length)
            _, predicted_labels = torch.max(logits, 1)
            num_examples += targets.size(0)
            correct_pred += (predicted_labels == targets).sum()
        return correct_pred.float() / num_examples * 100


@inspectors.train
def train(model, train_loader, valid_loader):
    losses = []
    for epoch in range(NUM_EPOCHS):
        model.train()
        for batch_idx, batch_data in enumerate(train_loader):
            text, text_lengths = batch_data.TEXT_COLUMN_NAME
            labels = batch_data.LABEL_COLUMN_NAME.to(DEVICE)
            logits = model(text, text_lengths)
            loss = F.cross_entropy(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if not batch_idx % 50:
                print(
                    f"Epoch: {epoch + 1:03d}/{NUM_EPOCHS:03d} | Batch {batch_idx:03d}/{len(train_loader):03d} | Cost: {loss:.4f}"
                )
        with torch.set_grad_enabled(False):
            model.eval()
            print(f"training accuracy: {compute_accuracy(model, train_loader, DEVICE):.2f}%")
            print(f"valid accuracy: {compute_accuracy(model, valid_loader, DEVICE):.2f}%")
    return losses


start_time = time.time()
losses = train(model, train_loader, valid_loader)
test_accuracy = compute_accuracy(model, test_loader, DEVICE)
print(f"Test accuracy: {test_accuracy:.2f}%")


# --- prediction ---
@inspectors.predict
def predict_sentiment(model, sentence):
    model.eval()
    tokenized = [token.text for token in nlp.tokenizer(sentence)]
    indexed = [TEXT.vocab.stoi[t] for t in tokenized]
    length = [len(indexed)]
    tensor = torch.LongTensor(indexed).to(DEVICE)
    tensor = tensor.unsqueeze(1)
    length_tensor = torch.LongTensor(length)
    with torch.no_grad():
        prediction = torch.nn.functional.softmax(model(tensor, length_tensor), dim=1)
    return prediction[0][0].item()


probability = predict_sentiment(model, "This is such an awesome movie, I really love it!")
print("Probability positive:", probability)

RESULT = {
    "losses": losses,
    "test": float(test_accuracy),
    "probability": probability,
    "weights": [parameter.detach().clone() for parameter in model.parameters()],
    "random": (random.getstate(), torch.get_rng_state()),
}
