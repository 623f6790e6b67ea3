"""The jobs of every minute: urgent items nobody took up; and replies kept too long, and changes that the index did not take.

Each run puts the next one on the queue.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from service.jobs import WEBHOOKS
from service.models.cache import forget_old
from service.review.reminders import remind
from service.stations import Stations

JOB = "remind_urgent"
TIDY_JOB = "tidy_up"
KEYS = {JOB: "remind", TIDY_JOB: "sync-waiting"}
EVERY_S = 60
LEFT_S = 60
"""How long a change waits before it counts as left behind: whoever made it syncs it at once, an import in batches."""


def begin(stations: Stations) -> None:
    """Start the chains; several processes share them, because a minute's run has one key."""
    with stations.database.write() as session:
        _enqueue(stations, session, JOB, 0)
        _enqueue(stations, session, TIDY_JOB, 0)


def remind_urgent(stations: Stations) -> int:
    """Announce again what waits too long, and enqueue the next run. Returns how many were announced."""
    with stations.database.write() as session:
        reminded = remind(session, stations.settings, stations.webhooks.announce, stations.clock())
        _enqueue(stations, session, JOB, EVERY_S)
    return len(reminded)


def tidy_up(stations: Stations) -> int:
    """Enqueue the next run, drop replies kept too long, and bring up to date what an index that was away has missed.

    Returns how many sites were synced.
    """
    with stations.database.write() as session:
        _enqueue(stations, session, TIDY_JOB, EVERY_S)
        forget_old(session, stations.clock())
    return stations.index.drain(stations.clock() - timedelta(seconds=LEFT_S))


def _enqueue(stations: Stations, session: Session, job: str, delay_s: int) -> None:
    minute = (stations.clock() + timedelta(seconds=delay_s)).strftime("%Y-%m-%dT%H:%M")
    stations.jobs.enqueue(session, WEBHOOKS, job, f"{KEYS[job]}-{minute}", delay_s=delay_s or None)
