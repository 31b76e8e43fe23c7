"""From the file to the batch, as public programs write it: what is found from the source alone, and the harmless twins."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnlab.reading import read, read_text
from rnnlab.report import judge
from rnnlab.rules.kit import Finding


def found(name: str, program: str) -> list[Finding]:
    """Return what a rule finds in the text of a program."""
    outcome = judge(read_text(program, "program.py")).of(name)
    assert outcome.status in ("found", "clear", "unseen")
    return list(outcome.findings)


VOCABULARIES = {
    ("a class with add_sentence is fed before the cut", True): """
import pandas as pd
from sklearn.model_selection import train_test_split
class Vocab:
    def __init__(self):
        self.word2index = {}
        self.n_words = 0
    def add_sentence(self, s):
        for w in s.split(' '):
            self.add_word(w)
    def add_word(self, w):
        if w not in self.word2index:
            self.word2index[w] = self.n_words
            self.n_words += 1
df = pd.read_csv('a.csv')
v = Vocab()
for t in df['text']:
    v.add_sentence(t)
train_df, test_df = train_test_split(df, test_size=0.2)
""",
    ("a class with add_sentence is fed with the training part", False): """
import pandas as pd
from sklearn.model_selection import train_test_split
class Vocab:
    def __init__(self):
        self.word2index = {}
        self.n_words = 0
    def add_sentence(self, s):
        for w in s.split(' '):
            self.add_word(w)
    def add_word(self, w):
        if w not in self.word2index:
            self.word2index[w] = self.n_words
            self.n_words += 1
df = pd.read_csv('a.csv')
v = Vocab()
train_df, test_df = train_test_split(df, test_size=0.2)
for t in train_df['text']:
    v.add_sentence(t)
""",
    ("a counter is updated with all texts", True): """
import pandas as pd
from collections import Counter
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
texts, labels = df.text.tolist(), df.label.tolist()
c = Counter()
for t in texts:
    c.update(t.lower().split())
word2idx = {w: i + 2 for i, (w, n) in enumerate(c.most_common(10000))}
word2idx['<pad>'] = 0
word2idx['<unk>'] = 1
X = [[word2idx.get(w, 1) for w in t.lower().split()] for t in texts]
X_train, X_test, y_train, y_test = train_test_split(X, labels)
""",
    ("a helper counts the words of a whole file", True): """
import torch
from torch.utils.data import Dataset, DataLoader, random_split
def read(path):
    texts, labels = [], []
    with open(path, encoding='utf8') as f:
        for line in f:
            text, label = line.strip().split('\\t')
            texts.append(text)
            labels.append(int(label))
    return texts, labels
def build_vocab(texts, min_freq=2):
    counts = {}
    for t in texts:
        for w in t.split():
            counts[w] = counts.get(w, 0) + 1
    vocab = {'<pad>': 0, '<unk>': 1}
    for w, n in counts.items():
        if n >= min_freq:
            vocab[w] = len(vocab)
    return vocab
class Reviews(Dataset):
    def __init__(self, texts, labels, vocab):
        self.x = [[vocab.get(w, 1) for w in t.split()] for t in texts]
        self.y = labels
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return torch.tensor(self.x[i]), self.y[i]
texts, labels = read('data.txt')
vocab = build_vocab(texts)
data = Reviews(texts, labels, vocab)
n = int(0.8 * len(data))
train_data, test_data = random_split(data, [n, len(data) - n])
""",
    ("a data set makes its vocabulary and is cut afterwards", True): """
import torch, pandas as pd
from collections import Counter
from torch.utils.data import Dataset, DataLoader, random_split
class Reviews(Dataset):
    def __init__(self, path):
        self.df = pd.read_csv(path)
        self.tokens = [t.split() for t in self.df['text']]
        self.counts = Counter(w for s in self.tokens for w in s)
        self.vocab = {w: i + 1 for i, w in enumerate(self.counts)}
    def __len__(self):
        return len(self.df)
    def __getitem__(self, i):
        return torch.tensor([self.vocab[w] for w in self.tokens[i]]), self.df['label'][i]
data = Reviews('a.csv')
train_size = int(0.8 * len(data))
train_set, test_set = random_split(data, [train_size, len(data) - train_size])
""",
    ("a method of the data set makes it and indices cut it", True): """
import torch, pandas as pd
from collections import Counter
from torch.utils.data import Dataset, DataLoader, Subset
from sklearn.model_selection import train_test_split
class Reviews(Dataset):
    def __init__(self, path):
        self.df = pd.read_csv(path)
        self.vocab = self._build_vocab()
    def _build_vocab(self):
        counts = Counter()
        for t in self.df['text']:
            counts.update(t.split())
        words = [w for w, n in counts.items() if n > 1]
        return {w: i for i, w in enumerate(['<pad>', '<unk>'] + words)}
    def __len__(self):
        return len(self.df)
    def __getitem__(self, i):
        row = self.df.iloc[i]
        return torch.tensor([self.vocab.get(w, 1) for w in row['text'].split()]), row['label']
data = Reviews('a.csv')
train_idx, test_idx = train_test_split(range(len(data)), test_size=0.2)
train_loader = DataLoader(Subset(data, train_idx), batch_size=8, shuffle=True)
test_loader = DataLoader(Subset(data, test_idx), batch_size=8)
""",
    ("build_vocab_from_iterator over a map", True): """
import pandas as pd
from torchtext.vocab import build_vocab_from_iterator
from torchtext.data.utils import get_tokenizer
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
tok = get_tokenizer('basic_english')
vocab = build_vocab_from_iterator(map(tok, df['text']), specials=['<unk>'])
df_train, df_test = train_test_split(df)
""",
    ("build_vocab_from_iterator over a generator", True): """
import pandas as pd
from torchtext.vocab import build_vocab_from_iterator
from torchtext.data.utils import get_tokenizer
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
tok = get_tokenizer('basic_english')
def yield_tokens(data):
    for t in data:
        yield tok(t)
df['ids'] = 0
vocab = build_vocab_from_iterator(yield_tokens(df.text.values), specials=['<unk>'], min_freq=3)
texts = [vocab(tok(t)) for t in df.text]
x_train, x_test, y_train, y_test = train_test_split(texts, df.label)
""",
    ("a Keras tokenizer is fitted on all", True): """
import pandas as pd
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.preprocessing.sequence import pad_sequences
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
tokenizer = Tokenizer(num_words=5000)
tokenizer.fit_on_texts(df['text'].values)
X = tokenizer.texts_to_sequences(df['text'].values)
X = pad_sequences(X, maxlen=100)
Y = pd.get_dummies(df['label']).values
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=0.3)
""",
    ("all texts are joined into one", True): """
