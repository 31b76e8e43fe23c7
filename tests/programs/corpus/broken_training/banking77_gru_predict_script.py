import json, re, sys
from pathlib import Path
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
import pandas as pd

# usage: python banking77_gru_predict_script.py train | predict "my card has not arrived"
DIR = Path("data/banking77")
OUT = Path("banking_model")
torch.manual_seed(404)


def simple(text):
    return re.findall(r"[a-z]+|\?", text.lower().replace("'", "")) or ["?"]


class Model(nn.Module):
    def __init__(self, words, intents):
        super().__init__()
        self.words, self.intents = words, intents
        self.emb = nn.Embedding(len(words) + 2, 80, padding_idx=0)
        self.gru = nn.GRU(80, 120, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(240, len(intents))

    def encode(self, texts):
        ids = [torch.tensor([self.words.get(w, 1) for w in simple(t)]) for t in texts]  # <- tokens_made_again_at_every_run
        return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids])

    def forward(self, x, n):
        _, h = self.gru(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        return self.out(self.drop(torch.cat((h[0], h[1]), dim=-1)))


def right_answers(model, rows):
    model.eval()
    right = 0
    with torch.no_grad():
        for texts, y in DataLoader(rows, 128, collate_fn=lambda b: ([t for t, _ in b], torch.tensor([c for _, c in b]))):
            right += (model(*model.encode(texts)).argmax(1) == y).sum().item()
    return right / len(rows)


def train():
    df = pd.read_csv(DIR / "train.csv").sample(frac=1, random_state=404)
    test_df = pd.read_csv(DIR / "test.csv")
    intents = sorted(df["category"].unique())
    rows = [(t, intents.index(c)) for t, c in zip(df["text"], df["category"])]
    test_rows = [(t, intents.index(c)) for t, c in zip(test_df["text"], test_df["category"])]
    dev, rows = rows[:500], rows[500:]
    words = {}
    for t, _ in rows:
        for w in simple(t):
            words.setdefault(w, len(words) + 2)
    model = Model(words, intents)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(25):
        model.train()
        loader = DataLoader(rows, 32, shuffle=True, collate_fn=lambda b: ([t for t, _ in b], torch.tensor([c for _, c in b])))
        for texts, y in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(*model.encode(texts)), y).backward()
            opt.step()
        print("epoch", epoch, "dev", round(right_answers(model, dev), 4))
    print("test", round(right_answers(model, test_rows), 4))
    OUT.mkdir(exist_ok=True)
    torch.save(model.state_dict(), OUT / "weights.pt")
    (OUT / "meta.json").write_text(json.dumps({"words": words, "intents": intents}))


def predict(text):
    meta = json.loads((OUT / "meta.json").read_text())
    model = Model(meta["words"], meta["intents"])
    with torch.no_grad():
        p = model(*model.encode([text]))  # <- prediction_with_untrained_weights, evaluated_in_training_mode
        p = torch.softmax(p, dim=1)
    top = p[0].topk(3)
    for score, i in zip(top.values.tolist(), top.indices.tolist()):
        print("%-40s %.3f" % (meta["intents"][i], score))


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "predict":
        predict(" ".join(sys.argv[2:]))
    else:
        train()
        predict("I still have not received my new card, what should I do?")
