"""Stage 1 reads any table of reviews as it is written, and refuses what it cannot use in one sentence."""

from __future__ import annotations

import csv
import gzip
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnnlab.pipeline.load import LoadError, load
from rnnlab.pipeline.reviews import reviews

ROWS = [(f"review number {i}", str(i % 2)) for i in range(40)]


def write(path: Path, rows=ROWS, header=("review", "sentiment"), **how) -> Path:
    encoding = how.pop("encoding", "utf-8")
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, **how)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def read(table) -> list[tuple[str, str]]:
    return list(table.itertuples(index=False, name=None))


def refusal(path: Path | str, **how) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(LoadError) as caught:
        load(path, **how)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and "Traceback" not in message
    assert not re.search(r"[.!?] [A-Z]", message), f"more than one sentence: {message}"
    assert caught.value.__context__ is None or caught.value.__suppress_context__, (
        "the parser's own error would be shown as well"
    )
    return message


# --- what is read --------------------------------------------------------------------------------------------------


def test_without_a_file_the_built_in_reviews_are_read():
    table = load()
    assert read(table) == reviews()
    assert table.attrs["dropped"] == {}


def test_a_csv_file_is_read_as_it_is(tmp_path):
    table = load(write(tmp_path / "a.csv"))
    assert list(table.columns) == ["review", "sentiment"]
    assert read(table) == ROWS


def test_a_path_may_be_a_string(tmp_path):
    assert read(load(str(write(tmp_path / "a.csv")))) == ROWS


@pytest.mark.parametrize("name", ["reviews.csv.gz", "reviews.csv", "REVIEWS.GZ"])
def test_a_gzip_file_is_read_whatever_its_name(tmp_path, name):
    plain = write(tmp_path / "plain")
    packed = tmp_path / name
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(load(packed)) == ROWS


def test_an_unpacked_file_that_kept_its_gz_name_is_read(tmp_path):
    assert read(load(write(tmp_path / "reviews.csv.gz"))) == ROWS


def test_the_columns_may_have_other_names_and_neighbours(tmp_path):
    rows = [(i, label, text) for i, (text, label) in enumerate(ROWS)]
    path = write(tmp_path / "a.csv", rows, ("id", "stars", "what they wrote"))
    assert read(load(path, text="what they wrote", label="stars")) == ROWS


def test_labels_may_be_words_of_three_classes(tmp_path):
    rows = [(text, ("good", "bad", "so so")[i % 3]) for i, (text, _) in enumerate(ROWS)]
    assert read(load(write(tmp_path / "a.csv", rows))) == rows


def test_numbers_as_labels_stay_the_strings_that_they_are(tmp_path):
    rows = [(text, ("1", "01", "1.0", "1e0")[i % 4]) for i, (text, _) in enumerate(ROWS)]
    assert set(load(write(tmp_path / "a.csv", rows))["sentiment"]) == {"1", "01", "1.0", "1e0"}


def test_na_and_null_and_nan_are_words(tmp_path):
    rows = [("NA", "null"), ("null", "NA"), ("nan", "None")] * 10
    table = load(write(tmp_path / "a.csv", rows))
    assert read(table) == rows
    assert table.attrs["dropped"] == {}


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_the_mark_that_excel_puts_at_the_start_of_utf_8_is_no_part_of_the_first_column(tmp_path, quoting):
    path = write(tmp_path / "a.csv", encoding="utf-8-sig", quoting=quoting)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read(load(path)) == ROWS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(tmp_path, end):
    assert read(load(write(tmp_path / "a.csv", lineterminator=end))) == ROWS


def test_commas_quotes_and_line_ends_stay_in_a_quoted_review(tmp_path):
    odd = 'She said, "no":\nfirst,\r\nsecond.\n\nlast'
    assert read(load(write(tmp_path / "a.csv", [(odd, "1"), *ROWS])))[0] == (odd, "1")


def test_spaces_around_a_label_are_left_out_and_those_of_a_review_are_kept(tmp_path):
    rows = [(f"  {text} ", f" {label} ") for text, label in ROWS]
    assert read(load(write(tmp_path / "a.csv", rows))) == [(f"  {text} ", label) for text, label in ROWS]


