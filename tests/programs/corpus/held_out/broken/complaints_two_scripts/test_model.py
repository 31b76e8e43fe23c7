import torch
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader

from data import PRODUCTS, collate_with, load_frame, load_vocab
from net import ComplaintLSTM

df = load_frame()
_, test_df = train_test_split(df, test_size=0.2)  # <- split_drawn_again_for_the_checkpoint
vocab = load_vocab()
loader = DataLoader(list(zip(test_df['tokens'], test_df['y'])), batch_size=64, collate_fn=collate_with(vocab))

model = ComplaintLSTM(len(vocab), len(PRODUCTS))
model.load_state_dict(torch.load('complaints.pt', map_location='cpu'))
model.eval()
true, pred = [], []
with torch.no_grad():
    for x, n, y in loader:
        pred += model(x, n).argmax(1).tolist()
        true += y.tolist()
print(classification_report(true, pred, target_names=PRODUCTS))
