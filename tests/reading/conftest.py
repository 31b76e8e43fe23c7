"""Reads small programs and asks what was seen in them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest

from rnnlab.reading import read_text
from rnnlab.record import Record


@pytest.fixture
def reading() -> Callable[[str], Record]:
    """Read the text of a program."""
    return lambda text: read_text(textwrap.dedent(text), "program.py")
