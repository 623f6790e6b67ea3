"""Clues that a post needs a lawyer, a doctor or care for somebody treated badly, or tells of a status risk.

The learned reader carries these categories; the cues name the words that moderators look at first.
"""

from __future__ import annotations

from service.flagging.detectors.cues import CueDetector, cue

LEGAL = CueDetector(
    name="legal_advice_needed",
    category="legal_advice_needed",
    blind_spots="Disputes told without papers, dates or threats; most languages but English.",
    cues=(
        cue("papers", 0.72, r"\b(?:subpoena\w*|summons|served (?:me )?with|cease[- ]and[- ]desist|statement of claim|lawsuit|(?:they|company|employer|he) (?:is|are|will|threatens? to|threatened to) (?:sue|suing|take (?:me|us) to court)|small claims|civil court|tribunal (?:claim|date|hearing)|legal notice|letter from (?:their|a|the) (?:lawyer|solicitor|attorney)s?|deposition|injunction|disciplinary hearing|(?:labou?r|employment) (?:court|tribunal)|penalty of [€$£₹\d])\b",
            r"\b(?:my company builds|legal ?tech|class action settlement mail|years ago)\b"),
        cue("deadline", 0.66, r"\b(?:(?:sign|signed|signing|return|accept|respond|reply|answer|reimburse|repay|pay)\b[^.!?\n]{0,50}\b(?:by|before|within|until|no later than) (?:\w+ ){0,2}(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|noon|the \d+|\d+ (?:days?|hours?)|(?:three|five|seven|ten|fifteen|twenty-one|21) (?:calendar |working |business )?days|end of (?:the )?(?:day|week))|(?:days|hours) to sign|settlement agreement|severance (?:agreement|offer|package)\b[^.!?\n]{0,40}\b(?:sign|lapse|waiv|expire)\w*|waiver of)\b",
            r"\b(?:signed up|sign[- ]?off|design sign|offer letter (?:by|expires)|(?:job )?offer (?:until|by))\b"),
        cue("enforced", 0.6, r"\b(?:non-?compete|clawback|claw back|training (?:bond|repayment|costs?)|relocation (?:money|repay\w*|costs)|invention assignment|bond (?:amount|period)|breach of contract|wrongful(?:ly)? (?:dismiss|terminat)\w*|unpaid (?:wages|salary|overtime)|withheld (?:my )?(?:wages|salary|bonus)|retaliat\w+|constructive dismissal)\b[^.!?\n]{0,80}\b(?:enforce\w*|threat\w*|demand\w*|sue|pay|owe|return|lawyer|court|claim|sign|illegal|legal)\b"),
        cue("asks", 0.6, r"\b(?:do i (?:sign|need (?:a|my own) (?:lawyer|attorney|solicitor))|should i (?:sign|reply (?:myself)?|hand over|admit)|can (?:they|he|the company) (?:legally|sue|enforce|make me|force me)|is (?:this|it) (?:agreement |contract |clause )?(?:legal|valid|enforceable|even legal)|may i refuse to sign|must i (?:sign|appear|answer)|am i (?:liable|bound)|(?:should|would|can) (?:a |my )?lawyer|does (?:it|that|the \w+ clause) (?:bind|expose) me)\b"),
        cue("abroad", 0.66, r"\b(?:entretien préalable|mise en demeure|prud'?hommes|assignation|kündigungsschutzklage|abmahnung|aufhebungsvertrag|unterlassungs\w+|klage(?:frist)?|muss ich[^.\n]{0,24}klagen|carta documento|telegrama laboral|demanda laboral|conciliación laboral|finiquito|firmar (?:el|la) (?:finiquito|renuncia|acuerdo)|processo trabalhista|aviso prévio|rescisão|notificação extrajudicial|wezwanie|pozew|sąd pracy)\b|कानूनी नोटिस|लीगल नोटिस|律师函|劳动仲裁|竞业"),
    ),
)  # fmt: skip

