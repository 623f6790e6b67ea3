"""Offers of work, and collecting of candidates, CVs and referrals among the members."""

from __future__ import annotations

from service.flagging.detectors.cues import CueDetector, cue

_ROLE = r"(?:engineers?|developers?|devs?|testers?|designers?|architects?|managers?|interns?|freelancers?|co-?founders?|product owners?|data scientists?|sdes?|sres?|qas?|analysts?|programmers?|consultants?|candidates|people|vacanc(?:y|ies)|openings?|positions?|contractors?)"

DETECTOR = CueDetector(
    name="recruiter_solicitation",
    category="recruiter_solicitation",
    blind_spots="Offers dressed as advice without a call to answer, and languages without a pattern here.",
    cues=(
        cue("collects", 0.82, r"\b(?:send|share|drop|email|mail|dm|forward|upload|submit|comment|post|pass|bring|shoot|fill|revert with)(?: (?:me|us|in|over|along|here|across|a|an|the|your|updated|latest|both|to me|us your)){0,5} (?:cvs?|resum[eé]s?|résum[eé]s?|profiles?|portfolios?|ctc|github|linkedin)\b",
            r"\b(?:should i|do i|did i|i (?:send|sent|mail|share|submit|upload)|they (?:ask|want|said)|he (?:asked|said|wants)|she (?:asked|said|wants)|recruiters? (?:ask|say|want|keep)\w*|asked me|told me to|how (?:do|did) you|when (?:i|you)|before (?:i|you)|is it (?:ok|normal)|one hr told|to (?:friends|my (?:friend|manager)))\b"),
        cue("offers", 0.75, rf"\b(?:we(?:'re| are)|i'?m|i am|my (?:company|team|client|employer|start-?up)(?: is|'s)|our (?:team|company|client)(?: is|'s)?|currently|urgently) (?:currently |actively |now |urgently |also |still )?(?:hiring|recruiting|looking (?:for|to hire)|searching for|seeking|onboarding|staffing)\b[^.!?\n]{{0,60}}\b{_ROLE}\b",
            r"\b(?:looking for (?:advice|help|a mentor|feedback|opinions)|how (?:do|should|can) (?:i|we)|what (?:do|should)|whether we|advice on|hiring (?:freeze|bar|process|committee|loop|pipeline|plan)|we(?:'re| are) (?:struggling|having trouble)|question)"),
        cue("urgent_role", 0.8, r"\b(?:immediate joiners?|urgent(?:ly)? (?:hiring|requirement|opening|vacanc\w+)|walk-?in (?:drive|interview)|(?:\d+|multiple|several) (?:openings|vacancies|positions|seats|vagas|postes)|notice period (?:max|upto|up to|0|15|30)|joining bonus|c2c|corp-to-corp|w2 only|only (?:usc|gc|h1b)|job code|req(?:uirement)? id|apply (?:now|here|today|before|via|through|at)|referral (?:bonus|reward|code|fee)|referral of friends|per (?:resume|referral)|rewarded with)\b",
            r"\b(?:how|what|why|should|recruiter(?:s)? (?:said|wrote|keep)|they (?:want|ask)|(?:my|our) (?:company|employer) (?:has|pays|offers)|do you)\b[^.!?\n]{0,40}(?:joiner|referral bonus|notice period|apply)|my notice period|referral bonus (?:at|is|was|worth)|i (?:apply|applied)"),
        cue("reach_me", 0.6, rf"\b(?:interested|if you(?:'re| are) (?:interested|open|looking)|anyone (?:interested|looking)|{_ROLE} who)\b[^.!?\n]{{0,50}}\b(?:dm|pm|inbox|message|ping|mail|email|write|contact|reach out|comment|call|whatsapp|apply)\b(?: (?:me|us|to me|below|now))?|\bcomment [\"'“]?(?:interested|yes|me|cv|hire)\b",
            r"\b(?:thesis|reading group|study group|book club|meet-?up)\b"),
        cue("refer_me", 0.72, r"\b(?:can|could|would|will|please|pls|kindly|anyone|someone|somebody|who)\b[^.!?\n]{0,40}\b(?:refer me|give me (?:a )?referral|referral (?:please|pls|needed)|provide (?:a )?referral|refer (?:my|him|her)|get me (?:in|a referral))\b|\b(?:i(?:'ll| will| can)|happy to) (?:refer|put you up|walk it in|push your (?:cv|resume)|pass (?:it|your cv) on)\b|\bneed (?:a )?referrals?\b",
            r"\b(?:how (?:do|to|can)|is it (?:ok|rude|fine)|should i)\b[^.!?\n]{0,40}referral"),
        cue("pay_and_role", 0.45, r"\b(?:salary|pay|rate|ctc|stipend|compensation|budget)\b[ :]{1,3}(?:up ?to |from |is |range )?(?:[€$£₹]|rs\.? ?|inr |usd |eur )\s?\d[^.!?\n]{0,60}\b(?:remote|hybrid|onsite|equity|visa sponsor\w*|relocation|perks|benefits|plus)\b", r"\b(?:my|i|offer(?:ed)? me|they offered)\b"),
        cue("abroad", 0.78, r"\b(?:envoyez|envoie|déposez|transmettez)(?:-moi|-nous)? (?:vos|votre|ton|un) cv\b|\bnous (?:cherchons|recrutons|recherchons)\b|\bje cherche (?:\w+ )?(?:personnes|développeu\w+|profils)\b|\b(?:manda|mande|envie|enviem|mandem) (?:o |seu |teu )?(?:currículo|cv)\b|\b(?:está|estamos) (?:com|contratando) (?:\d+ )?(?:vagas|gente|devs?)?\b|\bestamos (?:contratando|buscando)\b|\b(?:manden|envíen|mándame|envíame|enviar|pasen) (?:su|tu|sus|el)?\s?(?:cv|currículum)\b|\b(?:wir suchen|schick\w* (?:mir|uns) (?:eure|deinen|deine|euren) (?:cv|lebenslauf|bewerbung\w*))\b|रिज़्यूमे[^।\n]{0,40}(?:भेज|डाल)|(?:भेज|डाल)[^।\n]{0,20}रिज़्यूमे|(?:招聘|内推|诚聘|急招|发简历|投简历|简历发)|(?:szukamy|wyślij(?:cie)?|przyślij(?:cie)?) (?:swoje )?(?:cv|programist\w+|tester\w+)\b|(?:cv'?ni|özgeçmiş\w*) (?:gönder\w*|at\w*)",
            r"(?:内推(?:吗|怎么)|如何|怎么写简历|dois-je|devo|debo|soll ich)"),
    ),
)  # fmt: skip
