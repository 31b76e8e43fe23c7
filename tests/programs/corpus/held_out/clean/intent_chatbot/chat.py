import torch

from config import CONFIG
from model import IntentRNN
from text_utils import PAD_TOKEN, encode, tokenize

ckpt = torch.load(CONFIG['checkpoint'], map_location='cpu')
word2idx, intents = ckpt['word2idx'], ckpt['intents']
model = IntentRNN(len(word2idx), CONFIG['embed_size'], CONFIG['hidden_size'], len(intents), word2idx[PAD_TOKEN])
model.load_state_dict(ckpt['model_state'])
model.eval()

print("Type 'quit' to leave")
while True:
    sentence = input('You: ')
    if sentence.strip() == 'quit':
        break
    ids = encode(tokenize(sentence), word2idx)
    with torch.no_grad():
        logits = model(ids.unsqueeze(1), torch.tensor([len(ids)]))
    prob, best = torch.softmax(logits, dim=1)[0].max(dim=0)
    if prob.item() > 0.6:
        print(f'Bot: intent {intents[best.item()]} ({prob.item():.2f})')
    else:
        print('Bot: I do not understand...')
