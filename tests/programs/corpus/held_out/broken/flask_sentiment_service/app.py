import pickle

import torch
from flask import Flask, jsonify, request

from nets import SentimentGRU, clean_and_split

app = Flask(__name__)
with open('stoi.pkl', 'rb') as f:
    stoi = pickle.load(f)
model = SentimentGRU(len(stoi) + 2)
model.load_state_dict(torch.load('gru.pt', map_location='cpu'))


@app.route('/sentiment', methods=['POST'])
def sentiment():
    text = request.get_json()['text']
    ids = [stoi.get(w, 1) for w in clean_and_split(text)] or [1]
    x = torch.tensor(ids).unsqueeze(1)  # <- sentence_axis_in_the_wrong_place
    with torch.no_grad():
        logits = model(x)[-1]  # <- evaluated_in_training_mode
    probs = torch.softmax(logits, dim=0)
    return jsonify({'text': text, 'positive': round(probs.max().item(), 3)})  # <- highest_probability_read_as_positive


if __name__ == '__main__':
    app.run(port=5001)
