"""Every error that leaves a station, with the HTTP status and the stable `code` it is rendered with.

AnswerloopError                     500 internal
├── InvalidInput                    422 invalid_input       a value nobody can work with; names the field
│   └── TooLarge                    413 too_large
├── NotSignedIn                     401 not_signed_in
├── NotAllowed                      403 not_allowed
├── NotFound                        404 not_found
│   └── UnknownSite                 404 unknown_site
├── Conflict                        409 conflict
│   └── AlreadyOpen                 409 already_open        another process holds the vector store
├── StaleVersion                    412 stale_version       If-Match does not name the newest version
├── TooManyRequests                 429 too_many_requests
├── Unavailable                     503 unavailable
│   ├── ModelFilesUnusable          503 model_files         missing or altered model files; exit code 3
│   ├── ModelFailed                 503 model_failed        a model call gave nothing usable
│   │   ├── DeadlineExceeded        503 deadline_exceeded
│   │   ├── ModelRefused            503 model_refused
│   │   ├── UnusableReply           503 unusable_reply      no rung of the structured-output ladder held
│   │   ├── BudgetExhausted         503 budget_exhausted
│   │   ├── KeptOnMachine           503 kept_on_machine     only models elsewhere were left and the text must not leave
│   │   └── FeatureOff              503 feature_off         the kill switch of the feature is off
│   └── StoreUnavailable            503 store_unavailable   SQL or vectors cannot be read or written
└── InvalidPromptFile               500 invalid_prompt_file names file, line and hint
"""

from __future__ import annotations


class AnswerloopError(Exception):
    """The root of the tree. `detail` is shown to the caller and never carries member text or secrets.

    `field` names the offending field (dotted path) where there is one; `extra` is rendered into the problem
    document beside `code`.
    """

    status = 500
    code = "internal"
    title = "Something went wrong on our side"
    exit_code = 1

    def __init__(self, detail: str, *, field: str | None = None, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.extra = extra


class InvalidInput(AnswerloopError):
    status, code, title, exit_code = 422, "invalid_input", "The request cannot be worked with", 2


class TooLarge(InvalidInput):
    status, code, title = 413, "too_large", "The request is too large"


class NotSignedIn(AnswerloopError):
    status, code, title = 401, "not_signed_in", "A valid API key or session is needed"


class NotAllowed(AnswerloopError):
    status, code, title = 403, "not_allowed", "This key or person may not do that"


class NotFound(AnswerloopError):
    status, code, title = 404, "not_found", "There is no such thing"


class UnknownSite(NotFound):
    code, title = "unknown_site", "No key and no import has named this site yet"


class Conflict(AnswerloopError):
    status, code, title = 409, "conflict", "The present state does not allow that"


class AlreadyOpen(Conflict):
    code, title, exit_code = "already_open", "Another process holds the vector store", 4


class StaleVersion(AnswerloopError):
    status, code, title = 412, "stale_version", "A newer version exists"


class TooManyRequests(AnswerloopError):
    status, code, title = 429, "too_many_requests", "Too many requests"


class Unavailable(AnswerloopError):
    status, code, title = 503, "unavailable", "A part of the service is not available"


class ModelFilesUnusable(Unavailable):
    code, title, exit_code = "model_files", "Model files are missing or altered", 3


class ModelFailed(Unavailable):
    code, title = "model_failed", "The model gave no usable answer"


class DeadlineExceeded(ModelFailed):
    code, title = "deadline_exceeded", "The model did not answer in time"


class ModelRefused(ModelFailed):
    code, title = "model_refused", "The model refused"


class UnusableReply(ModelFailed):
    code, title = "unusable_reply", "The model's reply does not fit its schema"


class BudgetExhausted(ModelFailed):
    code, title = "budget_exhausted", "The budget for model calls is used up"


class KeptOnMachine(ModelFailed):
    code, title = "kept_on_machine", "The text may not leave this machine"


class FeatureOff(ModelFailed):
    code, title = "feature_off", "This feature is switched off"


class StoreUnavailable(Unavailable):
    code, title = "store_unavailable", "A store cannot be reached"


class InvalidPromptFile(AnswerloopError):
    """A prompt, policy or taxonomy file that cannot be used; says file, line and what to do about it."""

    code, title, exit_code = "invalid_prompt_file", "A prompt file cannot be used", 2

    def __init__(self, path: str, line: int, message: str, hint: str) -> None:
        super().__init__(f"{path}:{line}: {message}. {hint}", file=path, line=line, hint=hint)
