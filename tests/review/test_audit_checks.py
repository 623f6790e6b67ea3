"""The pages read what is new in the audit chain; all of it is read when somebody asks."""

from __future__ import annotations

from typing import Any

from service.review import audit
from service.review.tables import AuditRow
from tests.review.conftest import SPAM


def decided(desk: Any, *names: str) -> None:
    """Some decisions, each a link of the chain."""
    for name in names:
        desk.decide(desk.item_of(desk.send(name, SPAM)), "dismiss")


def tamper(desk: Any, seq: int) -> None:
    """Change a link after the fact."""
    with desk.service.stations.database.write() as session:
        session.get_one(AuditRow, seq).act = "agree"


def test_what_is_new_is_verified_and_what_held_is_not_read_again(desk: Any) -> None:
    database, checks = desk.service.stations.database, audit.Checks()
    decided(desk, "a", "b")
    first = checks.look(database, desk.clock())
    assert first.found.holds and first.found.links == 2
    decided(desk, "c")
    tamper(desk, 1)
    later = checks.look(database, desk.clock())
    assert later.found.holds and later.found.links == 3 and later.whole_at == first.whole_at
    anew = checks.look(database, desk.clock(), anew=True)
    assert anew.found.broken_at == 1 and anew.whole_at > first.whole_at
    assert checks.look(database, desk.clock()) == anew, "a broken chain stays broken"


def test_a_new_link_that_does_not_hold_and_an_end_that_is_gone_are_seen(desk: Any) -> None:
    database, checks, others = desk.service.stations.database, audit.Checks(), audit.Checks()
    decided(desk, "a")
    checks.look(database, desk.clock())
    decided(desk, "b")
    others.look(database, desk.clock())
    tamper(desk, 2)
    assert checks.look(database, desk.clock()).found.broken_at == 2
    assert others.look(database, desk.clock()).found.broken_at == 2
    with database.write() as session:
        session.delete(session.get_one(AuditRow, 2))
    assert checks.look(database, desk.clock(), anew=True).found.holds
    assert audit.Checks().look(database, desk.clock()).found.links == 1
