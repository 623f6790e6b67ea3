"""After several distressing posts another kind comes, however many distressing ones are in front of it."""

from __future__ import annotations

from typing import Any

from service.review import queue
from tests.review.conftest import CRISIS, SPAM


def next_without_distress(desk: Any, avoid: tuple[str, ...] = ("self_harm_risk", "crisis_distress")) -> str | None:
    """The item a tired moderator of the site is offered."""
    with desk.service.stations.database.read() as session:
        row = queue.next_item(session, "acme", "somebody", desk.clock(), avoid)
        return row.id if row is not None else None


def test_another_kind_is_found_beyond_the_first_items_of_the_queue(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "LOOKED_AT", 2)
    crises = [desk.item_of(desk.send(f"c{n}", CRISIS)) for n in range(4)]
    spam = desk.item_of(desk.send("s", SPAM))
    assert next_without_distress(desk, ()) == crises[0]["id"]
    assert next_without_distress(desk) == spam["id"]
    monkeypatch.setattr(queue, "FURTHER", 1)
    assert next_without_distress(desk) == crises[0]["id"], "so far nobody looks"


def test_where_nothing_else_waits_the_next_one_comes(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "LOOKED_AT", 2)
    crises = [desk.item_of(desk.send(f"c{n}", CRISIS)) for n in range(3)]
    assert next_without_distress(desk) == crises[0]["id"]


def test_items_that_others_hold_do_not_hide_a_free_one(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "LOOKED_AT", 2)
    held = [desk.item_of(desk.send(f"s{n}", SPAM)) for n in range(3)]
    for item in held:
        desk.call("POST", f"/v1/review/items/{item['id']}/claim", "second")
    free = desk.item_of(desk.send("free", SPAM))
    assert next_without_distress(desk) == free["id"] and desk.next_of() == free["id"]
    assert desk.next_of("second") == held[0]["id"]
