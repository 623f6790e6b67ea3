"""Care cards: what a site may show to the people in a flagged post, with the lines to call in their country."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.calling import CallerOf, StationsOf
from service.errors import NotFound
from service.flagging.care import CareCard, care_card
from service.flagging.flag import Care
from service.moderating import crisis_lines
from service.people.permissions import require

router = APIRouter(prefix="/v1/care", tags=["care"])
Country = Annotated[
    str | None,
    Query(
        pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2 code; left out: `CARE_COUNTRY`, else international."
    ),
]


@router.get("/{card_id}")
def show_card(card_id: str, stations: StationsOf, caller: CallerOf, country: Country = None) -> CareCard:
    """A card by the `care.id` of a flag. Lists that the country lacks are the international ones."""
    require(caller, "posts.read")
    policy = stations.readers.policy
    card = policy.cards.get(card_id)
    if card is None:
        raise NotFound(f"the policy has no card {card_id}", field="card_id")
    lines = crisis_lines(stations.settings.prompts_dir / "policy" / "crisis_lines.yaml")
    return care_card(Care(kind=card.kind, id=card.id), policy, lines, country)
