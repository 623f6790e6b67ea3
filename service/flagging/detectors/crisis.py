"""Words of people in danger of hurting themselves, or at the end of their strength; of the writer or somebody else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.flagging.detectors.cues import cue, matched
from service.flagging.detectors.urgent_words import DISTRESS_ABROAD, SELF_HARM_ABROAD
from service.flagging.finding import DetectorContext, Finding
from service.intake.normalise import ReadablePost

NAME = "crisis"
_SELF = r"(?:my ?self|myslf|himself|herself|themsel(?:f|ves)|him ?self|her ?self)"
_WHO = r"(?:i|he|she|they|we|my (?:colleague|friend|brother|sister|roommate|teammate|co-?worker|husband|wife|partner|son|daughter|manager|boss))"

_IDIOM = re.compile(
    r"\b(?:career|professional|political|social|commercial|reputational|code|product|resume|cv) suicide|suicide (?:burn|squeeze|pill|prevention|hotline|awareness|mission|squad|linux)|"
    r"\b(?:business|financial|economic|technical|brand|marketing|property|near) suicide|\b(?:this|that|it|which)(?:'d| would| will| could|'s| is) (?:be )?(?:basically |pure |plain |a |just )?suicide\b|"
    r"\b(?:start-?ups?|compan(?:y|ies)|business(?:es)?|brands?|vendors?|products?)\b[^.!?\n]{0,40}\bsuicide|"
    r"(?:crisis|helpline|prevention|moderation|safety|health)[- ](?:app|line|tool|software|model|classifier|dataset|product|team)|"
    r"\b(?:lol|lmao|haha+|hehe|jk|just kidding|figuratively|metaphorically|not literally)\b|😂|🤣|💀|"
    r"\b(?:embarrass\w+|laughing|laughter|boredom|cringe|shame|curiosity|cuteness|meetings?|standups?|jira|yaml|regex|webpack|merge conflicts?|retros?|sprint reviews?)\b|"
    r"\b(?:process(?:es)?|threads?|workers?|pods?|containers?|instances?|servers?|jobs?|daemon|script|program|service|build|watchdog|connection)\b[^.!?\n]{0,30}\b(?:kills?|killed|killing|die|dies|dying|died|terminates?)\b",
    re.I,
)

_SELF_HARM = (
    cue("explicit", 0.95, rf"\b(?:kill(?:ing|ed)?|hang(?:ing|ed)?|drown(?:ing)?|shoot(?:ing)?|unaliv(?:e|ing)|stab(?:bing)?|hurt(?:ing)?|harm(?:ing)?|cut(?:ting)?|starv(?:e|ing)|burn(?:ing)?) {_SELF}\b", r"\b(?:shoot\w*|shot) (?:my|him|her|them)sel\w+ in (?:the|my|his|her|their) (?:foot|feet)|\bkill(?:ing|ed)? (?:my|him|her|them)sel\w+ (?:building|writing|learning|at work|to (?:meet|hit|finish|deliver|ship)|over (?:\w+ )?(?:goals?|slides?|code|details))\b|\b(?:cut(?:ting)? (?:my|him|her|them)sel\w+ (?:off|short|some|a|loose|on|out|pay\w*|che(?:ck|que)s?)\b|(?:hurt|harm|burn)(?:ing)? (?:my|him|her)self (?:in the negotiation|professionally|out))"),
    cue("explicit", 0.95, r"\b(?:end(?:ing|ed)?|tak(?:e|es|ing|en)|took) (?:my|his|her|their) (?:own )?li(?:fe|ves)\b|\b(?:end|ending) it all\b"),
    cue("explicit", 0.9, r"\bsuicid(?:e|al)\b|\bsewer ?slid(?:e|al)\b"),
    cue("explicit", 0.9, r"\b(?:want(?:ed|s|ing)?|wanna|going|gonna|ready|need(?:ed)?|tempted|try(?:ing)?|about|planning|plan|could|might|should|rather)(?: (?:just|really|honestly|literally|to)){0,3} (?:kms|unalive)\b"),
    cue("explicit", 0.9, r"\bself[- ]?harm(?:ing|ed|s)?\b|\bself[- ]?injur\w+"),
    cue("wish", 0.9, r"\b(?:(?:want(?:ed|s|ing)?|wish(?:es|ed|ing)?|need(?:ed)?|like|rather|ready|hop(?:e|ed|ing)) (?:to |i (?:could |was |were )?|i'd |that i )?(?:just )?(?:die|be dead|dead|disappear forever|never wake up|not wake up|stop existing|not exist|not be alive))\b|\b(?:don'?t|do not|didn'?t|no longer|not) (?:really )?(?:want|wish) to (?:live|be alive|exist|be here|wake up|go on living|keep living)\b|\bstopp?(?:ed|ing)? (?:existing|being alive)\b|\bnot (?:being )?alive any ?more\b|\bnever been born\b", r"rather die than (?:do|write|use|attend|sit|go back|deploy|touch|learn|merge|debug|another)|die on (?:this|that|a|the) hill|die (?:of|from) (?:boredom|laughter)"),
    cue("wish", 0.85, r"\b(?:no|not? (?:any|much)) (?:reason|point|use) (?:to live|(?:in|to) (?:living|being alive|carry(?:ing)? on living|go(?:ing)? on)|left to live)\b|\btired of (?:living|being alive|life|existing)\b|\b(?:life|living) (?:is|isn't|is not|not) (?:just )?(?:not )?worth (?:living|it any ?more)\b"),
    cue("better_off", 0.9, r"\b(?:every(?:one|body)|they|people|all|family|kids|children|wife|husband|team|world|you)\b[^.!?\n]{0,40}\b(?:be |is |are |were )?(?:better|happier|easier)(?: off)?[^.!?\n]{0,24}\b(?:without (?:me|him|her)|if i (?:just )?(?:was|were|am|wasn'?t|weren'?t|didn'?t|'m)|when i'?m (?:gone|dead)|with the insurance)\b|\bbetter off dead\b|\b(?:easier|better) (?:for (?:everyone|everybody|all|them|my \w+) )?(?:if|when|with) (?:i|he|she) (?:just |simply )?(?:wasn'?t|weren'?t|was not|were not|isn'?t|am not|wouldn'?t be) (?:here|around|alive|there)\b"),
    cue("absence", 0.8, r"\b(?:no ?(?:one|body)|nobody|who) (?:would|will|'d|is going to) (?:even |ever |really )?(?:notice|miss|care|find|remember)[^.!?\n]{0,30}\b(?:i (?:was|were|'m|am|wasn'?t|weren'?t|died|disappeared|stopped)|me|gone)\b|\b(?:won'?t|will not|don'?t (?:plan|intend|expect) (?:to|on)|not (?:planning|going|intend\w*|expecting) (?:to|on)|no longer (?:plan|intend)\w* (?:to|on)) (?:be(?:ing)? (?:around|here|alive|there|a bother|a burden)|see(?:ing)? (?:christmas|new year|spring|summer|the end))\b[^.!?\n]{0,30}(?:much longer|any ?more|by |for |after |next |christmas|spring|then|you know|if you follow|$)|\b(?:just )?(?:wasn'?t|not) here any ?more\b|\bonce i'?m gone\b|\bwhen i'?m gone (?:my|the|please|someone|he|she|they)\b"),
    cue("farewell", 0.75, r"\b(?:goodbye|farewell|good-bye|suicide) (?:letters?|notes?|messages?|texts?|videos?|mails?|e-?mails?)\b|\b(?:letters?|note)\b[^.!?\n]{0,40}\b(?:to|for) (?:my|the|each|his|her|their|our)?\s?(?:children|kids|wife|husband|mother|mum|mom|daughter|son|parents|family|sister|brother|each of us)\b[^.!?\n]{0,50}\b(?:written|wrote|drawer|sealed|ready|finished|open|envelope)|\b(?:i have|i'?ve|have) written the letters\b|\b(?:written|wrote) (?:it (?:all )?down )?(?:like )?(?:a|the|my) (?:last )?letters?\b[^.!?\n]{0,40}(?:shown|nobody|anyone|children|mother|mum)|\bsealed envelopes?\b", r"\b(?:reference|cover|resignation|offer|recommendation|motivation|contract|severance|salary|visa|gift|christmas|birthday|colleagues|coworkers|handover|leaving) (?:letter|note|message|mail|e-?mail|card)s?"),
    cue("arranged", 0.6, r"\b(?:gave|giving|given) away (?:all |most of )?(?:my|his|her|their) (?:things|stuff|belongings|keyboard|books|guitar|games?|collection)\b|\b(?:my|his|her) affairs (?:are|were|being)? ?(?:all )?in order\b|\b(?:sold|gave|got rid of) (?:the|my|his) guns?\b[^.!?\n]{0,60}|\b(?:i'?ve|i have|he(?:'s| has)|she(?:'s| has)|he|she|i) (?:picked|chosen|chose|set|fixed) (?:the|a) (?:date|day|bridge|place)\b[^.!?\n]{0,40}", r"\b(?:wedding|launch|release|start|interview|vacation|holiday|meeting|offsite|move|last day|leave|go-live|exam)\b"),
    cue("vanish", 0.7, r"\b(?:better|easier|simpler|peaceful|good|thought|think\w*|want\w*|like|dream\w*|wish\w*) (?:of |to |about |that i |just )?(?:simply |just )?(?:disappear(?:ing|ed)?|vanish(?:ing|ed)?)(?: (?:for (?:always|ever|good)|forever|completely))?\b|\b(?:of |about )?not being (?:here|around|alive)(?: any ?more)?\b|\b(?:don'?t|do not|won'?t) (?:plan|expect|intend|want) (?:on |to )?(?:see|seeing|reach\w*) (?:the \d|\d|another|next|my (?:next )?birthday|morning|tomorrow)|\b(?:been |started |am |i'm |quietly )?saying good-?bye to (?:people|everyone|everybody|friends|my|them)|\bi(?:'m| am| will be|'ll be) no longer (?:anywhere|here|around|alive)\b|\b(?:life (?:insurance|policy)|survivor'?s? (?:pension|benefit)s?|insurance)\b[^.!?\n]{0,60}\b(?:pays?|regardless|suicide|cause|than (?:with )?me|without me|worth more|better off|calculat\w+)\b", r"\b(?:disappear\w*|vanish\w*) from (?:slack|linkedin|the (?:org|calendar|board|internet|backlog))|(?:ticket|slides?|budget|bug|tab|notification|leaving|farewell|last day|laid off|new job|handover|joining|moving)\b"),
    cue("means", 0.8, r"\boverdos(?:e|ed|ing)\b|\bslit (?:my|his|her) wrists?\b|\b(?:count(?:ed|ing)?|sav(?:ed|ing)|stash(?:ed|ing)?|collect(?:ed|ing)?|hoard(?:ed|ing)?) (?:up )?(?:my |the |his |her )?(?:pills|tablets|meds|medication)\b|\b(?:jump(?:ing|ed)?|step(?:ping|ped)?|walk(?:ing|ed)?|throw(?:ing)? myself|drive|driving|steer(?:ing)?) (?:off|in front of|into|under|over) (?:the |a |an )?(?:bridge|roof|building|balcony|ledge|train|traffic|truck|lorry|bus|platform|edge|tree|river|water|rails)\b|\b(?:stood|standing|stand|stayed|sat) (?:on|at|by|near) (?:the |a )?(?:\w+ )?(?:bridge|roof|terrace|balcony|ledge|platform|rails|tracks|parapet)\b[^.!?\n]{0,60}\b(?:thought|thinking|simple|easy|easier|peace|jump|over)\b", r"overdos\w* (?:on|of) (?:caffeine|coffee|buzz|jargon|meetings|acronyms|abstraction|sugar|content)|walk into (?:the )?building"),
    cue("means", 0.8, r"\b(?:my|fresh|old) (?:self[- ]?harm )?scars\b|\brelaps(?:e|ed|ing)\b[^.!?\n]{0,30}\bcut\w*\b|\b(?:cut|cutting|slicing|sliced) (?:my(?:self)?|into my) (?:up|arms?|wrists?|legs?|thighs?|skin)\b|\b(?:my|his|her|an?|last|failed) (?:suicide )?attempt(?:ed)? (?:to (?:die|end|kill)|on (?:my|his|her) (?:own )?life)\b|\brazor ?blades?\b|\battempted suicide\b"),
    cue("burden", 0.6, r"\b(?:i am|i'?m|being|tired of being|am|just|only|become|was) (?:just |only |such )?a burden(?: (?:to|on|for) (?:every(?:one|body)|them|him|her|my|all|other|people|anyone|you)|(?! of| on the)(?=[ ,.!;\"]|$))", r"\b(?:regulatory|admin\w*|maintenance|cognitive|tax|burden of proof|financial)\b"),
    cue("soon_over", 0.55, r"\b(?:it )?won'?t be long (?:now|na|any ?more)?\b|\bnobody (?:will|would|'ll|'d) (?:need to|have to) (?:worry about|put up with|deal with|bother about|look after) (?:me|him|her|them|you)\b(?: any ?(?:more|longer))?|\bit (?:will|'ll) (?:all )?(?:soon )?be over (?:soon|by)\b", r"\b(?:sprint|release|project|migration|interview|exam|notice|probation|construction)\b"),
    cue("kms", 0.7, r"(?<![\d.,] )(?<!\d)(?<!\w)(?:kms|kys)\b", r"\b(?:aws|key|encrypt\w*|secret|iam|cmk|vault|driv\w+|km|run|bike|commute|away|distance|from|per)\b"),
)  # fmt: skip

_THIRD = re.compile(
    r"\b(?:he|she|they|him|her|colleague|friend|coworker|co-worker|teammate|roommate|intern|brother|sister|report)\b",
    re.I,
)
_LONG_AGO = re.compile(
    r"\b(?:years? (?:ago|later)|decades? ago|in (?:19|20)[01]\d|back in|when i was (?:a )?(?:kid|child|teen\w*|young\w*|\d+)|long ago|once,|survived)\b",
    re.I,
)

_DISTRESS = (
    cue("panic", 0.7, r"\bpanic attacks?\b|\b(?:can'?t|cannot|couldn'?t|could not|unable to|struggl\w+ to|forgot how to) (?:even )?(?:breathe|get (?:any )?air|catch my breath)\b|\bbreath (?:won'?t|would not|wouldn'?t) come\b|\bhyperventilat\w+", r"\b(?:years ago|used to|last year|in the past|got over|recovered)\b"),
    cue("cannot_function", 0.65, r"\b(?:i )?(?:can'?t|cannot|couldn'?t|could not|am unable to|i'?m unable to|not able to) (?:even |physically |really |just )?(?:get (?:up|out of (?:bed|the car|my car))|leave (?:my |the )?(?:bed|house|room|car|flat|apartment)|open (?:my |the )?(?:laptop|mail|door|slack|blinds)|eat|shower|stop (?:crying|shaking|sobbing)|sleep at all|function|move|think straight|go on|do (?:this|it) any ?more|take (?:it|this) any ?more|cope)\b", r"\b(?:can'?t eat (?:gluten|meat|lunch)|get up (?:early|at|before)|move (?:to|teams|abroad|countries|forward|internally)|function (?:without coffee|as)|cope with (?:the )?(?:jargon|noise))"),
    cue("crying", 0.6, r"\b(?:cry(?:ing)?|cried|sob(?:bing|bed)?|in tears|weep\w*)\b[^.!?\n]{0,40}\b(?:every ?(?:day|night|morning|single)|all (?:day|night)|for (?:hours|days|an hour|two|three)|non-?stop|in the (?:car|bathroom|toilet|stairwell|shower|stairs|cupboard|parking)|uncontrollab\w+|don'?t know why|can'?t stop)\b|\b(?:every (?:day|night|morning)|can'?t stop|keep|kept|locked)\b[^.!?\n]{0,24}\b(?:crying|sobbing|cry)\b", r"\blaugh\w*\b|😂|🤣|\bbaby\b"),
    cue("hopeless", 0.65, r"\b(?:no way (?:out|forward) (?:any ?more|left|of this|for me)?|(?:completely |utterly |feel(?:ing)? |so |totally )hopeless|nothing (?:helps|works) any ?more|there(?:'s| is) no (?:point|hope|way out|door left)|(?:don'?t|can'?t|cannot) see (?:a|any) (?:way out|way through|future|point|end)|i(?:'ve| have) (?:got )?no ?(?:one|body)(?: left)?(?: to (?:talk|turn|call))?|(?:told|tell) (?:no ?one|nobody)|there'?s no ?body (?:to|i can|left|here)|i have no ?(?:one|body)\b|(?:don'?t|can'?t|cannot) see any (?:road|way|door|exit)|not another soul|can'?t see anything at all|nothing after it|so scared|nobody can do anything)\b", r"\bno point (?:in )?(?:applying|arguing|asking|negotiating|refactoring|rewriting|testing|learning|having|doing|using|migrating)|hopeless (?:codebase|case of|at|with)"),
    cue("no_sleep", 0.5, r"\b(?:haven'?t|have not|hardly|barely|not) slept (?:in|for|since|at all|more than|properly)\b|\b(?:no sleep|awake) (?:for|in) (?:\d|two|three|four|five|six|days|nights|the (?:third|fourth|fifth))|\bslept (?:\w+ )?(?:one|two|three|1|2|3|zero) hours?\b[^.!?\n]{0,20}(?:since|a night|in|for)", r"\b(?:newborn|baby|on-?call week|jet ?lag|launch|go-live|hackathon|toddler|flight)\b"),
    cue("body", 0.55, r"\b(?:(?:hands?|body|legs?|knees?|i) (?:(?:won'?t|wouldn'?t|can'?t|don'?t|didn'?t) stop|keeps?|kept|starts?|started) (?:shaking|trembling)|shaking (?:so|too) (?:much|hard|bad)\w*|throw(?:ing)? up (?:every|before|each)|threw up (?:before|every|in the)|(?:lying|lay|slid|sat|sitting|sit|curled up|collapsed) (?:\w+ ){0,3}on (?:the )?(?:cold )? (?:bathroom |kitchen |shower |office |toilet )?(?:floor|tiles|carpet|stairs)|(?:i )?fainted|hid (?:in|inside) (?:the|a) (?:store ?room|toilet|bathroom|cupboard|closet|stairwell)|(?:sit|sat|locked myself|stayed|hide|hid)[^.!?\n]{0,12} in (?:the|a) (?:bathroom|toilet|stairwell|car ?park|parking lot|car)\b[^.!?\n]{0,40}(?:shake|shaking|cry|crying|until|hour|till)|could not (?:speak|talk)|couldn'?t (?:speak|talk)|(?:face|hands?|arm) (?:goes|went|go|gone|became) numb|black(?:ed|ing)? out|blackouts|chest (?:is |was |so )?(?:tight|hurts|closing|pain)|sweat (?:pouring|pours))\b", r"\bblackouts? (?:dates?|period|window|curtain|weekend)|power blackout|on the (?:shop|factory|trading) floor"),
    cue("numbing", 0.6, r"\b(?:drink(?:ing)?|drunk|vodka|whisk(?:e)?y|wine|pills|xanax|benzos?|bottles?)\b[^.!?\n]{0,40}\b(?:to (?:get|make it) through|before (?:standup|work|every|the (?:daily|meeting|call))|every (?:morning|night|day)|so (?:that )?i can (?:sleep|work)|just to (?:sleep|function|cope))\b", r"\bwater\b|\bcoffee\b|\btea\b"),
    cue("breakdown", 0.6, r"\b(?:(?:having|had|have|in the middle of|close to|near) a (?:full |nervous |mental |complete |emotional )(?:break ?down|meltdown|collapse)|(?:i'?m|i am) (?:falling apart|breaking (?:down|apart)|losing (?:it|my mind|my grip|myself)|not (?:ok|okay|coping)|at the end of my (?:rope|tether|strength)|drowning(?! in (?:tickets|meetings|work|emails?|tech debt)))|everything (?:is|feels like it'?s) (?:over|finished|collapsing|falling apart)|please (?:someone|somebody|anyone|help me))\b", r"\b(?:work ?breakdown|cost breakdown|breakdown of)\b|😂"),
)  # fmt: skip


@dataclass(frozen=True)
class Crisis:
    """Self-harm and acute distress, with idioms left aside: "this job is killing me" is not found."""

    name: str = NAME
    blind_spots: str = (
        "Danger told without any of the usual words (a date that is fixed, things put in order, numbers that come out right "
        "without the writer), irony, and languages beyond English, Spanish, French, German, Portuguese, Hindi, Chinese, Polish and Turkish."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """`self_harm_risk` and `crisis_distress`; details of a colleague's danger begin with `other:`."""
        harm = matched(post, NAME, "self_harm_risk", _SELF_HARM, _IDIOM)
        harm += matched(post, NAME, "self_harm_risk", SELF_HARM_ABROAD)
        distress = matched(post, NAME, "crisis_distress", (*_DISTRESS, *DISTRESS_ABROAD))
        if len({finding.detail for finding in distress}) > 1:
            distress = [_stronger(finding, 0.2) for finding in distress]
        return sorted(harm + distress, key=lambda finding: -finding.probability)


def _stronger(finding: Finding, by: float) -> Finding:
    return Finding(
        finding.category, min(0.92, finding.probability + by), finding.spans, finding.detector, finding.detail
    )
