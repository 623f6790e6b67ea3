"""The moderation policy as data: clauses, cards and what a site changed, read from a YAML file in `prompts/policy/`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.flagging.flag import Care, Category, RouteTo
from service.prompting.yaml_file import YamlFile, read_yaml

CATEGORIES: tuple[Category, ...] = get_args(Category)
Severity = Literal["low", "medium", "high", "critical"]
Words = Annotated[str, Field(min_length=1)]
FewestNearMisses = 5
CUTS = ("low", "middle", "high")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clause(_Row):
    """One rule: what counts, what does not, how severe it is, where it may send a post, and the words for people.

    `route` is the strongest route the category may propose by itself. Where `usual_route` stands, it applies unless
    `strongest_when` is met.
    """

    category: Category
    clause: Annotated[str, Field(pattern=r"^\d{1,2}\.\d{1,2}[a-z]?$")]
    title: Words
    counts: Annotated[tuple[Words, ...], Field(min_length=1)]
    near_misses: Annotated[tuple[Words, ...], Field(min_length=FewestNearMisses)]
    severity: Severity
    route: RouteTo
    usual_route: RouteTo | None = None
    strongest_when: Words | None = None
    reason_required: bool
    distressing: bool
    reason: Words
    counter_reading: Words
    author_text: Words
    care: Care

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.usual_route is None) != (self.strongest_when is None):
            raise ValueError("`usual_route` and `strongest_when` only make sense together")
        return self


class Card(_Row):
    """What is offered to an author or a moderator; `by_country` names lists of the crisis lines file."""

    id: str
    kind: Literal["redaction", "resource", "note", "person_first"]
    title: Words
    text: Words
    by_country: tuple[str, ...] = ()


class PolicyFile(_Row):
    """A policy file as written. One that `extends` another (`name@version`) adds to it and may switch categories off."""

    name: Words
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    description: str = ""
    extends: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*@\d+\.\d+\.\d+$")] | None = None
    switched_off: frozenset[Category] = frozenset()
    thresholds: dict[Category, dict[str, float]] = {}
    chapters: dict[str, Words] = {}
    clauses: tuple[Clause, ...] = ()
    cards: dict[str, Card] = {}


class Policy(BaseModel):
    """A policy in force. `clauses` leaves out the categories a site switched off; `thresholds` is what it changed there.

    `country` is the one whose crisis lines are shown where nobody says another (`CARE_COUNTRY`).
    """

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    sha256: str
    chapters: dict[str, str]
    clauses: tuple[Clause, ...]
    cards: dict[str, Card]
    switched_off: frozenset[Category] = frozenset()
    thresholds: dict[Category, dict[str, float]] = {}
    country: str | None = None

    def active(self, category: str) -> bool:
        """Whether the category is switched on."""
        return any(clause.category == category for clause in self.clauses)

    def clause_of(self, category: str, named: str | None = None) -> Clause:
        """The clause `named`, where it belongs to the category; else the category's first.

        Raises KeyError for a category that is switched off.
        """
        own = [clause for clause in self.clauses if clause.category == category]
        if not own:
            raise KeyError(category)
        return next((clause for clause in own if clause.clause == named), own[0])

    def by_id(self, clause_id: str) -> Clause:
        """A clause by its id, as `4.2`. Raises KeyError."""
        for clause in self.clauses:
            if clause.clause == clause_id:
                return clause
        raise KeyError(clause_id)

    @property
    def as_text(self) -> str:
        """The policy as a model is shown it: id, category, title, what counts and what does not."""
        parts = []
        for clause in self.clauses:
            lines = [
                f"{clause.clause} {clause.category}: {clause.title}",
                "Counts:",
                *(f"- {line}" for line in clause.counts),
            ]
            parts.append("\n".join([*lines, "Does not count:", *(f"- {line}" for line in clause.near_misses)]))
        return "\n\n".join(parts)


def load_policy(path: Path) -> Policy:
    """Read `<folder>/<name>/<version>.yaml` and what it extends. Raises InvalidPromptFile with file, line and hint."""
    return _load(path, ())


def _load(path: Path, below: tuple[Path, ...]) -> Policy:
    file = read_yaml(path)
    own = _parsed(file)
    digests = [file.sha256]
    chapters, cards, clauses = dict(own.chapters), dict(own.cards), list(own.clauses)
    off, thresholds = set(own.switched_off), dict(own.thresholds)
    if own.extends is not None:
        name, version = own.extends.split("@")
        parent_path = path.parent.parent / name / f"{version}.yaml"
        if not parent_path.is_file() or parent_path in (path, *below):
            raise file.problem(
                ("extends",), f"there is no policy {own.extends}", f"Put it at {parent_path} or name another"
            )
        parent = _load(parent_path, (path, *below))
        digests.append(parent.sha256)
        chapters, cards = {**parent.chapters, **chapters}, {**parent.cards, **cards}
        replaced = {clause.clause for clause in clauses}
        clauses = [clause for clause in parent.clauses if clause.clause not in replaced] + clauses
        off |= parent.switched_off
        thresholds = {**parent.thresholds, **thresholds}
    _check(file, own, chapters, cards, {clause.category for clause in clauses} | off)
    return Policy(
        name=own.name, version=own.version, sha256=hashlib.sha256("".join(digests).encode()).hexdigest(), chapters=chapters,
        clauses=tuple(clause for clause in clauses if clause.category not in off), cards=cards, switched_off=frozenset(off),
        thresholds=thresholds,
    )  # fmt: skip


def _parsed(file: YamlFile) -> PolicyFile:
    try:
        return PolicyFile.model_validate(file.data)
    except ValidationError as error:
        first = min(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
        raise file.problem(tuple(first["loc"]), first["msg"], _hint(first["type"], tuple(first["loc"]))) from None


def _hint(kind: str, loc: tuple[int | str, ...]) -> str:
    if loc and loc[0] == "thresholds" and loc[-1] != "[key]":
        return "Cuts are `low`, `middle` and `high` of a category, numbers from 0 to 1"
    if kind == "extra_forbidden":
        return "Unknown field: check the spelling against prompts/README.md, or remove it"
    if kind == "missing":
        return f"Add the field `{loc[-1]}`; prompts/README.md says what belongs there"
    if kind == "too_short" and loc and loc[-1] == "near_misses":
        return f"Every clause needs at least {FewestNearMisses} near misses"
    if loc and loc[-1] in ("category", "[key]"):
        return "The categories are closed: use one of those in prompts/policy/tech-career"
    return "Compare with the shipped policy, prompts/policy/tech-career"


def _check(
    file: YamlFile, own: PolicyFile, chapters: dict[str, str], cards: dict[str, Card], covered: set[Category]
) -> None:
    if (file.path.parent.name, file.path.stem) != (own.name, own.version):
        raise file.problem(("version",), "name and version differ from the path", "A file is <name>/<version>.yaml")
    seen: set[str] = set()
    for index, clause in enumerate(own.clauses):
        at = ("clauses", index)
        if clause.clause in seen:
            raise file.problem((*at, "clause"), f"clause {clause.clause} stands twice", "Clause ids are never reused")
        seen.add(clause.clause)
        if clause.clause.split(".")[0] not in chapters:
            raise file.problem((*at, "clause"), f"there is no chapter for {clause.clause}", "Add it to `chapters`")
        card = cards.get(clause.care.id)
        if card is None:
            raise file.problem(
                (*at, "care"), f"there is no card `{clause.care.id}`", "Add it to `cards`, or name another"
            )
        if card.kind != clause.care.kind:
            raise file.problem((*at, "care"), f"card `{card.id}` is a {card.kind}", f"Write `kind: {card.kind}`")
    for key, card in own.cards.items():
        if card.id != key:
            raise file.problem(
                ("cards", key, "id"), f"the card under `{key}` calls itself `{card.id}`", "Make both the same"
            )
    _check_cuts(file, own)
    missing = [category for category in CATEGORIES if category not in covered]
    if missing:
        raise file.problem(
            ("clauses",), f"no clause for {', '.join(missing)}", "Write one, or list the category under `switched_off`"
        )


def _check_cuts(file: YamlFile, own: PolicyFile) -> None:
    for category, cuts in own.thresholds.items():
        at = ("thresholds", category)
        for name, value in cuts.items():
            if name not in CUTS:
                hint = f"Cuts are {', '.join(CUTS)}"
                raise file.problem((*at, name), f"there is no cut `{name}`", hint)
            if not 0.0 <= value <= 1.0:
                raise file.problem((*at, name), f"{value} is no probability", "A cut is a number from 0 to 1")
        rising = [cuts[name] for name in CUTS if name in cuts]
        if rising != sorted(rising):
            raise file.problem(at, f"{', '.join(CUTS)} must not fall", "Write low ≤ middle ≤ high")
