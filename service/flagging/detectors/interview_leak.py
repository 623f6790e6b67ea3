"""Concrete questions, tasks and solutions of hiring processes that are meant to stay secret."""

from __future__ import annotations

from service.flagging.detectors.cues import CueDetector, cue

DETECTOR = CueDetector(
    name="interview_leak",
    category="interview_leak",
    blind_spots="A task told without a word of secrecy or answer, tasks in screenshots, companies hinted at.",
    cues=(
        cue("secrecy", 0.7, r"\b(?:they )?(?:made|make|makes|had|asked|ask|told|tell)(?: (?:you|me|us|everyone|vendors|candidates))? (?:to )?(?:sign|agree|promise|not to|to not|keep)[^.!?\n]{0,60}\b(?:discuss|share|talk|tell|circulate|publish|nda|questions?|whatever|secret|confidential)\b|\b(?:do not|don'?t|not to|not) (?:distribute|circulate|share (?:the )?(?:questions?|tasks?|assignment|exercise))\b|\bunder penalty of\b|\bnot (?:supposed|allowed) to (?:share|post|tell|talk|discuss)[^.!?\n]{0,40}(?:question|task|interview|test|assignment|but)?",
            r"\b(?:should (?:i|we)|is it (?:ok|legal|normal)|client|salary|salaries|pay)\b"),
        cue("expected", 0.66, r"\b(?:expected (?:answer|solution|trick|output|result)s?|(?:standard|model|correct|right|official) (?:answer|solution)|hidden (?:trap|test|case|bug)s?|planted (?:bugs?|errors?|mistakes?)|(?:the|its?) (?:trap|trick|catch|gotcha) is|(?:the )?(?:three|four|five|2|3|4|5) (?:bugs|errors|planted)\b|expected ?:|answer ?: it|answer ?:|bonus ?: show|scoring (?:sheet|rubric|guide)|interviewer(?:'s)? (?:notes|rubric|sheet)|flag ?: ?\w+\{)",
            r"\b(?:prod(?:uction)?|deploy\w*|migration|our (?:app|service|codebase|product)|salary|no (?:single |one )?(?:right|correct) answer)\b"),
        cue("rounds", 0.6, r"\b(?:(?:round|stage|step|part|question|q|task|problem|exercise) ?(?:\d|one|two|three|a|b)\b ?(?:\([^)\n]{0,20}\))? ?[:=-]|(?:first|second|third|1st|2nd|3rd) (?:question|task|problem) (?:is|was)\b)[^\n]{0,160}"),
        cue("task_text", 0.6, r"\b(?:implement|derive|write|build|design|find|print|merge|given|estimate|prove|count) (?:an?|the|two|all|accounts|attached|your own)\b[^.!?\n]{0,100}\b(?:in under|without (?:extra|using|libraries|a library)|allowed|minutes|O\(|at runtime|then (?:they|show|write|explain|change)|constraints?|follow-?up|no (?:libraries|gaps|window functions))\b",
            r"\b(?:we (?:implemented|built|designed|write)|our (?:team|system|service)|at work|my job)\b"),
        cue("asks_for", 0.74, r"\b(?:anyone|someone|somebody|who|please|pls|can you|could you)\b[^.!?\n]{0,40}\b(?:share|have|has|got|send|dump|post|leak|know)\b[^.!?\n]{0,30}\b(?:(?:actual|exact|real|recent|latest|interview|oa|assessment|test|hackerrank|codility) questions?|question bank|questions? (?:bank|list|they ask|asked (?:at|by|in))|(?:oa|take-?home|assignment|case study) (?:solution|answers?|questions?))\b|\b(?:trade|swap|exchange|sell)\w* (?:\w+ )?(?:interview )?(?:questions|solutions|answers)\b",
            r"\b(?:which|what) questions (?:did|do|should|would) you ask\b"),
        cue("live", 0.66, r"\b(?:(?:due|deadline|submit|hand in) (?:by |on |is )?(?:tomorrow|tonight|today|in \d+ hours|monday|friday|sunday)|currently doing|got 4 hours|timer (?:is )?running)\b[^.!?\n]{0,60}\b(?:take-?home|assessment|coding test|challenge|interview task|oa)\b|\b(?:take-?home|assessment|coding test|coding challenge|interview task)\b[^.!?\n]{0,60}\b(?:solve|solution|full code|due (?:tomorrow|tonight|today)|answer for me|do it for me)\b"),
        cue("abroad", 0.66, r"(?:la trampa es|respuesta (?:esperada|correcta)|solución esperada|parte [ab] \(|la réponse attendue|le piège est|die (?:falle|erwartete lösung|musterlösung) ist|a pegadinha é|resposta esperada|标准答案|第[一二三]题|原题|面经|题目是|अपेक्षित उत्तर|पहला सवाल)[^\n]{0,80}"),
    ),
)  # fmt: skip
