"""`make chaos`: kill -9 of the service, of imports and of a reindex at random moments; nothing is lost or doubled.

`python -m tests.endurance.chaos --kills 200 --seconds 720`. What the service acknowledged must be there in the end:
each post once, each draft once and finished, each webhook under one lasting id, each imported thread once, and an index
that agrees with SQL.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from service.corpus.tables import AnswerRow, ThreadRow
from service.database import Database, sqlite_url
from service.drafting.tables import DraftRow
from service.intake.tables import PostRow
from service.integrations.tables import WebhookDeliveryRow
from tests.endurance.served import SITE, Served, post, receiver, thread

IMPORTED = 40


@dataclass
class Acknowledged:
    """What the service said it had."""

    posts: dict[str, str] = field(default_factory=dict)
    threads: set[str] = field(default_factory=set)
    imports: list[str] = field(default_factory=list)
    sent: int = 0

    @property
    def size(self) -> int:
        """How much it said it had."""
        return len(self.posts) + len(self.threads) + len(self.imports)


@dataclass
class Outcome:
    """What came of it; `problems` is empty where nothing was lost or doubled."""

    kills: Counter[str]
    acknowledged: Acknowledged
    webhooks: int
    repeats: int
    problems: list[str]
    seconds: float

    def line(self) -> str:
        """The closing summary."""
        kinds = ", ".join(f"{n} of {kind}" for kind, n in sorted(self.kills.items()))
        a = self.acknowledged
        return (
            f"chaos: {sum(self.kills.values())} kills ({kinds}) in {self.seconds:.0f} s; {len(a.posts)} posts, {len(a.threads)} "
            f"threads, {len(a.imports)} imports, {self.webhooks} webhooks ({self.repeats} repeated under their id): "
            + ("nothing lost or doubled" if not self.problems else f"{len(self.problems)} PROBLEMS")
        )


def run(kills: int, seconds: float, folder: Path, seed: int = 1) -> Outcome:
    """Kill until `kills` or `seconds` are reached, then let everything finish and look."""
    rng, began, killed, told = random.Random(seed), time.monotonic(), Counter[str](), Acknowledged()
    with receiver() as (url, got):
        served = Served(folder, WEBHOOK_URL=url)
        try:
            number = 0
            while sum(killed.values()) < kills and time.monotonic() - began < seconds:
                number += 1
                if number % 10 == 5:
                    _kill_command(served, rng, number, killed, told)
                    continue
                served.start()
                with _load(served, told, rng.randrange(1 << 30)):
                    _wait(told, rng)
                    served.kill()
                killed["service"] += 1
            served.start()
            problems = _settle(served, told)
            served.stop()
            problems += _look(folder, told)
            problems += _check_index(served)
        finally:
            served.stop()
        ids = Counter(webhook_id for webhook_id, _ in got)
        problems += _webhooks(folder, got)
    return Outcome(killed, told, len(ids), sum(ids.values()) - len(ids), problems, time.monotonic() - began)


def _wait(told: Acknowledged, rng: random.Random) -> None:
    """Until some more was acknowledged (or nothing is, for a while), and then a moment: a slow machine is killed as late."""
    wanted, ends = told.size + rng.randrange(9), time.monotonic() + 60
    while told.size < wanted and time.monotonic() < ends:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.5))


def _kill_command(served: Served, rng: random.Random, number: int, killed: Counter[str], told: Acknowledged) -> None:
    """Kill an offline import or a reindex; the same command run again must finish it."""
    kind = rng.choice(("import", "reindex"))
    command = ["reindex", "--site", SITE]
    if kind == "import":
        rows = {f"offline-{number}-{i}": thread(10_000 * number + i) for i in range(IMPORTED)}
        path = served.folder / f"import-{number}.jsonl"
        path.write_text("".join(json.dumps({"external_id": k, **row}) + "\n" for k, row in rows.items()), "utf-8")
        command = ["import", str(path), "--site", SITE, "--offline"]
    process = served.command(*command)
    time.sleep(rng.uniform(0.5, 4.0))
    if process.poll() is None:
        process.kill()
        killed[kind] += 1
    process.wait()
    again = served.command(*command)
    assert again.wait(300) == 0, served.log()
    if kind == "import":
        told.threads |= set(rows)


@contextlib.contextmanager
def _load(served: Served, told: Acknowledged, seed: int) -> Any:
    """Posts, threads and imports from three threads until the service is gone."""
    over = threading.Event()
    workers = [threading.Thread(target=_send, args=(served, told, over, seed + n)) for n in range(3)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join()


def _send(served: Served, told: Acknowledged, over: threading.Event, seed: int) -> None:
    rng = random.Random(seed)
    with served.client(seconds=20) as client, contextlib.suppress(httpx.TransportError):
        while not over.is_set():
            number, dice = rng.randrange(10**9), rng.random()
            told.sent += 1
            if dice < 0.75:
                sent = post(number)
                answer = client.post("/v1/posts", json=sent)
                if answer.status_code in (200, 201):
                    told.posts[sent["external_id"]] = answer.json()["post_id"]
                    if rng.random() < 0.2:  # the same again: a site that did not hear the answer
                        client.post("/v1/posts", json=sent)
            elif dice < 0.95:
                answer = client.put(f"/v1/threads/{SITE}/t-{number}", json=thread(number))
                if answer.status_code in (200, 201):
                    told.threads.add(f"t-{number}")
            else:
                names = [f"i-{number}-{i}" for i in range(IMPORTED)]
                lines = "".join(
                    json.dumps({"external_id": n, **thread(number + i)}) + "\n" for i, n in enumerate(names)
                )
                answer = client.post(f"/v1/imports?site={SITE}", content=lines)
                if answer.status_code == 202:
                    told.imports.append(answer.json()["id"])
                    told.threads |= set(names)
            assert answer.status_code < 500, f"{answer.request.url.path}: {answer.status_code} {answer.text[:300]}"


def _settle(served: Served, told: Acknowledged, seconds: float = 300.0) -> list[str]:
    """Wait until imports and drafts are done and the index is mended; what is not done in time is a problem."""
    ends, waiting = time.monotonic() + seconds, ["?"]
    database = Database(sqlite_url(served.folder / "answerloop.sqlite3"))
    try:
        with served.client() as client:
            while waiting and time.monotonic() < ends:
                time.sleep(0.5)
                states = {i: client.get(f"/v1/imports/{i}").json().get("state") for i in told.imports}
                waiting = [
                    f"import {i} is {s}" for i, s in states.items() if s not in ("done", "finished", "completed")
                ]
                with database.read() as session:
                    open_drafts = session.scalar(sa.select(sa.func.count()).where(DraftRow.status == "pending"))
                    unsent = session.scalar(sa.select(sa.func.count()).where(WebhookDeliveryRow.state == "waiting"))
                waiting += [f"{open_drafts} drafts are pending"] * bool(open_drafts)
                waiting += [f"{unsent} webhooks wait"] * bool(unsent)
                waiting += ["the index is being looked through"] * (served.folder / "chroma.unclean").exists()
    finally:
        database.close()
    return waiting


def _look(folder: Path, told: Acknowledged) -> list[str]:
    """What SQL holds against what was acknowledged."""
    database = Database(sqlite_url(folder / "answerloop.sqlite3"))
    problems = []
    try:
        with database.read() as session:
            posts = session.execute(sa.select(PostRow.external_id, PostRow.id)).all()
            drafts = Counter(session.scalars(sa.select(DraftRow.post_id)))
            threads = session.execute(sa.select(ThreadRow.external_id, ThreadRow.id)).all()
            answers = Counter(session.scalars(sa.select(AnswerRow.thread_id)))
    finally:
        database.close()
    known, stored = dict(posts), dict(threads)  # type: ignore[arg-type]
    problems += [f"post {e} is stored {n} times" for e, n in Counter(e for e, _ in posts).items() if n > 1]
    problems += [f"post {e} is lost" for e, i in told.posts.items() if known.get(e) != i]
    problems += [f"post {e} has {drafts[i]} drafts" for e, i in known.items() if drafts[i] != 1]
    problems += [f"thread {e} is stored {n} times" for e, n in Counter(e for e, _ in threads).items() if n > 1]
    problems += [f"thread {e} is lost" for e in told.threads if e not in stored]
    problems += [f"thread {e} has {answers[i]} answers" for e, i in stored.items() if answers[i] != 1]
    return problems


def _webhooks(folder: Path, got: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Each event arrived, and under one id however often."""
    database = Database(sqlite_url(folder / "answerloop.sqlite3"))
    try:
        with database.read() as session:
            rows = session.execute(sa.select(WebhookDeliveryRow.id, WebhookDeliveryRow.state)).all()
    finally:
        database.close()
    arrived: dict[str, str] = {}
    problems = []
    for webhook_id, event in got:
        said = json.dumps(event, sort_keys=True)
        if arrived.setdefault(webhook_id, said) != said:
            problems.append(f"webhook {webhook_id} said two things")
    problems += [
        f"{n} webhooks say the same under different ids" for n in [len(arrived) - len(set(arrived.values()))] if n
    ]
    return problems + [f"webhook {i} ({state}) never arrived" for i, state in rows if i not in arrived]


def _check_index(served: Served) -> list[str]:
    process = served.command("check-index", "--site", SITE)
    return [] if process.wait(300) == 0 else [f"check-index: {served.log()[-600:]}"]


def main() -> int:
    """The command; exit code 1 where something was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=720)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="answerloop-chaos-", ignore_cleanup_errors=True) as folder:
        outcome = run(given.kills, given.seconds, Path(folder), given.seed)
    for problem in outcome.problems[:50]:
        print(f"  {problem}")
    print(outcome.line(), flush=True)
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main())
