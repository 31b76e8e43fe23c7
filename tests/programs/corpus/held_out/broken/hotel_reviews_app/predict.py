import sys

import pandas as pd
import torch
from lstm import HotelLSTM
from preprocess import build_vocab, encode

new_reviews = pd.read_csv(sys.argv[1])
vocab = build_vocab(new_reviews['text'])  # <- vocabulary_rebuilt_before_prediction
model = HotelLSTM()
model.load_state_dict(torch.load('hotel.pt'))
model.eval()
with torch.no_grad():
    for text in new_reviews['text']:
        ids = encode(text, vocab)
        p = torch.softmax(model(torch.tensor([ids]), torch.tensor([len(ids)])), dim=1)[0, 1].item()
        print('%.2f' % p, text[:70])
