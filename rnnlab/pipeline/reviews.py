"""The built-in data: 2,000 made-up movie reviews in English, the same on every machine, without a file or a network.

A review tells of an invented film and closes with a verdict. Most verdicts name a word of praise and a word of blame,
whatever the sentiment, and their order says which of the two is meant: "I expected a dull story, but it turned out
wonderful", "it is wonderful, not dull", "wonderful, even though the songs are dull". The others name one word, and in
half of them it is taken back ("it is not dull"). So a word is as likely in a positive review as in a negative one, and
the words alone tell nothing. The last word of praise or blame sides with the sentiment in 66 % of the reviews.

Figures of `reviews()`, made by `python tests/benchmarks/reviews.py` (x86-64, 2 cores, 2 threads, Python 3.11.7,
torch 2.13.0 for CPU; tokens of spaCy's blank English; the lecture's split with seed 123: 1,360/240/400):

- 1,001 positive and 999 negative reviews, 681 and 679 of them in the training split; 18 exact copies; 24 pairs of
  the same words with opposite sentiments.
- Tokens: median 60, mean 79, 90 % up to 155, 99 % up to 351, from 6 to 633. HTML breaks in 31.6 %. 2,457 distinct
  tokens, 706 words that occur once. Written in 0.2 s.
- Bag of words (logistic regression and naive Bayes; counts, binary, tf-idf; 24 settings): test accuracy 0.51 at best.
- The lecture's LSTM, packed and bucketed: 0.975 to 0.993 with the model seeds 1, 2, 3 and 123, after 8 to 10 s of
  training (vocabulary 1,500, embedding 32, hidden 32, Adam at 0.005, batches of 32, 8 epochs); up to 23 s were seen
  with other work on the machine. After 6 epochs it is at 0.96 or more.
- The same without packing, in batches shuffled regardless of length: 0.50 after all 8 epochs. In batches bucketed by
  length there is little padding to read past, and it reaches 0.93 to 0.98, two to four epochs later than with packing.
"""

import re
from itertools import pairwise
from random import Random

from rnnlab.pipeline import review_words as words

BREAK = "<br /><br />"

_TOKEN = re.compile(r"\w+|[^\w\s]")
_A_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeioAEIO]|u(?!ni|ku|te)|honest)(?!one\b)")


