"""An embedding model elsewhere, asked through LiteLLM over a loopback server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import sqlalchemy as sa

from service.clock import system_clock
from service.database import Database
from service.errors import BudgetExhausted, DeadlineExceeded, ModelFailed
from service.models import elsewhere
from service.models.elsewhere import BATCH_TEXTS, EmbedderElsewhere
from service.models.tables import ModelUsageRow
from service.settings import Settings
from tests.models.embedding_server import DIMENSION, EmbeddingServer, vector_of

Make = Callable[..., EmbedderElsewhere]


@pytest.fixture
def embeddings(litellm: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    running = EmbeddingServer()
    monkeypatch.setenv("OPENAI_API_BASE", running.address)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    yield running
    running.stop()


@pytest.fixture
def make(embeddings: EmbeddingServer, database: Database, make_settings: Callable[..., Settings]) -> Iterator[Make]:
    made: list[EmbedderElsewhere] = []

    def one(model: str, **changes: object) -> EmbedderElsewhere:
        made.append(EmbedderElsewhere(f"openai/{model}", make_settings(**changes), database, system_clock))
        return made[-1]

    yield one
    for embedder in made:
        embedder.close()


def unit(text: str) -> np.ndarray:
    vector = np.array(vector_of(text))
    return vector / np.linalg.norm(vector)


def test_vectors_come_in_order_of_length_one_in_batches_and_tell_their_dimension(
    make: Make, embeddings: EmbeddingServer
) -> None:
    embedder = make("words")
    texts = [f"question {n} about raises" for n in range(BATCH_TEXTS * 2 + 5)]
    found = embedder.embed(texts)
    assert found.shape == (len(texts), DIMENSION) and found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    assert found[7] == pytest.approx(unit(texts[7]), abs=1e-5) and found[-1] == pytest.approx(unit(texts[-1]), abs=1e-5)
    assert embeddings.asked["words"] == 3 and embeddings.most["words"] == BATCH_TEXTS
    assert embedder.dimension == DIMENSION and embeddings.asked["words"] == 3
    assert embedder.embed([]).shape == (0, DIMENSION)
    assert make("words").dimension == DIMENSION, "it is found out by asking"


def test_what_identifies_somebody_does_not_leave(make: Make, embeddings: EmbeddingServer) -> None:
    text = "Write to ada.byron@example.org; I told Grace Hopper that I quit."
    make("words").embed([text])
    make("words", pii_strict=True).embed([text])
    plain, strict = embeddings.texts["words"]
    assert "example.org" not in plain and "Grace Hopper" in plain
    assert "example.org" not in strict and "Hopper" not in strict


def test_a_hiccup_is_retried_and_a_broken_model_is_a_failure_not_a_vector(
    make: Make, embeddings: EmbeddingServer
) -> None:
    assert make("flaky").embed(["one"]).shape == (1, DIMENSION)
    assert embeddings.asked["flaky"] == 2
    for model in ("broken", "keyless", "fewer", "zeros", "uneven"):
        with pytest.raises(ModelFailed):
            make(model).embed(["one", "two"])
    assert embeddings.asked["keyless"] == 1, "a wrong key is not asked again"


def test_a_model_that_keeps_failing_is_left_alone(make: Make, embeddings: EmbeddingServer) -> None:
    embedder = make("broken")
    for _ in range(4):
        with pytest.raises(ModelFailed):
            embedder.embed(["one"])
    assert embeddings.asked["broken"] == 5


def test_the_deadline_holds(make: Make) -> None:
    begin = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        make("slow", embed_deadline_s=0.5).embed(["one"])
    assert time.monotonic() - begin < 2.5


def test_a_text_that_is_too_long_for_the_model_is_halved_and_nothing_of_it_is_dropped(
    make: Make, embeddings: EmbeddingServer
) -> None:
    words = [f"w{n:04d}" for n in range(120)]
    found = make("short").embed([" ".join(words), "brief"])
    assert found.shape == (2, DIMENSION)
    assert found[1] == pytest.approx(unit("brief"), abs=1e-5)
    read = "".join(text for text in embeddings.texts["short"] if text != "brief")
    assert read == " ".join(words)
    assert float(found[0] @ unit(" ".join(words))) > 0.95


def test_no_text_is_longer_than_is_counted(make: Make) -> None:
    embedder = make("words")
    assert embedder.count_tokens("职业发展" * 10) >= 40
    assert embedder.count_tokens("a raise") >= 3


def test_each_request_is_in_the_ledger_and_a_budget_without_a_price_asks_nothing(
    make: Make, embeddings: EmbeddingServer, database: Database
) -> None:
    make("words").embed(["one", "two"])
    with database.read() as session:
        rows = list(
            session.execute(sa.select(ModelUsageRow.feature, ModelUsageRow.outcome, ModelUsageRow.input_tokens))
        )
    assert rows == [("embed", "ok", 10)]
    with pytest.raises(BudgetExhausted):
        make("words", daily_budget_usd=1.0).embed(["three"])
    assert embeddings.asked["words"] == 1


def test_batches_are_bounded_by_tokens_as_well() -> None:
    sizes = [len(batch) for batch in elsewhere._batches(["x" * 9_000] * 5)]
    assert sum(sizes) == 5 and max(sizes) == 2
