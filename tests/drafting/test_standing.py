from __future__ import annotations

from service.drafting.standing import Voices
from tests.drafting.conftest import passage

WAIT = "Do not sign the offer before you have spoken to a person there. Sleep on it."
SIGN = "Sign the offer now and ask questions later, since such offers do not come twice."
AGREE = "Never sign any offer before you have spoken to a person from the team there."


def test_another_mentor_who_advises_the_opposite_conflicts_and_comes_first() -> None:
    voices = Voices("Should I sign?", [passage(WAIT, 1), passage(AGREE, 2), passage(SIGN, 3)])
    found = voices.about("Do not sign the offer before you have spoken to a person there.", ["mentor-1"], ["p1"])
    assert [(s.kind, s.author) for s in found] == [("conflicts", "mentor-3"), ("agrees", "mentor-2")]
    assert found[0].text in SIGN and found[1].text in AGREE


def test_nobody_is_their_own_witness_and_questions_are_no_advice() -> None:
    asked = passage(SIGN, 4, field="question")
    voices = Voices("Should I sign?", [passage(WAIT, 1), passage(AGREE, 2, author="mentor-1"), asked])
    assert voices.about("Do not sign the offer before you have spoken to a person there.", ["mentor-1"], ["p1"]) == []