def test_the_limit_takes_the_first_rows(tmp_path):
    assert read(load(write(tmp_path / "a.csv"), limit=25)) == ROWS[:25]


def test_rows_that_teach_nothing_are_dropped_and_counted(tmp_path):
    rows = [*ROWS, ("", "1"), ("   \n", "0"), ("no label", ""), ("no label", "  "), ("review", "sentiment")]
    table = load(write(tmp_path / "a.csv", rows))
    assert read(table) == ROWS
    assert table.attrs["dropped"] == {"empty text": 2, "missing label": 2, "header repeated": 1}


def test_a_row_is_counted_once_even_if_it_lacks_both(tmp_path):
    table = load(write(tmp_path / "a.csv", [*ROWS, ("", "")]))
    assert sum(table.attrs["dropped"].values()) == 1


def test_a_row_that_ends_before_its_label_has_none(tmp_path):
    path = write(tmp_path / "a.csv")
    path.write_text(path.read_text("utf-8") + "cut of\n", encoding="utf-8")
    assert load(path).attrs["dropped"] == {"missing label": 1}


def test_a_limit_counts_the_rows_that_are_kept(tmp_path):
    table = load(write(tmp_path / "a.csv", [("", "1"), *ROWS]), limit=20)
    assert read(table) == ROWS[:20]


# What the csv module itself writes and reads back the same way; pandas takes NUL for an end, as C does.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(texts, texts.map(str.strip).filter(bool)), min_size=20, max_size=40),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_that_the_csv_module_writes_comes_back(rows, end):
    assume(all(text.strip() for text, _ in rows))
    assume(1 < len({label for _, label in rows}) <= 50)
    assume(("review", "sentiment") not in rows)
    with tempfile.TemporaryDirectory() as folder:
        table = load(write(Path(folder, "a.csv"), rows, lineterminator=end, quoting=csv.QUOTE_ALL))
    assert read(table) == rows


# --- what is refused -----------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path):
    message = refusal(tmp_path / "nowhere.csv")
    assert "nowhere.csv" in message and "check the path" in message


def test_a_folder_is_refused(tmp_path):
    assert "is a folder; give the CSV file itself" in refusal(tmp_path)


def test_a_missing_column_is_answered_with_the_columns_there_are(tmp_path):
    path = write(tmp_path / "a.csv", header=("text", "stars"))
    message = refusal(path)
    assert "no column 'review'" in message and "'text', 'stars'" in message and "--text" in message
    assert "no column 'label'" in refusal(path, text="text", label="label")


def test_a_space_in_a_columns_name_can_be_seen(tmp_path):
    assert "' sentiment'" in refusal(write(tmp_path / "a.csv", header=("review", " sentiment")))


def test_many_columns_are_not_all_listed(tmp_path):
    message = refusal(write(tmp_path / "a.csv", [], [f"column {chr(97 + i)}" for i in range(20)]))
    assert "'column l' …" in message and "column m" not in message


