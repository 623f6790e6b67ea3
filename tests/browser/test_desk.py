"""A mentor's work in a real browser: by mouse, by keyboard alone, without JavaScript, offline, and after the browser was killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from service.drafting import repository as drafts
from tests.browser.conftest import ARGUMENTS, AXE, overflow, problems, sign_in
from tests.browser.drafts import ASKED, put_draft, put_hostile_draft, put_threads


@pytest.fixture(scope="module")
def desk(site: Any) -> Iterator[Any]:
    """The served community with something to rest answers on."""
    put_threads(site)
    yield site


def taken(chromium: Any, desk: Any, draft: str, **options: Any) -> Any:
    """A mentor's browser on a draft that the mentor took."""
    page = sign_in(chromium, desk, "mentor", **options)
    page.goto(f"{desk.address}/desk/{draft}")
    page.get_by_role("button", name="Take it").click()
    page.get_by_role("button", name="Hand back").wait_for()
    return page


def stored(desk: Any, draft: str) -> dict[str, Any]:
    """The draft as the service has it."""
    return dict(desk.api("GET", f"/v1/desk/drafts/{draft}", "mentor"))


def saved(page: Any) -> None:
    """Wait until the service has what was typed."""
    expect(page.locator("#saved")).to_contain_text("Saved", timeout=15000)


def piece(page: Any, number: int) -> Any:
    """A sentence of the draft by its number."""
    return page.locator(f"#s-{number}")


def test_a_journey_by_mouse(chromium: Any, desk: Any) -> None:
    draft = put_draft(desk, "mouse")
    page = sign_in(chromium, desk, "mentor")
    page.goto(f"{desk.address}/desk")
    page.get_by_label("Order").select_option("newest first")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name=ASKED).first.click()
    page.get_by_role("button", name="Take it").click()
    piece(page, 1).get_by_role("textbox").click()
    beside = page.locator("#beside section:visible")
    expect(beside).to_have_count(1)
    assert beside.locator("mark").inner_text() == "Ask once, in writing"
    assert (
        "noor-k" in beside.inner_text()
        and "2025-02-03" in beside.inner_text()
        and "Perhaps against it" in beside.inner_text()
    )
    assert "Most companies add ten per cent" not in page.locator("main").inner_text()
    page.get_by_text("dropped by the check").click()
    assert page.locator("s", has_text="Most companies").is_visible()
    piece(page, 2).get_by_label("Keep").check()
    piece(page, 3).get_by_role("textbox").fill("Once you have signed, ask for an early review instead.")
    expect(piece(page, 3).get_by_label("Change")).to_be_checked()
    piece(page, 4).get_by_label("Cut").check()
    expect(page.locator("#blockers")).to_have_text("Nothing stands in the way.", timeout=15000)
    page.get_by_text("Everything that was found").click()
    page.get_by_role("button", name="Take in: Call the recruiter").click()
    page.get_by_text("Taken in, at the end.").wait_for()
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("Published here, but no site was told").wait_for()
    end = stored(desk, draft)["end"]
    assert {name: end["measures"][name] for name in ("kept", "changed", "cut", "added")} == {
        "kept": 2, "changed": 1, "cut": 1, "added": 1,
    }  # fmt: skip
    assert {s["author"] for s in end["ai_assisted"]["sources"]} == {"noor-k", "ines-m", "piet-v"}
    page.goto(f"{desk.address}/desk")
    assert "published" in page.locator(".figures").inner_text()
    page.context.close()


