"""What spaCy's tokenizer does to one piece of text between two spaces, several times faster: each rest is worked out once.

The steps and the patterns are spaCy's own (`Tokenizer.explain` documents them): strip prefixes and suffixes until neither is
found, then split what is left at infixes. Its special cases are left to spaCy.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer


class Steps:
    """Cuts pieces as a tokenizer does; `specials` are the tokens that each of its special cases would have as any other text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._rules = frozenset(tokenizer.rules)
        self._prefix, self._suffix = tokenizer.prefix_search, tokenizer.suffix_search
        self._infixes, self._url = tokenizer.infix_finditer, tokenizer.url_match
        self._known: dict[str, list[str]] = {}
        self.specials = self._specials(tokenizer)
        self._alone = frozenset(tokens[0] for tokens in self.specials if len(tokens) == 1)
        self._begun = frozenset((tokens[0], tokens[1]) for tokens in self.specials if len(tokens) > 1)

    def cut(self, piece: str) -> list[str] | None:
        """Return the tokens of a piece, or None where a special case may have a part in it."""
        before: list[str] = []
        after: list[str] = []
        rest = piece
        while rest and rest not in self._known:
            if rest in self._rules:
                return None
            if rest.isascii() and rest.isalpha():
                # No English pattern finds anything in letters alone, and looking takes most of the time.
                self._known[rest] = [rest]
                break
            found = self._prefix(rest)
            start = found.end() if found else 0
            found = self._suffix(rest[start:])
            size = found.end() - found.start() if found else 0
            if not start and not size:
                self._known[rest] = self._split(rest)
                break
            if (start and rest[start:] in self._rules) or (size and rest[:-size] in self._rules):
                return None
            if start:
                before.append(rest[:start])
            if size:
                after.append(rest[-size:])
            rest = rest[start : len(rest) - size]
        tokens = [*before, *(self._known[rest] if rest else ()), *reversed(after)]
        return None if self._special(tokens) else tokens

    def _split(self, rest: str) -> list[str]:
        if self._url(rest):
            return [rest]
        tokens, start = [], 0
        for infix in self._infixes(rest):
            if infix.start() == 0:
                continue
            tokens += [rest[start : infix.start()], infix.group()]
            start = infix.end()
        return [token for token in (*tokens, rest[start:]) if token]

    def _special(self, tokens: list[str]) -> bool:
        """Whether spaCy may put tokens together to a special case, which it looks for when all is cut."""
        if not self._alone.isdisjoint(tokens):
            return True
        return len(tokens) > 1 and not self._begun.isdisjoint(pairwise(tokens))

    @staticmethod
    def _specials(tokenizer: Tokenizer) -> list[list[str]]:
        from spacy.tokenizer import Tokenizer
        from spacy.vocab import Vocab

        plain = Tokenizer(
            Vocab(), None, tokenizer.prefix_search, tokenizer.suffix_search, tokenizer.infix_finditer,
            tokenizer.token_match, tokenizer.url_match,
        )  # fmt: skip
        return [[token.text for token in plain(special)] for special in tokenizer.rules]
