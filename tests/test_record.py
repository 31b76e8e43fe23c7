"""The ordered story: asking, stepping back, and its life on disk."""

from __future__ import annotations

import tracemalloc
from array import array
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnlab import index as indexing
from rnnlab import record as records
from rnnlab.facts import (
    AnyFact,
    Axis,
    Call,
    Crash,
    Data,
    Gap,
    GroupNote,
    Loop,
    Named,
    PackedNote,
    Place,
    Probe,
    Said,
    Scope,
    TensorNote,
    ValueNote,
)  # fmt: skip
from rnnlab.record import Header, Record, RecordError, is_record

PLACE = Place("lecture.py", 12, 4, 12, 20)


def index_of(path: Path) -> Path:
    return path.with_name(path.name + ".index")


def story(record: Record) -> Record:
    """Tell a small story: a model is entered, two operations, a nested scope, a data object, a gap."""
    record.add_source("lecture.py", "a = 1\n")
    outer = record.add(Scope(function="train", stage="train"))
    record.add(Call(what="lstm", stage="rnn", inside=outer.n, place=PLACE))
    inner = record.add(Scope(function="forward", inside=outer.n))
    record.add(Call(what="squeeze", stage="squeeze", inside=inner.n))
    record.add(Data(what="batch", stage="batch", id=1))
    record.add(Gap(what="watching", why="something"))
    return record


# --- asking --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["in memory", "loaded"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Record:
    record = story(Record())
    return record if request.param == "in memory" else Record.load(record.save(tmp_path / "story.rnnlab"))


def test_facts_are_numbered_in_order(told: Record) -> None:
    assert [fact.n for fact in told] == list(range(6)) == [told.fact(n).n for n in range(len(told))]


def test_facts_are_asked_for_by_kind_and_narrowed(told: Record) -> None:
    assert [call.what for call in told.ask(Call)] == ["lstm", "squeeze"]
    assert [call.n for call in told.ask(Call, what="lstm")] == [1]
    assert [call.n for call in told.ask(Call, stage="squeeze")] == [3]
    assert [call.n for call in told.ask(Call, inside=0)] == [1, 3]
    assert [call.n for call in told.ask(Call, inside=2)] == [3]
    assert [call.n for call in told.ask(Call, where=lambda call: call.place == PLACE)] == [1]
    assert list(told.ask(Crash)) == list(told.ask(Call, what="lstm", stage="squeeze")) == []


def test_the_first_and_the_last(told: Record) -> None:
    assert told.first(Call).n == 1  # type: ignore[union-attr]
    assert told.last(Call).n == 3  # type: ignore[union-attr]
    assert told.last(Call, stage="rnn").n == 1  # type: ignore[union-attr]
    assert told.first(Said) is told.last(Said) is None


def test_what_encloses_a_fact_is_named_from_the_innermost_outwards(told: Record) -> None:
    assert told.enclosing(told.fact(3)) == [2, 0]
    assert told.enclosing(told.fact(0)) == []


def test_a_circle_of_enclosing_facts_ends() -> None:
    record = Record()
    record.add(Scope(function="f", inside=1))
    record.add(Scope(function="g", inside=0))
    assert record.enclosing(record.fact(0)) == [1, 0]


def test_a_number_outside_of_the_record_says_which_there_are(told: Record) -> None:
    with pytest.raises(IndexError, match="the record has facts 0 to 5, not 6"):
        told.fact(6)


def test_stepping_back_hides_what_came_later_and_copies_nothing(told: Record) -> None:
    earlier = told.until(3)
    assert len(earlier) == 3 and [fact.n for fact in earlier] == [0, 1, 2]
    assert list(earlier.ask(Data)) == [] and earlier.last(Call).n == 1  # type: ignore[union-attr]
    assert earlier._facts is told._facts and earlier.sources is told.sources
    assert len(told.until(99)) == 6 and len(told.until(-1)) == 0 and len(earlier.until(5)) == 3
    with pytest.raises(IndexError):
        earlier.fact(3)


def test_a_running_record_does_not_grow_behind_a_step_back() -> None:
    record = story(Record())
    earlier = record.until(4)
    record.add(Said(text="later"))
    assert len(earlier) == 4 and len(record) == 7


def test_a_place_gives_its_line(told: Record) -> None:
    assert told.line(Place("lecture.py", 1)) == "a = 1"
    assert told.line(Place("lecture.py", 9)) == told.line(Place("other.py", 1)) == ""


def test_a_source_is_kept_once() -> None:
    record = Record()
    record.add_source("a.py", "first")
    record.add_source("a.py", "second")
    assert record.sources == {"a.py": "first"}


