"""A full name in one sentence with an accusation or with what its bearer earns: true or not, it stays beside the name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.flagging.detectors.cues import MOST, REACH, Cue, cue, sentence_around
from service.flagging.detectors.needed_pieces import fold
from service.flagging.finding import DetectorContext, Finding, located
from service.intake.normalise import ReadablePost
from service.models.names import find_names

NAME = "named_beside"
_SUM = r"(?:(?:[$€£₹]|eur |usd |gbp |inr )\d[\d.,]{0,12} ?(?:k|m|lakhs?|lpa)?\b|\d[\d.,]{0,12} ?(?:k\b|lpa\b|lakhs?\b|eur\b|usd\b|gbp\b|euros?\b|dollars\b|pounds\b|rupees\b|[€£]))"
_PAY = r"(?:salary|base pay|base salary|bonus|earns?|earned|is paid|gets paid|makes|total comp|compensation|ctc|payslip|pay slip|gehalt|verdient|sueldo|nómina|salaire|gagne|salário)"
_WRONG = (
    r"(?:stole|steals|is stealing|embezzl(?:es|ed|ing)|defraud(?:s|ed)|committed fraud|fraudster|forged (?:his|her|my|the|a|our)|falsified|faked (?:his|her|my|the|a|our)|(?:took|takes|taking) (?:bribes?|kickbacks?)|bribed|"
    r"harass(?:es|ed|ing)|molest(?:s|ed|ing)|grop(?:es|ed|ing)|assaulted|raped|abus(?:es|ed|ing)|bull(?:y|ies|ied|ying) (?:me|us|him|her|people|juniors|everybody|everyone|the)|"
    r"is (?:a |an )?(?:liar|thief|racist|sexist|fraud|alcoholic|predator|bully|corrupt|crook)|(?:is|was|came in|comes in) drunk|having an affair|sleeping with|plagiari[sz](?:es|ed|ing)|lied (?:to|about)|stiehlt|hat gestohlen|belästigt|robó|acosa|acosó|a volé|harcèle|roubou|assedia)"
)
_CUES = (cue("accusation", 0.48, rf"\b{_WRONG}\b"), cue("salary", 0.48, rf"\b{_PAY}\b[^.!?\n]{{0,60}}?{_SUM}"))


@dataclass(frozen=True)
class NamedBeside:
    """Names that stand beside an accusation or a salary. Weak alone: who is meant may be a public figure or invented."""

    name: str = NAME
    blind_spots: str = "First names alone, names in small letters, a name and what is said of it in two sentences, who is publicly known."

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """The name and the words beside it, in the order of the text."""
        found = []
        for reading in post.fields:
            for one in _CUES:
                for name, words in _beside(reading.text, one):
                    spans = (located(reading, *name), located(reading, *words))
                    found.append(Finding("identifying_detail", one.probability, spans, NAME, one.detail))
        return found


def _beside(text: str, one: Cue) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    if not one.need.met(fold(text)):
        return
    for number, match in enumerate(one.pattern.finditer(text)):
        if number >= MOST:
            return
        sentence = sentence_around(text, match.start(), match.end())
        floor = text.index(sentence, max(0, match.start() - REACH))
        for name in find_names(sentence):
            if " " in sentence[name.start : name.end]:
                yield (floor + name.start, floor + name.end), match.span()
                break
