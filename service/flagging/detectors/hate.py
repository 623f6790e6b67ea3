"""People degraded for what they are: contempt for a group said as fact, calls to keep it out, slurs."""

from __future__ import annotations

import re

from service.flagging.detectors.cues import CueDetector, cue

_GROUP = (
    r"(?:women|girls|females|wom[ae]n|men|gays?|lesbians?|trans(?:gender)?(?: people| women| men)?|queers?|homosexuals?|jews?|jewish people|muslims?|christians?|hindus?|sikhs?|arabs?|africans?|asians?|"
    r"indians?|chinese|pakistanis?|mexicans?|latin[oa]s?|hispanics?|blacks?|black people|whites?|white people|immigrants?|migrants?|foreigners?|refugees?|gyps(?:y|ies)|roma|dalits?|lower castes?|upper castes?|"
    r"brown people|the (?:disabled|blind|deaf|elderly)|disabled people|autistic people|autists|old people|boomers|millennials|gen z|people (?:over|above|past|under) (?:\d\d|forty|fifty|sixty)|(?:over|under)-?\d\ds|"
    r"single (?:moms?|mothers)|gay (?:guys|men|people)|(?:nobody|anyone|everyone) (?:over|above|past) (?:\d\d|forty|fifty|sixty)|(?:the )?neurodiver(?:se|gent)(?: lot| people)?|people in wheelchairs|(?:folks?|people) from (?:over )?there|(?:women|woman|girl|female|old)(?:'?s)? (?:brains?|minds?)|(?:the )?female brain|these people|mothers|nigerians?|filipin[oa]s?|vietnamese|russians?|ukrainians?|poles|turks?|israelis?|americans|europeans|easterners|southerners|northerners|(?:north|south|east|west)-?east(?:erners)?|hill (?:people|places))"
)
_BAD = (
    r"(?:inferior|subhuman|animals?|vermin|parasites?|rats|cockroaches|savages?|dirty|filthy|disgusting|dumb|stupid|lazy|dishonest|thieves|criminals?|liars|scammers|weak|useless|worthless|incapable|defective|broken|"
    r"mentally (?:finished|weak|ill)|finished|dead (?:weight|batteries|wood)|a lower (?:grade|class|form)|second[- ]class|genetically|biologically|naturally (?:worse|inferior|bad)|(?:not|n't|never) (?:made|built|wired|cut out|constructed|born) (?:for|to)|(?:made|built|born) (?:for (?:moodboards|babies|the kitchen|feelings|serving)|to (?:serve|nest|clean|cut|obey))|there for decoration|a (?:distraction|sickness|rash|backward people|mistake)|dead wood|defective goods|"
    r"too (?:emotional|stupid|lazy|slow|dumb)|breed(?:ing)? like|half a (?:brain|body)|born (?:defective|lazy|stupid|liars|slaves)|slaves?|a servant race|a disease|a plague|a cancer|ruining|invading|taking over)"
)
_REPORT = re.compile(
    r"\b(?:he|she|they|manager|boss|director|colleague|someone|somebody|lead|hr|client|interviewer|recruiter) (?:said|says|told|wrote|thinks?|believes?|implied|joked|keeps? saying|claims?|posted|asked|actually said)|"
    r"\b(?:is it|isn'?t it|stereotypes?|myth|wrong|unfair|bias(?:ed)?|study|studies|research|discriminat\w+|sexis[tm]|racis[tm]|ageis[tm]|prejudice|assum\w+ that|idea that|as if|because i(?:'m| am)|i(?:'m| am) (?:a|an|one of))\b",
    re.I,
)

DETECTOR = CueDetector(
    name="hate",
    category="hate",
    blind_spots="Coded words and symbols, contempt told as a joke or a question, groups not listed here, most languages but English.",
    unless=_REPORT,
    cues=(
        cue("degrades", 0.75, rf"\b(?:all |most |these |those |the |you )?{_GROUP}\b(?: \w+){{0,3}} (?:are|aren'?t|is|have always been|will always be|were|can'?t be anything but)(?: (?:just|all|simply|always|basically|naturally|nothing but|a bunch of|like|only))* {_BAD}\b", r"\b(?:are|is) (?:dead tired|broken up|ruining (?:my|our) (?:schedule|margin))"),
        cue("lesser", 0.72, rf"\b{_GROUP}\b[^.!?\n]{{0,40}}\b(?:simply |just |really )?(?:don'?t (?:do (?:systems|logic|math)|update)|(?:has|have) (?:never |not )?had a new|wants? to nest|don'?t have the (?:brains?|brain wiring|discipline|wiring|capacity)|can'?t (?:learn|think|code|lead|be trusted|handle logic)|should(?:n'?t| not) (?:get to )?be (?:on call|allowed|hired|here|in (?:tech|engineering|leadership|this))|do(?:n'?t| not) belong (?:in|here|on)|belong (?:in the kitchen|at home|in (?:a|the) (?:zoo|cage|camp))|are to blame|go back (?:to|where)|need to (?:be (?:removed|deported|kept out|exterminated)|go back))\b"),
        cue("exclude", 0.72, rf"\b(?:keep|get rid of|kick out|throw out|deport|exterminate|gas|fire all|don'?t (?:ever )?hire|never hire|stop hiring|refuse to hire|put out|put down) (?:all |any |the |these |those )?{_GROUP}\b|\b(?:no|ban) {_GROUP} (?:in|on|allowed|please)\b|\bput (?:them|those) out like\b|\bserv(?:ant|ile) race\b|\bhalf a man\b|\blower grade of\b|\bdead weight by nature\b|\bborn defective\b|\bbrain wiring\b|\bbreed like (?:rabbits|rats|flies)|\bthink like sheep\b|\bsend (?:em|them) (?:all )?back\b|\b(?:they|them) come from dirt\b", r"\b(?:keep (?:women|people|men) (?:in tech|engaged|safe)|retain|exclude\w* .{0,20}wrong)"),
        cue("slur", 0.85, r"\b(?:n[i1]gg(?:er|a)s?|k[i1]kes?|sp[i1]cs?|ch[i1]nks?|g[o0]{2}ks?|f[a4]gg?(?:ot|ots)?|tr[a4]nn(?:y|ies)|ragheads?|sand n\w+|towelheads?|wetbacks?|pakis?|coons?|dykes?|libtards?|shitskins?|untermensch\w*|jeets?|pajeets?)\b", r"\b(?:chink in the armou?r|coon (?:hound|rapids)|spic and span)\b"),
        cue("supremacy", 0.8, r"\b(?:white (?:power|supremac\w+|genocide|pride)|great replacement|14 ?/ ?88|heil hitler|sieg heil|race war|racial purity|master race|untouchables should)\b", r"\bpc master race\b"),
    ),
)  # fmt: skip
