"""What a site's tagger is learned from, with which vocabulary, and that a plain installation can learn it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from service.cli_tags import app
from service.clock import new_id
from service.corpus import repository as corpus
from service.corpus.thread import Answer, Thread
from service.database import Database, sqlite_url
from service.feedback import sample_weights
from service.feedback.tables import OutcomeRow
from service.intake import repository as posts
from service.intake.post import Author, NewPost
from service.intake.tables import PostRow
from service.models.embedder import BundledEmbedder
from service.settings import Settings
from service.tagging import versions
from service.tagging.fit_site import Production, fit_texts, read_labelled, texts_of, vocabulary_of
from service.tagging.names import NameFinder
from service.tagging.reader import TagReader
from service.tagging.tables import TaggerRow
from service.tagging.taxonomy import Taxonomy
from tests.furnished import MODELS, ROOT
from tests.tagging.test_tagger import NOW, TINY, texts

FITS_WITH = {"scikit-learn": "sklearn", "scipy": "scipy"}


def put(session: object, name: str, author: str | None, answerer: str = "m") -> None:
    thread = Thread(
        title=f"About {name}", body="How is it made?", tags=["bread"], created_at=NOW,
        author=Author(id=author) if author else None,
        answers=[Answer(external_id="a1", body=f"Said by {answerer}.", author=Author(id=answerer))],
    )  # fmt: skip
    corpus.put_thread(session, "kitchen", name, thread, NOW)  # type: ignore[arg-type]


def post(session: object, author: str) -> None:
    sent = NewPost(site="kitchen", external_id=author, title=f"Post of {author}", body="?", author=Author(id=author))
    kept = posts.keep(session, sent, "en", NOW)  # type: ignore[arg-type]
    posts.keep_tags(session, kept.post.id, ["bread"], "author", NOW)  # type: ignore[arg-type]


def fitted(session: object, taxonomy: Taxonomy) -> TaggerRow:
    return versions.add(session, "kitchen", taxonomy, b"", "x", {}, None, NOW)  # type: ignore[arg-type]


def test_what_an_author_wrote_who_opted_out_teaches_nothing(database: Database) -> None:
    with database.write() as session:
        put(session, "t-in", "ada")
        put(session, "t-unnamed", None)
        put(session, "t-out", "bob", answerer="ada")
        put(session, "t-answered-by-bob", "cleo", answerer="bob")
        post(session, "ada")
        post(session, "bob")
        corpus.set_reuse(session, "kitchen", "bob", "opted_out", NOW)
        corpus.set_reuse(session, "elsewhere", "ada", "opted_out", NOW)
    with database.read() as session:
        found = texts_of(session, "kitchen", TINY)
    titles = {text.title for text in found}
    assert titles == {"About t-in", "About t-unnamed", "About t-answered-by-bob", "Post of ada"}
    assert not any("Said by" in text.body for text in found)


def test_an_author_who_allows_it_again_teaches_again(database: Database) -> None:
    with database.write() as session:
        put(session, "t-out", "bob")
        corpus.set_reuse(session, "kitchen", "bob", "opted_out", NOW)
        corpus.set_reuse(session, "kitchen", "bob", "allowed", NOW)
    with database.read() as session:
        assert len(texts_of(session, "kitchen", TINY)) == 1


def audited(session: object, author: str, kind: str, sampled_with: float | None) -> None:
    """A decision on a post of this author, drawn with this probability."""
    found = session.scalar(sa.select(PostRow.id).where(PostRow.author_id == author))  # type: ignore[attr-defined]
    row = OutcomeRow(
        id=new_id(), kind=kind, cause_id=new_id(), post_id=found, site="kitchen", at=NOW, by="m", assessment_id=None,
        verdict="dismiss", route="publish", flags=[], categories="", suggested_tags=[], kept_tags=None, measures={}, prompts=[],
        slices={}, expected=None, against=None, sampled_with=sampled_with, seconds=None, cost_usd=0.0, withdrawn_at=None,
        erased_at=None,
    )  # fmt: skip
    session.add(row)  # type: ignore[attr-defined]


def test_a_post_of_the_audit_sample_weighs_as_many_as_it_stands_for_and_a_thread_one(database: Database) -> None:
    with database.write() as session:
        put(session, "t", "ada")
        for author, kind, drawn in (("bob", "audit", 0.05), ("cleo", "decision", None)):
            post(session, author)
            session.flush()
            audited(session, author, kind, drawn)
    with database.read() as session:
        found = texts_of(session, "kitchen", TINY, sample_weights.of_site(session, "kitchen"))
    weights = {text.title: text.weight for text in found}
    assert weights == {"About t": 1.0, "Post of bob": pytest.approx(20.0), "Post of cleo": 1.0}


def test_weights_change_what_is_learnt(embedder: BundledEmbedder) -> None:
    """The same words are tagged knives as often as soup: those that stand for many others are heard."""
    said = replace(texts(1)[0], title="Whetstone and ladle", body="sharpening by the stock")
    probabilities = []
    for weight in (1.0, 40.0):
        drawn = [
            replace(said, tags=(tag,), group=f"{tag} {n}", at=NOW - timedelta(hours=n), weight=heard)
            for n in range(12)
            for tag, heard in (("soup", weight), ("knives", 1.0))
        ]
        packed = fit_texts([*drawn, *texts()], TINY, embedder, origin={}).weights
        read = read_labelled(said, NameFinder(TINY), embedder)
        probabilities.append(TagReader.load(packed, TINY).read(read.example)["soup"])
    assert probabilities[0] < 0.7 and probabilities[1] > probabilities[0] + 0.2


def test_only_later_texts_that_are_newer_than_production_are_compared_with_it(embedder: BundledEmbedder) -> None:
    first = fit_texts(texts(), TINY, embedder, origin={})
    assert first.gains == []
    production = Production(TagReader.load(first.weights, TINY), TINY, texts()[139].at)
    again = fit_texts(texts(), TINY, embedder, origin={}, production=production)
    assert len(again.gains) == 10 and all(-1 <= gain <= 0 for gain in again.gains), "production has seen these texts"


def test_the_vocabulary_of_a_site_is_that_of_its_tagger_in_production_else_of_its_newest_fit(
    database: Database,
) -> None:
    newer = TINY.model_copy(update={"version": "1.1.0"})
    with database.write() as session:
        fitted(session, TINY)
        fitted(session, newer)
    with database.write() as session:
        known = vocabulary_of(session, "kitchen")
        assert known is not None and known.version == "1.1.0"
        assert vocabulary_of(session, "elsewhere") is None
        versions.move(session, "kitchen", 1, "x", "first", NOW)
        known = vocabulary_of(session, "kitchen")
        assert known is not None and known.version == "1.0.0"


@pytest.fixture
def command(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Settings, str]]:
    """Runs `answerloop tags …` on a fresh data folder; returns what it says on both outputs."""
    settings = make_settings()
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.chdir(ROOT)
    opened = Database(sqlite_url(settings.data_dir / "answerloop.sqlite3"))
    opened.create_schema()
    with opened.write() as session:
        for number, text in enumerate(texts()):
            asked = text.at - timedelta(days=3_650)
            thread = Thread(title=text.title, body=text.body, tags=list(text.tags), created_at=asked)
            corpus.put_thread(session, "kitchen", f"t{number}", thread, NOW)
        fitted(session, TINY)
    opened.close()

    def run(*arguments: str) -> tuple[Settings, str]:
        return settings, CliRunner().invoke(app, arguments).output

    return run


def test_a_site_keeps_its_vocabulary_when_it_is_fitted_anew(command: Callable[..., tuple[Settings, str]]) -> None:
    settings, said = command("fit", "--site", "kitchen")
    assert "vocabulary: kitchen 1.0.0, 3 tags" in said and "P@1" in said
    assert "version 2 is live at once: kitchen had no tagger of its own in production" in said
    opened = Database(settings.database)
    with opened.read() as session:
        newest = versions.live(session, "kitchen")
        assert newest is not None and newest.taxonomy["name"] == "kitchen" and newest.weights
    opened.close()


def test_a_later_fit_is_a_candidate_and_the_commands_lead_it_to_production(
    command: Callable[..., tuple[Settings, str]],
) -> None:
    command("fit", "--site", "kitchen")
    _, said = command("fit", "--site", "kitchen")
    assert "version 3 is a candidate (unknown: 0 texts are newer than version 2, 30 are needed)" in said
    assert "next: answerloop tags gate 3 --site kitchen, then answerloop tags promote 3 --site kitchen --rea" in said
    assert command("list", "--site", "kitchen")[1].splitlines()[-1] == "production: 2"
    _, said = command("fit", "--site", "kitchen", "--promote")
    assert "production of kitchen: 4" in said and '"verdict": "passed"' in said
    assert command("promote", "2", "--site", "kitchen", "--reason", "back")[1] == "production of kitchen: 2\n"
    shown = command("list", "--site", "kitchen")[1].splitlines()
    assert shown[-1] == "production: 2" and [line.split("\t")[0] for line in shown[:-1]] == ["4", "3", "2", "1"]
    assert shown[0].split("\t")[2:] == [
        "kitchen 1.0.0", "unknown: 0 texts are newer than version 2, 30 are needed", "passed", "",
    ]  # fmt: skip


def test_a_site_without_a_fit_gets_the_shipped_vocabulary(command: Callable[..., tuple[Settings, str]]) -> None:
    _, said = command("fit", "--site", "elsewhere")
    assert "vocabulary: tech-career 1.0.0" in said


def locked(name: str, file: str) -> list[str]:
    found = re.findall(
        rf"^{name}==(\S+).*(?:\n    --hash=sha256:[0-9a-f]{{64}}.*)+", (ROOT / file).read_text("utf-8"), re.M
    )
    return [str(version) for version in found]


@pytest.mark.parametrize("package", FITS_WITH)
def test_a_plain_installation_has_what_a_fit_needs(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert package in project["dependencies"]
    assert locked(package, "requirements.lock")
    assert locked(package, "requirements.lock") == locked(package, "requirements-dev.lock")


def test_the_server_starts_without_what_a_fit_or_a_model_elsewhere_needs(tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to(MODELS)
    asks = (
        "import sys; from service.app import create_app; from service.settings import Settings; create_app(Settings())"
    )
    asks += f"; print([name for name in {[*sorted(FITS_WITH.values()), 'litellm']} if name in sys.modules])"
    environment = {**os.environ, "DATA_DIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", asks], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip().splitlines()[-1] == "[]"
