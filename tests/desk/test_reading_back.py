"""A text edited as a whole, read back into what was done to each sentence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.desk import blocking
from service.desk.reading_back import read_back
from service.desk.revision import SentenceEdit, as_text, check, pieces

MACHINE = [
    {"id": "s1", "section": "answer", "text": "Ask once, in writing, with one number."},
    {"id": "s2", "section": "answer", "text": "Nobody withdraws an offer over a polite question."},
    {"id": "s3", "section": "agree", "text": "“Call them first.” (piet, senior, 2025)"},
    {"id": "s4", "section": "agree", "text": "“Sleep on it.” (ines, staff, 2024)"},
]
EDIT = st.one_of(
    st.sampled_from(["keep", "cut"]).map(lambda act: (act, "")),
    st.text(min_size=1, max_size=80).filter(str.strip).map(lambda text: ("change", text)),
)


def acts(edits: list[SentenceEdit]) -> dict[str, str]:
    return {edit.id: edit.action for edit in edits}


def test_an_untouched_text_holds_no_edit() -> None:
    assert read_back(as_text(MACHINE), MACHINE) == []


def test_what_was_confirmed_changed_or_cut_before_stays_so() -> None:
    before = [
        SentenceEdit(id="s1", action="keep"), SentenceEdit(id="s2", action="change", text="It is rare to lose one."),
        SentenceEdit(id="s3", action="cut"), SentenceEdit(id="own-1", action="add", text="Good luck.", after="s1"),
    ]  # fmt: skip
    assert acts(read_back(as_text(MACHINE, before), MACHINE, before)) == acts(before)


def test_a_sentence_put_in_other_words_is_changed_and_a_new_one_added_in_its_place() -> None:
    text = as_text(MACHINE).replace("with one number.", "with one number and a reason. Breathe out.")
    edits = read_back(text, MACHINE)
    assert acts(edits) == {"s1": "change", "own-1": "add"}
    assert [edit.after for edit in edits if edit.action == "add"] == ["s1"]
    assert [p.id for p in pieces(MACHINE, edits)][:3] == ["s1", "own-1", "s2"]


def test_a_sentence_taken_out_is_cut_and_a_beginning_stands_first() -> None:
    text = "Hello. " + as_text(MACHINE).replace(MACHINE[1]["text"], "")
    edits = read_back(text, MACHINE)
    assert acts(edits) == {"own-1": "add", "s2": "cut"}
    assert as_text(MACHINE, edits).startswith("Hello.\n\nAsk once")


def test_words_of_ones_own_alone_cut_everything_else() -> None:
    assert acts(read_back("I would rather talk to you.", MACHINE)) == {
        "own-1": "add", "s1": "cut", "s2": "cut", "s3": "cut", "s4": "cut",
    }  # fmt: skip


@given(
    st.lists(EDIT, min_size=4, max_size=4),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=300),
)
def test_whatever_is_written_the_edits_fit_the_draft(done: list[tuple[str, str]], text: str) -> None:
    before = [
        SentenceEdit.model_construct(id=str(s["id"]), action=act, text=said, after=None, passage_id=None)  # type: ignore[arg-type]
        for s, (act, said) in zip(MACHINE, done, strict=True)
    ]
    check(read_back(text, MACHINE, before), MACHINE)


@given(
    st.permutations(["a", "b", "c", "d"]),
    st.lists(st.sampled_from([None, "", "s1", "a", "b", "d", "gone"]), min_size=4, max_size=4),
)
def test_every_added_sentence_stands_somewhere_exactly_once(ids: list[str], after: list[str | None]) -> None:
    edits = [
        SentenceEdit(id=id_, action="add", text=id_, after=place if place != id_ else None)
        for id_, place in zip(ids, after, strict=True)
    ]
    placed = [piece.id for piece in pieces(MACHINE, edits)]
    assert sorted(placed) == sorted([*ids, "s1", "s2", "s3", "s4"])


OPINION = {"id": "s5", "section": "answer", "text": "I think waiting is worse.", "grounding": "judgement"}


def test_a_moved_sentence_is_neither_cut_nor_added_and_an_unconfirmed_opinion_stays_unconfirmed() -> None:
    machine = [*MACHINE[:2], OPINION]
    text = "I think waiting\nis worse. " + as_text(MACHINE[:2])
    assert read_back(text, machine) == []
    found = blocking.blockers(machine, read_back(text, machine), text, stale=False)
    assert [(blocker.kind, blocker.sentence_id) for blocker in found] == [("judgement", "s5")]


def test_an_opinion_cut_in_one_save_and_pasted_elsewhere_in_the_next_is_unconfirmed_again() -> None:
    machine = [OPINION, *MACHINE[:2]]
    cut = read_back(as_text(MACHINE[:2]), machine)
    assert acts(cut) == {"s5": "cut"}
    assert read_back(as_text(MACHINE[:2]) + " I think waiting is worse. Good luck.", machine, cut) == [
        SentenceEdit(id="own-1", action="add", text="Good luck.")
    ]


def test_an_opinion_put_in_other_words_and_back_again_is_unconfirmed_again() -> None:
    changed = [SentenceEdit(id="s5", action="change", text="I think waiting is much, much worse.")]
    assert read_back(as_text([OPINION]), [OPINION], changed) == []


def test_what_was_confirmed_or_taken_from_the_evidence_stays_so_where_it_is_moved_to() -> None:
    before = [
        SentenceEdit(id="s1", action="keep"),
        SentenceEdit(id="own-1", action="add", text="“Ask early.” (noor, manager)", after="s2", passage_id="p1"),
    ]
    text = f"“Ask early.” (noor, manager)\n\n{MACHINE[1]['text']} {MACHINE[0]['text']}"
    edits = {edit.id: edit for edit in read_back(text, MACHINE[:2], before)}
    assert acts(list(edits.values())) == {"s1": "keep", "own-1": "add"}
    assert (edits["own-1"].after, edits["own-1"].passage_id) == ("", "p1")


def test_a_short_sentence_is_not_found_inside_another_word() -> None:
    machine = [
        {"id": "s1", "section": "answer", "text": "Ask"},
        {"id": "s2", "section": "answer", "text": "Write it down."},
    ]
    assert acts(read_back("Write it down. Asking is free.", machine)) == {"own-1": "add", "s1": "cut"}
