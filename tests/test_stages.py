"""The thirteen stages."""

from __future__ import annotations

import pytest

from rnnlab.stages import STAGE_NAMES, STAGES, stage_named


def test_there_are_thirteen_in_the_order_of_the_lecture() -> None:
    assert " ".join(STAGE_NAMES) == (
        "load tokenize split vocab batch embed rnn squeeze head loss train evaluate predict"
    )
    assert [stage.number for stage in STAGES] == list(range(1, 14))


@pytest.mark.parametrize("stage", STAGES, ids=STAGE_NAMES)
def test_a_stage_tells_its_story_in_two_lines(stage) -> None:
    assert len(stage.story.splitlines()) == 2
    assert stage.title and stage.takes and stage.gives and len(stage.asks) > 60


def test_a_stage_is_found_by_name_and_by_number() -> None:
    assert stage_named(" RNN ").name == stage_named("7").name == "rnn"


def test_an_unknown_stage_is_answered_with_the_names() -> None:
    with pytest.raises(KeyError, match="no stage is called 'dance'; the stages are load, tokenize"):
        stage_named("dance")