import pandas as pd
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
words = set(' '.join(df['text']).split())
word_to_ix = {w: i for i, w in enumerate(words)}
train, test = train_test_split(df, test_size=.2)
""",
    ("lists are put together", True): """
def load(p):
    return [l.strip() for l in open(p)]
train_texts = load('train.txt')
test_texts = load('test.txt')
vocab = {}
for s in train_texts + test_texts:
    for w in s.split():
        if w not in vocab:
            vocab[w] = len(vocab)
""",
    ("tables are put together", True): """
import pandas as pd
train = pd.read_csv('train.csv')
test = pd.read_csv('test.csv')
full = pd.concat([train, test])
vocab = {}
for s in full['text']:
    for w in s.split():
        vocab.setdefault(w, len(vocab))
""",
    ("a loop goes over both tables", True): """
import pandas as pd
train_df = pd.read_csv('train.csv')
test_df = pd.read_csv('test.csv')
vocab = {'<pad>': 0}
for df in (train_df, test_df):
    for s in df['text']:
        for w in s.split():
            if w not in vocab:
                vocab[w] = len(vocab)
""",
    ("a loop goes over both paths", True): """
from collections import Counter
counter = Counter()
for path in ['data/train.txt', 'data/test.txt']:
    with open(path) as f:
        for line in f:
            counter.update(line.strip().split())
itos = ['<pad>', '<unk>'] + [w for w, c in counter.most_common(20000)]
stoi = {w: i for i, w in enumerate(itos)}
""",
    ("words are added while the test is encoded", True): """
import pandas as pd
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
train_texts, test_texts, y_train, y_test = train_test_split(df.text.tolist(), df.label.tolist())
word2idx = {}
def encode(text):
    ids = []
    for w in text.split():
        if w not in word2idx:
            word2idx[w] = len(word2idx) + 1
        ids.append(word2idx[w])
    return ids
x_train = [encode(t) for t in train_texts]
x_test = [encode(t) for t in test_texts]
""",
    ("a vectorizer is fitted on all", True): """
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
cv = CountVectorizer(max_features=5000)
X = cv.fit_transform(df['text']).toarray()
X_train, X_test, y_train, y_test = train_test_split(X, df['label'])
""",
    ("Word2Vec learns from all", True): """
import pandas as pd, torch
from gensim.models import Word2Vec
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
sents = [t.split() for t in df['text']]
w2v = Word2Vec(sentences=sents, vector_size=100, min_count=1)
word2idx = {w: i + 1 for i, w in enumerate(w2v.wv.index_to_key)}
X = [[word2idx[w] for w in s] for s in sents]
X_train, X_test, y_train, y_test = train_test_split(X, df['label'])
""",
    ("main cuts by slices after build_vocab", True): """
import argparse, random
def load_data(path):
    data = []
    for line in open(path, encoding='utf-8'):
        label, text = line.rstrip('\\n').split('\\t')
        data.append((text, label))
    return data
def build_vocab(data):
    vocab = {'PAD': 0, 'UNK': 1}
    for text, _ in data:
        for ch in text:
            if ch not in vocab:
                vocab[ch] = len(vocab)
    return vocab
def main():
    p = argparse.ArgumentParser()
    p.add_argument('--data', default='a.txt')
    args = p.parse_args()
    data = load_data(args.data)
    random.shuffle(data)
    vocab = build_vocab(data)
    n = int(len(data) * 0.8)
    train_data = data[:n]
    test_data = data[n:]
if __name__ == '__main__':
    main()
""",
    ("main cuts by slices before build_vocab", False): """
import argparse, random
def load_data(path):
    data = []
    for line in open(path, encoding='utf-8'):
        label, text = line.rstrip('\\n').split('\\t')
        data.append((text, label))
    return data
def build_vocab(data):
    vocab = {'PAD': 0, 'UNK': 1}
    for text, _ in data:
        for ch in text:
            if ch not in vocab:
                vocab[ch] = len(vocab)
    return vocab
def main():
    p = argparse.ArgumentParser()
    p.add_argument('--data', default='a.txt')
    args = p.parse_args()
    data = load_data(args.data)
    random.shuffle(data)
    n = int(len(data) * 0.8)
    train_data = data[:n]
    test_data = data[n:]
    vocab = build_vocab(train_data)
if __name__ == '__main__':
    main()
""",
    ("a permutation cuts the rows", True): """
import numpy as np, pandas as pd
df = pd.read_csv('a.csv')
texts = df['text'].values
labels = df['label'].values
vocab = {w: i for i, w in enumerate(sorted({w for t in texts for w in t.split()}))}
idx = np.random.permutation(len(texts))
cut = int(.8 * len(texts))
train_x, test_x = texts[idx[:cut]], texts[idx[cut:]]
""",
    ("columns of two parts are added", True): """
from datasets import load_dataset
from collections import Counter
ds = load_dataset('imdb')
train, test = ds['train'], ds['test']
c = Counter()
for row in train['text'] + test['text']:
    c.update(row.split())
vocab = {w: i for i, (w, _) in enumerate(c.most_common(20000), 2)}
""",
    ("the column of one part", False): """
from datasets import load_dataset
from collections import Counter
ds = load_dataset('imdb')
train, test = ds['train'], ds['test']
c = Counter()
for row in train['text']:
    c.update(row.split())
vocab = {w: i for i, (w, _) in enumerate(c.most_common(20000), 2)}
""",
    ("iterators are chained", True): """
from itertools import chain
from torchtext.datasets import IMDB
from torchtext.vocab import build_vocab_from_iterator
train_iter, test_iter = IMDB()
vocab = build_vocab_from_iterator((t.split() for _, t in chain(train_iter, test_iter)), specials=['<unk>'])
""",
    ("a field is given three parts", True): """
from torchtext.legacy import data
TEXT = data.Field()
LABEL = data.LabelField()
columns = [('text', TEXT), ('label', LABEL)]
parts = {'train': 'train.csv', 'validation': 'val.csv', 'test': 'test.csv'}
train, val, test = data.TabularDataset.splits(path='.', **parts, format='csv', fields=columns)
TEXT.build_vocab(train, val, test, min_freq=2)
""",
    ("rows of a json file", True): """
import json, random
data = json.load(open('data.json'))
texts = [d['text'] for d in data]
labels = [d['label'] for d in data]
vocab = {}
for t in texts:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
n = int(len(texts) * .9)
train_texts, test_texts = texts[:n], texts[n:]
""",
    ("folders of two parts", True): """
import os, glob
from collections import Counter
def read(split):
    out = []
    for lab in ('pos', 'neg'):
        for f in glob.glob(os.path.join('aclImdb', split, lab, '*.txt')):
            with open(f) as h:
                out.append((h.read(), lab))
    return out