# --- every kind of fact survives -----------------------------------------------------------------------------------

TEXT = st.text(max_size=12) | st.sampled_from(["评论 😀", '"}\n{"fact"', "\u2028", "\x00\x1b[2J", "e\u0301", "[red]"])
SMALL = st.integers(-(2**53), 2**53)
AXES = st.lists(st.builds(Axis, TEXT, st.sampled_from(["declared", "probed", "propagated", "unknown"])), max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | SMALL | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
NOTES = st.recursive(
    st.builds(ValueNote, TEXT, TEXT)
    | st.builds(
        TensorNote,
        st.none() | st.lists(st.none() | st.integers(0, 9), max_size=3).map(tuple),
        AXES.map(tuple),
        TEXT,
        made_by=st.lists(SMALL, max_size=2).map(tuple),
    )
    | st.builds(PackedNote, SMALL, SMALL, SMALL, features=st.just((4,)), axes=AXES.map(tuple)),
    lambda inner: st.builds(GroupNote, TEXT, st.lists(st.builds(Named, TEXT, inner), max_size=3).map(tuple)),
    max_leaves=4,
)
COMMON: dict[str, Any] = {
    "place": st.none() | st.builds(Place, TEXT, SMALL, SMALL, SMALL, SMALL, st.none() | SMALL),
    "stage": st.none() | TEXT,
    "seen_by": st.sampled_from(["run", "source", "probe"]),
    "inside": st.none() | SMALL,
    "certain": st.booleans(),
}
INPUTS = st.lists(st.builds(Named, TEXT, NOTES), max_size=2).map(tuple)
OUTPUT = st.none() | NOTES
VALUES = st.dictionaries(TEXT, JSON, max_size=2)
COUNTS = st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False), max_size=2)
FACTS = st.one_of(
    st.builds(Scope, function=TEXT, phase=st.sampled_from(["into", "out", "over"]), inputs=INPUTS, output=OUTPUT, **COMMON),
    st.builds(Call, what=TEXT, inputs=INPUTS, output=OUTPUT, binds=st.lists(TEXT, max_size=2).map(tuple), values=VALUES,
              layer=st.none() | TEXT, grad_on=st.none() | st.booleans(), times=SMALL, **COMMON),
    st.builds(Data, what=TEXT, id=SMALL, name=TEXT, made_from=st.just((1, 2)), counts=COUNTS, samples=VALUES,
              stand_in=st.booleans(), **COMMON),
    st.builds(Loop, kind=TEXT, index=SMALL, declared=st.none() | SMALL, executed=st.none() | SMALL, **COMMON),
    st.builds(Probe, what=TEXT, given=VALUES, seen=VALUES, **COMMON),
    st.builds(Said, text=TEXT, **COMMON),
    st.builds(Crash, error=TEXT, message=TEXT, **COMMON),
    st.builds(Gap, what=TEXT, why=TEXT, **COMMON),
)  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(FACTS, max_size=6), header=st.builds(Header, program=TEXT, seed=st.none() | SMALL, arguments=VALUES),
       sources=st.dictionaries(TEXT, TEXT, max_size=2))  # fmt: skip
def test_every_fact_comes_back_as_it_was(
    tmp_path: Path, facts: list[AnyFact], header: Header, sources: dict[str, str]
) -> None:
    record = Record(header)
    for file, text in sources.items():
        record.add_source(file, text)
    told = [record.add(fact) for fact in facts]
    loaded = Record.load(record.save(tmp_path / "any.rnnlab"))
    assert list(loaded) == told
    assert (loaded.header, loaded.sources) == (header, sources)
    assert [type(fact) for fact in loaded] == [type(fact) for fact in facts]


# --- killed programs -----------------------------------------------------------------------------------------------


def test_a_record_is_readable_after_every_fact(tmp_path: Path) -> None:
    path = tmp_path / "growing.rnnlab"
    record = Record(Header(program="killed"), path)
    for n in range(5):
        record.add(Said(text=str(n)))
        assert [fact.text for fact in Record.load(path).ask(Said)] == [str(i) for i in range(n + 1)]
    record.close()


def test_a_record_cut_anywhere_tells_its_whole_facts(tmp_path: Path) -> None:
    path = tmp_path / "cut.rnnlab"
    whole = story(Record(Header(program="short")))
    content = whole.save(path).read_bytes()
    (tmp_path / "cut.rnnlab.index").unlink()
    header_end = content.index(b"\n")
    for end in range(len(content) + 1):
        path.write_bytes(content[:end])
        lines = min(6, content[:end].count(b"\n") - 2)  # the header and the source
        if end < header_end:
            with pytest.raises(RecordError, match="is not a record of rnnlab"):
                Record.load(path)
        else:
            cut = Record.load(path)
            assert list(cut) == list(whole)[: max(0, lines)]
            assert cut.is_complete == (end == len(content))


