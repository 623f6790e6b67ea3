"""Somebody under eighteen: said by age or school year, and adults who look for contact with minors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.flagging.detectors.cues import cue, matched
from service.flagging.finding import DetectorContext, Finding
from service.intake.normalise import ReadablePost

NAME = "minor_safety"
_AGE = r"(?:[5-9]|1[0-7]|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)"
_CHILD = r"(?:(?:little |younger |kid |big |twin |baby )?(?:sister|brother|cousin|son|daughter|nephew|niece|step-?son|step-?daughter|grand(?:son|daughter)|pupils?|students?|girl|boy|kid|child|teen(?:ager)?|minor))"
_GAP = (
    r"(?: [A-Z]\w{1,14})?[ ,(]{0,2}(?:who |she |he |of )?(?:is|'s|turned|turns|aged|age|has)?\s?(?:only |just |about )?"
)
_LOOKING_BACK = re.compile(
    r"\b(?:when i was|i was (?:\w+ )?(?:only |just )?(?:a (?:kid|child|teen\w*)|\d\d?|(?:five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)) (?:when|and|i|years)|at (?:the )?(?:age|age of)? ?\d\d? i (?:wrote|was|started|built|typed|made|had|learned)|i started|started (?:coding|programming|at)|since i was|"
    r"years? (?:ago|of experience|later)|experience|in (?:19|20)[01]\d|now i'?m \d\d|i'?m (?:19|[2-9]\d)|i am (?:19|[2-9]\d)|(?:19|[2-9]\d) now|looking back|back then|childhood|my (?:own )?(?:kids?|children|son|daughter|twins)'? (?:school|nursery|daycare|bedtime|pick-?up|football|are|is sick|were)|"
    r"employees?|engineers|people team|person team|reports?|months?|hours?|minutes|days|weeks|sprints?|percent|%|interns?|juniors?|years (?:in|at|with|as|on|since|here))\b",
    re.I,
)
_CUES = (
    cue("age", 0.85, rf"\b(?:i'?m|i am|im|i turn(?:ed)?|i just turned|im only|i'?m only|am)\s(?:only |just |still |currently |like |almost |nearly |a )?{_AGE}(?:\s?(?:yo|y/o|yrs?(?: old)?|years? old)|\b(?! ?(?:%|percent|years? (?:in|into|of|at)|months?|weeks?|days?|hours?|minutes?|mins?|km|points?|people|of|out|k\b|/|:|am\b|pm\b|engineers?|tickets?|commits?|reports?|\d|st\b|th\b|lpa|\.\d))(?=[\s,.!?;)]|$))"),
    cue("age_other", 0.7, rf"\b(?:(?:his|her|their|the|an?|our) {_CHILD}|my (?:\w+ )?(?:sister|brother|cousin|nephew|niece|pupil|student)){_GAP}{_AGE}\b(?: ?(?:yo|y/o|yrs?(?: old)?|years? old))?(?=[\s,.!?;)]|$)(?! (?:months?|weeks?|days?|hours?|years? (?:ago|older|younger)|percent|people|times|minutes?|of|and|to|in|by))"),
    cue("own_child", 0.35, rf"\bmy (?:(?:little |younger |older |eldest |youngest |step-?)?(?:son|daughter|kid|child|twins?|boy|girl)){_GAP}{_AGE}\b(?: ?(?:yo|y/o|yrs?(?: old)?|years? old))?(?=[\s,.!?;)]|$)(?! (?:months?|weeks?|days?|hours?|years? (?:ago|older|younger)|percent|people|times|minutes?|of|and|to|in|by))"),
    cue("age_other", 0.72, rf"\b{_AGE}[- ]?(?:yo|y/o|yr[- ]olds?|years?[- ]olds?)\b(?! (?:code\w*|company|system|laptop|start-?up|bug|ticket|project|framework|service|monolith|app|repo|firm|team|library|car|scotch|server|machine|product|business|python|java|contract|database|pipeline|ecosystem|script|process|house|dog|cat|beard|phone|standard|whisky|mainframe|api|codebases|systems))"),
    cue("age_other", 0.72, rf"\b(?:i|he|she|who|[A-Z][a-z]{{2,12}}) ha(?:s|ve) (?:only )?{_AGE} years\b(?! (?:of|in|at|as|with|on|here|ago|left|experience|work|since|to|until|into|more|under))|\b(?:kids?|girls?|boys?|teens?|children|pupils|(?:we|they|you)(?: are|'re)(?: all)?)\b(?: \w+)? (?:of |are |aged? )?{_AGE} (?:or|and|to) {_AGE}\b(?! (?:months|weeks|hours|minutes|people|percent))|\b(?:she|he)(?:'s| is) (?:only )?(?:1[0-7]|thirteen|fourteen|fifteen|sixteen|seventeen)\b(?=[\s,.!?;)]|$)(?! (?:months|weeks|hours|points|years (?:in|into|older|younger)))|\b[A-Z]\w{{2,14}}(?: [A-Z]\w{{2,14}}){{0,3}}, 1[0-7](?: years)?,"),
    cue("age_range", 0.75, r"\b(?:if you'?re|aged?|ages|between|girls|boys|kids|teens)\b[^.!?\n]{0,16}\b(?:8|9|1[0-7]) ?(?:to|-|–|and) ?1[0-7]\b"),
    cue("school_year", 0.8, r"\b(?:(?:in|im in|i'?m in|i am in|finish\w*|started|starting|doing) (?:grade|gr\.?|year|yr\.?|class|std) ?(?:[5-9]|1[0-3]|ten|eleven|twelve)|(?:grade|gr|year|yr) (?:[6-9]|1[0-3])\b(?: (?:exams?|student|class|next))|\b(?:[6-9]|1[0-2])th (?:grade(?:r|rs)?|class|standard)|(?:middle|high|secondary|primary|elementary)[- ]school(?:er|ers| student| girl| boy| kid)?|sixth form|gcses?|a-?levels|my (?:school|gcse|form) (?:teacher|exams?|counsell?or|work experience)|matric exams|comp sci nea|freshman in high|sophomore in high|homeroom)\b",
        r"\b(?:grade ?\d+ (?:engineer|role|band|pay|scale)|pay grade|salary grade|band \d|year \d+ (?:of|at|in (?:tech|this|the job|my career))|my (?:kids?|son|daughter|children|twins)(?:'s)? (?:school|primary|secondary|start|goes|is in|are in)|high school (?:diploma|dropout|education|reunion|sweetheart)|since high ?school|after high ?school|(?:left|finished|dropped out of|graduated) (?:high|secondary) ?school|(?:teach|taught|teacher|volunteer\w*)|back in (?:high|secondary)|in (?:high|secondary) school,? i (?:was|had|wrote|built|used))"),
    cue("parents", 0.6, r"\bmy (?:parents|mum|mom|dad|mother|father) (?:won'?t let|don'?t (?:let|allow|know)|doesn'?t (?:let|allow|know)|has to sign|have to sign|signed (?:the|my)|would (?:kill|ground)|said i can'?t|check(?:s|ed)? my phone|took my (?:phone|laptop))\b|\b(?:not|don'?t|shouldn'?t|never|without) (?:to )?tell(?:ing)? (?:my|your|her|his|their|the|any) (?:mum|mom|parents?|dad|mother|father|school|teacher)s?\b|\b(?:home alone|asked what my bedroom|our (?:little )?secret)\b|\bwithout (?:the )?parents\b|\bno parents on\b"),
    cue("groom", 0.85, r"\b(?:child(?:ren)?|kids?|teens?|minors?|girls?|boys?|pupils?|students?|1[0-7][ -]?(?:yo|year[- ]olds?)|underage)\b[^.!?\n]{0,60}\b(?:message me|dm me|contact me|text me|write to me|call me|add me|directly on|their snap\w*|snapchat|private(?:ly)? (?:chat|call|app|message)|alone|at night|gift card|selfie|a picture of|without (?:the )?parents|secret)\b",
        r"\b(?:left|leave|home|stay) alone\b[^.!?\n]{0,20}\bwith (?:the|my)|child process|my kids are"),
    cue("groom", 0.7, r"\b(?:he|she|mentor|coach|teacher|adult|man|guy|someone)\b[^.!?\n]{0,50}\b(?:wants? (?:me|her|him|us|it) (?:to (?:come|go|move|send|keep|meet)|on (?:telegram|his|a private|snap)|to be our secret)|asks? (?:for )?(?:my|her|his|their) (?:snap\w*|number|address|photo|selfie|picture)|disappearing messages|private one|come over to (?:his|her)|over to his flat|alone at (?:his|her))\b"),
    cue("child_data", 0.75, r"\b(?:primary|elementary|elem\.|nursery|kindergarten|grade \d|preschool|little \w+ (?:school|nursery)|school)\b[^\n]{0,80}\b\d{2,4}[-/.]\d{1,2}[-/.]\d{2,4}\b|\b\d{2,4}[-/.]\d{1,2}[-/.]\d{2,4}\b[^\n]{0,60}\b(?:primary|elementary|elem\.|nursery|kindergarten|grade \d|preschool|school)\b"),
    cue("abroad", 0.82, r"\b(?:tengo|tiene|cumplo|cumplí|cumple) (?:(?:[5-9]|1[0-7])|(?:doce|trece|catorce|quince|dieciséis|diecisiete)) años\b|(?:mi|una?) (?:hermanit[oa]|herman[oa]|prim[oa]|hij[oa]|sobrin[oa])[^.\n]{0,40}\b(?:1[0-7]|doce|trece|catorce|quince|dieciséis|diecisiete)\b|\bj'ai (?:[5-9]|1[0-7]) ans\b|\b(?:a|elle a|il a|âgée? de) (?:[5-9]|1[0-7]) ans\b|\b(?:je suis|suis) (?:en|au) (?:[3-6]e|[3-6]ème|seconde|première|terminale|collège|lycée)\b|\b(?:ich )?bin (?:erst )?(?:1[0-7]|[5-9])(?: jahre)?\b(?! (?:jahre|monate|wochen|tage)? ?(?:dabei|im|in der firma|hier))|\b(?:sie|er|schwester|bruder|tochter|sohn|cousine?)\s(?:ist|is|wird) (?:erst )?(?:1[0-7]|[5-9])\b|\bmit (?:1[4-7])\b(?=[\s,.!?]|$)|\b(?:tenho|tem|faço|fez|completo|completou) (?:[5-9]|1[0-7]|treze|quatorze|catorze|quinze|dezesseis|dezessete) anos\b(?! de (?:experiência|casa|empresa|carreira))|(?:[5-9]|1[0-7]|तेरह|चौदह|पंद्रह|सोलह|सत्रह) (?:साल|वर्ष) (?:का|की|के|हूँ|हूं|का हूँ|की हूँ)|(?:我|她|他|妹妹|弟弟|女儿|儿子|表妹|表弟)(?:今年|才|刚|只有|现在)?(?:[5-9]|1[0-7]|十[一二三四五六七]?)岁|(?:我)?(?:在读|在上|上|读)?(?:初[一二三]|高[一二三])(?:学生|了|的)|未成年|mam (?:dopiero )?1[0-7] lat\b|(?:syn|córka|siostra|brat|kuzyn\w{0,8})[^.\n]{0,16}(?:ma|lat) (?:[5-9]|1[0-7])\b|\b(?:1[0-7]|on (?:üç|dört|beş|altı|yedi)) yaşında(?:yım)?\b",
        r"(?:experiencia|expérience|erfahrung|experiência|अनुभव|经验|doświadczenia|deneyim|cuando (?:yo )?ten[ií]a|quand j'avais|als ich|quando (?:eu )?tinha|जब मैं|当年|小时候)"),
)  # fmt: skip


@dataclass(frozen=True)
class MinorSafety:
    """Minors who write or are written about, and approaches to them."""

    name: str = NAME
    blind_spots: str = (
        "Age told only by circumstances (homework, a bus to school), slang for school years outside English, pictures."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """`minor_safety`; a look back at one's own childhood is left aside, several kinds of evidence strengthen one another."""
        found = matched(post, NAME, "minor_safety", _CUES, _LOOKING_BACK)
        if len({finding.detail for finding in found}) > 1:
            found = [Finding(f.category, min(0.96, f.probability + 0.12), f.spans, NAME, f.detail) for f in found]
        return sorted(found, key=lambda finding: -finding.probability)
