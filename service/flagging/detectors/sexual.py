"""Sexual content, services and advances."""

from __future__ import annotations

import re

from service.flagging.detectors.cues import CueDetector, cue

_TECH = re.compile(
    r"\b(?:sex(?:y|iest)? (?:demo|slide|topic|title|feature|architecture|stack|field|column|ratio|data|chromosome|discrimination|harassment|education|worker rights)|same-sex|opposite sex|biological sex|sex (?:column|field|offender)|"
    r"penetration (?:test\w*|rate)|market penetration|naked (?:domain|component|pointer|eye|widget|truth)|strip(?:ped|ping)? (?:symbols|binary|html|whitespace|tags|the|debug)|hot (?:reload|fix|path|swap|topic|desk|take)|"
    r"blow ?job (?:interview)|head(?:less|hunter)|private members?|master|slave|dirty read|adult (?:industry|education|learner)|content moderation|trust and safety|nsfw (?:filter|classifier|detection|model))\b",
    re.I,
)

DETECTOR = CueDetector(
    name="sexual",
    category="sexual",
    blind_spots="Innuendo that stays inside technical words, pictures and links, most languages but English.",
    unless=_TECH,
    cues=(
        cue("explicit", 0.88, r"\b(?:blow ?jobs?|hand ?jobs?|cum(?:ming|shot|s)?\b|(?:big|hard|huge|my|his|your) (?:cock|dick|boner|erection)|pussy|clit\w*|dildos?|vibrators?|orgasm\w*|masturbat\w*|jerk(?:ing|ed)? off|jack(?:ing|ed)? off|fuck(?:ed|ing|s)? (?:her|him|me|you|my|them) (?:hard|all|in|on|from|until|so|against|raw|again)|horny|porn(?:o|hub|ography)?|hentai|nudes?|naked (?:pictures?|pics?|photos?|body|girls?|women|on|in bed)|tits|titties|boobs?|nipples?|creampie|gangbang|bdsm|fetish|anal sex|oral sex|threesome|make love|had sex|having sex|sex with|sexual(?:ly)? (?:fantas\w+|excit\w+|arous\w+)|moan(?:ed|ing)|thrust(?:s|ed|ing)? (?:into|deep|inside|his|her)|arous(?:ed|al|ing))\b",
            r"\b(?:anal(?:yst|ytics|ysis)|dick (?:move|about)|being a dick|tits up|boob tube|fucked (?:me|us|him|her) over|harassment|assault|report(?:ed|ing)?|complain\w*|moan(?:ed|ing) about|nude (?:colou?rs?|palette)|thrust of|cum laude)\b"),
        cue("service", 0.85, r"\b(?:escorts?|call ?girls?|cam ?girls?|real (?:girls|cams)|sugar (?:daddy|baby|mommy)|onlyfans|hook ?ups?|sex ?chat|adult (?:cams?|chat|dating|content)|xxx|uncensored (?:cams?|girls?|pics?|videos?)|erotic massage|happy ending)\b",
            r"\b(?:escort(?:ed|ing)? (?:me|him|her|out|by security)|security escort|webhook|hook up (?:the|a|to|with the)|onlyfans (?:engineer|as an employer|backend|interview|offer|stack))"),
        cue("advance", 0.72, r"\b(?:(?:you|she|he) looks? (?:so |very |really |damn )?(?:hot|sexy|shaggable|fuckable|delicious|gorgeous)|(?:those|these|with these|that) (?:legs|lips|curves|hips|thighs|breasts|ass|arse|butt|mouth|body|fingers|(?:gr[ae]y )?(?:skirt|blouse|dress|blazer|neckline))|(?:your|her) (?:cleavage|neckline|breasts|thighs|curves|lips|hips|bum|arse)|(?:zip(?:per)?|lights on|out) (?:of|on) (?:that|this|the|your|her) (?:\w+ )?(?:skirt|dress|blouse|blazer|top)|the view when she|wear the (?:blouse|skirt|heels)|bring only the heels|leave the pyjamas|private lesson|room \d{2,4}\b|nic(?:e|er) (?:curves|legs|ass|body)|bends? over|leans? over (?:his|my|the) desk|come to (?:my (?:place|room|hotel|bed)|bed)|(?:drink|coffee|nightcap) at (?:mine|my place)|my bed\b|bed is big|(?:me|you|it|that|deploy|hardware|request|queries)[^.!?\n]{0,20} all night|one night,? (?:unlimited|no)|in my dreams|dreaming (?:of|about|what) (?:you|your|her|those)|send (?:me )?(?:a )?(?:(?:hot|sexy) pics?|(?:pics?) of you|photos?|selfies?|nudes)|tell me where you live|let me (?:touch|kiss|hold) you|wanna (?:meet|date|f)|penetrate (?:me|my|her|you|his)|have her on the|undress\w*|seduc\w+|balance my encounters)\b",
            r"\b(?:ran|worked|debugg\w+|coded|coding|hack(?:ed|ing)|up|on-?call|pager|paged|deploy\w*|awake|builds?) all night|all night (?:hackathon|debugging|deploy|on-?call|fixing)|break (?:my|her|his) (?:legs?|arm)|(?:broken|hurt|sore|typing|my) (?:fingers|legs?|chest)|(?:private api (?:key|docs|endpoint|of|for|calls?|usage))|word of mouth|(?:your|her|his|those|these) (?:fingers|mouth) (?:on the (?:keyboard|pulse)|shut)|bends over backwards"),
        cue("advance", 0.6, r"[😏😘🍆🍑💋🥵💦😍]{1,4}[^\n]{0,40}\b(?:you|your|her|dm|baby|babe|lips|legs)\b|\b(?:you|your|her|dm|baby|babe|lips|legs)\b[^\n]{0,40}[😏😘🍆🍑💋🥵💦]", r"\bteam\b"),
        cue("abroad", 0.8, r"\b(?:sexo (?:conmigo|gratis|en vivo)|follar(?:te|me)?|tetas|culo tan|coger(?:te|me) toda|bite dans|baiser (?:avec|toute)|nichons|ficken|titten|geile (?:frau|sau)|transar com|gostosa demais|buceta|rola dura)\b|裸聊|约炮|做爱|色情|सेक्स चैट", None),
    ),
)  # fmt: skip