MEDICAL = CueDetector(
    name="medical_advice_needed",
    category="medical_advice_needed",
    blind_spots="Symptoms told without naming a medicine or a question; brand names not listed; most languages but English.",
    cues=(
        cue("dose", 0.78, r"\b(?:sertraline|citalopram|escitalopram|fluoxetine|venlafaxine|bupropion|propranolol|beta ?blockers?|adderall|ritalin|vyvanse|methylphenidate|concerta|elvanse|modafinil|xanax|alprazolam|diazepam|valium|lorazepam|clonazepam|zopiclone|ambien|zolpidem|melatonin|triptan|sumatriptan|ssris?|antidepressants?|benzos?|stimulants?|ibuprofen|naproxen|codeine|tramadol|prednis\w+|lisinopril|levothyroxine|levaxin|lithium|seroquel|quetiapine|sleeping pills?|painkillers?|pills|tablets?|meds?|medication|dose|mg)\b[^!?\n]{0,110}\b(?:safe|double|doubl\w+|halve\w*|half|combine|together|mix|on top|instead|stop(?:ped|ping)?|quit|skip|cold|taper|how (?:much|many|long)|too much|interval|take (?:one|two|it|both|more|5)|another (?:one|dose)|go back|resume|cover the gap)\b",
            r"\b(?:my (?:doctor|psychiatrist|gp|neurologist|cardiologist) (?:said|says|told|prescribed|knows|adjusted|and i)|settled|prescri(?:bed|ption) (?:is|and|works)|drug (?:rounds|discovery|trial)|pharma\w*|health ?tech|half (?:a|the|an) (?:year|day|hour|team|million)|stop (?:the|a) (?:build|deploy|process))\b"),
        cue("stopped", 0.72, r"\b(?:i(?:'ve| have)?|he|she) (?:just |already |recently )?(?:stopped|halved|doubled|quit|skipp?ed|upped|bumped|cut)(?: (?:taking|using|my|the|it|out|down|cold|all)){0,4} (?:sertraline|citalopram|escitalopram|propranolol|adderall|ritalin|lithium|meds?|medication|pills|tablets|antidepressants?|insulin|inhaler|dose|lexapro|zoloft|prozac)\b"),
        cue("symptom", 0.62, r"\b(?:what (?:is|could) (?:it|this) be|is (?:this|it) (?:serious|normal|dangerous|a heart|a stroke|an ulcer)|should i (?:worry|see|go to (?:the )?(?:er|hospital|a&e))|diagnos\w+ (?:me|this))\b[^.!?\n]{0,60}\b(?:pain|chest|arm|numb\w*|head(?:ache)?|dizz\w*|heart|rash|lump|blood|vision|tingl\w*|swollen|fever)\b|\b(?:pain|chest|arm|numb\w*|dizz\w*|heart|rash|lump|blood|tingl\w*|swollen)\b[^.!?\n]{0,60}\b(?:what (?:is|could) (?:it|this) be|is (?:this|it) (?:serious|dangerous)|should i (?:worry|see a))\b", r"\b(?:heart of|pain points?|heartbeat)\b"),
        cue("asks_what", 0.6, r"\b(?:what (?:can|should|do) i take|can i take|would you take|how (?:many|much|often) (?:can|should|may) (?:i|a man|one) take|safe to (?:take|combine|mix|double|stop)|(?:one or two|half at|take 5) (?:beforehand|at nine)|which (?:supplement|pill|medicine|dose)s?|is \d+ ?(?:mg)? too much)\b", r"\b(?:what should i take (?:away|into account|from|with me|over|on next)|can i take (?:a|the|time|leave|my|pto|over|it (?:to|with)|on))\b"),
        cue("abroad", 0.66, r"\b(?:cuánt[oa]s? se puede tomar|puedo (?:juntar|mezclar|tomar|doblar|dejar)|lo cambio por|dej[eé] (?:de tomar|la medicación)|arrêté (?:mon|ma|mes) \w+|est-ce que je peux (?:doubler|prendre|arrêter)|darf ich[^.\n]{0,30}(?:nehmen|absetzen)|wie viel[^.\n]{0,30}nehmen|abgesetzt|posso (?:tomar|misturar|dobrar|parar)|parei de tomar|ile można wziąć|odstawił[ae]m)\b|(?:दवा|गोली)[^।\n]{0,40}(?:बंद|कितनी|साथ)|(?:停药|吃几|能不能(?:一起)?吃|剂量|吃多少)"),
    ),
)  # fmt: skip