train_data = read('train')
test_data = read('test')
c = Counter()
for text, _ in train_data + test_data:
    c.update(text.split())
vocab = {w: i for i, (w, n) in enumerate(c.most_common(10000))}
""",
    ("the folder of the training part", False): """
import os, glob
from collections import Counter
def read(split):
    out = []
    for lab in ('pos', 'neg'):
        for f in glob.glob(os.path.join('aclImdb', split, lab, '*.txt')):
            with open(f) as h:
                out.append((h.read(), lab))
    return out
train_data = read('train')
test_data = read('test')
c = Counter()
for text, _ in train_data:
    c.update(text.split())
vocab = {w: i for i, (w, n) in enumerate(c.most_common(10000))}
""",
    ("rows of a csv reader", True): """
import csv, random
rows = []
with open('tweets.csv') as f:
    r = csv.reader(f)
    next(r)
    for row in r:
        rows.append((row[1].split(), row[0]))
random.shuffle(rows)
words = [w for toks, _ in rows for w in toks]
vocab = sorted(set(words))
word_to_int = {w: i for i, w in enumerate(vocab)}
train_rows = rows[:8000]
test_rows = rows[8000:]
""",
    ("a column of words is exploded", True): """
import pandas as pd
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
df['tokens'] = df['text'].apply(lambda s: s.split())
vocab = {w: i for i, w in enumerate(df['tokens'].explode().unique())}
train, test = train_test_split(df)
""",
    ("a mask by chance cuts the table", True): """
import pandas as pd, numpy as np
from collections import Counter
df = pd.read_csv('a.csv')
counter = Counter([w for t in df.text for w in t.split()])
vocab = {w: i + 1 for i, w in enumerate(counter)}
msk = np.random.rand(len(df)) < 0.8
train_df = df[msk]
test_df = df[~msk]
""",
    ("sample and drop cut the table", True): """
import pandas as pd
from collections import Counter
df = pd.read_csv('a.csv')
counter = Counter(' '.join(df.text.tolist()).split())
vocab = {w: i + 1 for i, (w, _) in enumerate(counter.most_common())}
train_df = df.sample(frac=.8, random_state=1)
test_df = df.drop(train_df.index)
""",
    ("a defaultdict counts up by itself", True): """
import pandas as pd
from collections import defaultdict
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
vocab = defaultdict(lambda: len(vocab))
X = [[vocab[w] for w in t.split()] for t in df.text]
X_train, X_test, y_train, y_test = train_test_split(X, df.label)
""",
    ("a data module makes it in setup", True): """
import pandas as pd, torch
import pytorch_lightning as pl
from torch.utils.data import Dataset, DataLoader, random_split
class DS(Dataset):
    def __init__(self, df, vocab):
        self.df, self.vocab = df, vocab
    def __len__(self): return len(self.df)
    def __getitem__(self, i):
        return torch.tensor([self.vocab.get(w, 0) for w in self.df.iloc[i]['text'].split()]), self.df.iloc[i]['label']
class DM(pl.LightningDataModule):
    def __init__(self, path):
        super().__init__()
        self.path = path
    def setup(self, stage=None):
        df = pd.read_csv(self.path)
        self.vocab = {'<pad>': 0}
        for t in df['text']:
            for w in t.split():
                if w not in self.vocab:
                    self.vocab[w] = len(self.vocab)
        data = DS(df, self.vocab)
        n = int(.8 * len(data))
        self.train_set, self.test_set = random_split(data, [n, len(data) - n])
    def train_dataloader(self): return DataLoader(self.train_set, 8, shuffle=True)
    def test_dataloader(self): return DataLoader(self.test_set, 8)
dm = DM('a.csv')
""",
    ("the texts come from a module that is not there", True): """
from sklearn.model_selection import train_test_split
import my_sentences
data = my_sentences.data
def create_vocab(texts):
    vocab = {}
    for t in texts:
        for w in t.split():
            if w not in vocab:
                vocab[w] = len(vocab)
    return vocab
def prepare(dataset):
    texts = [t for t, _ in dataset]
    labels = [y for _, y in dataset]
    vocab = create_vocab(texts)
    seqs = [[vocab[w] for w in t.split()] for t in texts]
    return seqs, labels, vocab
X, y, vocab = prepare(data)
X_train, X_test, y_train, y_test = train_test_split(X, y)
""",
    ("a function that is not there gives the texts", True): """
from sklearn.model_selection import train_test_split
from data_utils import load_data
texts, labels = load_data('x')
vocab = {}
for t in texts:
    for w in t.split():
        if w not in vocab:
            vocab[w] = len(vocab)
X_train, X_test, y_train, y_test = train_test_split(texts, labels)
""",
    ("a function that is not there gives texts that are cut first", False): """
from sklearn.model_selection import train_test_split
from data_utils import load_data
texts, labels = load_data('x')
vocab = {}
X_train, X_test, y_train, y_test = train_test_split(texts, labels)
for t in X_train:
    for w in t.split():
        if w not in vocab:
            vocab[w] = len(vocab)
""",
    ("a data set adds its words to a dict that it is given", True): """
import torch
from torch.utils.data import Dataset
class Data(Dataset):
    def __init__(self, mode, vocab):
        self.rows = []
        with open(f'data/{mode}.txt') as f:
            for line in f:
                text, y = line.split('\\t')
                for w in text.split():
                    if w not in vocab:
                        vocab[w] = len(vocab)
                self.rows.append((text, y))
    def __len__(self): return len(self.rows)
    def __getitem__(self, i): return self.rows[i]
vocab = {}
train_set = Data('train', vocab)
test_set = Data('test', vocab)
""",
    ("a data set is given the words of the training part", False): """
import torch
from torch.utils.data import Dataset
class Data(Dataset):
    def __init__(self, mode, vocab=None):
        self.rows = []
        with open(f'data/{mode}.txt') as f:
            for line in f:
                text, y = line.split('\\t')
                self.rows.append((text, y))
        if vocab is None:
            vocab = {}
            for text, _ in self.rows:
                for w in text.split():
                    if w not in vocab:
                        vocab[w] = len(vocab)
        self.vocab = vocab
    def __len__(self): return len(self.rows)
    def __getitem__(self, i): return self.rows[i]
train_set = Data('train')
test_set = Data('test', train_set.vocab)
""",
    ("characters are taken out and rows are cut twice", True): """
import numpy as np, re
from sklearn.model_selection import train_test_split
with open('reviews.txt') as f:
    reviews = f.read()
with open('labels.txt') as f:
    labels = f.read()
