"""Details which together point at one person: each is harmless, their sum may not be. A score, with the details that make it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost

NAME = "identifying_detail"
Part = Literal["employer", "unit", "person", "unique", "trait", "date", "place", "small_group", "aware"]
WINDOW = 620
"""Details this many characters apart at most are read together."""
_WEIGHT: dict[Part, float] = {
    "employer": 1.2, "unit": 0.7, "person": 1.3, "unique": 1.7, "trait": 1.0, "date": 0.6, "place": 0.5, "small_group": 0.7, "aware": 1.8,
}  # fmt: skip
_BIAS = -4.7

_CAP = r"[A-ZÀ-ÖØ-ÞŁŚŻĄĆĘŃÓŹ][\w&'’.-]{1,24}"
_FULL_NAME = rf"(?:(?:Dr|Mr|Mrs|Ms|Prof|Herr|Frau|Sr|Sra|M|Mme)\.? )?{_CAP}(?: (?:van |von |de |da |dos |del |la )?{_CAP}){{1,2}}"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}|(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia|styczniu)"
_TECH = frozenset(
    "java python go rust kubernetes docker aws azure google github gitlab jira slack linkedin react angular vue node postgres kafka redis linux windows android ios swift kotlin flutter django spring excel sql teams zoom "
    "english french german spanish i the a an my our his her their this that it he she they we you and but or so if in on at for with to of monday tuesday wednesday thursday friday saturday sunday january february march "
    "april may june july august september october november december agile scrum devops stackoverflow reddit twitter hr ceo cto pip okr phd msc bsc h1b senior staff principal junior lead manager director engineer".split()
)  # fmt: skip

_PATTERNS: tuple[tuple[Part, re.Pattern[str]], ...] = (
    ("employer", re.compile(rf"\b(?:at|for|with|from|bei|der|chez|en|na|w|of|join(?:ed)?) (?:the )?({_CAP}(?: (?:{_CAP}|&|of|for|and|de)){{1,4}}|{_CAP}(?='s? ))")),
    ("employer", re.compile(rf"\b({_CAP}(?: {_CAP}){{0,3}} (?:GmbH|AG|Inc\.?|Ltd\.?|LLC|Corp\.?|S\.?A\.?|AB|AS|BV|Oy|Pvt|plc|Bank|Systems|Agency|Bureau|Ministry|Hospital|University|Software|Technologies|Labs|Avionics|Electronics|Sikkerhet))\b")),
    ("unit", re.compile(r"\b(?:(?:[\w-]{1,30} ){0,3}(?:team|squad|department|section|division|unit|group|plant|office|campus|branch|desk|crew|lab|chapter|tribe|floor|building)(?: \d{1,3}| [A-Z]\w*)?|(?:équipe|service|zespół|zespole|equipo|equipe|abteilung|referat|gruppe|bureau|oficina|escritório) [\w«„\"-]{1,40}|(?:level|floor|plant|section|building|hall) \d{1,3}[A-Z]?)\b", re.I)),
    ("unit", re.compile(r"(?:办公室|[\u4e00-\u9fff]{1,4}组|部门|टीम)")),
    ("person", re.compile(rf"\b(?:report(?:s|ing)? to|my (?:manager|boss|lead|director|supervisor|team lead|skip|VP|CTO)(?: is| was|,)?(?: the \w+,)?|under|managed by|manager is|manager|section of|kierownik|unter|notre responsable|mi jef[ea](?: es)?|minha? (?:chefe|gerente)|経理|hello|against|经理是?(?:[^\s，。]{{0,12}}的)?) ?(?:(?:Dr|Mr|Mrs|Ms|Prof|Herr|Frau)\.? )?({_CAP}(?: {_CAP}){{0,2}})")),
    ("person", re.compile(rf"\b((?:Dr|Mr|Mrs|Ms|Prof|Herr|Frau|Mme)\.? {_CAP}(?: {_CAP}){{0,2}})")),
    ("person", re.compile(rf"\b[Hh](?:er|is) name is ({_FULL_NAME})")),
    ("unique", re.compile(r"\b(?:the (?:only|sole|one)|its? (?:only|one and only|one|sole)|his only|her only|one and only|precisely one|exactly (?:one|two|three|nine)|only one such|one of (?:the )?(?:only )?(?:two|three|2|3)(?: remaining)?|nobody else (?:here|in the)|team of one|la seule|le seul|une seule|un seul|der einzige|die einzige|(?:el|la) únic[oa]|(?:o|a) únic[oa]|jedyn[aąey]\w{0,10}) [\w-]{1,30}(?: [\w-]{1,30}){0,4}|只有我一个|唯一的|अकेल[ाी]", re.I)),
    ("unique", re.compile(r"\b(?:has|have) one [\w-]{1,30}(?: [\w-]{1,30}){0,3}(?:developer|engineer|scientist|designer|lead|manager|architect|tester)\b", re.I)),
    ("trait", re.compile(r"\bthe (?:one|guy|woman|man|girl|person|\w+) (?:with (?:the|a|an)|who (?:runs|owns|gave|stopped|wrote|came|won|keeps|sings|plays|brought))\b[^.,;\n]{3,50}|\b(?:six foot|tattoo|hijab|turban|wheelchair|red hair|long hair|beard|accent|cast on|dog called|with twins|harp|keynote on|photo in the)\b[^.,;\n]{0,30}|\b(?:only|the) (?:woman|telugu|brazilian|chinese|indian|german|polish|muslim|deaf|trans|black)\b", re.I)),
    ("date", re.compile(rf"\b(?:since|on|joined?|came|from|promoted|appointed|nommée? le|seit|desde|od|reorganization|transfer\w*|took over|after)\b[^.\n]{{0,24}}?(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})|(?:{_MONTH})(?: \d{{1,2}})?\b|the \d{{1,2}}(?:st|nd|rd|th)(?: of \w+)?|last (?:spring|summer|autumn|fall|winter|month|year))|今年[一二三四五六七八九十\d]+月", re.I)),
    ("place", re.compile(rf"(?:\b(?:in|at|from|à|em|en|w|we|auf|rue|on the) (?:the )?({_CAP}(?:[ -]{_CAP}){{0,2}}))")),
    ("small_group", re.compile(r"\b(?:there (?:are|were) (?:only |just |exactly )?(?:two|three|four|five|six|seven|eight|nine|ten|[2-9]|1[0-2])(?: of us| \w+)|(?:team|group|section|crew|us) of (?:two|three|four|five|six|seven|eight|nine|ten|[2-9]|1[0-2])\b|(?:two|three|four|five|six|seven|eight|nine|[2-9]) (?:people|persons|men|women|engineers|developers|personnes|osób|personas|pessoas|leute)\b|全组十?[一二三四五六七八九]个人)", re.I)),
    ("aware", re.compile(r"\b(?:(?:they|everyone|everybody|whoever reads|my (?:team|boss|manager)|anyone (?:there|here|inside|from)|people (?:there|here|inside))[^.!?\n]{0,40}(?:will|'ll|would|'d|can|could) (?:know|recogni[sz]e|guess|figure|work out|identify)|no hiding who|who wants to know will know|(?:you know|they know) (?:who i am|it'?s me)|autant signer|je me découvre|if any(?:body|one) from my|so yes they'?ll know|small (?:world|country|town|company),? (?:so|and|i know)|i know how small)\b|大家一看就知道", re.I)),
)  # fmt: skip
_BLURRED = re.compile(
    r"\b(?:changed (?:the )?(?:names?|details)|names? changed|call (?:her|him|it|them) [A-Z]\b|not (?:saying|naming|going to say) (?:which|who|where)|don'?t want to (?:name|say)|an? (?:mid-?size|large|big|small|well-known|european|german|us)[\w -]{0,24} (?:bank|company|firm|startup|start-up|agency|insurer|retailer)|throwaway|anonymi[sz]ed)\b",
    re.I,
)


@dataclass(frozen=True)
class Detail:
    """One detail: which part of a person's outline it gives, and where it stands in the field's readable text."""

    part: Part
    start: int
    end: int


@dataclass(frozen=True)
class IdentifyingDetail:
    """How identifying a stretch of text is, from 0 to 1, with every detail that adds to it."""

    name: str = NAME
    blind_spots: str = "Stories so particular that they need no names, employers written in lower case, what a reader could look up elsewhere."

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """At most one finding a field: the most identifying stretch."""
        found = []
        for reading in post.fields:
            details = details_of(reading.text, context.company)
            best, chosen = 0.0, list[Detail]()
            for first in range(len(details)):
                near = [d for d in details[first : first + 24] if d.end - details[first].start <= WINDOW]
                score = _score(near)
                if score > best:
                    best, chosen = score, near
            if _BLURRED.search(reading.text):
                best *= 0.6
            if best >= 0.1:
                order = sorted(chosen, key=lambda d: -_WEIGHT[d.part])
                spans = tuple(located(reading, d.start, d.end) for d in order)
                parts = len({d.part for d in chosen})
                found.append(Finding("identifying_detail", best, spans, NAME, f"{parts}_parts"))
        return sorted(found, key=lambda finding: -finding.probability)


def details_of(text: str, company: str | None = None) -> list[Detail]:
    """Every detail in `text`, in order of place."""
    details: list[Detail] = []
    for part, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            group = 1 if pattern.groups and match[1] else 0
            start, end = match.span(group)
            if part in ("employer", "person", "place") and _ordinary(match[group]):
                continue
            details.append(Detail(part, start, end))
            if len(details) > 400:
                break
    if company:
        details += [Detail("employer", m.start(), m.end()) for m in re.finditer(re.escape(company), text)][:20]
    return sorted(details, key=lambda d: (d.start, d.end))


def _ordinary(name: str) -> bool:
    return all(word.strip(".'’").lower() in _TECH for word in name.split())


def _score(details: list[Detail]) -> float:
    parts = {detail.part for detail in details}
    if not parts & {"employer", "person"} or not parts & {"unique", "trait", "aware", "person"}:
        return 0.0
    total = sum(_WEIGHT[part] for part in parts)
    return 1 / (1 + math.exp(-(total + _BIAS) * 1.6))
