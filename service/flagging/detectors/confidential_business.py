"""Somebody's business secret, told by its words: not announced, under secrecy, undisclosed, clients, numbers of the house."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.flagging.detectors.cues import cue, matched
from service.flagging.finding import DetectorContext, Finding
from service.intake.normalise import ReadablePost

NAME = "confidential_business"
_PUBLIC = re.compile(
    r"\b(?:public(?:ly|ished)?|press release|newspaper|announced (?:last|in|on|at)|status page|blog ?post|open[- ]source|posted (?:band|range|salary)|careers page|conference talk|on (?:their|the|our) (?:website|site)|filing|annual report|"
    r"everyone knows|anyone can look|made[- ]up|invented|hypothetical|nothing secret|already out|years ago)\b",
    re.I,
)
_CUES = (
    cue("unreleased", 0.72, r"\b(?:not (?:yet )?(?:announced|public|released|disclosed|launched|out yet)|unannounced|unreleased|undisclosed|not (?:been )?(?:announced|disclosed|told|informed|reported)(?: (?:to|yet))?|before (?:it is|it'?s|they|we|the) (?:\w+ )?(?:announce\w*|public|informed|told)|yet to be announced|pre-?announcement|(?:will|to be) announced? (?:in|on|at) the \d|going to announce|roadshow|draft s-1|filed confidentially|prospectus)\b[^.!?\n]{0,40}",
        r"\b(?:promotion|raise|results?|date of the interview|offer|winner|schedule|job|role|position) (?:is|was|are|were|has|have)? ?(?:not (?:yet )?announced|not been announced)"),
    cue("secrecy", 0.72, r"\b(?:under (?:embargo|secrecy|nda|confidentiality)|confidential(?:ly)?(?! (?:help|counsel|advice|line|support|survey|chat))|nobody (?:outside|else) (?:\w+ ){0,5}(?:knows?|may know|has seen)|no ?(?:body|one) (?:outside|must|may|is (?:supposed|allowed) to) (?:know|learn)|must not (?:learn|know|leak)|not supposed to (?:know|tell|leak|say)|contractually forbidden|forbid(?:den)? to (?:mention|write|talk|name)|strictly internal|internal only|for internal use|do not (?:share|distribute|forward)|embargo(?:ed)?|classified|protected,|trade secret|don'?t (?:leak|quote|tell anyone)|between us|keep (?:it|this) (?:quiet|secret|between)|hush-?hush|intern gesperrt|top secret)\b",
        r"\b(?:signed an nda|is an nda|the nda (?:is|says)|clauses?|nda (?:means|prevents|forbids|stops)|because of (?:the |my )?nda|can i (?:mention|talk|show)|how do (?:i|you)|(?:mentoring|counsel\w+|reference|hr|chat|talk|conversation)s?)\b[^.!?\n]{0,40}"),
    cue("incident", 0.72, r"\b(?:breach|leak(?:ed)?|vulnerabilit\w+|exploit(?:able|ed)?|backdoor|exposed|readable|open bucket|data loss|outage|recall|fault|hole)\b[^!?\n]{0,120}\b(?:not (?:been )?(?:told|informed|disclosed|reported|notified|patched|fixed|deployed)|undisclosed|unpatched|no ?(?:ne|body|one) (?:of whom )?(?:has|have)? ?(?:been )?(?:told|knows|noticed)|still (?:open|exploitable|unpatched|live)|parked until|postponed|regulator|until (?:the )?audit|hush|covered up|keep(?:ing)? (?:it )?quiet)\b|\bstill exploitable\b|\b(?:not reported|has not been told|have been told nothing|not informed|none of whom have been told)\b"),
    cue("way_in", 0.75, r"\b(?:same|default|admin(?:istrator)?|shared|root|master) (?:local )?(?:admin\w* )?(?:password|credentials?|login|pin|code)\b[^.!?\n]{0,60}\b(?:on all|everywhere|for all|is|still|reach)\b|\baccepts? (?:user|a session cookie|any)\b[^.!?\n]{0,60}|\bdoor code (?:is|:)|\bsafe (?:combo|combination)\b", r"\b(?:router at home|my laptop|pattern|anti-?pattern)\b"),
    cue("numbers", 0.6, r"\b(?:revenue|arr|mrr|churn|margin|gross margin|runway|burn rate|ebitda|profit|loss(?:es)?|valuation|budget|contract (?:value|with)|deal (?:size|value)|discount|headcount|payments?|layoffs?|reduction)\b[^.!?\n]{0,40}?(?:is|was|at|of|were|:|fell|dropped|to|worth|loses?|made with)?[^.!?\n]{0,24}(?:[€$£¥₹]\s?\d[\d.,]*\s?(?:k|m|mn|bn|million|billion|mio)?|\d[\d.,]*\s?(?:%|percent|per cent|million|mio\.?|bn|m€|m\b))",
        r"\b(?:my|our (?:sprint|error)|salary|raise|bonus|savings|mortgage|rent|battery|cpu|latency|p99|error budget|conversion|bundle|coverage|budget is (?:£|€|\$)?\d{1,3}(?:,?\d{3})?\b(?!,\d)|learning budget|training budget|travel budget|tip|market|industry|average|typical|about|around|roughly|figures)\b"),
    cue("deal", 0.62, r"\b(?:acquir(?:e|ed|ing|er)|acquisition|merger|being (?:bought|sold|acquired)|takeover|term sheet|due diligence|carve-?out|ipo|funding (?:round )?closes|layoffs? (?:on|in|are planned|of \d)|reorg(?:ani[sz]ation)? (?:on|in|is planned)|shut(?:ting)? down (?:the )?(?:office|site|plant|store)|close (?:it|the \w+) in)\b[^.!?\n]{0,80}\b(?:before|until|not (?:public|announced|told|know)|nobody|secret|told (?:us|me)|in confidence|confidential|next (?:week|month|quarter)|on the \d|announced)\b",
        r"\b(?:was (?:acquired|bought) (?:last|in|by)|rumou?rs?|after (?:the|our) (?:acquisition|merger|layoffs?))\b"),
    cue("clients", 0.55, r"\b(?:(?:our|the|a|their) (?:largest |biggest |main |new )?(?:client|customer)s?(?: list| is| are| includes?|,)? ?:? (?:the )?[A-Z][\w-]+ [A-Z][\w-]+|client list|kunde ist (?:die|der|das)|customers? (?:include|are) [A-Z])", r"\b(?:happy|angry|external|internal|difficult|typical)\b"),
    cue("code_name", 0.55, r"\b(?:inside (?:it is|we) called?|internally (?:called|known as|named)|internal(?:ly)? name|code ?name(?:d)?|known internally as|project [\"“«„'][^\"”»“'\n]{3,30}[\"”»“'])", r"\b(?:call it|let'?s call|say|nickname|legacy|old)\b"),
    cue("wrongdoing", 0.55, r"\b(?:backdat\w+|not the \d[\d.]* ?% we tell|true number|real (?:number|figure)s? (?:is|are|was)|the figures shown to|two sets of books|falsif\w+|cook(?:ed|ing) the (?:books|numbers)|sign(?:ed)? (?:a|the) test[^.!?\n]{0,30}never run)\b"),
    cue("abroad", 0.66, r"\b(?:noch nicht (?:angekündigt|öffentlich|bekannt)|bis dahin intern|streng vertraulich|unter nda|vertraulich|pas encore (?:annoncé\w*|public\w*)|confidentiel\w*|sous embargo|clé (?:\w+ )?de production|todavía no (?:se anunció|es público)|confidencial|nadie (?:afuera|fuera) (?:lo )?sabe|ainda não (?:anunciad[oa]|é público)|sigilo\w*|ninguém (?:de fora )?sabe|jeszcze nie ogłosz\w+|poufn\w+|tajemnic\w+)\b|(?:尚未|还没|未)(?:公布|发布|公开|对外)|保密|机密|गोपनीय",
        r"(?:vertraulich (?:besprechen|reden|sprechen)|vertrauensvoll)"),
)  # fmt: skip


@dataclass(frozen=True)
class ConfidentialBusiness:
    """Words of secrecy beside something concrete. Credentials have their own detector."""

    name: str = NAME
    blind_spots: str = (
        "Secrets told as if they were public, pasted documents without a mark, what is secret only to insiders."
    )

    def detect(self, post: ReadablePost, context: DetectorContext) -> list[Finding]:
        """`confidential_business`; words of secrecy with a number, a name or a date beside them weigh more than alone."""
        found = matched(post, NAME, "confidential_business", _CUES, _PUBLIC)
        kinds = {finding.detail for finding in found}
        factor = 1.0 if len(kinds) > 1 else 0.85
        bonus = 0.1 * min(2, len(kinds) - 1) if kinds else 0.0
        found = [Finding(f.category, min(0.94, f.probability * factor + bonus), f.spans, NAME, f.detail) for f in found]
        return sorted(found, key=lambda finding: -finding.probability)
