"""Posts in other languages word by word in English, for the tagger."""

from __future__ import annotations

import pytest

from service.intake.glossary import FOLDER, LANGUAGES, LONGEST, Glossary, _plain, glossary_of, in_english
from service.intake.normalise import ReadablePost, normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.models.embedder import BundledEmbedder
from service.tagging.example import example_in_english, example_of, stem
from service.tagging.names import NameFinder
from service.tagging.taxonomy import load_taxonomy, newest_taxonomy
from tests.furnished import ROOT


def readable(title: str, body: str, lang: str | None = None) -> ReadablePost:
    """A member's post as readers see it."""
    return normalise(NewPost(site="acme", external_id="1", title=title, body=body, lang=lang))


MADE = Glossary(
    words={"jefe": "boss", "面试": "interview", "我": "i", "去": "go"},
    stems={"despid": "laid off", "des": "un"},
    expressions={"puesto": [(["puesto", "de", "trab*"], "job position"), (["puesto", "de"], "post of")]},
    longest=2,
)


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Jefe", "boss"),
        ("despidieron", "laid off"),
        ("puesto de trabajo", "job position"),
        ("puesto de jefe", "post of boss"),
        ("puesto", "puesto"),
        ("Kubernetes 2024", "kubernetes 2024"),
        ("我去面試", "i go interview"),
        ("我跑面试", "i interview"),
        ("", ""),
    ],
)
def test_the_longest_form_that_matches_is_told_and_what_no_line_knows_stays(text: str, english: str) -> None:
    assert MADE.english(text) == english


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_every_line_is_a_form_and_its_english_and_no_form_stands_twice(lang: str) -> None:
    lines = (FOLDER / f"{lang}.txt").read_text("utf-8").strip("\n").split("\n")
    forms = [line.split("\t")[0] for line in lines]
    assert len(lines) > 1_500 and all(line.count("\t") == 1 for line in lines)
    assert len({_plain(form) for form in forms}) == len(forms) and all(form == form.lower() for form in forms)
    assert glossary_of(lang).english(forms[0].rstrip("*"))


@pytest.mark.parametrize(
    ("lang", "text", "word"),
    [
        ("es", "¿Cómo pido un ascenso si mi jefe no me escucha?", "boss"),
        ("pt", "Fui demitido e não sei como contar na entrevista", "interview"),
        ("fr", "J'ai demandé une augmentation à mon chef", "boss"),
        ("de", "Mein Chef lehnt die Gehaltserhöhung ab", "boss"),
        ("it", "Il mio capo non mi concede l'aumento", "boss"),
        ("pl", "Szef odmówił mi podwyżki i myślę o zmianie pracy", "boss"),
        ("ru", "Начальник отказал в повышении, думаю уволиться", "boss"),
        ("zh", "老闆說我面試表現不好", "interview"),
        ("hi", "मेरा मैनेजर मेरी सैलरी नहीं बढ़ा रहा", "salary"),
    ],
)
def test_each_language_is_told_in_english(lang: str, text: str, word: str) -> None:
    found = in_english(readable(text, text, lang))
    assert found is not None and word in found.body.text.split()


def test_english_and_languages_without_a_glossary_are_read_as_they_are(embedder: BundledEmbedder) -> None:
    post = readable("Asking for a rise", "My boss says wait until spring. How long is normal?")
    assert (
        in_english(post) is None
        and in_english(readable("昇進の相談", "上司に昇進を断られました。どう話せばいいですか。")) is None
    )
    path = newest_taxonomy(ROOT / "prompts" / "taxonomy", "tech-career")
    assert path is not None
    names, embedded = NameFinder(load_taxonomy(path)), embed_post(post, embedder)
    read = example_in_english(post, embedded, names, lambda _post: pytest.fail("nothing is embedded twice"))
    assert read.terms == example_of(post, embedded, names).terms


def test_a_spanish_post_has_english_terms_and_the_names_of_both(embedder: BundledEmbedder) -> None:
    path = newest_taxonomy(ROOT / "prompts" / "taxonomy", "tech-career")
    assert path is not None
    names = NameFinder(load_taxonomy(path))
    post = readable(
        "Mi jefe y el ascenso", "Mi jefe dice que el ascenso llegará cuando termine la entrevista con Kubernetes."
    )
    read = example_in_english(post, embed_post(post, embedder), names, lambda p: embed_post(p, embedder))
    assert {stem(word) for word in ("boss", "promotion", "interview", "kubernetes")} <= read.stems
    assert {stem("boss"), stem("promotion")} <= read.title_stems
    assert "promotion" in read.named


def test_no_more_than_the_beginning_of_a_long_field_is_told() -> None:
    post = readable("Hola", "jefe " * 10_000, "es")
    found = in_english(post)
    assert found is not None and len(found.body.text) <= LONGEST + 10
