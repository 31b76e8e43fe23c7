import torch
import torch.nn as nn
from torch.utils.data import DataLoader

from config import CONFIG
from model import IntentRNN
from text_utils import PAD_TOKEN, build_maps, load_intents, make_collate


def main():
    torch.manual_seed(CONFIG['seed'])
    train_examples = load_intents(CONFIG['train_file'])
    test_examples = load_intents(CONFIG['test_file'])
    word2idx, intents = build_maps(train_examples)
    collate = make_collate(word2idx, intents)
    train_loader = DataLoader(train_examples, batch_size=CONFIG['batch_size'], shuffle=True, collate_fn=collate)
    test_loader = DataLoader(test_examples, batch_size=CONFIG['batch_size'], collate_fn=collate)

    model = IntentRNN(len(word2idx), CONFIG['embed_size'], CONFIG['hidden_size'], len(intents), word2idx[PAD_TOKEN])
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=CONFIG['learning_rate'])

    for epoch in range(CONFIG['epochs']):
        model.train()
        total = 0.0
        for x, lengths, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x, lengths), y)
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(y)
        if (epoch + 1) % 5 == 0:
            print(f"[{epoch + 1}/{CONFIG['epochs']}] loss {total / len(train_examples):.4f}")

    model.eval()
    correct = 0
    with torch.no_grad():
        for x, lengths, y in test_loader:
            correct += (model(x, lengths).argmax(dim=1) == y).sum().item()
    print(f'test accuracy {correct}/{len(test_examples)} = {correct / len(test_examples):.3f}')

    torch.save({'model_state': model.state_dict(), 'word2idx': word2idx, 'intents': intents}, CONFIG['checkpoint'])


if __name__ == '__main__':
    main()
