"""What is offered to the people in a flagged post: a card, and lines to call in their country."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import InvalidInput
from service.flagging.flag import Care
from service.flagging.policy import Card, Policy
from service.prompting.yaml_file import YamlFile, read_yaml


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CrisisLine(_Row):
    """One service people can turn to, its numbers as published for callers inside the country."""

    name: str
    url: Annotated[str, Field(pattern=r"^https://")]
    languages: tuple[str, ...]
    hours: str
    phone: str | None = None
    text: str | None = None
    chat: str | None = None
    note: str | None = None


class CountryLines(_Row):
    """The lines of one country."""

    country: str
    emergency: tuple[str, ...]
    crisis: tuple[CrisisLine, ...] = ()
    young_people: tuple[CrisisLine, ...] = ()


class International(_Row):
    """What is shown where a country or its list is missing."""

    emergency_note: str
    crisis: tuple[CrisisLine, ...]
    young_people: tuple[CrisisLine, ...]


class CrisisLines(_Row):
    """The file `crisis_lines.yaml`, which belongs to the site. `countries` is keyed by ISO 3166-1 alpha-2 code."""

    reviewed: str
    verify_before_live: bool = True
    international: International
    countries: dict[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], CountryLines]


class CareCard(BaseModel):
    """A card ready to show: its text, the lines for one country, and that country's emergency numbers or a general note."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    title: str
    text: str
    country: str | None = None
    lines: tuple[CrisisLine, ...] = ()
    emergency: tuple[str, ...] = ()
    emergency_note: str | None = None


def load_crisis_lines(path: Path) -> CrisisLines:
    """Read the crisis lines. Raises InvalidPromptFile with file, line and hint."""
    file: YamlFile = read_yaml(path)
    try:
        return CrisisLines.model_validate(file.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        hint = "Numbers and country codes stand in quotes; name, url (https), languages and hours are required"
        raise file.problem(tuple(first["loc"]), first["msg"], hint) from None


def usual_country(wanted: str, path: Path) -> str | None:
    """The country of `CARE_COUNTRY`; None for none. Raises InvalidInput where the crisis lines do not have it."""
    if not wanted:
        return None
    known = load_crisis_lines(path).countries
    if wanted.upper() not in known:
        raise InvalidInput(f"CARE_COUNTRY={wanted}: {path.name} has {', '.join(sorted(known))}", field="CARE_COUNTRY")
    return wanted.upper()


def care_card(care: Care, policy: Policy, lines: CrisisLines, country: str | None = None) -> CareCard:
    """The card of a flag for a reader in `country` (ISO code, any case; None: the policy's own, where it has one).

    Lists the country has are taken from it, others from the international entry. Raises KeyError for a card the
    policy does not have.
    """
    card: Card = policy.cards[care.id]
    country = country or policy.country
    shown = CareCard(id=card.id, kind=card.kind, title=card.title, text=card.text)
    if not card.by_country:
        return shown
    here = lines.countries.get(country.upper()) if country else None
    found: list[CrisisLine] = []
    for name in card.by_country:
        local: tuple[CrisisLine, ...] = getattr(here, name, ()) if here else ()
        for line in local or getattr(lines.international, name, ()):
            if line not in found:
                found.append(line)
    return shown.model_copy(
        update={
            "country": here.country if here else None,
            "lines": tuple(found),
            "emergency": here.emergency if here else (),
            "emergency_note": None if here else lines.international.emergency_note,
        }
    )
