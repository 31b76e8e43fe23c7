"""# The weights were saved, the vocabulary was not

**What happened.** `torch.save(model.state_dict())` keeps the numbers of the model; which word has which number is only in
this process.

**Why it matters.** Next day nobody can tell which of the embedding's rows is which word: with 20,000 words, the file is
20,000 vectors without names. A vocabulary that is built again must come from the same texts, in the same order, with the
same library.

**Fix.** Save both in one file: `torch.save({"weights": model.state_dict(), "words": words}, path)`; the names of the labels
too.

```python bad
from collections import Counter

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
table = pd.DataFrame({"text": ["a great film", "a dull film", "great plot", "dull and long"], "label": [1, 0, 1, 0]})


def words_of(texts):
    counts = Counter(word for text in texts for word in text.split())
    return {word: i + 1 for i, (word, _) in enumerate(counts.most_common())}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def train():
    words = words_of(table["text"])
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for text, label in zip(table["text"], table["label"]):
        ids = torch.tensor([[words[word] for word in text.split()]])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids), torch.tensor([label]))
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), "/dev/null")  # <- found here


train()
```

```python good
from collections import Counter

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
table = pd.DataFrame({"text": ["a great film", "a dull film", "great plot", "dull and long"], "label": [1, 0, 1, 0]})


def words_of(texts):
    counts = Counter(word for text in texts for word in text.split())
    return {word: i + 1 for i, (word, _) in enumerate(counts.most_common())}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


def train():
    words = words_of(table["text"])
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for text, label in zip(table["text"], table["label"]):
        ids = torch.tensor([[words[word] for word in text.split()]])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids), torch.tensor([label]))
        loss.backward()
        optimizer.step()
    torch.save({"weights": model.state_dict(), "words": words}, "/dev/null")


train()
```
"""

import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, rule

# Whatever may write a vocabulary.
_WRITES = re.compile(
    r"json\.dump|pickle\.dump|dill\.dump|joblib\.dump|\.write\w*\(|np\.save|numpy\.save|to_json|to_pickle|\.to_csv|"
    r"save_vocab\w*|save_words\w*|\bdump\(|yaml\.|print\([^\n]*file\s*=|\.save_to_file|save_pretrained|mlflow|wandb\.save"
)


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for programs that save weights and, anywhere, nothing else."""
    saved = [fact for fact in record.ask(Data, what="checkpoint") if fact.samples.get("deed") == "saved"]
    learned = [fact for fact in record.ask(Data, what="vocabulary") if fact.made_from and fact.seen_by == "source"]
    if not saved or not learned:
        raise Unseen("no weights were saved" if not saved else "no vocabulary was learned from texts")
    if not all(_is_weights_alone(record, one) for one in saved):
        return
    if any(_WRITES.search(text) for text in record.sources.values()):
        raise Unseen("what the program writes besides the weights was not followed")
    yield Finding(
        saved[0].place,
        f"{expression(record, saved[0].place)} keeps the weights alone: which word has which number is lost when the program "
        f"ends. Save the vocabulary in the same file.",
        (saved[0].n, learned[0].n),
    )


def _is_weights_alone(record: Record, saved: Data) -> bool:
    """Say whether a file holds a model or its weights, and nothing that the program learned besides."""
    holds, facts = str(saved.samples.get("holds")), {fact.id: fact for fact in record.ask(Data)}
    behind = {facts[one].what for one in saved.made_from if one in facts}
    if holds.startswith("the whole module"):
        model = next((facts[one] for one in saved.made_from if one in facts and facts[one].what == "model"), None)
        return model is not None and not any(facts[one].what == "vocabulary" for one in model.made_from if one in facts)
    return holds == "state_dict" and behind <= {"model"}
