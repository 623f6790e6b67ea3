"""Signs of advertising that can be counted: what is asked of a reader, what is promised, where it leads, how it is written."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from functools import cache
from pathlib import Path

from service.flagging.detectors.needed_pieces import Need, fold, need_of
from service.intake.normalise import Reading

WEIGHTS = Path(__file__).with_name("bait.json")
NAMES = (
    "ask", "own", "own_ask", "visit", "platform", "reward", "free", "money", "link", "spelt_link", "contact", "hurry", "sell", "greeting", "please",
    "apology", "numbers", "exclaimed", "capitals", "lookalike", "repeated", "asks_back", "about_it", "story",
)  # fmt: skip
"""One number, 0 to 1, for each: see `signs`."""
LONGEST_PARAGRAPH = 600
MOST = 60
_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?!\s*\n)[^\n]+)*")

_COUNTED: dict[str, re.Pattern[str]] = {
    "ask": re.compile(
        r"\b(?:subscri(?:be|bing)|sub (?:to|for|4|me|back)|follow (?:me|us|my|for|back)|like (?:my|this (?:comment|page)|our|and (?:share|subscribe|follow))|share (?:it|this|with)|check (?:it |them |this |me |us )?out|check(?:ing)? (?:my|our|out)|"
        r"visit|go (?:to|watch|see|check)|come (?:see|to my|visit|check|and)|drop by|stop by|have a (?:look|listen)|take a look|listen to my|watch my|look (?:at|up|for) (?:my|our)|click|tap|download|install|register|sign[- ]?up|enrol+|vote|"
        r"join|order|buy|shop|add me|text|reply|call(?: now| us| me)?|dm|pm|ping|whats ?app|message (?:me|us)|contact (?:me|us|him|her)|write (?:to )?(?:me|him|us)|grab|claim|donate|support (?:my|our|a|us))\b", re.I),
    "own": re.compile(r"\b(?:my|our) (?:\w+ ){0,2}(?:channel|videos?|vids?|page|profile|site|web ?site|blog|music|songs?|track|album|covers?|app|store|shop|course|cohort|book|e-?book|newsletter|podcast|bootcamp|stream|playlist|link|"
        r"telegram|discord|instagram|insta|group|agency|company|startup|service|programme|program|webinar|work|art|content|remix|mixtape|band|gofundme|campaign)\b", re.I),
    "visit": re.compile(r"\b(?:link (?:is )?(?:in|on|below)|in (?:my|the) (?:bio|description|profile)|on my (?:profile|page)|same name|search (?:for )?(?:us|me|my)|new (?:video|upload|track|song|episode|post|store|website|channel)|just (?:dropped|uploaded|released|launched|started))\b", re.I),
    "platform": re.compile(r"\b(?:channels?|subscribers?|subs|followers|views|likes|thumbs up|facebook|instagram|twitter|soundcloud|twitch|telegram|whats ?app|onlyfans|patreon|gofundme|kickstarter|itunes|spotify)\b", re.I),
    "reward": re.compile(r"\b(?:win(?:ner|ning)?|won|prizes?|gifts?|vouchers?|bonus|rewards?|cash(?:back)?|selected|claim|giveaways?|give away|free (?:entry|gift|trial|app|webinar|access|coins|ringtones?)|discounts?|\d{1,2} ?% (?:off|discount)|coupon|promo|refund|money back|guaranteed?|100 ?%|lifetime)\b", re.I),
    "free": re.compile(r"\b(?:free|cheap|cheapest|best price|lowest|half price|no cost|only (?:[€$£]|\d)|just (?:[€$£]|\d+(?:\.\d\d)? ?(?:usd|eur|dollars|euros|only)))\b", re.I),
    "money": re.compile(r"[€$£₹]{1,4} ?\d|\d ?[€$£₹]|[€$£]{2,}|\b(?:dollars?|bucks|euros?|pounds?|earn(?:ing)?|income|profits?|invest(?:or|ment)?|trad(?:er|ing)|loans?|credit|crypto|bitcoin|btc|usdt|forex|signals|broker|rich|followers)\b", re.I),
    "link": re.compile(r"https?://|www\.|\b[\w-]{2,40}\.(?:com|net|org|info|biz|ru|tk|ly|me|io|co|tv|be|gl|xyz|site|online|shop|top|club|example)\b(?:/\S*)?|\bwatch\?v=", re.I),
    "spelt_link": re.compile(r"\bw ?w ?w ?\.|\b\w{3,30} ?(?:\. | \.|\(dot\)|\[dot\]| dot ) ?(?:com|net|org|info|biz|ru|tk|ly|io)\b|\bh\W?t\W?t\W?p", re.I),
    "contact": re.compile(r"@\w{3,}|\+?\d[\d ()-]{7,}\d|\b\d{5,6}\b|\b(?:whats ?app|telegram|snap(?:chat)?|inbox) (?:me|us|him|her|:|at)\b", re.I),
    "hurry": re.compile(r"\b(?:now|today(?: only)?|tonight|hurry|urgent|last (?:chance|seats|days)|limited|only \d+ (?:seats?|spots?|left)|seats?|ends (?:soon|today|tonight|sunday)|before (?:it|they|midnight)|expires?|asap|immediately|early bird|first \d+)\b", re.I),
    "sell": re.compile(r"\b(?:we (?:offer|provide|sell|build|deliver|have|help)|i (?:sell|offer|provide|make|upload|do covers|teach)|services?|packages?|bulk|shipping|delivery|per (?:week|month|msg)|terms|t&cs?|guarantee|certificates?|without exam|dumps|proxy|price list|rates?|experts?|hire (?:our|us)|for sale|order)\b", re.I),
    "greeting": re.compile(r"^\W*(?:hi|hey|hello|dear|attention|congrat\w+|guys|everyone|everybody|friends|winner|urgent|free|new)\b", re.I),
    "please": re.compile(r"\b(?:pl(?:ea)?[sz]e*|plz+|pls|give (?:it|me|us|him) a (?:chance|try|listen|look)|help (?:me|us) (?:out|reach|get|win|grow)|it would mean|support|small (?:artist|channel|creator)|trying to (?:make it|get|reach|grow)|one (?:click|minute|second|listen)|takes? (?:a|two|one) (?:second|minute)s?)\b", re.I),
    "apology": re.compile(r"\b(?:sorry for (?:the )?(?:advertis\w*|spam\w*|this)|(?:know|hate) (?:this is |it'?s )?(?:annoying|spam)|not (?:a )?(?:spam|bot|scam)|no (?:scam|spam|virus)|don'?t (?:thumb|dislike|ignore|hate) (?:me|down|this)|honest(?:ly)? real)\b", re.I),
}  # fmt: skip
_ABOUT_IT = re.compile(
    r"\b(?:spam\w*|scams?|advert\w*|ads?|promot(?:e|ing) (?:their|his|her)|annoying|beg(?:ging|s)?)\b|\bis it (?:worth|a scam|allowed|normal|legit)|\banyone (?:tried|taken|used)\b|\bshould i\b",
    re.I,
)
_STORY = re.compile(
    r"\b(?:i (?:love|hate|like|remember|miss|felt|cried|was|am|got|played|heard)|my (?:manager|boss|team|mum|mom|dad|wife|husband|daughter|son|job|lead|brother|childhood)|we (?:used|were|had)|he|she|they|his|her|lol|haha|who else)\b",
    re.I,
)


def signs(text: str, sent: str | None = None) -> tuple[float, ...]:
    """The signs in `text`, in order of NAMES; counts grow to 1, shares are shares. Linear in the text. `sent` is the text as
    it was sent, where letters in disguise still stand."""
    plain = unicodedata.normalize("NFKC", text).replace("’", "'")
    folded = fold(plain)
    seen = {
        name: _grown(sum(1 for _ in pattern.finditer(plain))) if need.met(folded) else 0.0
        for name, (pattern, need) in _counted().items()
    }
    words = plain.split()
    letters = [c for c in plain if c.isalpha()]
    return (
        seen["ask"], seen["own"], float(seen["ask"] > 0 and seen["own"] > 0), seen["visit"], seen["platform"], seen["reward"], seen["free"],
        seen["money"], seen["link"], seen["spelt_link"], seen["contact"], seen["hurry"], seen["sell"], float(seen["greeting"] > 0), seen["please"],
        seen["apology"], _grown(sum(w[0].isdigit() for w in words)), _grown(plain.count("!")),
        sum(map(str.isupper, letters)) / max(len(letters), 20), float(_lookalike(text if sent is None else sent)), _repeated(words), _grown(plain.count("?")),
        float(_ABOUT_IT.search(plain) is not None), _grown(sum(1 for _ in _STORY.finditer(plain))),
    )  # fmt: skip


@cache
def _counted() -> dict[str, tuple[re.Pattern[str], Need]]:
    return {name: (pattern, need_of(pattern.pattern)) for name, pattern in _COUNTED.items()}


def _grown(count: int) -> float:
    return count / (count + 1.0)


def _lookalike(text: str) -> bool:
    """Latin words with letters of other alphabets, or of full width, inside."""
    for word in re.findall(r"\w{3,40}", text):
        if word.isascii():
            continue
        kinds = {unicodedata.name(c, "?").split(" ")[0] for c in word if c.isalpha()}
        if "FULLWIDTH" in kinds or "MATHEMATICAL" in kinds or ("LATIN" in kinds and kinds & {"CYRILLIC", "GREEK"}):
            return True
    return False


def _repeated(words: list[str]) -> float:
    """The share of words that stood before, of texts long enough to tell."""
    return 0.0 if len(words) < 8 else 1 - len({w.lower() for w in words}) / len(words)


def strongest(reading: Reading) -> tuple[float, int, int]:
    """How likely the most advertising paragraph of a text is advertising, and where it stands; (0, 0, 0) without any."""
    text, source = reading.text, reading.source
    weights, bias = _weights()
    best = (0.0, 0, 0)
    for start, end in paragraphs(text):
        span = reading.span(start, end)
        found = signs(text[start:end], source[span.start : span.end])
        total = bias + sum(w * s for w, s in zip(weights, found, strict=True))
        probability = 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
        if probability > best[0]:
            best = (probability, start, end)
    return best


def paragraphs(text: str) -> list[tuple[int, int]]:
    """Paragraphs of `text`, the first and the last `MOST`, each cut after `LONGEST_PARAGRAPH` characters at a space."""
    found = []
    for match in _PARAGRAPH.finditer(text):
        start, end = match.span()
        while end - start > LONGEST_PARAGRAPH:
            cut = text.rfind(" ", start + LONGEST_PARAGRAPH // 2, start + LONGEST_PARAGRAPH)
            cut = cut if cut > 0 else start + LONGEST_PARAGRAPH
            found.append((start, cut))
            start = cut
        if text[start:end].strip():
            found.append((start, end))
    return found if len(found) <= 2 * MOST else found[:MOST] + found[-MOST:]


@cache
def _weights() -> tuple[tuple[float, ...], float]:
    data = json.loads(WEIGHTS.read_text("utf-8"))
    if tuple(data["signs"]) != NAMES:
        raise ValueError("bait.json was fitted for other signs; refit it: python -m service.flagging.fit_bait")
    return tuple(data["weights"]), float(data["bias"])
