"""What all tests share: a cache of their own, strict recorders, and the real reviews where they are."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from rnnlab.pipeline.cache import cache_folder
from rnnlab.pipeline.imdb import CSV_NAME

# No test measures time: a busy machine must not fail one.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# The real reviews: where RNNLAB_DATA says, else where `rnnlab data imdb` has put them.
_DOWNLOADED = cache_folder("imdb", CSV_NAME)
if not os.environ.get("RNNLAB_DATA") and _DOWNLOADED.is_file():
    os.environ["RNNLAB_DATA"] = str(_DOWNLOADED)

# Before anything of rnnlab is imported: no test touches the user's cache, and no failure of a recorder is swallowed.
_CACHE = tempfile.TemporaryDirectory(prefix="rnnlab-tests-")
os.environ["RNNLAB_CACHE"] = _CACHE.name
os.environ["RNNLAB_STRICT"] = "1"
os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="session", autouse=True)
def own_cache() -> Iterator[Path]:
    """The cache folder of this test session; it is removed at its end."""
    yield Path(_CACHE.name)
    _CACHE.cleanup()


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of 400 of the built-in reviews."""
    from rnnlab.pipeline.reviews import reviews

    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows(reviews()[:400])
    return path


@pytest.fixture(scope="session")
def imdb_csv() -> Path:
    """The real 50,000 reviews in the lecture's order; the test is skipped where they are not."""
    given = os.environ.get("RNNLAB_DATA")
    if not given:
        pytest.skip("there is no movie_data.csv, in RNNLAB_DATA or in rnnlab's cache; `rnnlab data imdb` makes it")
    path = Path(given)
    if not path.is_file():
        pytest.fail(f"RNNLAB_DATA names {path}, which is not there")
    return path