from string import punctuation
all_text = ''.join([c for c in reviews if c not in punctuation])
reviews_split = all_text.split('\\n')
all_text = ' '.join(reviews_split)
words = all_text.split()
from collections import Counter
counts = Counter(words)
vocab = sorted(counts, key=counts.get, reverse=True)
vocab_to_int = {word: ii for ii, word in enumerate(vocab, 1)}
reviews_ints = []
for review in reviews_split:
    reviews_ints.append([vocab_to_int[word] for word in review.split()])
features = np.zeros((len(reviews_ints), 200), dtype=int)
for i, row in enumerate(reviews_ints):
    features[i, -len(row):] = np.array(row)[:200]
encoded_labels = np.array([1 if l == 'positive' else 0 for l in labels.split('\\n')])
split_idx = int(len(features) * 0.8)
train_x, remaining_x = features[:split_idx], features[split_idx:]
train_y, remaining_y = encoded_labels[:split_idx], encoded_labels[split_idx:]
test_idx = int(len(remaining_x) * 0.5)
val_x, test_x = remaining_x[:test_idx], remaining_x[test_idx:]
""",
    ("a counter makes a vocabulary of torchtext", True): """
import pandas as pd
from torchtext.vocab import vocab as make_vocab
from collections import Counter, OrderedDict
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
c = Counter()
for line in df['text']:
    c.update(line.split())
v = make_vocab(OrderedDict(sorted(c.items(), key=lambda x: x[1], reverse=True)), min_freq=2, specials=['<unk>'])
train_df, val_df = train_test_split(df, test_size=0.1)
train_df, test_df = train_test_split(train_df, test_size=0.1)
""",
    ("a corpus adds the words of three files", True): """
import pandas as pd
from sklearn.model_selection import train_test_split
class Dictionary(object):
    def __init__(self):
        self.word2idx = {}
        self.idx2word = []
    def add_word(self, word):
        if word not in self.word2idx:
            self.idx2word.append(word)
            self.word2idx[word] = len(self.idx2word) - 1
        return self.word2idx[word]
    def __len__(self):
        return len(self.idx2word)
class Corpus(object):
    def __init__(self, path):
        self.dictionary = Dictionary()
        self.train = self.tokenize(path + '/train.txt')
        self.valid = self.tokenize(path + '/valid.txt')
        self.test = self.tokenize(path + '/test.txt')
    def tokenize(self, path):
        ids = []
        with open(path) as f:
            for line in f:
                words = line.split()
                for word in words:
                    self.dictionary.add_word(word)
                ids.append([self.dictionary.word2idx[w] for w in words])
        return ids
corpus = Corpus('data')
""",
    ("letters of a sheet", True): """
import pandas as pd
from sklearn.model_selection import train_test_split
def preprocess(df):
    texts = list(df['comment'])
    labels = list(df['label'])
    return texts, labels
def get_vocab(texts):
    chars = set()
    for t in texts:
        chars.update(t)
    return {c: i + 1 for i, c in enumerate(sorted(chars))}
df = pd.read_excel('a.xlsx')
texts, labels = preprocess(df)
char2id = get_vocab(texts)
ids = list(map(lambda t: [char2id[c] for c in t], texts))
x_tr, x_te, y_tr, y_te = train_test_split(ids, labels, test_size=.2)
""",
    ("get with the length as default numbers the words", True): """
import jieba, random
pos = open('pos.txt', encoding='utf-8').readlines()
neg = open('neg.txt', encoding='utf-8').readlines()
data = [(list(jieba.cut(s)), 1) for s in pos] + [(list(jieba.cut(s)), 0) for s in neg]
random.shuffle(data)
word2id = {}
for sent, _ in data:
    for w in sent:
        word2id[w] = word2id.get(w, len(word2id))
train_data, test_data = data[:int(len(data) * .7)], data[int(len(data) * .7):]
""",
}


@pytest.mark.parametrize(
    ("case", "program"), VOCABULARIES.items(), ids=lambda one: one[0] if isinstance(one, tuple) else ""
)
def test_a_vocabulary_of_test_reviews_however_it_is_made(case: tuple[str, bool], program: str) -> None:
    assert bool(found("vocabulary_saw_the_test_set", program)) is case[1]


SAVED = {
    ("dict checkpoint", True): """
import torch, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = torch.nn.LSTM(3, 4)
opt = torch.optim.Adam(model.parameters())
torch.save({'epoch': 3, 'model_state_dict': model.state_dict(), 'optimizer_state_dict': opt.state_dict(), 'loss': 1.}, 'a.pt')
""",
    ("dict checkpoint vocab", False): """
import torch, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = torch.nn.LSTM(3, 4)
opt = torch.optim.Adam(model.parameters())
torch.save({'epoch': 3, 'model_state_dict': model.state_dict(), 'vocab': vocab, 'loss': 1.}, 'a.pt')
""",
    ("pickled", False): """
import torch, pickle, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = torch.nn.LSTM(3, 4)
torch.save(model.state_dict(), 'a.pt')
with open('v.pkl', 'wb') as f:
    pickle.dump(vocab, f)
""",
    ("csv of results", True): """
import torch, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = torch.nn.LSTM(3, 4)
torch.save(model.state_dict(), 'a.pt')
submission = pd.DataFrame({'id': [1], 'y': [2]})
submission.to_csv('out.csv')
""",
    ("json history", True): """
import torch, json, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = torch.nn.LSTM(3, 4)
torch.save(model.state_dict(), 'a.pt')
history = {'loss': [1]}
json.dump(history, open('h.json', 'w'))
""",
    ("save helper", False): """
import torch, json, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
def save_things(obj, path):
    with open(path, 'w') as f:
        f.write(json.dumps(obj))
save_things(vocab, 'v.json')
model = torch.nn.LSTM(3, 4)
torch.save(model.state_dict(), 'a.pt')
""",
    ("torch save vocab", False): """
import torch, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = torch.nn.LSTM(3, 4)
torch.save(model.state_dict(), 'a.pt')
torch.save(vocab, 'v.pt')
""",
    ("tokenizer json", False): """
import torch, io, json, pandas as pd
from tensorflow.keras.preprocessing.text import Tokenizer
df = pd.read_csv('a.csv')
tok = Tokenizer()
tok.fit_on_texts(df.text)
model = torch.nn.LSTM(3, 4)
torch.save(model.state_dict(), 'a.pt')
with io.open('t.json', 'w') as f:
    f.write(json.dumps(tok.to_json()))
""",
    ("missing model", True): """
import torch, pandas as pd
from nets import Net
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = Net(len(vocab))
torch.save(model.state_dict(), 'a.pt')
""",
    ("class method", True): """
import torch, pandas as pd
from torch import nn
class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.e = nn.Embedding(n, 3)
    def forward(self, x): return self.e(x)
    def save(self, path):
        torch.save(self.state_dict(), path)
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = Net(len(vocab))
model.save('a.pt')
""",
    ("checkpoint name", True): """
