"""
Sentiment classification of movie reviews with an LSTM (padded batches).
Usage: python legacy_padded.py movie_data.csv
"""

import random
import sys
import time

import pandas as pd
import torch
import torch.nn.functional as F
from torchtext.legacy import data

torch.backends.cudnn.deterministic = True

# ## General Settings

RANDOM_SEED = 123
torch.manual_seed(RANDOM_SEED)

VOCABULARY_SIZE = 2000
LEARNING_RATE = 0.005
BATCH_SIZE = 32
NUM_EPOCHS = 3
DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

EMBEDDING_DIM = 32
HIDDEN_DIM = 64
NUM_CLASSES = 2

# ## Look at the dataset

df = pd.read_csv(sys.argv[1])
print(df.head())
print("shape:", df.shape)
print(df["sentiment"].value_counts())
del df

# ## Prepare the dataset with torchtext

TEXT = data.Field(tokenize="spacy", tokenizer_language="en_core_web_sm")  # default splits on whitespace
LABEL = data.LabelField(dtype=torch.long)

fields = [("TEXT_COLUMN_NAME", TEXT), ("LABEL_COLUMN_NAME", LABEL)]
dataset = data.TabularDataset(path=sys.argv[1], format="csv", skip_header=True, fields=fields)

train_data, test_data = dataset.split(split_ratio=[0.8, 0.2], random_state=random.seed(RANDOM_SEED))
print(f"Num Train: {len(train_data)}")
print(f"Num Test: {len(test_data)}")

train_data, valid_data = train_data.split(split_ratio=[0.85, 0.15], random_state=random.seed(RANDOM_SEED))
print(f"Num Train: {len(train_data)}")
print(f"Num Validation: {len(valid_data)}")
print(vars(train_data.examples[0]))

TEXT.build_vocab(train_data, max_size=VOCABULARY_SIZE)
LABEL.build_vocab(train_data)

print(f"Vocabulary size: {len(TEXT.vocab)}")
print(f"Number of classes: {len(LABEL.vocab)}")
print(TEXT.vocab.freqs.most_common(20))
print(TEXT.vocab.itos[:10])
print(LABEL.vocab.stoi)

train_loader, valid_loader, test_loader = data.BucketIterator.splits(
    (train_data, valid_data, test_data),
    batch_size=BATCH_SIZE,
    sort_within_batch=False,
    sort_key=lambda x: len(x.TEXT_COLUMN_NAME),
    device=DEVICE,
)

print("Train")
for batch in train_loader:
    print(f"Text matrix size: {batch.TEXT_COLUMN_NAME.size()}")
    print(f"Target vector size: {batch.LABEL_COLUMN_NAME.size()}")
    break

# ## Model


class RNN(torch.nn.Module):
    def __init__(self, input_dim, embedding_dim, hidden_dim, output_dim):
        super().__init__()

        self.embedding = torch.nn.Embedding(input_dim, embedding_dim)
        self.rnn = torch.nn.LSTM(embedding_dim, hidden_dim)
        self.fc = torch.nn.Linear(hidden_dim, output_dim)

    def forward(self, text):
        # text dim: [sentence length, batch size]

        embedded = self.embedding(text)
        # embedded dim: [sentence length, batch size, embedding dim]

        output, (hidden, cell) = self.rnn(embedded)
        # output dim: [sentence length, batch size, hidden dim]
        # hidden dim: [1, batch size, hidden dim]

        hidden.squeeze_(0)
        # hidden dim: [batch size, hidden dim]

        output = self.fc(hidden)
        return output


torch.manual_seed(RANDOM_SEED)
model = RNN(input_dim=len(TEXT.vocab), embedding_dim=EMBEDDING_DIM, hidden_dim=HIDDEN_DIM, output_dim=NUM_CLASSES)
model = model.to(DEVICE)
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

# ## Training


def compute_accuracy(model, data_loader, device):
    with torch.no_grad():
        correct_pred, num_examples = 0, 0

        for i, batch_data in enumerate(data_loader):
            features = batch_data.TEXT_COLUMN_NAME.to(device)
            targets = batch_data.LABEL_COLUMN_NAME.to(device)

            logits = model(features)
            _, predicted_labels = torch.max(logits, 1)

            num_examples += targets.size(0)
            correct_pred += (predicted_labels == targets).sum()
    return correct_pred.float() / num_examples * 100


start_time = time.time()

for epoch in range(NUM_EPOCHS):
    model.train()
    for batch_idx, batch_data in enumerate(train_loader):
        text = batch_data.TEXT_COLUMN_NAME.to(DEVICE)
        labels = batch_data.LABEL_COLUMN_NAME.to(DEVICE)

        ### FORWARD AND BACK PROP
        logits = model(text)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()

        loss.backward()

        ### UPDATE MODEL PARAMETERS
        optimizer.step()

        ### LOGGING
        if not batch_idx % 5:
            print(
                f"Epoch: {epoch + 1:03d}/{NUM_EPOCHS:03d} | "
                f"Batch {batch_idx:03d}/{len(train_loader):03d} | "
                f"Loss: {loss:.4f}"
            )

    with torch.set_grad_enabled(False):
        print(
            f"training accuracy: {compute_accuracy(model, train_loader, DEVICE):.2f}%"
            f"\nvalid accuracy: {compute_accuracy(model, valid_loader, DEVICE):.2f}%"
        )

    print(f"Time elapsed: {(time.time() - start_time) / 60:.2f} min")

print(f"Total Training Time: {(time.time() - start_time) / 60:.2f} min")
print(f"Test accuracy: {compute_accuracy(model, test_loader, DEVICE):.2f}%")

# ## Prediction

import spacy

nlp = spacy.blank("en")


def predict_sentiment(model, sentence):
    model.eval()
    tokenized = [tok.text for tok in nlp.tokenizer(sentence)]
    indexed = [TEXT.vocab.stoi[t] for t in tokenized]
    tensor = torch.LongTensor(indexed).to(DEVICE)
    tensor = tensor.unsqueeze(1)
    prediction = torch.nn.functional.softmax(model(tensor), dim=1)
    return prediction[0][0].item()


print("Probability positive:")
print(predict_sentiment(model, "This is such an awesome movie, I really love it!"))
