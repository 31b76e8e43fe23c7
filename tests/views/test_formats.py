"""The formats of a check say the same thing, each in its own language, and no text of a program becomes markup."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import HERE, report_of

from rnnlab.rules.kit import LEVELS, Level
from rnnlab.views.formats import FORMATS, formatted

SCHEMA = json.loads((HERE / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))


def plain(level: Level = "habit", name: str = "json", **program: Any) -> dict[str, Any]:
    return json.loads(formatted(name, [report_of(**program)], level))


def test_json_tells_each_finding_with_its_place_witnesses_and_evidence() -> None:
    told = plain()
    first = told["findings"][0]
    assert (first["rule"], first["level"], first["file"], first["cell"]) == (
        "padding_read",
        "mistake",
        "train.py",
        None,
    )
    assert (first["line"], first["column"], first["end_column"]) == (4, 30, 60)
    assert first["seen_by"] == ["run", "probe", "source"]
    assert first["evidence"][1]["numbers"] == {"given": {"pads": 6}, "seen": {"largest difference": 0.12}}
    assert first["evidence"][0]["source"] == "self.rnn(self.embedding(text))"
    assert [one["level"] for one in told["findings"]] == ["mistake", "mistake", "risk", "habit"]
    assert [one["line"] for one in told["findings"]] == [4, 5, None, 8]


def test_json_tells_one_outcome_for_each_rule() -> None:
    outcomes = {one["rule"]: one["status"] for one in plain()["outcomes"]}
    assert outcomes == {
        "padding_read": "found", "over_the_batch": "found", "a_line": "found", "a_program": "found", "a_clear_one": "clear",
        "an_unseen_one": "unseen", "without_a_vocabulary": "unseen", "a_broken_one": "broke",
    }  # fmt: skip


def test_over_several_programs_a_rule_is_clear_only_where_it_could_look_everywhere_it_applies() -> None:
    told = json.loads(formatted("json", [report_of("a.py"), report_of("b.py")], "habit"))
    assert len(told["outcomes"]) == 8 and [one["program"] for one in told["programs"]] == ["a.py", "b.py"]
    assert [one["status"] for one in told["outcomes"] if one["rule"] == "an_unseen_one"] == ["unseen"]
    assert len(told["findings"]) == 8


@pytest.mark.parametrize(("level", "count"), [("mistake", 2), ("risk", 3), ("habit", 4)])
def test_less_serious_findings_are_left_out(level: Level, count: int) -> None:
    assert len(plain(level)["findings"]) == count
    assert len(plain(level, "sarif")["runs"][0]["results"]) == count
    assert formatted("github", [report_of()], level).count("\n") == count - 1
    assert formatted("markdown", [report_of()], level).count("\n### ") == count
    assert ElementTree.fromstring(formatted("junit", [report_of()], level)).findall(".//failure").__len__() == count


@pytest.mark.parametrize("file", ["train.py", "/home/a b/ü#%.py", "lesson.ipynb"])
def test_sarif_is_what_its_schema_says(file: str) -> None:
    log = plain(name="sarif", file=file)
    jsonschema.validate(log, SCHEMA)
    (run,) = log["runs"]
    first, *_ = run["results"]
    rule = run["tool"]["driver"]["rules"][first["ruleIndex"]]
    assert rule["id"] == first["ruleId"] == "padding_read" and first["level"] == "error"
    assert rule["help"]["markdown"].startswith("# Padding read")
    region = first["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 4, "startColumn": 30, "endLine": 4, "endColumn": 60}


def test_the_schema_has_teeth() -> None:
    log = plain(name="sarif")
    log["runs"][0]["results"][0]["level"] = "mistake"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, SCHEMA)


def test_junit_fails_skips_and_errs() -> None:
    root = ElementTree.fromstring(formatted("junit", [report_of()], "habit"))
    (suite,) = root
    assert suite.attrib == {
        "name": "train.py", "tests": "8", "failures": "4", "errors": "1", "skipped": "2",
    }  # fmt: skip
    skipped = suite.find("testcase[@name='an_unseen_one']/skipped")
    assert skipped is not None and skipped.attrib["message"] == "nobody & <could> look"


def test_github_marks_lines_and_escapes_what_would_end_a_command() -> None:
    first, *rest = formatted("github", [report_of("a,b:c.py", words="50 % of <pad>\n::error::x")], "habit").splitlines()
    assert first == (
        "::error file=a%2Cb%3Ac.py,line=4,endLine=4,col=30,endColumn=60,title=rnnlab%3A padding_read"
        "::50 %25 of <pad>%0A::error::x"
    )
    assert [line.split(" ")[0] for line in rest] == ["::error", "::warning", "::notice"]


def test_markdown_shows_the_code_and_the_words_as_they_are() -> None:
    text = formatted("markdown", [report_of(words="<b>*hi*</b> | `x`")], "habit")
    assert text.startswith("# rnnlab: 4 findings")
    assert "```python\nself.rnn(self.embedding(text))\n```" in text
    assert r"\<b\>\*hi\*\</b\> \| \`x\`" in text
    assert text.endswith("8 rules: 4 found, 1 clear, 2 unseen, 1 broke.")


@pytest.mark.parametrize("name", FORMATS)
@given(words=st.text(max_size=60), code=st.text(max_size=60))
def test_any_text_of_a_program_is_only_text(name: str, words: str, code: str) -> None:
    report = report_of("p.py", f"{code}\n" * 9, words)
    text = formatted(name, [report], LEVELS[-1])
    if name == "json":
        assert json.loads(text)["findings"][0]["message"] == words
    elif name == "sarif":
        assert json.loads(text)["runs"][0]["results"][0]["message"]["text"] == words
    elif name == "junit":
        assert len(ElementTree.fromstring(text).findall(".//testcase")) == 8
    elif name == "github":
        assert len(text.splitlines()) >= 4 and len(text.split("\n")) == 4
