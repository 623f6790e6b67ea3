"""The job that looks every minute for urgent items nobody took up. Each run puts the next one on the queue."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from service.jobs import WEBHOOKS
from service.review.reminders import remind
from service.stations import Stations

JOB = "remind_urgent"
EVERY_S = 60


def begin(stations: Stations) -> None:
    """Start the chain; several processes share one, because a minute's run has one key."""
    with stations.database.write() as session:
        _enqueue(stations, session, 0)


def remind_urgent(stations: Stations) -> int:
    """Announce again what waits too long, and enqueue the next run. Returns how many were announced."""
    with stations.database.write() as session:
        reminded = remind(session, stations.settings, stations.webhooks.announce, stations.clock())
        _enqueue(stations, session, EVERY_S)
    return len(reminded)


def _enqueue(stations: Stations, session: Session, delay_s: int) -> None:
    minute = (stations.clock() + timedelta(seconds=delay_s)).strftime("%Y-%m-%dT%H:%M")
    stations.jobs.enqueue(session, WEBHOOKS, JOB, f"remind-{minute}", delay_s=delay_s or None)