IMMIGRATION = CueDetector(
    name="immigration_status_exposure",
    category="immigration_status_exposure",
    blind_spots="Risks told without the usual words (a number of months without pay, somebody else's account); most languages but English.",
    cues=(
        cue("out_of_status", 0.8, r"\b(?:out of status|overstay\w*|undocumented|without (?:a )?(?:valid )?(?:status|papers|permit|visa)|no (?:valid |legal )?(?:status|papers)|(?:visa|permit|card|i-?94|ead|status|residence|opt|stamp) (?:has |already |had )?(?:expired|lapsed|ran out|run out)[^.!?\n]{0,60}|grace period (?:ended|is over|was over|passed|ran out|expired)|still (?:here|staying|living|working) (?:after|although|and)|never (?:actually )?filed)\b",
            r"\b(?:what happens if|would|will expire|expires in|before it|if (?:my|the) (?:visa|permit) (?:expires|lapses)|ssl|certificate|token|domain|session|credit card|warranty|offer)\b"),
        cue("unauthorised", 0.75, r"\b(?:(?:paid|pays?|working|work|works|job|shifts?|doing)[^.!?\n]{0,40}\b(?:in cash|cash[- ]only|off the books|under the table|nothing on paper|without (?:any )?(?:petition|permit|authori[sz]ation|contract))|(?:invoic\w+|bill(?:ed|s|ing)?|paid|payment|salary|fee)\b[^.!?\n]{0,40}\b(?:wife|husband|cousin|sister|brother|friend|neighbou?r|nephew|uncle|another person)(?:'s)?(?: (?:account|name|company|card))?|(?:not|n't|no) (?:allowed|authori[sz]ed|permitted|work authori[sz]ation|permission) to work)\b[^.!?\n]{0,30}",
            r"\b(?:dinner|lunch|rent|invoice system|split)\b"),
        cue("untruth", 0.72, r"\b(?:(?:lied|lie|lying|false|fake\w*|invented|backdat\w+|forged|untrue|not true|misstat\w+|misrepresent\w*|wrote|stated|declared|said|put) (?:\w+ ){0,4}(?:on|in|to) (?:the |my )?(?:form|application|visa|petition|consulate|embassy|border|immigration|officer|uscis|ind|ircc|home office|renewal|ds-?160|i-?\d{3}))\b|\b(?:fake|bought|invented) (?:experience|resume|payslips?|offer letter|employer)\b[^.!?\n]{0,40}\b(?:visa|h-?1b|petition|consult\w+)\b"),
        cue("visit_work", 0.7, r"\b(?:tourist|visitor|visit|b-?1|b-?2|esta|student|dependent|dependant|h-?4|spouse) (?:visa|status|card)?\b[^.!?\n]{0,50}\b(?:work(?:ed|ing)?|job|employ\w*|office|badge|paid|freelanc\w*)\b", r"\b(?:can i|may i|is it (?:allowed|legal)|am i allowed|apply|convert|change|transfer|process|interview|ead (?:approved|valid)|cpt|opt)\b"),
        cue("payroll_gap", 0.66, r"\b(?:not (?:run(?:ning)?|paid)|no|without|stopped) (?:\w+ )?(?:payroll|pay ?stubs?|paystubs)\b[^.!?\n]{0,60}\b(?:months?|weeks?|since)\b|\bbench(?:ed)?\b[^.!?\n]{0,30}\bwithout pay\b"),
        cue("abroad", 0.7, r"\b(?:sans[- ]papiers|visa (?:\w+ ){0,2}a expiré|titre de séjour (?:a )?expiré|sin papeles|se me venció|(?:visa|permiso|nie|tarjeta) (?:venci(?:da|ó)|caduc\w+)|irregular en|cuenta de (?:autónomo de|mi)|visto (?:de \w+ )?venc(?:eu|ido)|sem status|conta d[ao] (?:minha|meu) (?:prima|primo|irmã\w*|amig\w)|aufenthaltstitel[^.\n]{0,20}abgelaufen|schwarz(?:arbeit|geld)|ohne (?:arbeitserlaubnis|aufenthalts\w+)|arbeitserlaubnis hat|karta pobytu[^.\n]{0,20}(?:wygasł\w*|skończ\w*)|na czarno)\b|(?:签证|工签)[^。\n]{0,12}(?:过期|失效)|黑工|现金工|वीज़ा[^।\n]{0,20}(?:ख़त्म|खत्म|एक्सपायर)"),
    ),
)  # fmt: skip