@pytest.mark.parametrize(
    "first", [("A very long review of a film that I have seen more than once, and liked.", "good"), ("short", "1")]
)
def test_a_file_without_a_header_line_is_told_from_a_wrong_column(tmp_path, first):
    message = refusal(write(tmp_path / "a.csv", header=first))
    assert "has no header line" in message and "'review,sentiment' on top" in message
    assert len(message) < 300 + len(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\n\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_empty(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert "is empty; it needs a header line" in refusal(path)


def test_a_header_alone_is_no_table(tmp_path):
    assert "no row with a text and a label" in refusal(write(tmp_path / "a.csv", []))


def test_where_all_rows_were_dropped_the_reasons_are_counted(tmp_path):
    message = refusal(write(tmp_path / "a.csv", [("", "1")] * 30))
    assert "30 dropped: empty text" in message


def test_a_single_class_is_refused(tmp_path):
    message = refusal(write(tmp_path / "a.csv", [(text, "good") for text, _ in ROWS]))
    assert "All 40 rows have the same label, 'good'" in message and "two classes" in message


def test_a_single_class_that_the_limit_causes_points_to_the_limit(tmp_path):
    path = write(tmp_path / "a.csv", sorted(ROWS, key=lambda row: row[1]) + [(text, "1") for text, _ in ROWS])
    assert read(load(path))
    message = refusal(path, limit=20)
    assert "All 20 rows have the same label, '0'" in message and "a larger --limit" in message


def test_too_few_rows_are_refused_and_the_dropped_ones_are_counted(tmp_path):
    message = refusal(write(tmp_path / "a.csv", [*ROWS[:19], ("", "1")]))
    assert "Only 19 of the rows" in message and "1 dropped: empty text" in message and "at least 20" in message
    assert "a larger --limit" in refusal(write(tmp_path / "b.csv"), limit=5)
    assert "a larger --limit" in refusal(None, limit=1)  # type: ignore[arg-type]


def test_bytes_that_are_not_utf_8_are_named(tmp_path):
    path = write(tmp_path / "a.csv", [*ROWS, ("café", "1")], encoding="latin-1")
    message = refusal(path)
    assert "is not UTF-8" in message and "0xe9" in message and "save the file as UTF-8" in message


def test_excels_unicode_text_is_not_utf_8(tmp_path):
    assert "is not UTF-8" in refusal(write(tmp_path / "a.csv", encoding="utf-16"))


@pytest.mark.parametrize("damage", ["cut off", "wrong checksum", "wrong bytes"])
def test_a_damaged_gzip_file_is_refused(tmp_path, damage):
    whole = gzip.compress(write(tmp_path / "plain").read_bytes() * 50)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(
        {
            "cut off": whole[:-30],
            "wrong checksum": whole[:-8] + bytes(8),
            "wrong bytes": whole[:30] + bytes(60) + whole[90:],
        }[damage]
    )
    assert "is a damaged gzip file" in refusal(path)


@pytest.mark.parametrize("name", ["reviews.zip", "reviews.xlsx", "reviews.csv"])
def test_a_zip_archive_or_a_spreadsheet_is_refused_as_one(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(50))
    assert "ZIP archive or a spreadsheet" in refusal(path)


@pytest.mark.parametrize("name", ["a.bz2", "a.xz", "a.zst", "a.tar", "a.zip"])
def test_a_name_never_decides_how_a_file_is_read(tmp_path, name):
    assert read(load(write(tmp_path / name))) == ROWS


def test_a_quotation_mark_that_is_never_closed_is_found(tmp_path):
    path = write(tmp_path / "a.csv")
    path.write_text(path.read_text("utf-8").replace("review number 3,", '"review number 3,'), encoding="utf-8")
    message = refusal(path)
    assert "quotation mark opened in row 4 is never closed" in message


def test_a_row_of_too_many_fields_is_named_by_its_line(tmp_path):
    path = write(tmp_path / "a.csv")
    path.write_text(path.read_text("utf-8").replace("number 3,", "number, 3, they say,"), encoding="utf-8")
    message = refusal(path)
    assert "line 5 has 4 fields instead of 2" in message and "put quotes around" in message


def test_rows_that_are_all_longer_than_the_header_are_not_shifted_in_silence(tmp_path):
    message = refusal(write(tmp_path / "a.csv", [(text, label, "x") for text, label in ROWS]))
    assert "more fields than its header line" in message


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_named(tmp_path, mark, name):
    assert f"is separated by {name}; save it with commas" in refusal(write(tmp_path / "a.csv", delimiter=mark))


def test_the_text_and_the_label_are_two_columns(tmp_path):
    path = write(tmp_path / "a.csv")
    assert "cannot both be the column 'review'" in refusal(path, text="review", label="review")


def test_a_column_of_texts_is_no_column_of_labels(tmp_path):
    rows = [(label, f"{text} {i}") for i, (text, label) in enumerate(ROWS * 3)]
    message = refusal(write(tmp_path / "a.csv", rows))
    assert "120 different values in 120 rows" in message and "--label" in message


def test_an_address_on_the_network_is_only_a_path_that_is_not_there():
    assert "There is no file" in refusal("http://127.0.0.1:9/reviews.csv")


@pytest.mark.parametrize("path", ["x" * 5000, "\0"])
def test_a_path_that_no_system_knows_is_refused(path):
    assert len(refusal(path)) < 200


def test_a_label_as_long_as_a_review_is_shown_shortened(tmp_path):
    message = refusal(write(tmp_path / "a.csv", [("text", "very " * 5000 + "good")] * 30))
    assert len(message) < 300
