"""After several distressing posts another kind comes, however many distressing ones are in front of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from service.migrations.upgrade import upgrade
from service.review import items, queue, wellbeing
from service.review.queue import Filters
from service.review.tables import ReviewFacetRow
from tests.review.conftest import CRISIS, PRIVATE, SPAM

DISTRESS = ("self_harm_risk", "crisis_distress")


def next_without_distress(
    desk: Any, avoid: tuple[str, ...] = DISTRESS, filters: Filters | None = None, site: str | None = "acme"
) -> str | None:
    """The item a tired moderator of the site is offered."""
    with desk.service.stations.database.read() as session:
        row = queue.next_item(session, site, "somebody", desk.clock(), avoid, filters)
        return row.id if row is not None else None


def set_categories(desk: Any, item: dict[str, Any], *categories: str) -> None:
    """Give an open item other concerns."""
    with desk.service.stations.database.write() as session:
        row = items.find(session, item["id"])
        row.categories = list(categories)
        items.write_facets(session, row, None)


def test_another_kind_is_found_beyond_the_first_items_of_the_queue(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "LOOKED_AT", 2)
    crises = [desk.item_of(desk.send(f"c{n}", CRISIS)) for n in range(4)]
    spam = desk.item_of(desk.send("s", SPAM))
    assert next_without_distress(desk, ()) == crises[0]["id"]
    assert next_without_distress(desk) == next_without_distress(desk, site=None) == spam["id"]
    assert next_without_distress(desk, site="other") is None


def test_a_filtered_queue_is_searched_for_another_kind_only_so_far(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "LOOKED_AT", 2)
    crises = [desk.item_of(desk.send(f"c{n}", CRISIS)) for n in range(4)]
    spam = desk.item_of(desk.send("s", SPAM))
    for filters in (Filters(by="machine"), Filters(assigned="nobody")):
        assert next_without_distress(desk, filters=filters) == spam["id"]
    assert next_without_distress(desk, filters=Filters(by="member")) is None
    monkeypatch.setattr(queue, "FURTHER", 1)
    assert next_without_distress(desk, filters=Filters(by="machine")) == crises[0]["id"]
    assert next_without_distress(desk, filters=Filters(site="acme"), site=None) == spam["id"]


def test_an_item_with_a_distressing_concern_beside_a_light_one_is_no_lighter_one(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "LOOKED_AT", 2)
    crises = [desk.item_of(desk.send(f"c{n}", CRISIS)) for n in range(2)]
    both, none = (desk.item_of(desk.send(name, SPAM)) for name in ("both", "none"))
    set_categories(desk, both, "spam_promotion", "crisis_distress")
    set_categories(desk, none)
    assert next_without_distress(desk) == none["id"]
    set_categories(desk, none, "off_topic", "hate")
    assert next_without_distress(desk, (*DISTRESS, "off_topic", "spam_promotion")) == crises[0]["id"]


def test_what_the_shipped_policy_calls_distressing_stands_before_all_else(desk: Any) -> None:
    policy = desk.service.stations.readers.policy
    grave = {clause.category for clause in policy.clauses if clause.distressing}
    assert set(wellbeing.BY_WEIGHT[: len(grave)]) == grave
    assert wellbeing.heaviest(["spam_promotion", "hate"]) == "hate" and wellbeing.heaviest([]) == "none"


def test_items_of_an_older_database_get_their_heaviest_concern(desk: Any) -> None:
    wanted = {
        desk.item_of(desk.send("c", CRISIS))["id"]: "self_harm_risk",
        desk.item_of(desk.send("s", SPAM))["id"]: "spam_promotion",
    }
    desk.item_of(desk.send("p", PRIVATE))
    of_items = sa.select(ReviewFacetRow.item_id, ReviewFacetRow.value).where(ReviewFacetRow.facet == "heaviest")
    database = desk.service.stations.database
    with database.write() as session:
        session.execute(
            sa.delete(ReviewFacetRow).where(ReviewFacetRow.facet == "heaviest", ReviewFacetRow.item_id.in_(wanted))
        )
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0006'"))
    upgrade(database)
    with database.read() as session:
        found = {row.item_id: row.value for row in session.execute(of_items)}
    assert len(found) == 3 and wanted.items() <= found.items()
    assert "heaviest" not in desk.call("GET", "/v1/review/items").json()["counts"]["facets"]


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