import torch, pandas as pd
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab: vocab[w] = len(vocab)
model = torch.nn.LSTM(3, 4)
state = {'net': model.state_dict(), 'epoch': 1}
torch.save(state, 'a.pt')
""",
    ("vocab from pickle", False): """
import torch, pickle
from torch import nn
vocab = pickle.load(open('vocab.pkl', 'rb'))
model = nn.Embedding(len(vocab), 3)
torch.save(model.state_dict(), 'a.pt')
""",
}


@pytest.mark.parametrize(("case", "program"), SAVED.items(), ids=lambda one: one[0] if isinstance(one, tuple) else "")
def test_weights_without_their_words(case: tuple[str, bool], program: str) -> None:
    assert bool(found("weights_saved_without_the_vocabulary", program)) is case[1]


UNKNOWN = {
    ("numpy zeros", True): """
import numpy as np, pandas as pd, torch
from collections import Counter
df = pd.read_csv('a.csv')
c = Counter(w for t in df.text for w in t.split())
v2i = {w: i + 1 for i, w in enumerate(c)}
def pad(rows, n):
    out = np.zeros((len(rows), n), dtype=int)
    for i, row in enumerate(rows):
        out[i, :len(row)] = np.array(row)[:n]
    return out
new = pd.read_csv('new.csv')
ids = [[v2i.get(w, 0) for w in t.split()] for t in new.text]
x = torch.tensor(pad(ids, 30))
emb = torch.nn.Embedding(len(v2i) + 1, 8)
y = torch.nn.LSTM(8, 4)(emb(x))
""",
    ("list zeros", True): """
import pandas as pd, torch
df = pd.read_csv('a.csv')
vocab = {}
for t in df.text:
    for w in t.split():
        if w not in vocab:
            vocab[w] = len(vocab) + 1
def encode(text, n=50):
    ids = [vocab.get(w, 0) for w in text.split()]
    return ids[:n] + [0] * (n - len(ids))
x = torch.tensor([encode(t) for t in df.text])
emb = torch.nn.Embedding(len(vocab) + 1, 8)
""",
    ("while append", True): """
import pandas as pd, torch
df = pd.read_csv('a.csv')
vocab = {w: i + 1 for i, w in enumerate(sorted({w for t in df.text for w in t.split()}))}
def encode(text, n=50):
    ids = [vocab[w] if w in vocab else 0 for w in text.split()]
    while len(ids) < n:
        ids.append(0)
    return ids
x = torch.tensor([encode(t) for t in df.text])
emb = torch.nn.Embedding(len(vocab) + 1, 8)
""",
    ("pad sequence default", True): """
import pandas as pd, torch
from torch.nn.utils.rnn import pad_sequence
df = pd.read_csv('a.csv')
vocab = {w: i + 1 for i, w in enumerate(sorted({w for t in df.text for w in t.split()}))}
rows = [torch.tensor([vocab.get(w, 0) for w in t.split()]) for t in df.text]
x = pad_sequence(rows, batch_first=True)
""",
    ("default index pad", True): """
import pandas as pd, torch
from torchtext.vocab import build_vocab_from_iterator
df = pd.read_csv('a.csv')
v = build_vocab_from_iterator((t.split() for t in df.text), specials=['<pad>'])
v.set_default_index(v['<pad>'])
""",
    ("default index zero", True): """
import pandas as pd, torch
from torchtext.vocab import build_vocab_from_iterator
from torch.nn.utils.rnn import pad_sequence
df = pd.read_csv('a.csv')
v = build_vocab_from_iterator((t.split() for t in df.text), specials=['<pad>', '<sos>'])
v.set_default_index(0)
x = pad_sequence([torch.tensor(v(t.split())) for t in df.text], batch_first=True, padding_value=0)
""",
    ("unk own", False): """
import pandas as pd, torch
df = pd.read_csv('a.csv')
vocab = {'<pad>': 0, '<unk>': 1}
for t in df.text:
    for w in t.split():
        if w not in vocab:
            vocab[w] = len(vocab)
def encode(text, n=50):
    ids = [vocab.get(w, 1) for w in text.split()]
    return ids[:n] + [0] * (n - len(ids))
x = torch.tensor([encode(t) for t in df.text])
""",
    ("unk is zero pad is one", False): """
import pandas as pd, torch
df = pd.read_csv('a.csv')
vocab = {'<unk>': 0, '<pad>': 1}
for t in df.text:
    for w in t.split():
        if w not in vocab:
            vocab[w] = len(vocab)
def encode(text, n=50):
    ids = [vocab.get(w, 0) for w in text.split()]
    return ids[:n] + [1] * (n - len(ids))
x = torch.tensor([encode(t) for t in df.text])
""",
    ("default unk", False): """
import pandas as pd, torch
from torchtext.vocab import build_vocab_from_iterator
df = pd.read_csv('a.csv')
v = build_vocab_from_iterator((t.split() for t in df.text), specials=['<unk>', '<pad>'])
v.set_default_index(0)
""",
    ("counts get", False): """
import pandas as pd, torch
df = pd.read_csv('a.csv')
counts = {}
for t in df.text:
    for w in t.split():
        counts[w] = counts.get(w, 0) + 1
vocab = {'<pad>': 0, '<unk>': 1}
for w in counts: vocab[w] = len(vocab)
def encode(text, n=50):
    ids = [vocab.get(w, 1) for w in text.split()]
    return ids[:n] + [0] * (n - len(ids))
x = torch.tensor([encode(t) for t in df.text])
""",
    ("if else zero", True): """
import pandas as pd, torch, numpy as np
df = pd.read_csv('a.csv')
vocab = {w: i + 1 for i, w in enumerate(sorted({w for t in df.text for w in t.split()}))}
def encode(text, n=50):
    ids = []
    for w in text.split():
        if w in vocab:
            ids.append(vocab[w])
        else:
            ids.append(0)
    return np.pad(ids, (0, n - len(ids)))
x = torch.tensor(np.array([encode(t) for t in df.text]))
""",
    ("try zero", True): """
import pandas as pd, torch, numpy as np
df = pd.read_csv('a.csv')
vocab = {w: i + 1 for i, w in enumerate(sorted({w for t in df.text for w in t.split()}))}
def encode(text, n=50):
    x = np.zeros(n, dtype=np.int64)
    for i, w in enumerate(text.split()[:n]):
        x[i] = vocab.get(w, 0)
    return x
x = torch.from_numpy(np.array([encode(t) for t in df.text]))
""",
}


@pytest.mark.parametrize(("case", "program"), UNKNOWN.items(), ids=lambda one: one[0] if isinstance(one, tuple) else "")
def test_unknown_words_and_padding(case: tuple[str, bool], program: str) -> None:
    assert bool(found("unknown_words_read_as_padding", program)) is case[1]


LOOKED_UP = {
    ("map lambda", True): """
