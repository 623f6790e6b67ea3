"""Attacks on a person's dignity, and calls to others to join in."""

from __future__ import annotations

import re

from service.flagging.detectors.cues import CueDetector, cue

_NOUN = (
    r"(?:idiot|moron|imbecile|cretin|retard|loser|clown|pig|rat|snake|parrot|worm|cockroach|vermin|scum|trash|garbage|parasite|creep|pervert|bastard|bitch|whore|slut|cunt|"
    r"prick|dick(?:head)?|arse(?:hole)?|asshole|a-hole|twat|wanker|tosser|bellend|bawbag|numpty|muppet|gobshite|dumb(?:ass|fuck)|fuck(?:er|wit|face|tard)|motherfucker|shithead|piece of (?:shit|garbage|crap|trash|work)|"
    r"disgrace|embarrassment|failure|nag|goose|queen|whiner|coward|fraud|liar|psychopath|sociopath|narcissist|waste of (?:a badge|space|oxygen|air|skin|money)|joke of a|sad little (?:man|woman|boy|girl)|baby|fossil|cow|hag|donkey|sheep)"
)
_ADJ = r"(?:fucking|stupid|useless|pathetic|worthless|lying|fat|ugly|lazy|snivelling|sniveling|two-faced|incompetent|brainless|talentless|spineless|disgusting|miserable|braindead|brain-dead|clueless|dumb|thick|simpering|frigid|grinning|stuck[- ]up|arrogant|slimy|filthy|bloody|little|old|sad|ridiculous|icy?)"
_REPORTED = re.compile(
    r"\b(?:called me|calls me|call me|told me i(?:'m| am| was)|said (?:i|that i)|says i(?:'m| am)|i(?:'m| am| feel like| felt like| was) (?:such |just )?(?:an?|the)\b|feel(?:ing)? like (?:an?|the)|like an? (?:idiot|moron|fraud|failure|clown|loser)|"
    r"past me|my own|myself|imposter|impostor|rubber duck|the (?:code|codebase|compiler|build|process|printer|server|linter|tool|ticket|framework))\b",
    re.I,
)

DETECTOR = CueDetector(
    name="harassment",
    category="harassment",
    blind_spots="Mockery in polite words, attacks by quoting somebody's posts, insults in languages or slang without a pattern here.",
    unless=_REPORTED,
    cues=(
        cue("insult", 0.72, rf"\b(?:(?:he|she|they)(?:'s| is|'re| are| was)|you(?:'re| are)|(?:my (?:boss|manager|lead|director|colleague|coworker|skip)|[A-Z][a-z]{{2,12}}) (?:is|was)|[Tt]he (?:man|woman|guy|girl|bloke)(?:'s| is))\s(?:(?:really|just|truly|nothing but|such|also|still|clearly|actually|literally|basically) )?(?:an? |the )?(?:(?:absolute|complete|total|utter|real|certified|whole) )?(?:{_ADJ},? (?:and )?){{0,4}}{_NOUN}\b",
            r"\b(?:baby (?:shower|step|on the way)|joke of a (?:process|salary|raise|bonus|offer|spec)|sheep (?:farm|dog)|rat race|whole (?:thing|process)|is garbage collected|garbage collect\w+|fossil fuel)"),
        cue("insult_direct", 0.75, rf"\b(?:you|him|her|that|this|the) {_ADJ},? (?:{_ADJ},? ){{0,3}}{_NOUN}\b|\b(?:shut (?:the fuck )?up,? you|fuck you\b|screw you\b|go to hell\b|piss off\b|go fuck yourself|kill yourself|drop dead\b|nobody likes you|crawl back)", r"\bthe (?:old|little|stupid|dumb|bloody|fucking) (?:donkey|sheep|snake|rat|parrot|cow|worm|clown|pig|baby|muppet)\b"),
        cue("belittle", 0.6, r"\b(?:thick|dumb|stupid) as (?:mince|a (?:brick|rock|post)|two|they come)|\b(?:brain|iq) (?:the size of|of a|lower than)|\b(?:parrot|monkey|clown|toddler) with (?:a|an) (?:certificate|keyboard|degree|laptop|title)|\bgo back to (?:school|your cave|the kitchen|kindergarten)|\blooks? like (?:she|he) (?:got dressed|slept|crawled|fell)|\bbest fails\b|\bwaste of (?:a badge|space|oxygen|air|skin)\b|\b(?:dumbest|stupidest|ugliest|laziest|most useless) (?:human|person|man|woman|engineer|developer|dev|manager)\b|\btimed (?:her|his) (?:bathroom|toilet)\b|\btell (?:her|him) what you think of\b|\bsweetheart,? you\b|\bmother evidently\b"),
        cue("pile_on", 0.78, r"\b(?:let'?s|let us|everyone|everybody|somebody|someone|anybody|anyone|all of you|you should all|i(?:'d| would) (?:encourage|invite|urge)|go|please)\b[^.!?\n]{0,60}\b(?:call the front desk|(?:go )?(?:ring|call|phone|ask|message|text|email|mail) (?:him|her|his|their|them)[^.!?\n]{0,30}(?:daily|every|until|till|why|office|after \d|home)|report (?:him|her|them|his|her|their) |(?:down-?vote|flood|spam|mock|troll|bombard|ruin|screenshot|dox+|expose|out) (?:him|her|them|his|her|their|every)|(?:comment|tell (?:him|her|them)|post)[^.!?\n]{0,30}(?:under|on) (?:every|each|all|his|her|their) (?:post|reply|comment|photo|publication|profile)|(?:go|dig|look) through (?:his|her|their) (?:history|profile|posts|past|linkedin)|make (?:his|her|their) life (?:a )?(?:misery|hell|miserable)|drive (?:him|her|them) out|see how long (?:he|she|they|before (?:he|she|they)))",
            r"\breport (?:him|her|them) to hr\b|\breport her (?:numbers|findings)"),
        cue("pile_on", 0.78, r"\bmake (?:his|her|their) life (?:a )?(?:misery|hell|miserable)\b|\b(?:meme|fails?|shame) (?:channel|page|group|account|wall) (?:with|of|about|for) (?:his|her|their|him)|\bsee how long (?:he|she|they|before (?:he|she|they)) (?:last|quit|crack|stay)\w*|\b(?:say|do say) hello if you'?re passing\b|\bname and shame\b|\bput it on the wall\b"),
        cue("abroad", 0.7, r"\b(?:sos|eres|es) un[ae]? (?:\w+ )?(?:inútil|payas[oa]|idiota|imbécil|pelotud[oa]|basura|fracasad[oa]|mierda)\b|\bvous êtes (?:un|une) (?:pauvre|vrai|sale) \w+|\b(?:t'es|tu es|vous êtes) (?:un|une) (?:raté\w*|connard|conne|idiote?|abruti\w*|minable|merde)\b|\bdu bist (?:ein|eine|so ein) \w{0,16}\s?(?:idiot|versager\w*|arschloch|trottel|depp|null|abschaum)\b|\bvocê é (?:um|uma) (?:\w+ )?(?:idiota|inútil|lixo|burr[oa]|otári[oa]|palhaç[oa]|fracassad[oa])\b|तुम (?:एक )?(?:बेवकूफ|गधे|निकम्मे)|(?:你|他|她)(?:就)?(?:是|真是)(?:个|一个)?(?:废物|垃圾|白痴|傻[逼子])|大家来认一下|jesteś (?:idiot\w+|debil\w*|zerem|śmieciem)", r"(?:yo|me llam|je suis|ich bin|eu sou|我)"),
    ),
)  # fmt: skip
