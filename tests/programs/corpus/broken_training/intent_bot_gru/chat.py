import json
import random

import torch

from model import IntentGRU
from text import Vocabulary

ckpt = torch.load("intent.pt")
vocab = Vocabulary()
vocab.stoi = ckpt["stoi"]
tags = ckpt["tags"]
model = IntentGRU(len(vocab), len(tags))
model.load_state_dict(ckpt["model"])
model.eval()

with open("data/intents.json") as f:
    responses = {i["tag"]: i["responses"] for i in json.load(f)["intents"]}


def answer(sentence):
    tokens = sentence.split()  # <- different_tokenizer_at_prediction
    ids = torch.tensor([vocab.encode(tokens)])
    with torch.no_grad():
        scores = model(ids, torch.tensor([len(tokens)]))
    probs = torch.softmax(scores, dim=-1).view(-1)
    best = probs.argmax().item()
    if probs[best] < 0.6:
        return "Sorry, I did not understand."
    return random.choice(responses[tags[best]])


if __name__ == "__main__":
    print("type 'quit' to leave")
    while True:
        line = input("you: ").strip()
        if line == "quit":
            break
        if line:
            print("bot:", answer(line))