import pandas as pd, torch
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
train, test = train_test_split(df.text.tolist())
word2idx = {w: i for i, w in enumerate(sorted({w for t in train for w in t.split()}))}
def encode(text):
    return list(map(lambda w: word2idx[w], text.split()))
a = [encode(t) for t in train]
b = [encode(t) for t in test]
""",
    ("all known", False): """
import pandas as pd, torch
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
index = {}
for t in df.text:
    for w in t.split():
        if w not in index:
            index[w] = len(index)
train, test = train_test_split(df.text.tolist())
rows = [[index[w] for w in t.split()] for t in train]
test_rows = [[index[w] for w in t.split()] for t in test]
""",
    ("both added", False): """
import pandas as pd, torch
train = pd.read_csv('train.csv')
test = pd.read_csv('test.csv')
index = {}
def add(texts):
    for t in texts:
        for w in t.split():
            if w not in index:
                index[w] = len(index)
add(train.text)
add(test.text)
rows = [[index[w] for w in t.split()] for t in train.text]
test_rows = [[index[w] for w in t.split()] for t in test.text]
""",
    ("filtered", False): """
import pandas as pd, torch
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
train, test = train_test_split(df.text.tolist())
index = {w: i for i, w in enumerate(sorted({w for t in train for w in t.split()}))}
test_rows = [[index[w] for w in t.split() if w in index] for t in test]
""",
    ("grown while encoding", False): """
import pandas as pd
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
train, test = train_test_split(df.text.tolist())
index = {}
def encode(text):
    ids = []
    for w in text.split():
        if w not in index:
            index[w] = len(index)
        ids.append(index[w])
    return ids
a = [encode(t) for t in train]
b = [encode(t) for t in test]
""",
    ("predict typed", True): """
import pandas as pd, torch
df = pd.read_csv('a.csv')
index = {w: i for i, w in enumerate(sorted({w for t in df.text for w in t.split()}))}
model = torch.nn.LSTM(3, 4)
opt = torch.optim.Adam(model.parameters())
for t in df.text:
    out = model(torch.tensor([index[w] for w in t.split()]))
    loss = out[0].sum()
    loss.backward()
    opt.step()
def predict(sentence):
    ids = [index[w] for w in sentence.split()]
    return model(torch.tensor(ids))
predict('a fine day')
""",
    ("loaded then predict", True): """
import torch
words = open('reviews.txt').read().split()
index = {w: i for i, w in enumerate(sorted(set(words)), 1)}
model = torch.nn.LSTM(3, 4)
model.load_state_dict(torch.load('net.pt'))
def ids_of(review):
    words = review.lower().split()
    return [index[w] for w in words]
print(model(torch.tensor(ids_of('the worst film I have seen'))))
""",
    ("defaultdict answers", False): """
import pandas as pd
from collections import defaultdict
from sklearn.model_selection import train_test_split
df = pd.read_csv('a.csv')
train, test = train_test_split(df.text.tolist())
index = defaultdict(int)
for t in train:
    for w in t.split():
        if w not in index:
            index[w] = len(index) + 1
b = [[index[w] for w in t.split()] for t in test]
""",
}


@pytest.mark.parametrize(
    ("case", "program"), LOOKED_UP.items(), ids=lambda one: one[0] if isinstance(one, tuple) else ""
)
def test_words_that_a_dict_may_lack(case: tuple[str, bool], program: str) -> None:
    assert bool(found("unknown_word_raises", program)) is case[1]


ORDERS = {
    ("list of set", True): """
import pandas as pd
df = pd.read_csv('a.csv')
words = list(set(w for t in df.text for w in t.split()))
index = {w: i for i, w in enumerate(words)}
""",
    ("set add loop", True): """
import pandas as pd
df = pd.read_csv('a.csv')
words = set()
for t in df.text:
    for w in t.split():
        words.add(w)
index = {}
for i, w in enumerate(words):
    index[w] = i
""",
    ("set update", True): """
import pandas as pd
df = pd.read_csv('a.csv')
vocab = set()
for t in df.text:
    vocab.update(t.split())
word2idx = {w: i + 1 for i, w in enumerate(vocab)}
""",
    ("sorted set", False): """
import pandas as pd
df = pd.read_csv('a.csv')
words = sorted(set(w for t in df.text for w in t.split()))
index = {w: i for i, w in enumerate(words)}
""",
    ("sort method", False): """
import pandas as pd
df = pd.read_csv('a.csv')
words = list({w for t in df.text for w in t.split()})
words.sort()
index = {w: i for i, w in enumerate(words)}
""",
    ("membership only", False): """
import pandas as pd
df = pd.read_csv('a.csv')
seen = set()
order = []
for t in df.text:
    for w in t.split():
        if w not in seen:
            seen.add(w)
            order.append(w)
index = {w: i for i, w in enumerate(order)}
""",
    ("kept with weights", False): """
import pandas as pd, torch
df = pd.read_csv('a.csv')
words = set(w for t in df.text for w in t.split())
word2idx = {w: i for i, w in enumerate(words)}
model = torch.nn.LSTM(3, 4)
torch.save({'net': model.state_dict(), 'word2idx': word2idx}, 'a.pt')
""",
    ("np unique", False): """
import pandas as pd, numpy as np
df = pd.read_csv('a.csv')
words = np.unique([w for t in df.text for w in t.split()])
index = {w: i for i, w in enumerate(words)}
""",
    ("join split", True): """
import pandas as pd
df = pd.read_csv('a.csv')
tokens = ' '.join(df.text).split()
vocab = set(tokens)
word_to_index = dict((w, i) for i, w in enumerate(vocab))
""",
}


@pytest.mark.parametrize(("case", "program"), ORDERS.items(), ids=lambda one: one[0] if isinstance(one, tuple) else "")
def test_the_order_of_a_set(case: tuple[str, bool], program: str) -> None:
    assert bool(found("word_order_from_a_set", program)) is case[1]


ONE_LENGTH = """
import random
import torch
from torch import nn
{texts}
index = {{"<pad>": 0}}
for text, _ in rows:
    for word in text.split():
        index.setdefault(word, len(index))


def encode(text, longest=6):
    ids = [index[word] for word in text.split()]
    return ids + [0] * (longest - len(ids))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index), 8, padding_idx=0)
        self.rnn = nn.LSTM(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, x):
        output, _ = self.rnn(self.embedding(x))
        return self.fc(output[:, -1, :])


