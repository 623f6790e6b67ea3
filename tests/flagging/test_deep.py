from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.database import Database
from service.flagging.deep import DeepRead, DeepReader, find_quote, narrowed
from service.flagging.flag import Flag, Route
from service.flagging.policy import CATEGORIES, Policy
from service.flagging.thresholds import Thresholds
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.models.counters import UNFOUNDED
from service.models.gateway import Gateway
from service.models.scripted import ScriptedBackend
from service.prompting.files import load_prompt
from service.prompting.labels import Labels
from service.settings import Settings

PROMPTS = Path(__file__).parents[2] / "prompts"
BODY = "😀 We launch Palimpsest on 9 October, nobody outside knows. Write to lena.brandt77@webmail.de for slides."
POST = NewPost(site="s", external_id="1", title="Which <b>project</b>?", body=BODY)
PUBLISH = Route(to="publish")


def told(category: str, quotes: list[str], probability: float = 0.8, **more: Any) -> dict[str, Any]:
    return {"category": category, "clause": "4.2", "quotes": quotes, "reason": "It names a launch.",
            "counter_reading": "It may be out.", "probability": probability} | more  # fmt: skip


@pytest.fixture
def read(
    make_gateway: Callable[..., Gateway], make_settings: Callable[..., Settings], quick_database: Database,
    policy: Policy, cuts: Thresholds,
) -> Callable[..., tuple[DeepRead, ScriptedBackend]]:  # fmt: skip
    """Reads POST with a model that says what is given."""

    def run(
        *flags: dict[str, Any], fast: tuple[Flag, ...] = (), seen: bool = False, to: Route = PUBLISH, body: str = BODY
    ) -> Any:
        post = POST.model_copy(update={"body": body})
        backend = ScriptedBackend([{"flags": list(flags), "summary": "A post."}])
        settings = make_settings(flag_model="openai/gpt-4.1-mini")
        gateway = make_gateway(backend, flag_model="openai/gpt-4.1-mini")
        labels = Labels(quick_database, PROMPTS)
        reader = DeepReader(gateway, labels, PROMPTS, policy, cuts, settings)
        return reader.read(post, normalise(post), fast, to, person_has_seen=seen), backend

    return run


def test_a_quote_is_kept_letter_by_letter_in_code_points_of_the_field_as_sent(read: Callable[..., Any]) -> None:
    found, _ = read(told("confidential_business", ["launch Palimpsest on 9 October"]))
    (flag,) = found.flags
    (quote,) = flag.quotes
    assert BODY[quote.start : quote.end] == quote.text == "launch Palimpsest on 9 October"
    assert flag.reason == "It names a launch." and found.unfounded == 0
    assert found.route.to == "review"


def test_a_flag_whose_words_are_not_in_the_post_is_dropped_and_counted(read: Callable[..., Any]) -> None:
    found, _ = read(
        told("confidential_business", ["launch palimpsest on 9 october"]), told("hate", ["they are all the same"]),
        told("confidential_business", ["We launch", "we never said this"]),
    )  # fmt: skip
    assert [f.category for f in found.flags] == ["confidential_business"]
    assert [q.text for q in found.flags[0].quotes] == ["We launch"]
    assert found.unfounded == 2


def test_what_was_dropped_stands_in_the_provenance_and_is_counted(read: Callable[..., Any]) -> None:
    before = UNFOUNDED.labels("flags")._value.get()
    found, _ = read(told("hate", ["they are all the same"]), told("confidential_business", ["We launch"]))
    assert found.provenance["unfounded"] == found.unfounded == 1
    assert UNFOUNDED.labels("flags")._value.get() == before + 1


def test_a_model_that_quotes_another_persons_data_sends_the_post_to_somebody_at_once(read: Callable[..., Any]) -> None:
    leak = told("personal_information", ["[EMAIL_1]"], 0.9)
    other = "Tell him yourself: his private mail is lena.brandt77@webmail.de and he reads it at night."
    found, _ = read(leak, body=other)
    assert found.route.to == "urgent_review" and found.flags[0].severity == "critical"
    found, _ = read(leak, body="You can write to me at lena.brandt77@webmail.de, I read it at night.")
    assert found.route.to == "review" and found.flags[0].severity == "high"


def test_a_model_is_asked_for_the_categories_that_are_switched_on(policy: Policy) -> None:
    schema = load_prompt(PROMPTS, "flag_post", "1.0.0").output_schema
    assert narrowed(schema, policy) == schema
    fewer = policy.model_copy(
        update={
            "switched_off": frozenset({"low_effort"}),
            "clauses": tuple(c for c in policy.clauses if c.category != "low_effort"),
        }
    )
    made: Any = narrowed(schema, fewer)
    names = made["properties"]["flags"]["items"]["properties"]["category"]["enum"]
    assert names == [c for c in CATEGORIES if c != "low_effort"] and schema == narrowed(schema, policy)


def test_private_data_leaves_masked_and_a_quote_of_it_comes_back_restored(read: Callable[..., Any]) -> None:
    found, backend = read(told("personal_information", ["Write to [EMAIL_1] for slides"]))
    sent = "\n".join(message.content for request in backend.requests for message in request.messages)
    assert "lena.brandt77" not in sent and "[EMAIL_1]" in sent
    assert found.flags[0].quotes[0].text == "Write to lena.brandt77@webmail.de for slides"
    assert found.unfounded == 0


def test_the_deep_lane_never_lowers_a_route_that_a_person_has_seen(
    read: Callable[..., Any], flag: Callable[..., Flag]
) -> None:
    fast = (flag("harassment", 0.45),)
    seen, _ = read(fast=fast, seen=True, to=Route(to="review", because=["harassment"]))
    assert seen.route.to == "review" and [f.id for f in seen.flags] == [fast[0].id]
    unseen, _ = read(fast=fast, to=Route(to="review", because=["harassment"]))
    assert unseen.route.to == "publish"


@given(st.text(min_size=1, max_size=60), st.integers(0, 50), st.integers(1, 20))
def test_a_slice_of_the_post_is_found_and_is_that_slice(body: str, start: int, length: int) -> None:
    body = body.replace("\x00", "").encode("utf-8", "ignore").decode()
    if not body.strip():
        return
    post = NewPost(site="s", external_id="1", title="", body=body)
    quote = body[start : start + length]
    for field, span in find_quote(quote, post):
        assert {"title": "", "body": body}[field][span.start : span.end] == quote
    assert bool(find_quote(quote, post)) == bool(quote.strip())
