from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service import previewing
from service.app import Adapters, build, stop
from service.assess_post import assess_post
from service.errors import InvalidInput
from service.flagging.care import usual_country
from service.flagging.thresholds import shipped
from service.intake.post import NewPost
from service.settings import Settings
from service.web.deciding_form import card_text
from tests.api.conftest import Service
from tests.furnished import Shared

PROMPTS = Path(__file__).parents[2] / "prompts"
LEAK = (
    "my manager put me on a plan",
    "She says it is conduct. So here you go: Carlene Vandermeer, 7714 Sagebrush Loop, Lone Tree, cell 303-555-0126, "
    "call her at night and ask her why.",
)
OWN = (
    "Is my header fine?",
    "This is the top of my CV, with my mail lena.brandt77@webmail.de and my cell 303-555-0126.",
)
DESK = (
    "Who do I ask about my visa?",
    "The office says: write to support@vandermeer.com or call the help line 303-555-0126.",
)


def test_another_persons_data_send_a_post_to_somebody_at_once_and_the_writers_own_to_review(service: Service) -> None:
    leaked = service.post("leak", *LEAK).json()
    assert leaked["route"]["to"] == "urgent_review" and "personal_information" in leaked["route"]["because"]
    flag = next(f for f in leaked["flags"] if f["category"] == "personal_information")
    assert flag["severity"] == "critical" and flag["clause"] == "4.1"
    assert service.post("own", *OWN).json()["route"]["to"] == "review"
    stations = service.stations
    with stations.database.read() as session:
        cuts, policy = stations.readers.thresholds, stations.readers.policy
        again = previewing.effect(session, "acme", cuts, cuts, policy, "publish")
    assert again.production == {"urgent_review": 1, "review": 1} and not again.changed
    assert service.post("desk", *DESK).json()["route"]["to"] != "urgent_review"


def test_a_card_has_the_lines_of_the_country_that_is_asked_for(service: Service) -> None:
    def card(query: str, name: str = "crisis-support", role: str = "site") -> Any:
        return service.call("GET", f"/v1/care/{name}{query}", role)

    french = card("?country=fr").json()
    assert french["country"] == "France" and french["emergency"] and french["emergency_note"] is None
    assert f"call {' or '.join(french['emergency'])}" in card_text(french)
    unknown, none = card("?country=ZZ").json(), card("").json()
    assert unknown == none and none["country"] is None and none["emergency_note"] in card_text(none)
    assert card("?country=France").status_code == 422
    assert card("", "no-such-card", "moderator").status_code == 404


def test_the_country_of_the_settings_counts_where_nobody_names_one(start: Callable[..., Service]) -> None:
    service = start(care_country="de")
    assert service.call("GET", "/v1/care/crisis-support").json()["country"] == "Germany"
    assert service.call("GET", "/v1/care/crisis-support?country=US").json()["country"] == "United States"


def test_a_country_without_lines_is_refused() -> None:
    lines = PROMPTS / "policy" / "crisis_lines.yaml"
    assert (usual_country("", lines), usual_country("gb", lines)) == (None, "GB")
    with pytest.raises(InvalidInput, match="CARE_COUNTRY=UK"):
        usual_country("UK", lines)


def test_the_cuts_of_a_policy_file_are_those_that_posts_are_compared_with(
    make_settings: Callable[..., Settings], embedder: Any, tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts"
    shutil.copytree(PROMPTS, prompts)
    own = "name: tech-career\nversion: 1.1.0\nextends: tech-career@1.0.0\n"
    cuts = "thresholds:\n  personal_information: {low: 0.995, middle: 0.995, high: 0.995}\n"
    (prompts / "policy" / "tech-career" / "1.1.0.yaml").write_text(own + cuts, "utf-8")
    live = prompts / "live.toml"
    live.write_text(live.read_text("utf-8").replace('"policy/tech-career" = "1.0.0"', '"policy/tech-career" = "1.1.0"'))
    settings = make_settings().model_copy(update={"prompts_dir": prompts})
    stations = build(settings, Adapters(embedder=Shared(embedder)))
    try:
        readers = stations.readers
        assert readers.policy.version == "1.1.0" and readers.live_thresholds is not None
        for thresholds in (readers.thresholds, readers.live_thresholds.of("acme")):
            assert thresholds.categories["personal_information"].high == 0.995
            assert thresholds.categories["off_topic"] == shipped().categories["off_topic"]
        made = assess_post(
            readers,
            NewPost(site="acme", external_id="own", title=OWN[0], body=OWN[1]),
            "none",
            lambda *_: None,
            lambda *_: None,
        )
        assert "personal_information" not in {flag.category for flag in made.assessment.flags}
    finally:
        stop(stations)