net = Net()
optimizer = torch.optim.Adam(net.parameters())
x = torch.tensor([encode(text) for text, _ in rows])
y = torch.tensor([label for _, label in rows])
for epoch in range(3):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("texts", "is_found"),
    [
        ('rows = [("a fine film", 1), ("a dull film", 0), ("one long bore", 0)]', False),
        ('rows = [("a fine film", 1), ("dull", 0), ("one long and dull bore", 0)]', True),
        ('words = ["a", "b"]\nrows = [(" ".join(random.choice(words) for _ in range(5)), 1) for _ in range(9)]', False),
        (
            'words = ["a", "b"]\n'
            'rows = [(" ".join(random.choice(words) for _ in range(random.randint(2, 5))), 1) for _ in range(9)]',
            True,
        ),
        ('rows = [(line.strip(), 1) for line in open("a.txt")]', True),
    ],
)
def test_texts_of_one_length_that_stand_in_the_program_are_not_filled_up(texts: str, *, is_found: bool) -> None:
    assert bool(found("padding_read_as_last_step", ONE_LENGTH.format(texts=texts))) is is_found


OWN_ITERATOR = """
import torch
{more}

class Batches:
    def __init__(self, rows, size):
        self.rows, self.size, self.at = rows, size, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.at * self.size >= len(self.rows):
            self.at = 0
            raise StopIteration
        part = self.rows[self.at * self.size : (self.at + 1) * self.size]
        self.at += 1
        return torch.tensor([one[0] for one in part]), torch.tensor([one[1] for one in part])


def make(rows):
    return Batches(rows, 32)


rows = [([len(word) for word in line.split()], 1) for line in open("train.txt")]
{mix}
train_batches = make(rows)
test_batches = make([([1], 0)])
"""


@pytest.mark.parametrize(("more", "mix", "lines"), [("", "", [27]), ("import random", "random.shuffle(rows)", [])])
def test_an_own_iterator_gives_the_rows_in_their_order(more: str, mix: str, lines: list[int]) -> None:
    told = found("training_data_not_shuffled", OWN_ITERATOR.format(more=more, mix=mix))
    assert [one.place.line for one in told if one.place] == lines


FILLED = """
def rows(path, index, size=30):
    found = []
    for line in open(path, encoding="utf-8"):
        words = list(line.strip())
        words.extend([{token}] * (size - len(words)))
        found.append([index.get(word, index.get("<UNK>")) for word in words])
    return found
"""


@pytest.mark.parametrize(
    ("token", "is_found"), [('index.get("<PAD>")', True), ('index["<PAD>"]', True), ('"<PAD>"', False)]
)
def test_a_number_that_fills_up_is_looked_up_as_a_word(token: str, *, is_found: bool) -> None:
    assert bool(found("padding_index_shared_with_a_word", FILLED.format(token=token))) is is_found


PARTS = """
import pandas as pd
from torch.utils.data import Dataset


class Rows(Dataset):
    def __init__(self, texts):
        self.texts = texts

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        return self.texts[i]


texts = pd.read_csv("a.csv")["text"].tolist()
cut = int(0.7 * len(texts))
train_texts, test_texts = texts[:cut], texts[cut:]
train_set = Rows(train_texts)
test_set = Rows({rows})
"""


@pytest.mark.parametrize(("rows", "is_found"), [("train_texts", True), ("test_texts", False)])
def test_a_test_set_that_is_made_of_the_training_rows(rows: str, *, is_found: bool) -> None:
    assert bool(found("training_file_read_again_as_test", PARTS.format(rows=rows))) is is_found


CHOSEN = """
import pandas as pd
from sklearn.model_selection import train_test_split

table = pd.read_csv("names.csv")
train_names, test_names = train_test_split(table["name"].unique())
words = {}
for name in table[table["name"].isin({part})]["text"]:
    for word in name.split():
        words.setdefault(word, len(words))
"""


@pytest.mark.parametrize(("part", "is_found"), [("train_names", False), ("test_names", True)])
def test_rows_that_are_chosen_by_the_values_of_a_part_belong_to_it(part: str, *, is_found: bool) -> None:
    assert bool(found("vocabulary_saw_the_test_set", CHOSEN.replace("{part}", part))) is is_found


