from __future__ import annotations

from service.desk.revision import SentenceEdit, as_text
from service.desk.withdrawing import Saved, without
from service.drafting.draft import Sentence, Source

QUOTE = "Write down what changed. Ask two people outside the team."
SOURCE = Source(passage_id="p1", thread_id="t1", quote=QUOTE, author="noor")
GONE = Sentence(
    id="s2", section="agree", text=f"“{QUOTE}” (noor, staff, 2026)", grounding="supported", sources=[SOURCE]
)
STAYS = Sentence(id="s1", section="answer", text="It takes time.", grounding="judgement")
ORDER = ["s1", "s2"]


def left(text: str, *edits: SentenceEdit) -> Saved:
    return without(Saved(text, list(edits)), [GONE], ORDER, [])


def test_the_sentence_goes_with_its_heading_and_the_rest_stays() -> None:
    text = as_text([STAYS.model_dump(), GONE.model_dump()])
    assert QUOTE in text and left(text).text == "It takes time."


def test_one_part_of_a_quotation_goes_too_whatever_the_space_in_it() -> None:
    assert left("I would\n“Ask two  people\noutside the team.” today, alone.").text == "I would\n today, alone."


def test_a_sentence_that_was_changed_becomes_the_mentors_own_in_its_place() -> None:
    change = SentenceEdit(id="s2", action="change", text=f"Mine: “{QUOTE}” and more.")
    after = SentenceEdit(id="own-1", action="add", text="Last.", after="s2")
    saved = left("", change, after)
    assert [(e.id, e.action, e.text, e.after) for e in saved.edits] == [
        ("s2", "add", "Mine: and more.", "s1"), ("own-1", "add", "Last.", "s1"),
    ]  # fmt: skip
    assert as_text([STAYS.model_dump()], saved.edits) == "It takes time. Mine: and more. Last."


def test_what_was_only_kept_or_cut_is_named_no_more() -> None:
    edits = [SentenceEdit(id="s2", action="keep", text=GONE.text), SentenceEdit(id="s1", action="cut")]
    assert [e.id for e in left("", *edits).edits] == ["s1"]


def test_a_text_that_holds_nothing_of_it_stays_letter_for_letter() -> None:
    text = "  Mine.\n\n\n\n- \n"
    assert left(text).text == text
