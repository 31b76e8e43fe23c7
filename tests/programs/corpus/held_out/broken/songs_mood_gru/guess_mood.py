import sys
import torch
from mood_model import MOODS, MoodRNN, read_lyrics, to_batch, word_index, words

index = word_index(read_lyrics('lyrics_train.txt'))
model = MoodRNN(len(index) + 2)
model.load_state_dict(torch.load('mood.pt'))
model.eval()
x, n, _ = to_batch([(words(open(sys.argv[1]).read()), 0)], index)
with torch.no_grad():
    p = torch.softmax(model(x, n), dim=1)[0]
for m, v in zip(MOODS, p.tolist()):
    print(f'{m:6s} {v:.2f}')