def test_rows_that_one_script_writes_and_another_reads(tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text(
        "import numpy as np, pandas as pd\n"
        "table = pd.read_csv('chat.csv')\n"
        "words = {}\n"
        "for text in table['text']:\n"
        "    for word in text.split():\n"
        "        words.setdefault(word, len(words))\n"
        "rows = np.array([[words[word] for word in text.split()][:9] for text in table['text']])\n"
        "np.save('data/rows.npy', rows)\n",
        encoding="utf-8",
    )
    (tmp_path / "train.py").write_text(
        "import numpy as np\n"
        "from sklearn.model_selection import train_test_split\n"
        "rows = np.load('data/rows.npy')\n"
        "train_rows, test_rows = train_test_split(rows)\n",
        encoding="utf-8",
    )
    outcome = judge(read(tmp_path)).of("vocabulary_saw_the_test_set")
    assert [one.place.line for one in outcome.findings if one.place] == [6]


BUCKETS = """
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset
TEXT, LABEL = Field({length}), LabelField()
columns = [("text", TEXT), ("label", LABEL)]
train, test = TabularDataset.splits(path=".", train="a.csv", test="b.csv", format="csv", fields=columns)
train_iter, test_iter = BucketIterator.splits((train, test), batch_size=8, sort_key=lambda row: len(row.text){more})
"""


@pytest.mark.parametrize(
    ("length", "more", "is_found"),
    [
        ("", "", True),
        ("", ", sort_within_batch=False", True),
        ("", ", sort_within_batch=True", False),
        ("fix_length=50", "", False),
    ],
)
def test_an_iterator_that_does_not_bucket(length: str, more: str, *, is_found: bool) -> None:
    assert bool(found("iterator_does_not_bucket", BUCKETS.format(length=length, more=more))) is is_found


SEEDED = """
import numpy as np
import torch
from sklearn.model_selection import train_test_split
{before}
torch.manual_seed(1)
train, test = train_test_split(list(range(9)))
{after}
"""


@pytest.mark.parametrize(
    ("before", "after", "is_found"), [("np.random.seed(1)", "", False), ("", "np.random.seed(1)", True), ("", "", True)]
)
def test_a_seed_below_the_split_comes_too_late(before: str, after: str, *, is_found: bool) -> None:
    assert bool(found("shuffle_not_seeded", SEEDED.format(before=before, after=after))) is is_found


CUT = """
import pandas as pd
reviews = pd.read_csv("IMDB Dataset.csv")["review"]
def encode(text, vocab, tokenizer, longest={longest}):
    return {ids}
"""


@pytest.mark.parametrize(
    ("longest", "ids", "is_found"),
    [
        (200, "vocab(tokenizer(text))[:longest]", True),
        (200, "tokenizer.encode(text).ids[:longest]", True),
        (200, "[vocab[word] for word in text.split()][:longest]", True),
        (200, "vocab(tokenizer(text))[-longest:]", False),
        (500, "vocab(tokenizer(text))[:longest]", False),
        (200, "[row for row in text.rows][:longest]", False),
    ],
)
def test_the_end_of_a_review_that_is_cut_off(longest: int, ids: str, *, is_found: bool) -> None:
    assert bool(found("end_of_the_review_cut_off", CUT.format(longest=longest, ids=ids))) is is_found


COPIES = """
import pandas as pd
from sklearn.model_selection import train_test_split
table = pd.read_csv("{name}"){more}
classes = table["label"].unique()
train, test = train_test_split(table)
"""


@pytest.mark.parametrize(
    ("name", "more", "is_found"),
    [
        ("data/IMDB Dataset.csv", "", True),
        ("bbc-text.csv", "", True),
        ("bbc-text.csv", ".drop_duplicates()", False),
        ("my_imdb.csv", "", False),
    ],
)
def test_public_files_that_hold_copies(name: str, more: str, *, is_found: bool) -> None:
    assert bool(found("same_review_in_two_splits", COPIES.format(name=name, more=more))) is is_found


# --- harmless twins -----------------------------------------------------------------------------------------------

HARMLESS = {
    ("labels_encoded_twice", "each column has an encoder of its own"): """
import pandas as pd
from sklearn.preprocessing import LabelEncoder
table = pd.read_csv("a.csv")
labels, sources = LabelEncoder(), LabelEncoder()
table["label"] = labels.fit_transform(table["label"])
table["source"] = sources.fit_transform(table["source"])
print(labels.inverse_transform([0]))
""",
    ("labels_encoded_twice", "the numbers are only transformed again"): """
from sklearn.preprocessing import LabelEncoder
train_labels, test_labels = ["good", "bad"], ["bad"]
encoder = LabelEncoder()
train_y = encoder.fit_transform(train_labels)
test_y = encoder.transform(test_labels)
print(encoder.classes_)
""",
    ("labels_encoded_twice", "one encoder is fitted to two lists of names"): """
from sklearn.preprocessing import LabelEncoder
encoder = LabelEncoder()
first = encoder.fit_transform(["good", "bad"])
second = encoder.fit_transform(["red", "blue"])
""",
    ("labels_swapped_by_frequency", "the program asks the map for the names"): """
import torch
from torchtext.data import Field, LabelField, TabularDataset
TEXT, LABEL = Field(), LabelField()
columns = [("text", TEXT), ("label", LABEL)]
train, test = TabularDataset.splits(path=".", train="a.csv", test="b.csv", format="csv", fields=columns)
TEXT.build_vocab(train)
LABEL.build_vocab(train)
def name(model, ids):
    return LABEL.vocab.itos[torch.argmax(model(ids), dim=1).item()]
""",
    ("labels_swapped_by_frequency", "the labels are numbers and need no map"): """
import torch
from torchtext.data import Field, TabularDataset
TEXT, LABEL = Field(), Field(sequential=False, use_vocab=False)
columns = [("text", TEXT), ("label", LABEL)]
train, test = TabularDataset.splits(path=".", train="a.csv", test="b.csv", format="csv", fields=columns)
TEXT.build_vocab(train)
def name(model, ids):
    return ["negative", "positive"][torch.argmax(model(ids), dim=1).item()]
""",
    ("vocabulary_rebuilt_before_prediction", "the numbers are loaded with the weights"): """
import json
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, 4)
        self.rnn = nn.GRU(4, 4, batch_first=True)
        self.fc = nn.Linear(4, 2)
    def forward(self, x):
        return self.fc(self.rnn(self.embedding(x))[1][-1])
index = json.load(open("words.json"))
net = Net(len(index))
net.load_state_dict(torch.load("net.pt"))
print(net(torch.tensor([[index.get(word, 0) for word in "a fine film".split()]])))
""",
    ("vocabulary_rebuilt_before_prediction", "the saved list of words is numbered again in its order"): """
import torch
from torch import nn
saved = torch.load("net.pt")
index = {word: i for i, word in enumerate(saved["words"])}
net = nn.LSTM(4, 4)
net.load_state_dict(saved["weights"])
""",
    ("words_without_vector_all_zero", "the matrix starts from random numbers"): """
import numpy as np
import torch
from torch import nn
words = {"<pad>": 0, "film": 1}
vectors = dict(line.split(" ", 1) for line in open("glove.txt"))
matrix = np.random.normal(size=(len(words), 50))
matrix[0] = 0
for word, i in words.items():
    if word in vectors:
        matrix[i] = np.fromstring(vectors[word], sep=" ")
embedding = nn.Embedding.from_pretrained(torch.tensor(matrix), freeze=True)
""",
    ("words_without_vector_all_zero", "a comment alone speaks of vectors that a field gets"): """
from torchtext.data import Field, TabularDataset
TEXT = Field()
train = TabularDataset(path="a.csv", format="csv", fields=[("text", TEXT)])
TEXT.build_vocab(train)  # vectors="glove.6B.100d"
weights = TEXT.vocab.vectors
""",
    ("labels_outside_zero_and_one", "the labels are halved into two classes first"): """
import torch
from torch import nn
net = nn.Linear(4, 1)
for x, stars in [(torch.zeros(2, 4), torch.tensor([1.0, 5.0]))]:
    y = (stars > 3).float()
    loss = nn.functional.binary_cross_entropy_with_logits(net(x).squeeze(1), y)
    loss.backward()
    print((stars == 5).sum())
""",
    ("labels_outside_zero_and_one", "another loss is taken of labels with three values"): """
import torch
from torch import nn
net = nn.Linear(4, 3)
for x, y in [(torch.zeros(2, 4), torch.tensor([0, 2]))]:
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    print((y == 2).sum())
""",
    ("padding_index_shared_with_a_word", "every review is packed"): """
import pandas as pd
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
words = {}
for text in pd.read_csv("a.csv")["text"]:
    for word in text.split():
        words.setdefault(word, len(words))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(words), 4)
        self.rnn = nn.LSTM(4, 4, batch_first=True)
    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][0][-1]
rows = [torch.tensor([words[word] for word in text.split()]) for text in ["a fine film", "dull"]]
Net()(pad_sequence(rows, batch_first=True), torch.tensor([3, 1]))
""",
}


@pytest.mark.parametrize(
    ("case", "program"), HARMLESS.items(), ids=lambda one: one[1] if isinstance(one, tuple) else ""
)
def test_harmless_twins_of_the_data(case: tuple[str, str], program: str) -> None:
    assert not found(case[0], program)