def test_a_journey_by_keyboard_alone(chromium: Any, desk: Any) -> None:
    draft = put_draft(desk, "keyboard")
    page = sign_in(chromium, desk, "mentor")
    page.goto(f"{desk.address}/desk")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/{draft}")
    page.keyboard.press("t")
    page.get_by_role("button", name="Hand back").wait_for()
    page.keyboard.press("j")
    expect(page.locator("#src-1")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("y")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("Later, ask for an early review.")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.keyboard.type("I have done this twice.")
    page.keyboard.press("Escape")
    expect(page.locator("#blockers")).to_have_text("Nothing stands in the way.", timeout=15000)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    page.get_by_text("Published here, but no site was told").wait_for()
    text = stored(desk, draft)["text"]
    assert text.endswith("Later, ask for an early review.\n\nI have done this twice.") and "rarely costs" in text
    page.context.close()


def test_a_lost_connection_loses_no_word(chromium: Any, desk: Any) -> None:
    draft = put_draft(desk, "offline")
    page = taken(chromium, desk, draft)
    page.context.set_offline(True)
    piece(page, 1).get_by_role("textbox").fill("Written on a train, in a tunnel.")
    expect(page.locator("#saved")).to_contain_text("Not connected", timeout=15000)
    piece(page, 2).get_by_label("Keep").check()
    assert stored(desk, draft)["revision"] is None
    page.context.set_offline(False)
    saved(page)
    expect(page.locator("#saved")).to_contain_text("revision", timeout=15000)
    now = stored(desk, draft)
    assert [(p["text"], p["action"]) for p in now["pieces"][:2]] == [
        ("Written on a train, in a tunnel.", "change"), ("A polite question rarely costs anybody an offer.", "keep"),
    ]  # fmt: skip
    page.context.close()


@pytest.mark.parametrize("connected", [True, False])
def test_a_killed_browser_loses_no_word(chromium: Any, desk: Any, tmp_path: Path, connected: bool) -> None:
    draft = put_draft(desk, f"killed-{connected}")
    launch = {"executable_path": chromium_path(), "args": ARGUMENTS, "viewport": {"width": 1200, "height": 800}}
    context = chromium.browser_type.launch_persistent_context(tmp_path, **launch)
    page = context.new_page()
    enter(page, desk, draft)
    page.get_by_role("button", name="Take it").click()
    page.get_by_role("button", name="Hand back").wait_for()
    context.set_offline(not connected)
    area = piece(page, 1).get_by_role("textbox")
    area.press("End")
    area.press_sequentially(" And then I was in the middle of a sen")
    page.wait_for_timeout(250)
    kill(tmp_path)
    again = chromium.browser_type.launch_persistent_context(tmp_path, **launch)
    page = again.new_page()
    enter(page, desk, draft)
    typed = "Ask once, in writing, with one number and one reason. And then I was in the middle of a sen"
    expect(piece(page, 1).get_by_role("textbox")).to_have_value(typed, timeout=15000)
    saved(page)
    assert stored(desk, draft)["pieces"][0]["text"] == typed
    again.close()


def test_what_was_typed_as_one_text_is_offered_in_the_other_view_and_never_written_over(
    chromium: Any, desk: Any, tmp_path: Path
) -> None:
    draft = put_draft(desk, "killed-as-text")
    launch = {"executable_path": chromium_path(), "args": ARGUMENTS, "viewport": {"width": 1200, "height": 800}}
    context = chromium.browser_type.launch_persistent_context(tmp_path, **launch)
    page = context.new_page()
    enter(page, desk, draft)
    page.get_by_role("button", name="Take it").click()
    page.get_by_role("link", name="Edit as one text").click()
    area = page.get_by_label("The answer")
    area.wait_for()
    context.set_offline(True)
    area.press("Control+Home")
    area.press_sequentially("Written in the tunnel. ")
    page.wait_for_timeout(250)
    kill(tmp_path)
    again = chromium.browser_type.launch_persistent_context(tmp_path, **launch)
    page = again.new_page()
    enter(page, desk, draft)
    note = page.locator("#kept-here")
    expect(note).to_contain_text("What you wrote as one text", timeout=15000)
    piece(page, 1).get_by_role("textbox").fill("Ask once, kindly.")
    saved(page)
    page.reload()
    expect(note).to_contain_text("What you wrote as one text", timeout=15000)
    note.get_by_role("button", name="Show it").click()
    assert note.get_by_role("textbox").input_value().startswith("Written in the tunnel. Ask once, in writing")
    note.get_by_role("button", name="Open as one text").click()
    page.wait_for_url("**as=text")
    expect(note).to_contain_text("the draft has changed since", timeout=15000)
    page.get_by_label("The answer").press_sequentially("More. ")
    saved(page)
    note.get_by_role("button", name="Put it back").click()
    expect(page.get_by_label("The answer")).to_have_value(re.compile("^Written in the tunnel."))
    expect(note).to_be_hidden()
    expect(page.locator("#saved")).to_contain_text("revision 3", timeout=15000)
    assert stored(desk, draft)["text"].startswith("Written in the tunnel. Ask once, in writing")
    page.goto(f"{desk.address}/desk/{draft}")
    page.wait_for_timeout(300)
    expect(note).to_be_hidden()
    again.close()


def chromium_path() -> str | None:
    """The system's Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def enter(page: Any, desk: Any, draft: str) -> None:
    """Sign in where needed and open the draft."""
    page.set_default_timeout(15000)
    page.goto(f"{desk.address}/desk/{draft}")
    if page.get_by_label("API key").count():
        page.get_by_label("API key").fill(desk.keys["mentor"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/desk**")
        page.goto(f"{desk.address}/desk/{draft}")


def kill(profile: Path) -> None:
    """End the browser that uses this profile at once, as a crash would."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if f"--user-data-dir={profile}" in command and not any(part.startswith("--type=") for part in command):
                os.kill(int(entry.name), signal.SIGKILL)


def test_a_draft_changed_elsewhere_is_told_and_nothing_is_lost(chromium: Any, desk: Any) -> None:
    draft = put_draft(desk, "elsewhere")
    page, other = taken(chromium, desk, draft), sign_in(chromium, desk, "mentor")
    other.goto(f"{desk.address}/desk/{draft}")
    piece(page, 1).get_by_role("textbox").fill("Mine, from the first window.")
    saved(page)
    piece(other, 2).get_by_role("textbox").fill("Mine, from the second window.")
    expect(other.locator("#kept-here")).to_contain_text("has changed since you opened it", timeout=15000)
    other.reload()
    expect(other.locator("#kept-here")).to_contain_text("the draft has changed since")
    other.get_by_role("button", name="Put it back").click()
    saved(other)
    expect(piece(other, 2).get_by_role("textbox")).to_have_value("Mine, from the second window.")
    made = desk.api("GET", f"/v1/drafts/{draft}/revisions", "mentor")["data"]
    assert any("first window" in r["text"] for r in made)
    page.context.close()
    other.context.close()


def test_the_whole_is_edited_as_one_text(chromium: Any, desk: Any) -> None:
    draft = put_draft(desk, "one-text")
    page = taken(chromium, desk, draft)
    page.get_by_role("link", name="Edit as one text").click()
    area = page.get_by_label("The answer")
    area.fill("Congratulations first of all.\n\nAsk once, in writing, with one number and one reason.")
    saved(page)
    acts = {p["id"]: p["action"] for p in stored(desk, draft)["pieces"]}
    assert acts == {"own-1": "add", "s1": None, "s2": "cut", "s3": "cut", "s4": "cut"}
    page.context.close()


def test_sentences_appear_while_they_are_written(chromium: Any, desk: Any) -> None:
    asked = desk.api(
        "POST",
        "/v1/posts",
        "site",
        {"site": "acme", "external_id": "live", "title": ASKED, "body": "When?", "draft": "async"},
    )
    draft = asked["draft"]["id"]
    page = sign_in(chromium, desk, "mentor")
    page.goto(f"{desk.address}/desk/{draft}")
    with desk.stations.database.write() as session:
        drafts.add_event(session, draft, "sentence", {"text": "A first sentence <b>of it</b>."})
    expect(page.locator("[data-live] li")).to_have_text("A first sentence <b>of it</b>.", timeout=15000)
    desk.stations.deep_lane.write_draft(draft)
    page.get_by_role("heading", name="The draft").wait_for(timeout=15000)
    page.context.close()


def test_without_javascript_a_draft_is_read_edited_and_published(chromium: Any, desk: Any) -> None:
    draft = put_draft(desk, "plain")
    page = taken(chromium, desk, draft, java_script_enabled=False)
    assert page.locator("#beside mark").first.inner_text() == "Ask once, in writing"
    piece(page, 1).get_by_role("textbox").fill("Ask once.")
    piece(page, 2).get_by_label("Keep").check()
    piece(page, 3).get_by_label("Cut").check()
    page.get_by_role("button", name="Publish").click()
    assert "resolve these before publishing: gap" in page.get_by_role("alert").first.inner_text()
    piece(page, 4).get_by_label("Cut").check()
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("Published here, but no site was told").wait_for()
    assert stored(desk, draft)["text"] == "Ask once. A polite question rarely costs anybody an offer."
    page.context.close()


def test_hostile_drafts_are_inert(chromium: Any, desk: Any) -> None:
    draft = put_hostile_draft(desk)
    page = taken(chromium, desk, draft, viewport={"width": 360, "height": 740})
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    for path in ("", "?as=text", "/changes"):
        page.goto(f"{desk.address}/desk/{draft}{path}")
        assert page.evaluate("window.hacked") is None and alerts == [], path
        assert page.locator("main script, main svg, main img, main b[id], main a[href^='javascript']").count() == 0, (
            path
        )
        assert overflow(page) <= 0, path
    page.context.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: run `make pages`")
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_can_be_used_by_everybody(chromium: Any, desk: Any, width: int, scheme: str) -> None:
    draft = put_draft(desk, f"axe-{width}-{scheme}")
    page = taken(chromium, desk, draft, viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    found = []
    for path in ("/desk", f"/desk/{draft}", f"/desk/{draft}?as=text", f"/desk/{draft}/changes", "/desk/figures"):
        page.goto(f"{desk.address}{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(details => { details.open = true; })")
        if path.endswith(draft):
            piece(page, 1).get_by_role("textbox").click()
        found += [f"{path} {problem}" for problem in problems(page)]
        if overflow(page) > 0:
            found.append(f"{path} is {overflow(page)} px too wide")
    assert found == []
    page.context.close()


def test_the_first_load_is_small_and_nothing_jumps(chromium: Any, desk: Any) -> None:
    draft = put_draft(desk, "small")
    page = taken(chromium, desk, draft)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) window.shift += e.value; }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )  # fmt: skip
    page.reload()
    page.wait_for_timeout(600)
    assert 0 < sum(sizes) <= 120_000
    assert page.evaluate("window.shift") < 0.01
    page.context.close()
