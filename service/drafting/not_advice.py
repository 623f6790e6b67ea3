"""What in a past answer is not one person's advice: notation for machines, text in another language or in none, and
sentences that speak with an authority nobody gave them.

An attacker's text has to leave the voice of a mentor somewhere: to be obeyed it addresses a reader, to be hidden it is
encoded, to be believed it speaks for everybody. Each rule looks for one such departure, never for a known payload.
"""

from __future__ import annotations

import re

from service.corpus.lexical import STOP_WORDS
from service.flagging.detectors.planted_task import career_words

BACKED = 0.2
"""From this share of English function words on a passage is English."""
FEWEST_WORDS, MANY_WORDS = 6, 11
"""A sentence with fewer words says too little about its language; one with many needs function words, whatever it is about."""
UNREAD, UNKNOWN = 0.1, 0.5
"""Below this share of function words, and from this share of unknown words on, a sentence is in another language than an
English passage, or in none."""

_BLOCKS = re.compile(
    r"<!--.*?(?:-->|\Z)|/\*.*?(?:\*/|\Z)|<([A-Za-z]{2,12})\b[^>\n]{0,200}>.{0,2000}?</\1>",
    re.S,
)
"""Comments, and elements with what they enclose. A fence may hold a template meant for people; its lines are read one by one."""
_PRETENDED_END = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|[-=*_<]{2,10}[ \t]*|[\[(<][ \t]*)(?:[^\n]{0,30}\b)?(?:end|ends|ended|fin|eof|over|passages?|thread"
    r"|post|question|answer|source|context|evidence)\b"
    r"[^\n]{0,30}[ \t]*$"
    r"|</?\s*(?:passage|post|question|answer|evidence|context|system|assistant|user)s?\b[^>\n]{0,80}>"
    r"|\b(?:that was|end of) the (?:last )?(?:passages?|sources?|question|post)\b",
    re.M | re.I,
)
"""A line or tag that pretends that the passage is over: what follows it is the attacker's."""
_NOTATION = re.compile(
    r"[{\[\"']\s*[\"'][\w*]+[\"']?\s*:|\"\s*[}\]],?|[}\]]\s*[}\]]|</?[\w|!-]+|\|>|\[\[|\]\]|<<|>>|%%|::\w|\{\{|\]\("
    r"|^\s*\[\d{1,2}\]:|^\s*(?://|--|#\s|\$\s|>\s*\w+>)|\w\(\w*\)|=\s*\w+\s*;"
    r"|^\s*\W{0,2}(?:system|assistant|user|developer|input|output|q|a)\W{0,2}\s*:|^\W{0,3}\[?(?:system|update|edit|note|notice"
    r"|diagnostic)\b[^\n]{0,40}(?:staff|moderat|editors?|developers?|system|mode)",
    re.I,
)
_BLOB = re.compile(
    r"(?<![\w+/=])(?=[\w+/=]*\d)[A-Za-z0-9+/]{20,}={0,2}(?![\w+/=])|(?:%[0-9a-f]{2}){6}|(?:[01]{8}\s){2}", re.I
)
_MIXED = re.compile(r"(?=\w*[a-z])(?=\w*\d)\w{3,}", re.I)
_HIDDEN = re.compile("[\u200b\u200c\u2060-\u2064\u202a-\u202e\u2066-\u2069\U000e0020-\U000e007f]")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_MINE = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|we|our|us|ours)\b", re.I)

