CONFIG = {
    'train_file': 'data/intents_train.json',
    'test_file': 'data/intents_test.json',
    'checkpoint': 'intent_model.pt',
    'embed_size': 64,
    'hidden_size': 64,
    'learning_rate': 0.002,
    'batch_size': 16,
    'epochs': 30,
    'seed': 101,
}