DISCRIMINATION = CueDetector(
    name="discrimination_report",
    category="discrimination_report",
    blind_spots="Treatment told without the trait being named, doubt without an event; most languages but English.",
    cues=(
        cue("because_of", 0.72, r"\b(?:because|owing to|due to|for being|since i'?m|given|based on)\b[^.!?\n]{0,24}\b(?:my |i'?m |i am |of my |her |his |being )?(?:(?:a |the only )?(?:wom[ae]n|girl|mother|mom|female|black|brown|asian|muslim|jewish|gay|lesbian|trans|disabled|deaf|blind|pregnant|immigrant|foreign\w*|old(?:er)?)|age|accent|race|gender|religion|faith|pregnancy|disability|hijab|turban|caste|skin|nationality|orientation|wheelchair|hearing)\b"),
        cue("only_one", 0.62, r"\b(?:i(?:'m| am)|as|she(?:'s| is)|being) the only (?:wom[ae]n|girl|female|black|brown|asian|muslim|jewish|gay|trans|foreigner|mother|non-?\w+|one over|person (?:of colou?r|over))\b|\bnobody under fifty\b|\beveryone over (?:forty|fifty|sixty|\d\d)\b|\bnone (?:of (?:us|them) )?has ever been (?:a )?lead\b"),
        cue("remark", 0.68, r"\b(?:he|she|they|manager|director|boss|lead|client|hr|interviewer|recruiter|vp|cto|ceo)\b[^.!?\n]{0,40}\b(?:said|says|told|joked|wrote|asked|explained|hears?|heard|commented)\b[^.!?\n]{0,80}\b(?:women|ladies|girls?|female|accent|age|runway|pregnan\w+|baby|babies|married|kids?|religio\w+|hijab|pray\w*|retire|energy|your people|where (?:i'?m|you'?re) (?:really )?from|cultural fit|culture fit|lightness|lift|community|speak like|cleaning lady|young(?:er)?|digital native|too old|hormon\w+|emotional)\b",
            r"\b(?:my kids?|parental leave is|congratulat\w+)\b"),
        cue("suffered", 0.76, r"\b(?:sexually )?(?:harass(?:ed|es|ing|ment)|groped?|touch(?:ed|es|ing) (?:me|her|my|his)|hand on (?:my|her|his) (?:waist|knee|leg|thigh|back)|grabbed (?:me|her|my)|bull(?:ied|ying)|racial slurs?|called me (?:a|an|the) \w+|made (?:a )?(?:pass|advances?) at|retaliat(?:ed|ion)|discriminat\w+ (?:against|me)|passed over (?:again )?(?:because|while|after|since)|mommy[- ]track\w*|demoted (?:after|during|when)[^.!?\n]{0,20}(?:leave|pregnan\w+|baby)|hostile (?:work )?environment)\b",
            r"\b(?:harassment (?:training|module|policy)|harass(?:ed|ing) (?:by )?(?:recruiters?|the (?:linter|vendor|sales))|called me (?:a )?(?:senior|hero|star|genius|the meteor|dinosaur)|anti-?bull)"),
        cue("abroad", 0.68, r"\b(?:me (?:acosa\w*|agarró|arrinconó|tocó)|acoso (?:sexual|laboral)|por ser (?:mujer|madre|gay|trans|negr[oa]|extranjer[oa])|les filles|parce que je suis (?:une femme|noire?|enceinte|musulmane?)|harcèlement|discriminé\w*|discriminaci\w+|discriminad[oa]\w*|discriminação|diskriminier\w+|weil ich (?:eine frau|schwanger|ausländer\w*|schwarz)|belästig\w+|assédio|por eu ser (?:mulher|negr[oa]|mãe)|molestowan\w+|bo jestem kobietą)\b|(?:性骚扰|歧视|因为我是女)|(?:भेदभाव|छेड़छाड़|उत्पीड़न)"),
    ),
)  # fmt: skip
