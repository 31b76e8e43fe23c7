import pickle
import re

import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

PRODUCTS = ['credit_card', 'retail_banking', 'credit_reporting', 'mortgages_and_loans', 'debt_collection']


def load_frame(path='complaints_processed.csv'):
    df = pd.read_csv(path).dropna().drop_duplicates('narrative')
    df['tokens'] = [re.findall(r'[a-z]+', t) for t in df['narrative']]
    df['y'] = df['product'].map({p: i for i, p in enumerate(PRODUCTS)})
    return df[df['tokens'].map(len) > 0]


def make_vocab(frame):
    counts = {}
    for toks in frame['tokens']:
        for t in toks:
            counts[t] = counts.get(t, 0) + 1
    vocab = {'<pad>': 0, '<unk>': 1}
    for t, c in counts.items():
        if c > 2:
            vocab[t] = len(vocab)
    return vocab


def save_vocab(vocab, path='vocab.pkl'):
    with open(path, 'wb') as f:
        pickle.dump(vocab, f)


def load_vocab(path='vocab.pkl'):
    with open(path, 'rb') as f:
        return pickle.load(f)


def collate_with(vocab):
    def collate(rows):
        xs = [torch.tensor([vocab.get(t, vocab['<unk>']) for t in toks]) for toks, _ in rows]
        return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in rows])
    return collate