def reviews(count: int = 2000, seed: int = 123) -> list[tuple[str, str]]:
    """The built-in reviews, shuffled: `count` pairs of (review, sentiment), "1" for positive and "0" for negative.

    The same `count` and `seed` give the same text on every platform and Python version. "1" is never the rarer class:
    of 2,000 reviews 1,001 are positive. Of 1,000 reviews 9 are exact copies of another, and 24 are twins: pairs of the
    same words in another order, with opposite sentiments.
    """
    writer = _Writer(Random(seed))
    copies, twins = count * 9 // 1000, count * 12 // 1000
    positive = (count + 1) // 2 + count // 2000 - twins - (copies + 1) // 2
    negative = count // 2 - count // 2000 - twins - copies // 2
    rows = [
        writer.review(sentiment) for sentiment in ["1"] * positive + ["0"] * negative
    ]
    # The classes are copied in turn, so that the copies leave the balance as it is.
    rows += [rows[i // 2 if i % 2 == 0 else positive + i // 2] for i in range(copies)]
    for _ in range(twins):
        rows += writer.twins()
    return _shuffled(rows, writer.random)


class _Writer:
    """Writes reviews one after another, and remembers what may be written only once."""

    def __init__(self, random: Random):
        self.random = random
        self._coined: set[str] = set()
        self._written: set[str] = set()
        self._odd_words = iter(words.ODD_WORDS)

    def review(self, sentiment: str) -> tuple[str, str]:
        """A new review of this sentiment."""
        while True:
            text = self._draft(sentiment)
            if text not in self._written:  # copies are made on purpose only
                self._written.add(text)
                return text, sentiment

    def twins(self) -> list[tuple[str, str]]:
        """Two reviews of the same words, in another order and with opposite sentiments."""
        film = _Film(self)
        verdict = film.tell(self.pick(words.TURNS + words.REFUSALS + words.CONCESSIONS))
        body = self._body(film, self._length() - _tokens(verdict))
        chosen = self._verdict_words("1")
        swapped = {key: chosen[other] for key, other in words.OPPOSITES.items()}
        return [
            (_joined([*body, verdict.format_map(chosen)]), "1"),
            (_joined([*body, verdict.format_map(swapped)]), "0"),
        ]

    def chance(self, share: float) -> bool:
        """True in this share of the calls."""
        return self.random.random() < share

    def pick(self, options):
        """One of the options."""
        return _pick(options, self.random)

    def coin(self) -> str:
        """A name that no other review has."""
        while True:
            word = (
                self.pick(words.ONSETS)
                + self.pick(words.VOWELS)
                + self.pick(words.MIDDLES)
                + self.pick(words.ENDINGS)
            )
            if word not in self._coined:
                self._coined.add(word)
                return word

    def odd_word(self) -> str:
        """A word that no other review has: a rare one, or a coined one when those are used up."""
        return next(self._odd_words, None) or self.coin().lower()

    def _draft(self, sentiment: str) -> str:
        film, length = _Film(self), self._length()
        if length < words.SHORT:
            return _joined(
                [
                    film.tell(self.pick(words.SHORT_TURNS)).format_map(
                        self._verdict_words(sentiment)
                    )
                ]
            )
        closing = [self._verdict(film, sentiment)]
        if length > words.ROOM_FOR_TWO and self.chance(0.6):
            closing.append(self._verdict(film, sentiment))
        if self.chance(0.2):
            closing.append(film.tell(self.pick(words.TAILS)))
        return _joined([*self._body(film, length - _tokens(*closing)), *closing])

    def _length(self) -> int:
        rank = self.random.random()
        low, short, high, long = next(
            (*a, *b) for a, b in pairwise(words.LENGTHS) if rank < b[0]
        )
        return int(short + (long - short) * (rank - low) / (high - low))

    def _verdict(self, film: "_Film", sentiment: str) -> str:
        rank = self.random.random()
        templates = next(
            templates for up_to, templates in words.VERDICTS if rank < up_to
        )
        return film.tell_once(templates).format_map(self._verdict_words(sentiment))

    def _verdict_words(self, sentiment: str) -> dict[str, str]:
        for_it, against_it = (0, 1) if sentiment == "1" else (1, 0)
        return {
            "v": self.pick(words.ADJECTIVES[for_it]),
            "o": self.pick(words.ADJECTIVES[against_it]),
            "vn": self.pick(words.NOUNS[for_it]),
            "on": self.pick(words.NOUNS[against_it]),
            "vf": self.pick(words.FEELINGS[for_it]),
            "of": self.pick(words.FEELINGS[against_it]),
        }

    def _body(self, film: "_Film", length: int) -> list[str]:
        """Everything before the verdict, of about that many tokens: sentences, with a break after some of them."""
        opening = (
            [film.tell(self.pick(words.OPENINGS))]
            if length > words.SHORT and self.chance(0.7)
            else []
        )
        unused = [
            _shuffled(range(len(section)), self.random) for section in words.SECTIONS
        ]
        left, places = length - _tokens(*opening), []
        while left > words.SHORT // 2:
            section = self.pick(words.SECTION_TURNS)
            if unused[section]:
                places.append((section, unused[section].pop()))
                left -= _tokens(
                    words.SECTIONS[section][places[-1][1]]
                    .replace("{", "")
                    .replace("}", "")
                )
        # Plot, cast, craft, and the plot from its beginning: the order in which people tell it.
        told = [
            film.tell(words.SECTIONS[section][place])
            for section, place in sorted(places)
        ]
        return self._with_breaks([*opening, *told])

    def _with_breaks(self, sentences: list[str]) -> list[str]:
        if len(sentences) < 2 or not self.chance(0.47):
            return sentences
        # At least one break, mostly before the verdict; in long reviews one after every third or fourth sentence.
        parts = []
        for text in sentences:
            parts += [text, BREAK] if self.chance(0.3) else [text]
        return parts if parts[-1] == BREAK else [*parts, BREAK]


class _Film:
    """What one review is about: gives every blank of a sentence its words, the same name whenever it is asked again."""

    def __init__(self, writer: _Writer):
        self._writer = writer
        self._facts: dict[str, str] = {}
        self._told: set[str] = set()
        self._pole = 0

    def tell(self, template: str) -> str:
        """The template with its blanks filled in, except those of a verdict."""
        text = template.format_map(self)
        return text[0].upper() + text[1:]

    def tell_once(self, templates) -> str:
        """One of the templates that this review has not told yet."""
        template = self._writer.pick(
            [template for template in templates if template not in self._told]
        )
        self._told.add(template)
        return self.tell(template)

    def __getitem__(self, blank: str) -> str:
        if blank in words.OPPOSITES:
            return f"{{{blank}}}"
        if blank in ("x", "y"):
            self._pole = 1 - self._pole if blank == "y" else self._writer.pick((0, 1))
            return self._writer.pick(words.ADJECTIVES[self._pole])
        if blank.startswith("some_"):  # a baker at first, the baker from then on
            thing = blank.removeprefix("some_")
            return ("the " if thing in self._facts else "a ") + self[thing]
        if blank in words.NAMES:
            return self._name(blank)
        if blank == "coined":
            return self._writer.coin()
        if blank in words.BANKS and blank not in words.SETTLED:
            return self._writer.pick(words.BANKS[blank])
        if blank not in self._facts:
            self._facts[blank] = self._fact(blank)
        return self._facts[blank]

    def _fact(self, blank: str) -> str:
        if blank == "odd":
            return self._writer.odd_word()
        if blank == "town":
            return (
                self._writer.coin()
                if self._writer.chance(0.15)
                else self._writer.pick(words.TOWNS)
            )
        if blank in ("title", "othertitle"):
            return self._title()
        bank, taken = words.BANKS[words.OTHERS.get(blank, blank)], self._facts.values()
        return self._writer.pick([option for option in bank if option not in taken])

    def _title(self) -> str:
        nouns = _shuffled(words.TITLE_NOUNS, self._writer.random)
        pattern, adjective = (
            self._writer.pick(words.TITLES),
            self._writer.pick(words.TITLE_ADJECTIVES),
        )
        place = (
            self._writer.coin()
            if "{place}" in pattern and self._writer.chance(0.1)
            else self._writer.pick(words.TOWNS)
        )
        return pattern.format(
            adjective=adjective, noun=nouns[0], second=nouns[1], place=place
        )

    def _name(self, role: str) -> str:
        if role in self._facts:  # the first time the full name, then the surname
            return self._facts[role]
        free = [name for name in words.SURNAMES if name not in self._facts.values()]
        self._facts[role] = (
            self._writer.coin()
            if self._writer.chance(0.26)
            else self._writer.pick(free)
        )
        return f"{self._writer.pick(words.GIVEN_NAMES)} {self._facts[role]}"


def _pick(options, random: Random):
    # random() alone is promised to give the same from one Python version to the next, so every choice is made of it.
    return options[int(random.random() * len(options))]


def _shuffled(items, random: Random) -> list:
    items = list(items)
    for i in range(len(items) - 1, 0, -1):
        j = int(random.random() * (i + 1))
        items[i], items[j] = items[j], items[i]
    return items


def _tokens(*texts: str) -> int:
    """About the number of tokens that spaCy makes of these texts."""
    return sum(len(_TOKEN.findall(text)) for text in texts)


def _joined(parts: list[str]) -> str:
    text = " ".join(parts).replace(f" {BREAK} ", BREAK)
    return _A_BEFORE_VOWEL.sub(r"\1n ", text)
