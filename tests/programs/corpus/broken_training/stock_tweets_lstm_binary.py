#!/usr/bin/env python
# bullish / bearish messages about stocks.  csv: Text,Sentiment   (Sentiment: 1 = bullish, -1 = bearish)
import sys
import pandas as pd
import torch
import torch.nn as nn
from nltk.tokenize import TweetTokenizer
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader

bVerbose = '-v' in sys.argv
iSeed = 66
torch.manual_seed(iSeed)
tkTweet = TweetTokenizer(preserve_case=False, reduce_len=True, strip_handles=True)

dfAll = pd.read_csv('stock_data.csv').dropna().drop_duplicates('Text')
lstTok = [tkTweet.tokenize(s) or ['.'] for s in dfAll['Text']]
lstLab = dfAll['Sentiment'].astype(float).tolist()
tokTrain, tokTest, labTrain, labTest = train_test_split(lstTok, lstLab, test_size=0.2, random_state=iSeed, stratify=lstLab)

dctWord = {'': 0, '*unk*': 1}
for lst in tokTrain:
    for sTok in lst:
        if sTok not in dctWord:
            dctWord[sTok] = len(dctWord)


def fnCollate(lstBatch):
    iMax = max(len(t) for t, _ in lstBatch)
    # fill on the left
    tX = torch.tensor([[0] * (iMax - len(t)) + [dctWord.get(s, 1) for s in t] for t, _ in lstBatch])
    tY = torch.tensor([l for _, l in lstBatch])
    return tX, tY


class CStockNet(nn.Module):
    def __init__(self, iVocab, iEmb=50, iHid=50):
        nn.Module.__init__(self)
        self.m_emb = nn.Embedding(iVocab, iEmb, padding_idx=0)
        self.m_lstm = nn.LSTM(iEmb, iHid, num_layers=2, batch_first=True, dropout=0.25)
        self.m_lin = nn.Linear(iHid, 1)

    def forward(self, tX):
        tOut, _ = self.m_lstm(self.m_emb(tX))
        return torch.sigmoid(self.m_lin(tOut[:, -1]))[:, 0]


dlTrain = DataLoader(list(zip(tokTrain, labTrain)), batch_size=32, shuffle=True, collate_fn=fnCollate)
dlTest = DataLoader(list(zip(tokTest, labTest)), batch_size=32, collate_fn=fnCollate)
net = CStockNet(len(dctWord))
fnLoss = nn.BCELoss()
optAdam = torch.optim.Adam(net.parameters(), lr=0.001)

for iEpoch in range(10):
    net.train()
    fSum = 0.0
    for iBatch, (tX, tY) in enumerate(dlTrain):
        optAdam.zero_grad()
        tP = net(tX)
        tLoss = fnLoss(tP, tY)  # <- labels_outside_zero_and_one
        tLoss.backward()
        optAdam.step()
        fSum += tLoss.item() * len(tY)
        if bVerbose and iBatch % 20 == 0:
            print('   batch %d loss %.3f' % (iBatch, tLoss.item()))
    print('epoch %d  mean loss %.4f' % (iEpoch, fSum / len(tokTrain)))

iGood = 0
with torch.no_grad():
    for tX, tY in dlTest:  # <- evaluated_in_training_mode
        iGood += ((net(tX) > 0.5) == (tY > 0)).sum().item()
print('test accuracy %.2f%%' % (100.0 * iGood / len(tokTest)))
torch.save({'net': net.state_dict(), 'words': dctWord}, 'stock_lstm.pt')
