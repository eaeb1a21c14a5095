"""Nothing leaves as unexplained before two people have gone through the list; a doubt once written stays."""

from __future__ import annotations

import pytest

from waman.errors import WamanError
from waman.flights.checks import CHECKS, answered, may_publish_unexplained, not_done, outstanding


def gone_through(checks: list[dict[str, object]], by: str, *, done: bool = True) -> list[dict[str, object]]:
    for number, name in enumerate(CHECKS):
        checks = answered(checks, check=name, done=done, by=by, time_us=number, answer="asked")
    return checks


def test_one_person_is_not_enough() -> None:
    assert len(may_publish_unexplained(gone_through(outstanding(), "ana"))) == len(CHECKS)


def test_two_people_are_enough_even_where_the_answer_is_not_done() -> None:
    checks = gone_through(gone_through(outstanding(), "ana"), "luz", done=False)
    assert may_publish_unexplained(checks) == []


def test_a_doubt_stays_beside_a_later_answer() -> None:
    checks = answered(outstanding(), check="radio_tried", done=False, by="ana", time_us=1, answer="wrong frequency")
    checks = answered(checks, check="radio_tried", done=True, by="luz", time_us=2, answer="no answer")
    assert [c["answer"] for c in checks if c["check"] == "radio_tried"] == ["wrong frequency", "no answer"]
    assert "radio_tried" not in not_done(checks)


def test_an_unknown_check_and_a_nameless_person_are_refused() -> None:
    with pytest.raises(WamanError, match="no check"):
        answered(outstanding(), check="shoot", done=True, by="ana", time_us=0, answer="")
    with pytest.raises(WamanError, match="person"):
        answered(outstanding(), check="radio_tried", done=True, by=" ", time_us=0, answer="")
