import nltk
from nltk.stem.porter import PorterStemmer

stemmer = PorterStemmer()
IGNORE = {"?", ".", "!", ","}


def tokenize(sentence):
    return nltk.word_tokenize(sentence)


def stem(word):
    return stemmer.stem(word.lower())


def clean_sentence(sentence):
    return [stem(w) for w in tokenize(sentence) if w not in IGNORE]
