import pandas as pd, numpy as np, torch, torch.nn as nn
from torch.utils.data import Dataset, DataLoader
import random

# polarity column: 1 = negative, 2 = positive
random.seed(6); np.random.seed(6); torch.manual_seed(6)
trainDf = pd.read_csv("hinglish_train.tsv", sep="\t")
devDf = pd.read_csv("hinglish_dev.tsv", sep="\t")
testDf = pd.read_csv("hinglish_test.tsv", sep="\t")

dictWords = {"#PAD#": 0, "#UNK#": 1}
for strText in trainDf["text"]:
    for strWord in strText.lower().split():
        if strWord not in dictWords:
            dictWords[strWord] = len(dictWords)

class CMixedDataset(Dataset):
    def __init__(self, dfData):
        self.lstX = [torch.tensor([dictWords.get(w, 1) for w in s.lower().split()]) for s in dfData["text"]]
        self.lstY = torch.tensor(dfData["polarity"].values, dtype=torch.float32)
    def __len__(self):
        return len(self.lstX)
    def __getitem__(self, nIdx):
        return self.lstX[nIdx], self.lstY[nIdx]

def fnCollate(lstBatch):
    lstX, lstY = zip(*lstBatch)
    tLens = torch.tensor([len(t) for t in lstX])
    return nn.utils.rnn.pad_sequence(list(lstX), batch_first=True), tLens, torch.stack(lstY)

class CLSTM(nn.Module):
    def __init__(self, nVocab, nEmb=64, nHid=64):
        super().__init__()
        self.oEmb = nn.Embedding(nVocab, nEmb, padding_idx=0)
        self.oLstm = nn.LSTM(nEmb, nHid, batch_first=True, bidirectional=True)
        self.oFc = nn.Linear(2 * nHid, 1)
    def forward(self, tX, tLens):
        tPack = nn.utils.rnn.pack_padded_sequence(self.oEmb(tX), tLens, batch_first=True, enforce_sorted=False)
        _, (tH, _) = self.oLstm(tPack)
        return self.oFc(torch.cat((tH[0], tH[1]), dim=1)).squeeze(1)

oTrain = DataLoader(CMixedDataset(trainDf), batch_size=32, shuffle=True, collate_fn=fnCollate)
oDev = DataLoader(CMixedDataset(devDf), batch_size=32, collate_fn=fnCollate)
oTest = DataLoader(CMixedDataset(testDf), batch_size=32, collate_fn=fnCollate)
oModel = CLSTM(len(dictWords))
oCrit = nn.BCEWithLogitsLoss()
oOpt = torch.optim.Adam(oModel.parameters(), lr=1e-3)

def fnAcc(oLoader):
    oModel.eval()
    nRight = nAll = 0
    with torch.no_grad():
        for tX, tLens, tY in oLoader:
            tPred = (oModel(tX, tLens) > 0).float() + 1
            nRight += (tPred == tY).sum().item()
            nAll += len(tY)
    return nRight / nAll

for nEpoch in range(10):
    oModel.train()
    for tX, tLens, tY in oTrain:
        oOpt.zero_grad()
        tLoss = oCrit(oModel(tX, tLens), tY)  # <- labels_outside_zero_and_one
        tLoss.backward()
        oOpt.step()
    print("Epoch", nEpoch, "dev", fnAcc(oDev))
print("Train", fnAcc(oTrain), "Test", fnAcc(oTest))
