import json
import random

import torch

from model import IntentLSTM
from nltk_utils import tokenize

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

with open('intents.json', 'r', encoding='utf-8') as f:
    intents = json.load(f)

data = torch.load('data.pth', map_location=device)
word2idx, tags = data['word2idx'], data['tags']
model = IntentLSTM(len(word2idx) + 2, data['emb_size'], data['hidden_size'], len(tags)).to(device)
model.load_state_dict(data['model_state'])
model.eval()

bot_name = 'Sam'
print("Let's chat! (type 'quit' to exit)")
while True:
    sentence = input('You: ')
    if sentence == 'quit':
        break
    tokens = tokenize(sentence)  # <- different_tokenizer_at_prediction
    if not tokens:
        continue
    x = torch.tensor([[word2idx.get(w, 1) for w in tokens]]).to(device)
    with torch.no_grad():
        output = model(x, torch.tensor([len(tokens)]))
    probs = torch.softmax(output, dim=0)[0]  # <- softmax_over_the_batch
    prob, predicted = probs.max(dim=0)
    tag = tags[predicted.item()]
    if prob.item() > 0.75:
        for intent in intents['intents']:
            if tag == intent['tag']:
                print(f"{bot_name}: {random.choice(intent['responses'])}")
    else:
        print(f'{bot_name}: I do not understand...')
