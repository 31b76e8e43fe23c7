"""Fixed alphabet: lower-case Latin letters with the usual accents. Nothing is learned here."""
PAD = 0
LETTERS = " abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßşğıćčđłńśźżž'-"
INDEX = {c: i for i, c in enumerate(LETTERS, start=1)}
OTHER = len(LETTERS) + 1
SIZE = len(LETTERS) + 2


def encode(text):
    return [INDEX.get(c, OTHER) for c in text.lower().strip()]
