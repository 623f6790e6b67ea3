"""Where names of people stand in a text: by the words around them, by given names, and by capitals that nothing else explains.

A run of capitalised words inside a sentence is a name unless every word of it can be told to be something else: an ordinary
word (`ordinary_words.txt`, words written small in the project's own texts), a place, a firm, a product or a month
(`proper_words.txt`). One capitalised word alone needs a given name or words about a person beside it. Linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MOST = 2_000
"""Runs of capitals of one text that are looked at."""
_WORD = r"[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+){0,3}"
_RUN = re.compile(
    rf"(?<![\w@/.#-]){_WORD}(?:[ \t](?:(?:van|von|de|da|do|dos|del|della|di|bin|ibn|al|el|la|le|ter|ten|zu|y|e)[ \t]){{0,2}}{_WORD}){{0,3}}(?![\w@/]|\.\w)"
)
_SAYS_NAME = re.compile(
    r"(?:\b(?:my name is|my name's|i am called|i'm called|(?:is|are|was|were|guy|man|woman|colleague|someone|somebody|person) (?:called|named)|(?:his|her|their) name is|"
    r"recruiter called|named|me llamo|mi nombre es|je m'appelle|ich hei(?:ß|ss)e|mein name ist|meu nome é|me chamo)"
    r"|\b(?:mr|mrs|ms|mx|dr|prof|sir|herr|frau|señora?|sra?|madame|monsieur|mme)\.?"
    r"|\b(?:my|our|the|his|her|their|a|an) (?:(?:new|old|ex|former|direct|first|last|current|team|tech|product|engineering|line|hr|work|dear|then)[- ]){0,2}"
    r"(?:manager|boss|lead|director|colleague|cowork(?:er)?|co-worker|teammate|skip|skip-level|mentor|mentee|report|recruiter|cto|ceo|cfo|coo|vp|friend|wife|husband|partner|son|daughter|brother|sister|"
    r"intern|junior|senior|architect|supervisor|founder|co-?founder|buddy|predecessor|successor|neighbou?r|therapist|doctor|lawyer),?"
    r"|\b(?:report(?:s|ed|ing)? (?:in)?to|managed by|reviewed by|mentored by|interviewed (?:by|with)|thanks to|hired by|fired by|1:1s? with|one-on-ones? with|lunch with|coffee with|married to|spoke (?:to|with)|talked (?:to|with)|emailed|messaged|asked|told|cc'?d|pinged|dm'?d)"
    r"|(?:^|\n)[ \t]*(?:hi|hello|hey|dear|regards|cheers|thanks|thank you|best|sincerely|hola|saludos|liebe[rs]?|hallo|gruß|grüße|bonjour|cordialement|olá|abraços),?(?:[ \t]*\n+[ \t]*[-–—]?)?)[ \t]*$",
    re.I,
)
_ACTS = re.compile(
    r"(?:'s|’s)?[ \t](?:(?:also|then|just|always|never|still|even|later|finally|once|who|really|kindly|publicly)[ \t]){0,2}(?:says?|said|tells?|told|asks?|asked|wrote|writes|thinks?|thought|wants?|wanted|knows?|knew|took|takes|"
    r"keeps|kept|promised|insists?|insisted|replied|answered|laughed|smiled|cried|shouted|yelled|agreed|refused|explained|quit|resigned|joined|interviewed|emailed|messaged|"
    r"called me|is (?:my|our|his|her|a (?:good|nice|great))|was (?:my|our|fired|promoted|hired|laid)|and (?:i|me)|(?:and|or) (?:her|his) (?:team|manager|wife|husband)|told|mentioned|suggested|offered (?:me|him|her)|hates?|loves?|likes?|liked|feels?|felt|sat|sits|left (?:the|us|me|for|in)|got (?:promoted|fired|married|angry|the (?:job|lead|credit)))\b",
    re.I,
)
_AMONG_PEOPLE = re.compile(
    r"\b(?:with|since|because|when|while|until|unless|if|that|but|than|whether|by|about|after|before|without|except|besides|and then|like) $",
    re.I,
)
"""Before one unknown capitalised word: most often a person, else a product, whose mask costs little."""
_FIRM_BEFORE = re.compile(
    r"\b(?:at|join(?:ed|ing)?|(?:with|for) the|startup|company|employer|firm|like|using|use|in|near|to visit|from) (?:the )?$",
    re.I,
)
_FIRM_AFTER = re.compile(
    r"[ \t](?:Inc|Ltd|LLC|GmbH|AG|AB|BV|Oy|plc|Corp|S\.?A|team|project|conference|office|app|API|framework|university|certification|cert|role|position|level|award|program(?:me)?|plan|stack|server|cluster|repo)\b"
)


@dataclass(frozen=True)
class Name:
    """text[start:end] is a person's name, so far as can be told."""

    start: int
    end: int


def find_names(text: str) -> list[Name]:
    """Names in order of place, without overlaps."""
    found: list[Name] = []
    for number, match in enumerate(_RUN.finditer(text)):
        if number >= MOST:
            break
        name = _judged(text, match)
        if name is not None:
            found.append(name)
    return found


