from __future__ import annotations

import pytest

from service.intake.kind import announces
from service.intake.post import NewPost


def kind_of(title: str, **said: str) -> str:
    sent = {"site": "s", "external_id": "1", "title": title, "body": "Ask below."} | said
    return NewPost.model_validate(sent).kind


@pytest.mark.parametrize(
    "title",
    [
        "AMA: I have run releases for nine years", "[AMA] Staff engineer at a bank", "I've organised 90 meetups. AMA",
        "Nurse turned developer, AMA I guess??", "Warehouse person at a hospital group, ask me anything",
        "Ask Me Anything with Noor", "ama thursday 6pm: two failed staff packets", "AMA na quinta-feira: quinze anos",
    ],
)  # fmt: skip
def test_the_title_of_an_ama_announces(title: str) -> None:
    assert announces(title) and kind_of(title) == "announcement"


@pytest.mark.parametrize(
    "title",
    [
        "", "How do I become a captain?", "What should I ask at the CEO's AMA?", "Is an AMA worth preparing for? 🙂",
        "Ama de casa que quiere programar", "Mi jefe no ama su trabajo", "Moving to Panama", "Amazon asked me anything",
    ],
)  # fmt: skip
def test_a_question_about_an_ama_and_the_word_of_another_language_announce_nothing(title: str) -> None:
    assert not announces(title) and kind_of(title) == "question"


@pytest.mark.parametrize("kind", ["question", "discussion", "announcement"])
def test_a_kind_that_was_sent_stands(kind: str) -> None:
    assert kind_of("AMA: nine years of releases", kind=kind) == kind
    assert kind_of("How do I become a captain?", kind=kind) == kind


def test_the_content_is_the_same_whether_the_kind_was_sent_or_said_by_the_title() -> None:
    post = NewPost(site="s", external_id="1", title="AMA: releases")
    assert (
        post.content_digest
        == NewPost(site="s", external_id="1", title="AMA: releases", kind="announcement").content_digest
    )
    assert NewPost.model_validate(post.model_dump()) == post
