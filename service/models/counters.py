"""What the gateway counts for `/metrics`. Labels are features, model ids and outcomes, never anything a member wrote."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

CALLS = Counter(
    "answerloop_model_calls", "Questions put to models, by what came of them", ["feature", "model", "outcome"]
)
RUNGS = Counter("answerloop_model_rungs", "Steps of the structured-output ladder that were used", ["feature", "rung"])
TOKENS = Counter(
    "answerloop_model_tokens", "Tokens sent to and received from models", ["feature", "model", "direction"]
)
COST = Counter("answerloop_model_cost_usd", "Cost of model calls in US dollars", ["feature", "model"])
UNFOUNDED = Counter(
    "answerloop_model_unfounded", "Claims of models that were dropped: their quote is not in the post", ["feature"]
)
SECONDS = Histogram(
    "answerloop_model_seconds",
    "Seconds a question to a model took",
    ["feature", "model"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 20, 60),
)
