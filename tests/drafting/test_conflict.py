from __future__ import annotations

from typing import Any

import pytest

from service.drafting.conflict import relation

PAIRS = [
    ("Should I take the counter offer?", "Take the counter offer if the money was the only reason; get the new title in writing first.",
     "Don't take the counter offer. In a year you will be looking again and they will know it.", "conflict"),
    ("Manager role or stay an engineer?", "Stay on the technical track for two more years, you can always change later.",
     "Leave the technical track now; the chance to lead does not come twice.", "conflict"),
    ("Do I tell my boss about burnout?", "Tell your manager this week and name the one thing that has to go.",
     "I wouldn't tell your manager anything about your health. Talk to a doctor and take the leave.", "conflict"),
    ("Contest my rating?", "Appeal it in writing, dry, two columns: claim and evidence.",
     "Don't appeal. You would spend the standing you need in the spring.", "conflict"),
    ("How to ask for a raise?", "Ask once, in writing, with one number and one reason.",
     "Put your number and the reason for it into a short mail and ask a single time.", "agree"),
    ("How do I get visible?", "Write down what changed for the people who use your work and show it in the demo.",
     "Demo your work every second Friday and say what it changed for the teams that use it.", "agree"),
    ("Feeling lost in a new job", "Ask for one named person you may bother with questions in the first month.",
     "Get one colleague named as the person for your questions, for the first four weeks.", "agree"),
    ("Should I do a PhD?", "Talk to three people who finished one and ask what they would do again.",
     "The stipend in our city covered rent and little else, so look at the money first.", "unrelated"),
    ("Switching to data engineering", "Rewrite the first line of your CV so that it names what you automated.",
     "On-call in data teams is quieter than in web teams, in my experience.", "unrelated"),
    ("Remote job abroad", "A tax adviser costs 300 euros and saves you a year of letters.",
     "Daily stand-ups across nine hours wear you down; agree on two shared hours.", "unrelated"),
]  # fmt: skip


@pytest.mark.parametrize("label", ["agree", "conflict", "unrelated"])
def test_most_pairs_of_each_kind_are_told_apart(embedder: Any, label: str) -> None:
    said = [relation(q, a, b, embedder) for q, a, b, expected in PAIRS if expected == label]
    assert said.count(label) / len(said) >= 2 / 3, said


@pytest.mark.parametrize(("question", "a", "b"), [(q, a, b) for q, a, b, _ in PAIRS])
def test_the_order_of_the_two_answers_does_not_matter(embedder: Any, question: str, a: str, b: str) -> None:
    assert relation(question, a, b, embedder) == relation(question, b, a, embedder)
