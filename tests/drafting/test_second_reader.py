"""Citations judged by the models of NLI_MODEL: what it lowers, lifts, never sees, and what happens when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.drafting.ask_model import Listener
from service.drafting.write import Drafter
from service.models.calls import BackendFailure
from service.models.gateway import Gateway
from service.models.scripted import ScriptedBackend
from service.prompting.labels import Labels
from service.retrieval.evidence import Evidence
from tests.drafting.test_write import GOOD, entry, reply, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FAR = entry("Let two outsiders know.", ("p1", "which two people outside the team"))
INVENTED = entry("Ask for 20 % more at once.", ("p1", "which two people outside the team"))


def verdicts(*said: str) -> dict[str, Any]:
    return {"verdicts": [{"claim": n, "reason": "r", "verdict": verdict} for n, verdict in enumerate(said, 1)]}


@pytest.fixture
def read_twice(database: Any, make_settings: Any, embedder: Any) -> Iterator[Callable[..., Any]]:
    opened: list[Gateway] = []

    def make(*lines: Any) -> tuple[Drafter, ScriptedBackend]:
        settings = make_settings(draft_model="test/strong", nli_model="test/reader")
        backend = ScriptedBackend([line if isinstance(line, Exception) else json.dumps(line) for line in lines])
        opened.append(Gateway(settings, database, backend=backend))
        labels = Labels(database, settings.prompts_dir)
        return Drafter(opened[-1], labels, settings, embedder, settings.prompts_dir), backend

    yield make
    for gateway in opened:
        gateway.close()


def test_what_it_finds_unsupported_is_dropped_and_what_it_finds_partial_is_marked(
    read_twice: Any, found: Evidence
) -> None:
    drafter, backend = read_twice(
        reply(*GOOD, GOOD[0] | {"text": "Ask which people outside must know."}),
        verdicts("supported", "partial", "unsupported"),
    )
    made = write(drafter, found)
    assert [(s.text, s.grounding) for s in made.sentences] == [
        (GOOD[0]["text"], "supported"),
        (GOOD[1]["text"], "partial"),
    ]
    assert [d.text for d in made.dropped] == ["Ask which people outside must know."]
    asked = backend.requests[1].messages[-1].content
    assert GOOD[0]["text"] in asked and "which two people outside the team must know the work" in asked
    assert made.provenance["second_reader"]["model"] == "test/reader"
    assert made.provenance["second_reader"]["prompt"]["name"] == "check_support"


def test_what_it_supports_is_shown_and_what_other_checks_dropped_it_never_sees(
    read_twice: Any, found: Evidence
) -> None:
    drafter, backend = read_twice(reply(*GOOD, FAR, INVENTED), verdicts("supported", "supported", "supported"))
    made = write(drafter, found)
    assert made.sentences[-1].text == FAR["text"] and made.sentences[-1].grounding == "supported"
    assert [d.text for d in made.dropped] == [INVENTED["text"]]
    assert INVENTED["text"] not in backend.requests[1].messages[-1].content


@pytest.mark.parametrize("said", [BackendFailure("server_error", "500"), {"verdicts": "none"}, {"verdicts": []}])
def test_where_it_says_nothing_usable_the_built_in_check_decides(read_twice: Any, found: Evidence, said: Any) -> None:
    drafter, _ = read_twice(reply(*GOOD, INVENTED), *[said] * 6)
    made = write(drafter, found)
    assert [s.text for s in made.sentences] == [one["text"] for one in GOOD]
    assert {s.grounding for s in made.sentences} <= {"supported", "partial"}
    failed = any("NLI_MODEL" in note for note in made.notes)
    assert failed == (said != {"verdicts": []})


def test_nobody_is_told_a_sentence_before_it_has_been_read_twice(read_twice: Any, found: Evidence) -> None:
    third = GOOD[0] | {"text": "Ask which two people must know."}
    drafter, _ = read_twice(reply(*GOOD, third), verdicts("unsupported", "supported", "supported"))
    heard: list[str] = []
    made = write(drafter, found, listener=Listener(lambda s: heard.append(s.id), lambda: heard.append("withdrawn")))
    assert heard == [s.id for s in made.sentences] and len(heard) == 2


def test_what_a_second_reader_took_that_said_nothing_usable_is_kept(read_twice: Any, found: Evidence) -> None:
    drafter, _ = read_twice(reply(*GOOD), *[{"verdicts": "none"}] * 2)
    made = write(drafter, found)
    assert made.provenance["second_reader"] == {"input_tokens": 20, "output_tokens": 10, "cost_usd": 0.0}
