"""`make fuzz`: requests made from the API's own OpenAPI document, valid and invalid; never a 500, never a hang.

`python -m tests.endurance.fuzz --cases 20000`. Half of the requests fit the schema and half break it (schemathesis);
ids of things that exist are put into the paths, so that more than the 404s is reached. Every refusal is a problem document.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase
from schemathesis.generation import GenerationMode

from service.api import drafts, posts, review
from service.app import Adapters, create_app
from service.clock import system_clock
from service.people import identity
from service.settings import Settings
from tests.endurance.served import ROOT, SITE, post, thread

LONGEST_S = 20.0
"""A drafted answer may be waited for; nothing else comes near. Longer is a hang."""
SHORTLY_S = 0.2
"""No job runs, so that a draft stays pending: who follows it, or waits for it, is let go after so long."""
ROLES = ("site", "mentor", "moderator", "admin", "nobody")


@dataclass
class Outcome:
    """What was asked and what was wrong."""

    cases: int = 0
    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0

    def line(self) -> str:
        """The closing summary."""
        by_class = Counter({f"{status // 100}xx": 0 for status in self.statuses})
        for status, n in self.statuses.items():
            by_class[f"{status // 100}xx"] += n
        said = ", ".join(f"{n} {name}" for name, n in sorted(by_class.items()))
        return (
            f"fuzz: {self.cases} requests to {self.operations} operations in {self.seconds:.0f} s: {said}; slowest "
            f"{self.slowest[0]:.2f} s ({self.slowest[1]}): "
            + ("no 500, no hang" if not self.problems else f"{len(self.problems)} PROBLEMS")
        )


@contextmanager
def service(folder: Path) -> Iterator[tuple[TestClient, dict[str, str], dict[str, list[str]]]]:
    """A service in this process with a little in it: client, keys by role, and ids that exist by path parameter."""
    (folder / "models").symlink_to(ROOT / "data" / "models")
    settings = Settings(
        _env_file=None, data_dir=folder, prompts_dir=ROOT / "prompts", requests_per_minute=0, draft_model=""  # type: ignore[call-arg]
    )  # fmt: skip
    app = create_app(settings, Adapters(), run_jobs=False)
    drafts.EVENTS_FOR_S = review.EVENTS_FOR_S = posts.DRAFT_WAIT_S = SHORTLY_S
    with TestClient(app, raise_server_exceptions=False) as client:
        stations = app.state.stations
        with stations.database.write() as session:
            keys = {role: identity.create_key(session, role, SITE, system_clock()) for role in ROLES[:-1]}
        headers = {"Authorization": f"Bearer {keys['admin']}"}
        known: dict[str, list[str]] = {"site": [SITE], "external_id": [], "name": ["draft_small"]}
        for number in range(3):
            assert client.put(f"/v1/threads/{SITE}/t-{number}", json=thread(number), headers=headers).status_code == 201
            made = client.post("/v1/posts", json=post(number), headers=headers).json()
            known["external_id"].append(f"t-{number}")
            known.setdefault("post_id", []).append(made["post_id"])
            known.setdefault("draft_id", []).append(made["draft"]["id"])
        urgent = post(9) | {"title": "I want to die", "body": "I am going to kill myself tonight.", "draft": "none"}
        client.post("/v1/posts", json=urgent, headers=headers)
        items = client.get("/v1/review/items", headers=headers).json()["data"]
        known["item_id"] = [item["id"] for item in items]
        yield client, keys, known


def run(cases: int, seconds: float, folder: Path, seed: int = 1) -> Outcome:
    """Send `cases` requests, spread over every operation, within `seconds`."""
    outcome, rng = Outcome(), random.Random(seed)
    with service(folder) as (client, keys, known):
        began = time.monotonic()
        raw = client.get("/openapi.json").json()
        del raw["components"]["securitySchemes"]  # who calls is chosen in `_send`, not made up
        operations = [made.ok() for made in schemathesis.openapi.from_dict(raw).get_all_operations()]
        outcome.operations = len(operations)
        while outcome.cases < cases and time.monotonic() - began < seconds:
            before, each = outcome.cases, -(-(cases - outcome.cases) // (2 * len(operations)))
            for number, operation in enumerate(operations):
                share = (seconds - (time.monotonic() - began)) / (len(operations) - number)
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    _fuzz(operation, mode, each, share / 2, client, keys, known, rng, outcome)
            if outcome.cases == before:
                break
        outcome.seconds = time.monotonic() - began
    return outcome


def _fuzz(
    operation: Any, mode: GenerationMode, cases: int, seconds: float, client: TestClient, keys: dict[str, str],
    known: dict[str, list[str]], rng: random.Random, outcome: Outcome,
) -> None:  # fmt: skip
    ends = time.monotonic() + seconds

    class Over(Exception):
        pass

    @hypothesis.seed(rng.randrange(1 << 30))
    @hypothesis.settings(
        max_examples=cases, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        if time.monotonic() > ends:
            raise Over
        _send(case, client, keys, known, rng, outcome)

    try:
        one()
    except (Over, hypothesis.errors.Unsatisfiable):
        return
    except Exception as failure:
        if type(failure).__name__ not in ("InvalidArgument", "SerializationNotPossible"):
            raise


def _send(
    case: Any,
    client: TestClient,
    keys: dict[str, str],
    known: dict[str, list[str]],
    rng: random.Random,
    outcome: Outcome,
) -> None:
    for name in list(case.path_parameters or {}):
        if known.get(name) and rng.random() < 0.5:
            case.path_parameters[name] = rng.choice(known[name])
    if isinstance(case.body, dict) and "site" in case.body and rng.random() < 0.8:
        case.body["site"] = SITE
    role = rng.choices(ROLES, (3, 1, 1, 6, 0.3))[0]
    headers = {"Authorization": f"Bearer {keys[role]}"} if role in keys else {}
    name = f"{case.method} {case.path}"
    try:
        request = case.as_transport_kwargs(base_url="http://testserver", headers=headers)
        sent = _as_httpx(request)
        began = time.monotonic()
        response = client.request(**sent)
    except (UnicodeError, ValueError, TypeError):
        return  # the client cannot put it on the wire
    took = time.monotonic() - began
    outcome.cases += 1
    outcome.statuses[response.status_code] += 1
    outcome.slowest = max(outcome.slowest, (took, name))
    problem = ""
    if response.status_code >= 500 and response.status_code != 503:
        problem = f"{response.status_code} {response.text[:200]}"
    elif took > LONGEST_S:
        problem = f"took {took:.1f} s"
    elif response.status_code >= 400 and "problem+json" not in response.headers.get("content-type", ""):
        problem = f"{response.status_code} is no problem document: {response.headers.get('content-type')}"
    if problem:
        outcome.problems.append(
            f"{name}: {problem}; sent {str(sent.get('json', sent.get('content')))[:400]} {sent['url']}"
        )


def _as_httpx(request: dict[str, Any]) -> dict[str, Any]:
    kept = {
        key: request[key]
        for key in ("method", "url", "headers", "params", "cookies", "json")
        if request.get(key) is not None
    }
    if request.get("data") is not None:
        kept["content"] = request["data"]
    kept["headers"] = {k: v for k, v in dict(kept.get("headers") or {}).items() if k.lower() != "user-agent"}
    kept.pop("cookies", None)
    return kept


def main() -> int:
    """The command; exit code 1 where something is a 500, hangs or is refused without a problem document."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="answerloop-fuzz-", ignore_cleanup_errors=True) as folder:
        outcome = run(given.cases, given.seconds, Path(folder), given.seed)
    for problem in dict.fromkeys(outcome.problems[:40]):
        print(f"  {problem}")
    print(f"  answers by status: {dict(sorted(outcome.statuses.items()))}")
    print(outcome.line(), flush=True)
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