def find_unsure(text: str) -> list[str]:
    """Capitalised words inside sentences that nothing explains and that are not taken for names: each once."""
    sure = find_names(text)
    found = []
    for number, match in enumerate(_RUN.finditer(text)):
        if number >= MOST:
            break
        before = text[max(0, match.start() - 4) : match.start()].rstrip(" \t\"'“(*-")
        inside = before[-1:] not in ("", "\n", ".", "!", "?", ":", ";")
        words = [w for w in match[0].split() if w[0].isupper() and not _is_known(w)]
        masked = any(name.start < match.end() and match.start() < name.end for name in sure)
        if words and inside and not masked and not _firm(text, match.start(), match.end()):
            found.append(" ".join(words))
    return list(dict.fromkeys(found))


def spoken_alone(name: str) -> list[str]:
    """The parts of a full name that may stand for it elsewhere: its words, without particles and ordinary words."""
    parts = re.split(r"[ \t]+", name)
    return [
        p
        for p in parts
        if len(parts) > 1 and len(p) > 2 and p[0].isupper() and p not in _PARTICLES and not _is_known(p)
    ]


def _judged(text: str, match: re.Match[str]) -> Name | None:
    if " " not in match[0] and "\t" not in match[0] and _leads(match[0]) and _plain(match[0]) not in _given():
        return None  # one ordinary word that opens a sentence, whatever stands before it
    before = text[max(0, match.start() - 60) : match.start()]
    words = [(m.start() + match.start(), m.end() + match.start()) for m in re.finditer(r"\S+", match[0])]
    small = next(
        (i for i, (a, _) in enumerate(words) if not text[a].isupper() and text[slice(*words[i])] not in _PARTICLES),
        None,
    )
    words = words[:small]
    told = _SAYS_NAME.search(before) is not None
    while words and _leads(text[slice(*words[0])]) and (len(words) > 1 or not told):
        words.pop(0)  # "Then Aisulu said": the first word only opens the sentence
        told = told or not words
        if not words:
            return None
        before = text[max(0, words[0][0] - 60) : words[0][0]]
        told = _SAYS_NAME.search(before) is not None
    while len(words) > 1 and (text[slice(*words[-1])] in _PARTICLES or _CONTRACTED.fullmatch(text[slice(*words[-1])])):
        words.pop()
    if not words:
        return None
    start, end = words[0][0], words[-1][1]
    if text[end - 2 : end] in ("'s", "’s"):
        end -= 2
    parts = [part for part in re.split(r"[ \t]+", text[start:end]) if part not in _PARTICLES]
    given = [_plain(part) in _given() for part in parts]
    known = [_is_known(part) for part in parts]
    acts = _ACTS.match(text, end) is not None
    if all(known) and not any(given):
        return None
    if len(parts) == 1:
        unknown = not known[0] and not parts[0].isupper()
        ordinary = parts[0].lower() in _ordinary()
        told = told or _AMONG_PEOPLE.search(before) is not None or text.startswith(("'s ", "’s "), end)
        if (given[0] and not ordinary and not _firm(text, start, end)) or (unknown and (told or acts)):
            return Name(start, end)
        return Name(start, end) if given[0] and (told or acts) else None
    if any(part.isupper() and len(part) > 1 for part in parts) and not (told or given[0]):
        return None
    if given[0] or told:
        return Name(start, end)
    if any(known) or _firm(text, start, end):
        return Name(start, end) if acts and not known[0] else None
    return Name(start, end)


_PARTICLES = frozenset("van von de da do dos del della di bin ibn al el la le ter ten zu y e".split())


_CONTRACTED = re.compile(r"I|(?:I|[A-Za-z]{2,7})(?:['’](?:m|d|ll|ve|re|t|T|M|D|LL|VE|RE))")


def _leads(word: str) -> bool:
    if _CONTRACTED.fullmatch(word):
        return True
    return word.lower().strip("'’") in _ordinary() and _plain(word) not in _given()


def _is_known(word: str) -> bool:
    low = word.lower().strip("'’")
    low = re.sub(r"['’]s$", "", low)
    if _CONTRACTED.fullmatch(word):
        return True
    parts = re.split(r"[-'’]", low)
    return low in _ordinary() or low in _proper() or all(p in _ordinary() or p in _proper() for p in parts) or (
        any(map(str.isupper, word[1:])) and "-" not in word and "'" not in word and "’" not in word and not word.startswith(("Mc", "Mac", "De", "Di", "Le", "La", "O'"))
    )  # fmt: skip


def _firm(text: str, start: int, end: int) -> bool:
    return bool(_FIRM_AFTER.match(text, end) or _FIRM_BEFORE.search(text, max(0, start - 24), start))


def _plain(word: str) -> str:
    low = unicodedata.normalize("NFKD", word.casefold())
    return re.split(r"['’]", "".join(c for c in low if not unicodedata.combining(c)))[0]


@cache
def _given() -> frozenset[str]:
    return frozenset(_plain(name) for name in _lines("given_names.txt"))


@cache
def _ordinary() -> frozenset[str]:
    return frozenset(_lines("ordinary_words.txt"))


@cache
def _proper() -> frozenset[str]:
    return frozenset(word.lower() for word in _lines("proper_words.txt"))


def _lines(name: str) -> Iterator[str]:
    return iter(Path(__file__).with_name(name).read_text("utf-8").split())