# --- the index -----------------------------------------------------------------------------------------------------


class Decodings:
    """Counts how many facts were decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.facts = self.peeks = 0
        fact, peek = records._decode, records._peek

        def counted(line: bytes, path: Path, n: int) -> AnyFact:
            self.facts += 1
            return fact(line, path, n)

        def peeked(line: bytes, path: Path, n: int) -> Any:
            self.peeks += 1
            return peek(line, path, n)

        monkeypatch.setattr(records, "_decode", counted)
        monkeypatch.setattr(records, "_peek", peeked)


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> Decodings:
    return Decodings(monkeypatch)


def test_loading_decodes_no_fact_until_it_is_asked_for(tmp_path: Path, decodings: Decodings) -> None:
    loaded = Record.load(story(Record()).save(tmp_path / "lazy.rnnlab"))
    assert (decodings.facts, len(loaded)) == (0, 6)
    list(loaded.ask(Data))
    assert decodings.facts == 1
    loaded.fact(3)
    assert decodings.facts == 2


def test_the_index_beside_a_record_is_used(tmp_path: Path, decodings: Decodings) -> None:
    path = story(Record()).save(tmp_path / "indexed.rnnlab")
    decodings.peeks = 0
    Record.load(path)
    assert decodings.peeks == 0
    index_of(path).unlink()
    Record.load(path)
    assert decodings.peeks == 6


@pytest.mark.parametrize(
    "index",
    [b"", b"no index", b"[]", b'{"size":1,"offsets":[],"kinds":[],"stages":[]}', b"\x80", b"\xff\xfe"],
)
def test_an_index_that_cannot_be_read_is_made_anew(tmp_path: Path, index: bytes) -> None:
    path = story(Record()).save(tmp_path / "stale.rnnlab")
    expected = list(Record.load(path))
    index_of(path).write_bytes(index)
    assert list(Record.load(path)) == expected


@pytest.mark.parametrize(
    "lie",
    [{"size": 7}, {"tail": 1}, {"version": 0}, {"count": 5}, {"check": 0}, {"sources": [10**9]}, {"sources": [0]},
     {"columns": {}}, {"name_words": []}, {"spots": [None]}],
    ids=str,
)  # fmt: skip
def test_an_index_that_does_not_fit_is_made_anew(tmp_path: Path, lie: dict[str, Any]) -> None:
    path = story(Record()).save(tmp_path / "lies.rnnlab")
    expected, sources = list(Record.load(path)), Record.load(path).sources
    saved = msgspec.msgpack.decode(index_of(path).read_bytes())
    assert saved.keys() >= lie.keys()
    index_of(path).write_bytes(msgspec.msgpack.encode(saved | lie))
    loaded = Record.load(path)
    assert (list(loaded), loaded.sources) == (expected, sources)


@pytest.mark.parametrize("shift", [1, -1, 40, 10**9])
def test_offsets_that_lie_are_noticed_where_a_fact_is_read(tmp_path: Path, shift: int) -> None:
    path = story(Record()).save(tmp_path / "shifted.rnnlab")
    expected = list(Record.load(path))
    saved = msgspec.msgpack.decode(index_of(path).read_bytes())
    offsets = array("Q", saved["columns"]["offsets"])
    for n in range(1, 5):
        offsets[n] += shift
    saved["columns"]["offsets"] = offsets.tobytes()
    saved["check"] = indexing._check(saved["columns"])
    index_of(path).write_bytes(msgspec.msgpack.encode(saved))
    assert list(Record.load(path)) == expected
    assert Record.load(path).fact(3) == expected[3]


def test_an_index_of_another_record_of_the_same_size_is_not_used(tmp_path: Path) -> None:
    one, other = (tmp_path / f"{name}.rnnlab" for name in ("one", "two"))
    for path, text in ((one, "first"), (other, "other")):
        record = Record(Header(program="same"), path)
        record.add(Said(text=text))
        record.add(Said(text=text))
        record.close()
    assert one.stat().st_size == other.stat().st_size
    index_of(one).replace(index_of(other))
    assert [fact.text for fact in Record.load(other).ask(Said)] == ["other", "other"]


def test_no_line_is_read_where_the_index_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = story(Record()).save(tmp_path / "quick.rnnlab")
    monkeypatch.setattr(records, "_read_lines", lambda path: pytest.fail("the lines were read"))
    loaded = Record.load(path)
    assert loaded.sources == {"lecture.py": "a = 1\n"} and [call.what for call in loaded.ask(Call)] == [
        "lstm",
        "squeeze",
    ]


def test_the_columns_are_the_same_from_lines_from_facts_and_from_disk(tmp_path: Path) -> None:
    record = story(Record())
    path = record.save(tmp_path / "three.rnnlab")
    from_disk = Record.load(path).index
    index_of(path).unlink()
    from_lines, from_facts = Record.load(path).index, record.index
    for column in indexing._TYPES:
        if column != "offsets":
            assert getattr(from_disk, column) == getattr(from_lines, column) == getattr(from_facts, column), column
    assert from_disk.offsets == from_lines.offsets and from_disk.spots == from_lines.spots == from_facts.spots


def test_a_fact_that_was_read_is_not_decoded_again_and_old_ones_are_forgotten(
    tmp_path: Path, decodings: Decodings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = Record.load(story(Record()).save(tmp_path / "kept.rnnlab"))
    monkeypatch.setattr(records, "_KEPT", 2)
    for n in (0, 1, 0, 1):
        loaded.fact(n)
    assert decodings.facts == 2
    loaded.fact(2)
    loaded.fact(0)
    assert decodings.facts == 4


def test_a_record_that_was_closed_opens_its_file_again_when_it_is_asked(tmp_path: Path) -> None:
    path = story(Record()).save(tmp_path / "closed.rnnlab")
    loaded = Record.load(path)
    assert loaded.fact(0).n == 0
    loaded.close()
    assert loaded.fact(1).n == 1


def test_a_file_that_went_away_is_said_in_one_sentence(tmp_path: Path) -> None:
    path = story(Record()).save(tmp_path / "gone.rnnlab")
    loaded = Record.load(path)
    path.unlink()
    with pytest.raises(RecordError, match=r"gone\.rnnlab cannot be read"):
        loaded.fact(0)


# --- whole or cut ----------------------------------------------------------------------------------------------------


def test_a_closed_record_is_complete_and_a_cut_one_is_not(tmp_path: Path) -> None:
    path = story(Record()).save(tmp_path / "whole.rnnlab")
    assert Record.load(path).is_complete and Record.load(path).until(2).is_complete
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    cut = Record.load(path)
    assert not cut.is_complete and len(cut) == 6
    path.write_bytes(b"".join(lines)[:-1])
    assert not Record.load(path).is_complete
    again = Record.load(cut.save(tmp_path / "copy.rnnlab"))
    assert not again.is_complete and len(again) == 6


def test_a_growing_record_is_not_complete_before_it_is_closed(tmp_path: Path) -> None:
    record = story(Record(Header(), tmp_path / "grows.rnnlab"))
    assert not record.is_complete and not Record.load(tmp_path / "grows.rnnlab").is_complete
    record.close()
    assert record.is_complete and Record.load(tmp_path / "grows.rnnlab").is_complete
    assert story(Record()).is_complete


def test_a_record_of_the_first_schema_has_no_mark_and_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "old.rnnlab"
    path.write_bytes(
        b'{"fact":"header","schema":1}\n{"fact":"source","file":"a.py","text":"x"}\n{"fact":"said","n":0,"text":"y"}\n'
    )
    index_of(path).write_bytes(b'{"size":116,"offsets":[75],"kinds":["said"],"stages":[null]}')
    old = Record.load(path)
    assert old.is_complete and [fact.text for fact in old.ask(Said)] == ["y"] and old.sources == {"a.py": "x"}
    path.write_bytes(path.read_bytes()[:-1])
    assert not Record.load(path).is_complete


def test_a_folder_that_refuses_the_index_costs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, content: bytes) -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_bytes", refuse)
    path = story(Record()).save(tmp_path / "read_only.rnnlab")
    assert len(Record.load(path)) == 6 and not index_of(path).exists()


def test_a_hundred_thousand_facts_open_without_decoding_one(tmp_path: Path, decodings: Decodings) -> None:
    path = tmp_path / "large.rnnlab"
    line = msgspec.json.encode(Call(what="lstm", stage="rnn", place=PLACE)) + b"\n"
    end = b'{"fact":"end","facts":100000}\n'
    path.write_bytes(msgspec.json.encode(Header()) + b"\n" + line * 99_999 + line.replace(b"lstm", b"gru") + end)
    records._save_index(path, records._read_lines(path)[2])
    decodings.peeks = 0
    tracemalloc.start()
    loaded = Record.load(path)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(loaded) == 100_000
    assert loaded.fact(99_999).what == "gru"  # type: ignore[union-attr]
    assert (decodings.facts, decodings.peeks) == (1, 0)
    assert held < 16e6  # a few numbers for each fact, no facts


# --- files that are no records -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a record of rnnlab"),
        (b"\x80\x04\x95pickle\xff", "is not a record of rnnlab"),
        (b'{"cells": []}\n', "is not a record of rnnlab"),
        (b"review,sentiment\nfine,1\n", "is not a record of rnnlab"),
        (b'{"fact":"said","text":"no header"}\n', "is not a record of rnnlab"),
        (b'{"fact":"header","schema":"one"}\n', "is not a record of rnnlab"),
        (b'{"fact":"header","schema":3}\n', "was written by a newer rnnlab .schema 3.; update rnnlab"),
        (b'{"fact":"header"}\nnot json\n', "fact 0 cannot be read"),
        (b'{"fact":"header"}\n{"text":"of no kind"}\n', "fact 0 cannot be read"),
        (b'{"fact":"header"}\n{"fact":"dance"}\n', "fact 0 cannot be read"),
        (b'{"fact":"header"}\n{"fact":"said","text":5}\n', "fact 0 cannot be read"),
        (b'{"fact":"header"}\n{"fact":"said","text":"\xff"}\n', "fact 0 cannot be read"),
        (b'{"fact":"header"}\n{"fact":"source","file":1}\n', "a source in it cannot be read"),
    ],
)
def test_a_file_that_is_no_record_is_refused_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "odd.rnnlab"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=sentence) as refused:
        list(Record.load(path))
    assert "odd.rnnlab" in str(refused.value) and "\n" not in str(refused.value)


def test_a_missing_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"none\.rnnlab cannot be read: No such file"):
        Record.load(tmp_path / "none.rnnlab")


def test_a_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        Record.load(tmp_path)


def test_a_record_is_recognised_by_its_first_bytes(tmp_path: Path) -> None:
    path = story(Record()).save(tmp_path / "named.anything")
    other = tmp_path / "reviews.csv"
    other.write_text("review,sentiment\n", encoding="utf-8")
    assert is_record(path) and not is_record(other) and not is_record(tmp_path / "none") and not is_record(tmp_path)


# --- writing -------------------------------------------------------------------------------------------------------


def test_nothing_can_be_added_to_a_loaded_record(tmp_path: Path) -> None:
    loaded = Record.load(story(Record()).save(tmp_path / "done.rnnlab"))
    with pytest.raises(RecordError, match="nothing can be added"):
        loaded.add(Said(text="more"))


def test_a_step_back_cannot_be_added_to() -> None:
    record = story(Record())
    with pytest.raises(RecordError, match="nothing can be added"):
        record.until(2).add(Said(text="another past"))
    assert len(record) == 6


def test_saving_a_growing_record_to_its_own_file_closes_it(tmp_path: Path) -> None:
    path = tmp_path / "own.rnnlab"
    record = story(Record(Header(), path))
    assert record.save(path) == path
    assert list(Record.load(path)) == list(record)


def test_a_loaded_record_can_be_saved_over_itself(tmp_path: Path) -> None:
    path = tmp_path / "self.rnnlab"
    record = Record(Header(), path)
    for n in range(3):  # sources between the facts: the copy has them in front
        record.add_source(f"{n}.py", "x = 1\n" * n)
        record.add(Said(text=str(n)))
    record.close()
    loaded = Record.load(path)
    earlier = loaded.until(2)
    expected = list(loaded)
    loaded.save(path)
    assert list(Record.load(path)) == list(loaded) == expected and list(earlier) == expected[:2]


def test_a_step_back_can_be_saved(tmp_path: Path) -> None:
    assert len(Record.load(story(Record()).until(2).save(tmp_path / "early.rnnlab"))) == 2


def test_a_new_record_does_not_trust_the_index_of_an_old_one(tmp_path: Path) -> None:
    path = story(Record()).save(tmp_path / "again.rnnlab")
    record = Record(Header(), path)
    record.add(Said(text="new"))
    assert [type(fact) for fact in Record.load(path)] == [Said]
    record.close()


def test_half_a_character_is_replaced_on_disk(tmp_path: Path) -> None:
    record = Record(Header(), tmp_path / "half.rnnlab")
    record.add_source("b\udcff.py", "x")
    record.add(Data(what="table", id=1, samples={"head": [["\ud800"]]}))
    record.add(Said(text="after"))
    record.close()
    loaded = Record.load(tmp_path / "half.rnnlab")
    assert [fact.n for fact in loaded] == [0, 1] and loaded.sources == {"b?.py": "x"}
    assert loaded.first(Data).samples == {"head": [["?"]]}  # type: ignore[union-attr]
