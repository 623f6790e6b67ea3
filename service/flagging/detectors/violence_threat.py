"""Harm to people, threatened, wished, planned or feared; engineering idiom and games are left aside."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.flagging.detectors.cues import cue, matched
from service.flagging.detectors.urgent_words import VIOLENCE_ABROAD
from service.flagging.finding import DetectorContext, Finding
from service.intake.normalise import ReadablePost

NAME = "violence_threat"
_PERSON = r"(?:him|her|them|you|you all|y'all|everyone|everybody|my (?:boss|manager|lead|director|colleague|coworker|co-worker|ex|wife|husband|neighbou?r)|(?:the|that|this) (?:guy|man|woman|boss|manager|director|bastard|idiot|bitch|coworker|bloke)|someone|somebody|people|all of (?:them|you)|(?-i:(?!(?:Jira|Slack|Docker|Kubernetes|Java\w*|Python|Windows|Linux|Git\w*|Teams|Zoom|Excel|Outlook|Confluence|Jenkins|React|Angular|Monday|Tuesday|Wednesday|Thursday|Friday)\b)[A-Z][a-z]{2,14}))"
_NOT_PEOPLE = re.compile(
    r"\b(?:process(?:es)?|threads?|child(?:ren)? process\w*|zombies?|orphans?|pods?|containers?|servers?|daemons?|supervisor|watchdog|signal|sig(?:kill|term)|kill -9|"
    r"branch(?:es)?|build(?:s|er)?|pipeline|script|cron|feature flag|service|cluster|cache|queue|mapping|monolith|codebase|module|microservice|database|tests?|"
    r"boss fight|final boss|enem(?:y|ies)|npcs?|level|quest|game|player|nerf|paintball|laser tag|dungeon|skeletons?|novel|film|movie|series|book|chess|boxing|martial|hunting|kill chain|"
    r"red team|tabletop|threat model\w*|attack surface|penetration|pentest|simulat\w+|exploit|malware|ransomware|cve|chaos (?:monkey|engineering|friday)|just a figure of speech)\b|😂|🤣|\blol\b|\bhaha",
    re.I,
)
_CUES = (
    cue("threat", 0.9,
        rf"\b(?:i(?:'ll| will|'m (?:going to|gonna)| am going to| swear i'?ll| might(?: just)?| could(?: just)?| want to| wanna|'d like to|'m about to)|(?:he|she|they)(?:'ll| will|'s going to| said (?:he|she|they)(?:'d|'ll| will| would| was going to)|'d| would| wants? to| threatened to| is going to))(?: \w+){{0,2}} (?:kill|murder|stab|shoot|strangle|hurt|beat (?:up|the \w+ out of)|beat|burn|bury|smash|hang|slit|gut|poison|run over|put) {_PERSON}\b(?: up| down| under| in the ground)?",
        r"(?:could|might|would|'d|want to|wanna) (?:just )?(?:kill|murder|hang|strangle) (?:for|my (?:laptop|phone|printer|ide|past self)|whoever (?:wrote|designed|named))|burn (?:out|down charts?)|hang out|put (?:him|her|them|you|people|someone) (?:in (?:touch|charge|contact)|through|on|forward|off|at ease|under (?:pressure|stress|load))|hurt (?:him|her|them|people|someone)(?:'s)? (?:feelings|chances|career)|beat (?:them|him|her|you) (?:to|at|by)|shoot (?:him|her|them|you|people|someone) (?:an?|over|down|the)|poison (?:pill|the)"),
    cue("threatened", 0.85, r"\bthreaten(?:ed|s|ing)? (?:to (?:kill|hurt|beat|stab|shoot|burn|harm|rape|attack|come (?:to|for|back|after))|me with (?:a|his|her|violence)|(?:my|his|her|our|their) (?:life|family|kids|children|wife|safety))|\b(?:death|bomb) threats?\b|\bthreats? (?:of violence|to (?:my|our|his|her) (?:life|safety|family))|\bphysical(?:ly)? threat\w*", r"\bthreat (?:model|actor|intel\w*|hunt\w*)"),
    cue("weapon", 0.75,
        r"\b(?:bring(?:s|ing)?|brought|carr(?:y|ies|ied|ying)|bought|buy|has|had|have|got|getting|keeps?|kept|with|pulled|waved|waving|showed|shows|loaded|my (?:uncle|dad|father|brother)'s|in wi?) (?:\w+ ){0,3}(?:guns?|knife|knives|rifle|pistol|handgun|shotgun|firearm|weapons?|machete|bombs?|explosives?|petrol|gasoline|bullets?|torque wrench|hammer|axe)\b(?: (?:to|in|into|at|from|on|under) (?:the |his |her |my )?(?:office|work|school|lab|car|desk|bag|meeting|drawer|boot|trunk|locker|building))?",
        r"\b(?:swiss army|kitchen|nerf|glue|heat|toy|silver|magic|water|spray|soldering|nail|staple|pocket|butter|cheese|bread) (?:knife|gun|bullet)|bullet (?:points?|lists?|journal)|smoking gun|top gun|jump(?:ed|ing)? the gun|to a (?:gun|knife) ?fight|sold the guns|got rid of the guns|gun shy|under the gun|hammer(?:ed)? out|everything looks like a nail|axe to grind|knife edge|bath bomb|secret weapon|data science|wouldn'?t be in the house|weapons? (?:system|industry|company|manufacturer)|defen[cs]e (?:company|contractor|industry)|bug bomb|war hammer|fork bomb|time bomb|logic bomb|zip bomb|email bomb|carrying"),
    cue("not_leave_alive", 0.85,
        r"\b(?:won'?t|will not|doesn'?t|don'?t|does not|not|never|make sure|none of|nobody|no ?one|isn'?t going to) (?:\w+ ){0,4}(?:walk(?:s|ing)? out(?: of)?|get(?:s|ting)? out alive|leav(?:e|es|ing) (?:the \w+ |here |this \w+ )?alive|come out of|make it out)\b|\b(?:you|they|he|she) (?:'?ll |will )?(?:get |be )(?:carried out|carried|put in the ground)\b|\b(?:there will be|somebody will|someone will|make (?:him|her|them|you)) (?:blood|bleed)\b|\bhole in the ground\b|\b(?:you'?ll|you will) (?:all )?(?:be on the news|remember my name|regret|pay for|be sorry)\b|\bleaves him alive\b|\bsome(?:one|body)(?:'s| is) going to (?:get hurt|die|bleed)\b",
        r"walk(?:ed|s)? out of (?:the )?(?:meeting|interview|room) (?:with|when)|walk out of (?:a |the )?(?:negotiation|interview|job|deal)|regret (?:not )?(?:taking|leaving|the decision|accepting|it later|quitting)"),
    cue("stalking", 0.7,
        r"\b(?:follow(?:s|ed|ing)? (?:me|her|him|us) (?:home|to (?:my|her|his|the)|from|after|around|on the)|stalk(?:s|ed|ing|er) (?:me|her|us|at)?|(?:waits?|waited|waiting|sits|sat|parked|stood|standing|been) (?:for (?:me|her|him|us|you|them) )?(?:outside|by|in|near|in front of|at|across from) (?:my|her|his|the) (?:house|flat|home|door|car|gate|school|building|apartment|office|exit|entrance|loading dock|gates)|knows? (?:where|which \w+|what time|when) (?:i|we|you|she|he|they|the \w+) (?:live|lives|park|parks|sit|sits|work|walk|use|uses|go|goes|leave|leaves|pick|is)|watch(?:es|ing|ed) (?:me|her|us|the house|my))\b",
        r"following (?:me|her|him|us) (?:on|through|in) (?:linkedin|github|twitter|x|mastodon|advice)|knows? (?:where|when) (?:the|they) (?:bod|code|data|bug|config|logic)|stalk\w* (?:linkedin|glassdoor|profile)|watch(?:es|ing|ed) (?:me|us) (?:code|type|debug|pair|work|present)"),
    cue("arson", 0.8, r"\b(?:burn(?:ing)?|blow(?:ing)?|torch(?:ing)?) (?:the |this |that |your |his |her |their |it )?(?:\w+ )?(?:office|building|place|house|school|factory|plant|hq|warehouse|floor|down|up) ?(?:down|up|to the ground)?\b(?: with (?:them|him|her|everyone|people) (?:in|inside))?|\bset (?:it|him|her|the (?:office|building|place|house|car)) on fire\b|\b(?:be a )?shame about the\b[^.!?\n]{0,20}\b(?:grass|window|car|kids|dog)", r"\bburn(?:ing|s)? (?:down|up) ?(?:chart|rate|the (?:backlog|budget|tickets|points|list|clock))|\bburndown|blow(?:s|ing)? up (?:in (?:my|our|your|his|the|production)|the (?:bundle|stack|heap|budget|cache|bill|size|memory|test)|when|every|at|on)|(?:it|prod|production|server|app|disk) (?:was|is|kept|keeps|blew|blow\w*)|burn the (?:bridge|candle|midnight|backlog)|trash fire|dumpster fire|fire(?:d)? (?:him|her|them)"),
    cue("means_harm", 0.6,
        r"\b(?:slash(?:ed|ing)? (?:his|her|their|my|the) (?:tyres?|tires?)|poison(?:ed|ing)? (?:his|her|their|the) (?:food|coffee|lunch|drink)|cut(?:ting)? (?:his|her|the) brakes?|sabotag\w+ (?:the )?(?:brakes?|crane|safety|valve|reactor|lift|elevator)|when i (?:catch|see|get|find) (?:him|her)\b|teach (?:him|her|them) a lesson|make (?:him|her|them) (?:pay|suffer)|have (?:something|it) taken|get what'?s coming)\b"),
    cue("plan", 0.55, r"\b(?:how the cameras|sight ?lines|where the (?:cameras|guards|exits) (?:are|turn)|floor ?plans? (?:with|of)[^.!?\n]{0,30}(?:crossed|chair|desk|her|his|marked)|chair crossed|crossed (?:through|out) and a date|tick ?tock\b|countdown (?:image|that|to the))", r"\b(?:launch|release|sprint|timer|app|deploy)\b"),
    cue("no_joke", 0.4, r"\b(?:not|no|isn'?t|wasn'?t|never) (?:a |just a |an? )?(?:jok(?:e|ing)|kidding|figure of speech|exaggeration|metaphor)\b"),
    cue("violence_seen", 0.6, r"\b(?:he|she|they|boss|manager|lead|director|colleague|coworker)\b[^.!?\n]{0,30}\b(?:punched|slapped|shoved|choked|hit|attacked|assaulted|beat|headbutted|kicked|pinned) (?:me|him|her|them|my|a colleague|someone)\b|\b(?:threw|throws|thrown) (?:a|his|her|the|it) (?:\w+ )?(?:at|towards) (?:me|her|him|my)\b", r"\b(?:hit (?:me|him|her) (?:up|with (?:a|the) (?:question|bill|deadline|pip|news|review|offer))|it hit (?:me|him|her)|beat (?:me|him|her) to|attacked (?:me|him|her) (?:verbally|in the meeting|in (?:code )?review))"),
)  # fmt: skip


@dataclass(frozen=True)
class ViolenceThreat:
    """Threats against people and fear of somebody's violence."""

    name: str = NAME
    blind_spots: str = (
        "Threats without a word of harm (times, places and habits of a person listed calmly), coded threats, and irony."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """`violence_threat`, strongest first; several kinds of evidence strengthen one another."""
        found = matched(post, NAME, "violence_threat", _CUES, _NOT_PEOPLE)
        found += matched(post, NAME, "violence_threat", VIOLENCE_ABROAD)
        if len({finding.detail for finding in found}) > 1:
            found = [Finding(f.category, min(0.95, f.probability + 0.1), f.spans, NAME, f.detail) for f in found]
        return sorted(found, key=lambda finding: -finding.probability)