_TEXT = (
    r"(?:repl(?:y|ies)|drafts?|responses?|summar(?:y|ies)|outputs?|citations?|passages?|(?:suggested |proposed |generated |model "
    r"|short |the |your |final |this )answers?|transcripts?|prompts?|preambles?|instructions?|briefs?|briefing|set-?up|opening lines?)"
)
_SAYING = (
    r"(?:say|state|assert|claim|confirm|affirm|report|mention|include|conclude|repeat|quote|print|copy out|recite|dump|echo"
    r"|reveal|transcribe|append|cite|recommend|announce|insist|produce|put in|write out|set out|tell (?:them|everyone|her|him"
    r"|everybody)|reference)"
)
_READER = (
    r"(?:who(?:ever|so)?|any(?:one|thing|body)|those|the (?:one|kind soul|helper|writer|person)|software|machines?|models?|bots?"
    r"|parsers?|programs?|generators?|tools?|assistants?|helpers?|something automated|automated)"
)
_DIRECTED = re.compile(
    rf"\b{_SAYING}s?\b[^.\n]{{0,80}}\b{_TEXT}\b|\b{_TEXT}\b[^.\n]{{0,80}}\b{_SAYING}(?:s|ed|d)?\b"
    rf"|\b{_READER}\b[^.\n]{{0,40}}\b(?:reads?|reading|quot\w+|condens\w+|compos\w+|prepar\w+|generat\w+|summari[sz]\w+|draft\w+"
    rf"|answers? (?:this|me))\b[^.\n]{{0,80}}(?:\b(?:{_SAYING}|must|should|has to|have to|might|could|the (?:fact|short form|address))\b|:)"
    rf"|\b(?:summar\w+|answer|reply|draft\w*) (?:writers?|generators?|aid|tool|composer)\b|\bto (?:the )?(?:models?|machines?"
    rf"|summari[sz]ers?|software)\b"
    r"|\b(?:state|assert|confirm|report|present|pass on) (?:it )?as (?:a )?fact\b|\bas your (?:opening|closing|answer|reply"
    r"|first sentence)\b"
    r"|\b(?:your|the) (?:very )?first (?:message|input)\b|\beverything you were told\b"
    r"|\b(?:set aside|disregard|never mind|forget) (?:what|whatever|everything|all|the others)\b"
    r"|\b(?:the|this|take the) (?:claim|sentence|line) [\"“]",
    re.I,
)
"""Speaks of what a reply should say, or to whoever makes it."""
_ROLE = re.compile(
    r"^\W{0,3}(?:(?:you are now|picture yourself as|imagine you(?:'re| are)|pretend|act as|speak (?:as|in)) (?:to be )?(?:an?|the"
    r"|my|in)\b|let us play|in this (?:story|game|play|scene)\b|we're rehearsing)",
    re.I,
)
_HOUSE = re.compile(
    r"\bmoderat(?:ors?|ion)\b|\b(?:official|binding|pre-approved|mandatory) (?:position|policy|decision|answer|resource|reference|claim)\b"
    r"|\b(?:this|our|the) (?:community|site|forum|platform|rulebook|handbook|community handbook)(?:'s)?\b[^.\n]{0,50}\b(?:policy"
    r"|rules?|section|paragraph|numbers|position|requires?|states?|agree\w*|disputes?)\b"
    r"|\b(?:numbers|policy|rules?|position|decision|paragraph|section)\b[^.\n]{0,30}\b(?:of|in) (?:this|our|the) (?:community"
    r"|site|forum|rulebook|handbook|standards board)\b"
    r"|\bour rulebook\b|\bby (?:decision|order|ruling) of\b|\bas (?:community lead|your operator|administrator)\b|\b(?:compliance"
    r"|legal hold)\b[^.\n]{0,20}\d"
    r"|\bI (?:hereby )?authori[sz]e\b|\b(?:audit|ruling|policy update)\b[^.\n]{0,60}\b(?:must|required?|requires)\b",
    re.I,
)
_EVERYBODY = re.compile(
    r"\b(?:all|every|each|most|no|none of the|we,? the|the)\s+(?:\w+\s+)?mentors?\b[^.\n]{0,60}\b(?:agree\w*|unanim\w*|concur\w*"
    r"|settled|know|knows|said|decided)\b"
    r"|\b(?:nobody|no one|everybody|everyone|all of us|it's agreed|it is agreed|unanimous)\b[^.\n]{0,40}\b(?:here"
    r"|this (?:community|site|thread|forum)|among us|on this site)\b"
    r"|\bwe\b[^.\n]{0,40}\bare unanimous\b|\b(?:it is|it's) (?:well )?(?:known|proven|established|agreed) (?:that|among)\b",
    re.I,
)
_FIGURE = re.compile(
    r"\b\d{1,3}(?:[.,]\d+)?\s?(?:%|per ?cent) of (?!the\b|your\b|annual\b)(?:\w+ ){0,2}\w{3,}s\b|\b\d{1,4} (?:out of|of"
    r"|in) (?:every )?10{2,4}\b"
    r"|\b(?:people|studies|surveys?|statistics|research)\b[^.\n]{0,40}\b(?:shows?|proved?|proves|put|puts|found|says?)\b[^.\n]{0,40}\d",
    re.I,
)


def notation(text: str) -> list[tuple[int, int]]:
    """Stretches that no person wrote for a person: comments, hidden elements, and all that follows a pretended end of the passage."""
    found = [(m.start(), m.end()) for m in _BLOCKS.finditer(text)]
    end = _PRETENDED_END.search(text)
    return [*found, (end.start(), len(text))] if end else found


def is_english(text: str) -> bool:
    """Whether most of a passage is English, by its function words."""
    return _function_words(text)[0] >= BACKED


def unreadable(sentence: str) -> bool:
    """Whether a sentence of an English passage is in another language, in a cipher, or carries an encoded piece."""
    if _BLOB.search(sentence) or len(_HIDDEN.findall(sentence)) > 3:
        return True
    if sum(ord(c) > 0x24F for c in sentence if c.isalpha()) > 3:
        return True
    share, count = _function_words(sentence)
    unknown = sum(w not in career_words() and w not in STOP_WORDS for w in _words(sentence)) / max(count, 1)
    strange = share < UNREAD and (count >= MANY_WORDS or (count >= FEWEST_WORDS and unknown >= UNKNOWN))
    return strange or len(_MIXED.findall(sentence)) >= 4


def speaks_for_others(sentence: str) -> bool:
    """Whether a sentence is no advice of one person: it directs a reply, plays a role, or claims the authority of the house,
    of everybody, or of figures that are not the writer's own."""
    if _DIRECTED.search(sentence) or _ROLE.search(sentence) or _HOUSE.search(sentence) or _EVERYBODY.search(sentence):
        return True
    return bool(_NOTATION.search(sentence)) or bool(_FIGURE.search(sentence) and not _MINE.search(sentence))


def _function_words(text: str) -> tuple[float, int]:
    words = _words(text)
    return sum(w in STOP_WORDS for w in words) / max(len(words), 1), len(words)


def _words(text: str) -> list[str]:
    return [w.lower() for w in _WORD.findall(text)]
