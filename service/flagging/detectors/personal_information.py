"""Private contact and identity data: what libraries recognise, and addresses, birth dates and private handles by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.flagging.detectors.ownership import owner
from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost, Reading
from service.models.private_data import PrivateDatum, find_private_data

NAME = "personal_information"
_SURE = 0.8
"""From here on a finding is private data, and not a number or a line that only looks like it."""
_ROLES = re.compile(
    r"(?:info|press|presse|prensa|imprensa|media|support|help|helpdesk|service|contact|contacto|contato|kontakt|hello|hi|hola|careers?|jobs?|"
    r"vagas|empleo|bewerbung|karriere|recruit\w*|hiring|talent|hr|people|team|office|admin|administrator|root|webmaster|postmaster|hostmaster|"
    r"no-?reply|donotreply|security|abuse|privacy|legal|dpo|compliance|billing|invoices?|accounts?|sales|marketing|partners?|events?|ama|cfp|"
    r"speakers?|newsletter|news|feedback|moderators?|mods?|forum|community|git|github|user|username|name|you|your\.?name|me|someone|"
    r"first\.?last|firstname\.lastname|test|foo|bar|example|onboarding|it|ops|oncall|alerts?|builds?|ci|bot|noc|soc|reception|secretariat)",
    re.I,
)
_NO_DOMAIN = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net)|domain\.com|test\.com|localhost|email\.com|company\.com|yourcompany\.com|users\.noreply\.github\.com)$",
    re.I,
)
_PUBLIC_PHONE = re.compile(
    r"\b(?:switchboard|front desk|reception|press|hotline|help ?line|support line|customer (?:service|care)|call cent(?:er|re)|crisis|samaritans|lifeline|standard téléphonique|zentrale|centralita)\b[^\n]{0,30}$",
    re.I,
)
_INVENTED = re.compile(
    r"\b(?:for example|e\.g\.|example|sample|dummy|fake|placeholder|fictional|made[- ]up|test (?:card|number|data)|mock|redacted|invented|ejemplo|beispiel|exemple|exemplo)\b",
    re.I,
)
_TEST_CARDS = frozenset(
    [
        "4242424242424242",
        "4111111111111111",
        "4012888888881881",
        "5555555555554444",
        "5105105105105100",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "30569309025904",
        "3530111333300000",
        "4000056655665556",
        "4000000000000002",
        "2223003122003222",
    ]
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|janv|févr|mars|avr|mai|juin|juil|août|déc|ene|abr|ago|dic|fev|out|dez|mär|okt)[a-zûé]{0,7}\.?"
_DATE = rf"(?:\d{{1,2}}[-./]\d{{1,2}}[-./](?:19|20)\d\d|(?:19|20)\d\d[-./年]\s?\d{{1,2}}[-./月]\s?\d{{1,2}}日?|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d|\d{{1,2}}(?:st|nd|rd|th|\.)?[ -](?:de )?{_MONTH}[ -](?:de )?(?:19|20)\d\d)"
_BIRTH = re.compile(
    rf"(?:\b(?:d\.?o\.?b\.?|dates? of birth|birth ?dates?|birthday|born(?: on)?|birth|née? le|geb(?:oren|\.)?(?: am)?|nacid[oa](?: el)?|nascid[oa](?: em)?|nascimento|"
    rf"fecha de nacimiento|date de naissance|geburtsdatum|data di nascita|fødselsdato|född|urodzon[aey]|ur\.|doğum tarihi)|जन्म\S{{0,6}}|出生\S{{0,4}}|生于|生日)[\s:=|\"'*]{{0,5}}({_DATE})",
    re.I,
)
_NAME = r"[A-ZÀ-ÖØ-ÞŁŚŻ][\w'’.-]{1,20}(?: [A-ZÀ-ÖØ-ÞŁŚŻ][\w'’.-]{0,20}){1,3}"
_NAME_AND_DATE = re.compile(rf"({_NAME})\s{{0,3}}(?:[|;,\t]|\s{{3}})\s{{0,3}}[^\n]{{0,24}}?({_DATE})")
_STREET = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Crescent|Cres|Close|Way|Place|Pl|Terrace|Loop|Circle|Cir|Boulevard|Blvd|"
    r"Parkway|Pkwy|Trail|Square|Sq|Row|Mews|Gardens|Grove|Walk|Highway|Hwy|Run|Path|Green|Chase|Rise)"
)
_ADDRESSES = (
    re.compile(
        rf"(?<![\w.,$€£-])\d{{1,5}}[A-Za-z]?,? (?:(?:[NSEW]|[A-Z][\w'’-]{{1,20}})\.? ){{1,4}}{_STREET}\b\.?(?:,? (?:Apt|Apartment|Unit|Flat|Suite|Ste|#)\.? ?\w{{1,6}})?(?:,? [A-Z][\w.'-]{{2,20}}){{0,3}}(?:,? [A-Z]{{2}})?(?: \d{{5}}(?:-\d{{4}})?)?"
    ),
    re.compile(
        r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|place|allée|impasse|chemin|montée|quai|cours|route|square|passage|ruelle) (?:de |du |des |d['’]|la |le |les |l['’]){0,3}[A-ZÀ-Ý][\w'’ -]{1,40}(?:, ?\d{5} [A-ZÀ-Ý][\w-]{1,24})?"
    ),
    re.compile(
        r"\b[A-ZÄÖÜÅØÆ][\wäöüåøæß.-]{1,28}(?:stra(?:ß|ss)e|str\.|gasse|allee|platz|gatan|vägen|vegen|veien|straat|laan|gracht|kade|plein|katu|veg|vej|stien) \d{1,4} ?[a-h]?\b(?:, ?(?:[A-Z]{1,2}-)?\d{3} ?\d{1,2}(?: ?[A-Z]{2})? [A-ZÄÖÜÅØÆ][\w-]{1,24})?"
    ),
    re.compile(
        r"\b[A-ZÄÖÜÅØÆ][\w'’.-]{2,30} \d{1,4} ?[a-h]?, ?(?:[A-Z]{1,2}-)?(?:\d{4} [A-Z]{2}|\d{3} \d{2}|\d{4,5}|\d{2}-\d{3}) [A-ZÄÖÜÅØÆŁŚ][\w-]{2,24}"
    ),
    re.compile(
        r"\b(?:[Cc]alle|C/|[Aa]venida|[Aa]v\.|[Aa]vda\.?|[Bb]v\.|[Bb]ulevar|[Pp]aseo|[Pp]laza|[Rr]ua|[Tt]ravessa|[Pp]raça|[Aa]lameda|[Ee]strada|[Cc]arrera|[Jj]irón|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Uu]l\.|[Uu]lica) (?:(?:[A-ZÀ-Ž][\w'.-]{0,20}|de|do|da|dos|das|del|la|los|di|y|e),? ){1,6}(?:[nN][º°.]? ?)?\d{1,5}\b(?:, ?[\w°º ]{1,10})?(?:, ?[A-ZÀ-Ž][\w ]{2,24})?"
    ),
    re.compile(
        r"[\u4e00-\u9fff]{1,8}(?:路|街|巷|弄|大道)\s?\d{1,5}\s?号?(?:[\u4e00-\u9fff\d\s]{0,16}(?:室|幢|栋|楼|\d{3,4}))?"
    ),
    re.compile(r"\b[A-Z][a-z]{2,20}(?: [A-Z][a-z]{2,20})?,? [A-Z]{2} \d{5}(?:-\d{4})?\b"),
    re.compile(
        r"\b(?:[Ll]ive|[Ll]ives|[Ll]iving|[Hh]ome|[Aa]ddress|[Ss]tay|[Rr]eside)s?\b[^\n.!?]{0,40}?\b([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b"
    ),
)
_PUBLIC_PLACE = re.compile(
    r"\b(?:office|headquarters?|hq|company|venue|restaurant|registered|branch|campus|meet-?up|conference|store|shop|warehouse|building)\b[^\n]{0,30}$",
    re.I,
)
_HANDLE = re.compile(
    r"(?:\b(?:insta(?:gram)?|ig|snap(?:chat)?|telegram|tg|discord|kik|viber|whats ?app|wechat|weixin|vx|line(?: id)?|skype|signal|messenger|session)\b|微信|加V|加微|कॉन्टैक्ट)"
    r"(?: ?(?:handle|id|name|user(?:name)?|account|号|is|:|=|-|at|under|me)){0,3}[ :]{0,2}(@?[A-Za-z][\w.-]{3,31}(?:#\d{4})?)(?![\w@])",
    re.I,
)  # fmt: skip
_PRIVATE_HANDLE = re.compile(r"\d|[._#]|^@")
_MY_LINE = re.compile(
    r"\b(?:my|his|her) (?:line|ig|insta|snap|telegram|discord|wechat|kik) (?:is|:) ?(@?[a-z][\w.#-]{3,31})\b", re.I
)


@dataclass(frozen=True)
class PersonalInformation:
    """Finds private data and says, where the words tell, whose they are: details read `own:phone`, `other:phone`, `phone`."""

    name: str = NAME
    blind_spots: str = (
        "Names alone, addresses without a number or in scripts without a pattern here, handles without the name of their "
        "messenger, numbers written as words, and pictures."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """Private data in title and body, surest first."""
        found: list[Finding] = []
        for reading in post.fields:
            for start, end, kind, probability in _pieces(reading, context):
                before, after = reading.text[max(0, start - 60) : start], reading.text[end : end + 40]
                if _INVENTED.search(before) or _INVENTED.search(after.split("\n")[0]):
                    probability *= 0.3
                whose = owner(reading.text, start, end)
                detail = f"{whose}:{kind}" if whose else kind
                found.append(
                    Finding("personal_information", probability, (located(reading, start, end),), NAME, detail)
                )
        return sorted(found, key=lambda finding: -finding.probability)


def exposes_somebody(finding: Finding) -> bool:
    """Whether a finding is private data of somebody other than the writer (clause 4.1, its urgent case).

    Shared mailboxes, public lines and invented examples are below `_SURE`; an IP address points at no door.
    """
    whose, _, kind = finding.detail.partition(":")
    return finding.detector == NAME and whose == "other" and kind != "ip" and finding.probability >= _SURE


def _pieces(reading: Reading, context: DetectorContext) -> Iterator[tuple[int, int, str, float]]:
    text = reading.text
    taken: list[tuple[int, int]] = []
    for datum in find_private_data(text, context.regions):
        probability = _probability(text, datum, context)
        taken.append((datum.start, datum.end))
        if probability > 0:
            yield datum.start, datum.end, datum.kind, probability
    for start, end, kind, probability in (*_births(text), *_homes(text), *_handles(text)):
        if not any(start < b and a < end for a, b in taken):
            taken.append((start, end))
            yield start, end, kind, probability


def _probability(text: str, datum: PrivateDatum, context: DetectorContext) -> float:
    value = text[datum.start : datum.end]
    if datum.kind == "email":
        local, _, domain = value.partition("@")
        if domain.lower() in context.public_domains or _NO_DOMAIN.search(domain):
            return 0.0
        return 0.06 if _ROLES.fullmatch(local.strip()) else 0.95
    if datum.kind == "phone":
        return 0.08 if _PUBLIC_PHONE.search(text, max(0, datum.start - 60), datum.start) else datum.strength
    if datum.kind == "card":
        return 0.1 if re.sub(r"\D", "", value) in _TEST_CARDS else datum.strength
    if datum.kind == "ip":
        return (
            0.45
            if datum.strength > 0.8 and not re.match(r"(?:1\.1\.1\.1|1\.0\.0\.1|8\.8\.[48]\.[48]|9\.9\.9\.9)$", value)
            else 0.0
        )
    return datum.strength


def _births(text: str) -> Iterator[tuple[int, int, str, float]]:
    for match in _BIRTH.finditer(text):
        yield match.start(), match.end(), "date_of_birth", 0.88
    for match in _NAME_AND_DATE.finditer(text):
        yield match.start(1), match.end(2), "date_of_birth", 0.55


def _homes(text: str) -> Iterator[tuple[int, int, str, float]]:
    for index, pattern in enumerate(_ADDRESSES):
        for match in pattern.finditer(text):
            group = 1 if pattern.groups else 0
            public = _PUBLIC_PLACE.search(text, max(0, match.start() - 60), match.start())
            full = bool(re.search(r"\d{4,5}|Apt|Flat|,", match[0]))
            yield (
                match.start(group),
                match.end(group),
                "address",
                0.2 if public else 0.9 if full and index != 6 else 0.72,
            )


def _handles(text: str) -> Iterator[tuple[int, int, str, float]]:
    for match in _MY_LINE.finditer(text):
        yield match.start(1), match.end(1), "handle", 0.85
    for match in _HANDLE.finditer(text):
        if _PRIVATE_HANDLE.search(match[1].rstrip(".-")):
            yield match.start(), match.start(1) + len(match[1].rstrip(".-")), "handle", 0.8
