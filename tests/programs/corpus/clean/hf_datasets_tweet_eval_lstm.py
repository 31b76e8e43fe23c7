"""tweet_eval / emotion with the HuggingFace datasets library and a word-level LSTM (no transformer)."""
import argparse
import os
import random
from collections import Counter

import datasets
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter


def set_seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def tokenize(example):
    return {"tokens": example["text"].lower().replace("@user", " @user ").split()}


class Collator:
    def __init__(self, pad_id: int):
        self.pad_id = pad_id

    def __call__(self, features):
        width = max(len(f["input_ids"]) for f in features)
        return {
            "input_ids": torch.tensor([f["input_ids"] + [self.pad_id] * (width - len(f["input_ids"])) for f in features]),
            "attention_mask": torch.tensor([[1] * len(f["input_ids"]) + [0] * (width - len(f["input_ids"])) for f in features]),
            "labels": torch.tensor([f["label"] for f in features]),
        }


class LSTMForSequenceClassification(nn.Module):
    def __init__(self, vocab_size, num_labels, dim=128, hidden=128, dropout=0.3, pad_id=0):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, dim, padding_idx=pad_id)
        self.encoder = nn.LSTM(dim, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden, num_labels)

    def forward(self, input_ids, attention_mask, labels=None):
        hidden_states, _ = self.encoder(self.dropout(self.word_embeddings(input_ids)))
        last = attention_mask.sum(dim=1) - 1
        pooled = hidden_states[torch.arange(input_ids.size(0), device=input_ids.device), last]
        logits = self.classifier(self.dropout(pooled))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


def evaluate(model, loader, device):
    model.eval()
    preds, golds = [], []
    with torch.no_grad():
        for batch in loader:
            batch = {k: v.to(device) for k, v in batch.items()}
            preds.append(model(batch["input_ids"], batch["attention_mask"])["logits"].argmax(-1).cpu().numpy())
            golds.append(batch["labels"].cpu().numpy())
    preds, golds = np.concatenate(preds), np.concatenate(golds)
    return {"accuracy": float((preds == golds).mean())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output_dir", default="runs/tweet_eval_lstm")
    parser.add_argument("--num_train_epochs", type=int, default=12)
    parser.add_argument("--per_device_train_batch_size", type=int, default=32)
    parser.add_argument("--learning_rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    set_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    os.makedirs(args.output_dir, exist_ok=True)

    raw = datasets.load_dataset("tweet_eval", "emotion").map(tokenize)
    counter = Counter()
    for tokens in raw["train"]["tokens"]:
        counter.update(tokens)
    vocab = {"[PAD]": 0, "[UNK]": 1}
    for word, freq in counter.most_common():
        if freq >= 2:
            vocab[word] = len(vocab)

    def numericalize(example):
        return {"input_ids": [vocab.get(t, vocab["[UNK]"]) for t in example["tokens"]]}

    encoded = raw.map(numericalize, remove_columns=["text", "tokens"])
    num_labels = raw["train"].features["label"].num_classes
    collator = Collator(vocab["[PAD]"])
    train_loader = DataLoader(encoded["train"], shuffle=True, batch_size=args.per_device_train_batch_size, collate_fn=collator)
    eval_loader = DataLoader(encoded["validation"], batch_size=128, collate_fn=collator)
    test_loader = DataLoader(encoded["test"], batch_size=128, collate_fn=collator)

    model = LSTMForSequenceClassification(len(vocab), num_labels).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate)
    writer = SummaryWriter(args.output_dir)
    step, best = 0, -1.0
    for epoch in range(args.num_train_epochs):
        model.train()
        for batch in train_loader:
            batch = {k: v.to(device) for k, v in batch.items()}
            outputs = model(**batch)
            outputs["loss"].backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            writer.add_scalar("train/loss", outputs["loss"].item(), step)
        metrics = evaluate(model, eval_loader, device)
        writer.add_scalar("eval/accuracy", metrics["accuracy"], step)
        print(epoch, metrics)
        if metrics["accuracy"] > best:
            best = metrics["accuracy"]
            torch.save({"model": model.state_dict(), "vocab": vocab, "args": vars(args)},
                       os.path.join(args.output_dir, "best.pt"))

    model.load_state_dict(torch.load(os.path.join(args.output_dir, "best.pt"))["model"])
    print("test", evaluate(model, test_loader, device))
    writer.close()


if __name__ == "__main__":
    main()
