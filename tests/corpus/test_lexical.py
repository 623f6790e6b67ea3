from __future__ import annotations

import time

import pytest
from sqlalchemy.orm import Session

from service.corpus import lexical
from service.corpus.passages import AnswerText, ThreadText
from service.database import Database

SITE = "camp"


def put(session: Session, id_: str, title: str, question: str = "", *answers: str) -> None:
    texts = tuple(AnswerText(str(n), text) for n, text in enumerate(answers))
    lexical.index_thread(session, ThreadText(id_, SITE, title, question, texts))


def ids(session: Session, text: str, k: int = 10) -> list[str]:
    return [hit.thread_id for hit in lexical.search(session, SITE, text, k)]


def test_words_are_found_in_title_question_and_answers_in_any_form(database: Database) -> None:
    with database.write() as session:
        put(session, "a", "Negotiating a salary", "I was offered a position.", "Ask twice.")
        put(session, "b", "Broken laptop", "It does not start.", "Negotiate with the vendor.")
        assert ids(session, "negotiations about salaries") == ["a", "b"]
        assert ids(session, "offers") == ["a"]
        assert ids(session, "VENDORS!") == ["b"]
        assert ids(session, "zebra") == []


def test_the_title_weighs_more_and_rarer_words_weigh_more(database: Database) -> None:
    with database.write() as session:
        for number in range(30):
            put(session, f"n{number:02}", "General talk", "Some manager said something to the team.")
        put(session, "t", "The kanban board", "Some talk about the team and a manager.")
        put(session, "q", "Some board", "Some talk about kanban, the team and a manager.")
        assert ids(session, "manager kanban", 2) == ["t", "q"]


def test_replacing_and_removing_leave_nothing_behind(database: Database) -> None:
    with database.write() as session:
        put(session, "a", "Old words", "giraffe")
        put(session, "a", "New words", "elephant")
        assert ids(session, "giraffe") == []
        assert ids(session, "elephant") == ["a"]
        lexical.remove(session, ["a", "nobody"])
        assert ids(session, "elephant") == []
        assert lexical.indexed(session, SITE) == set()


@pytest.mark.parametrize(
    "text",
    [
        "", "the of and", '"', "a AND NOT (b", "x* ^y NEAR(z)", "'; DROP TABLE threads; --", "title:salary", "漢字 🙂",
        "{}:w0 %s", "_ __", "q" * 5000,
    ],
)  # fmt: skip
def test_no_text_breaks_a_search(database: Database, text: str) -> None:
    with database.write() as session:
        put(session, "a", "Salary talk", "x y z")
        assert set(ids(session, text)) <= {"a"}


def test_words_that_all_are_common_are_asked_for_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "POSTINGS", 3)
    with database.write() as session:
        for number in range(6):
            put(session, f"m{number}", "Manager")
            put(session, f"r{number}", "Raise")
        put(session, "both", "Manager and raise")
        assert ids(session, "manager raise") == ["both"]


def test_a_long_text_costs_little_in_many_threads(database: Database) -> None:
    common = " ".join(f"common{n}" for n in range(40))
    with database.write() as session:
        threads = [ThreadText(f"t{n}", SITE, f"Thread rare{n}", common, ()) for n in range(3_000)]
        lexical.index_threads(session, threads)
    with database.read() as session:
        ids(session, f"{common} rare7")
        begun = time.perf_counter()
        assert ids(session, f"{common} rare7")[0] == "t7"
        assert time.perf_counter() - begun < 0.2


def test_words_that_only_another_site_has_push_nothing_out(database: Database) -> None:
    odd = " ".join(f"oddword{n}" for n in range(lexical.WORDS + 4))
    with database.write() as session:
        put(session, "here", "Passed over for promotion")
        for n in range(3):
            put(session, f"also{n}", "A promotion that never came")
        lexical.index_thread(session, ThreadText("there", "elsewhere", "The same question", odd))
    with database.read() as session:
        assert "here" in ids(session, f"Passed over for promotion {odd}")
        assert [hit.thread_id for hit in lexical.search(session, "elsewhere", odd, 10)] == ["there"]
