"""The course of a run as it is told: every thing has its place, and every link leads somewhere."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from graphs.session import run
from state.explanation import Branch, Event, Explanation, Section
from state.run import RunContext
from tools.explain.anchors import anchor
from tools.explain.material import open_material
from tools.explain.run_story import explain_run
from tools.pages.render import render_page

MARKUP = "<b onclick=x>Bob"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, new_job: Callable[[Path], Any]) -> Explanation:
    """A run of the small job in which a worker's first order is lost, a value is markup, and rows are doubtful."""
    job = new_job(tmp_path_factory.mktemp("told"))
    customers = job.sources / "customers.csv"
    customers.write_text(customers.read_text().replace("4,Old,Atlantis", f"4,{MARKUP},<i>Atlantis"))
    context = RunContext(home=str(job.home))
    run(job.contract, [str(job.sources)], job.out, run_id="r1", context=context)
    with open_material(job.out / "_runs" / "r1", None) as material:
        return explain_run(material)


def section(told: Explanation, key: str) -> Section:
    return next(each for each in told.sections if each.key == key)


def below(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        yield node
        yield from below(node.parts)


def test_every_attempt_is_told_with_its_award_bids_messages_and_decisions(told: Explanation) -> None:
    events = section(told, "course").events
    steps = [event for event in events if event.kind == "step"]
    assert {"map:customers", "conform:orders", "derive:totals"} <= {event.title for event in steps}
    formatting = next(event for event in steps if event.title == "format:orders")
    kinds = {part.kind for part in below(formatting.parts)}
    assert {"award", "bid", "message", "decision"} <= kinds
    order, reply = (part for part in formatting.parts if part.kind == "message")
    assert order.title.startswith("executor to worker-")
    assert [link.target for link in reply.links] == [order.anchor]
    votes = [event for event in below(events) if event.kind == "vote"]
    assert votes
    assert [event.kind for event in events[-2:]] == ["check", "publish"]


def test_the_network_tells_the_ways_taken_and_not_taken(told: Explanation) -> None:
    branches: list[Branch] = list(below(section(told, "network").branches))
    assert any(branch.refused for branch in branches)
    leaf = next(branch for branch in branches if branch.title == "conform:orders")
    (way,) = leaf.links
    event: Event = next(each for each in section(told, "course").events if each.anchor == way.target)
    assert event.title == "conform:orders"
    assert leaf.anchor in [link.target for link in event.links]


def test_a_decision_leads_to_its_step_and_a_verdict_to_the_step_that_set_rows_aside(told: Explanation) -> None:
    anchors = {each.anchor for each in below(section(told, "course").events)}
    judgements = [each for part in told.sections for each in part.judgements if each.kind == "value_format"]
    assert judgements
    assert all(link.target in anchors for judgement in judgements for link in judgement.links)
    assert all(judgement.links for judgement in judgements)
    (verified,) = (event for event in section(told, "course").events if event.anchor == "verified")
    rows = {each for grid in section(told, "checks").grids for each in grid.anchors}
    assert all(event.links[0].target in rows for event in verified.parts)


def test_the_timeline_has_a_bar_for_every_attempt(told: Explanation) -> None:
    tracks = section(told, "plan").tracks
    steps = [event for event in section(told, "course").events if event.kind == "step"]
    assert [track.target for track in tracks] == [event.anchor for event in steps]
    assert all(0.0 <= track.begin <= 1.0 and track.begin + track.length <= 1.0 + 1e-9 for track in tracks)


def test_the_page_is_whole_alone_every_link_leads_somewhere_and_no_value_is_markup(told: Explanation) -> None:
    page = render_page(told)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "<script" not in page
    assert "<b onclick" not in page
    assert "<i>Atlantis" not in page
    assert "&lt;i&gt;Atlantis" in page


def test_names_that_look_alike_have_places_of_their_own() -> None:
    assert anchor("step", "map:a_b") != anchor("step", "map:a-b")
    assert re.fullmatch(r"[A-Za-z0-9-]+", anchor("step", 'x"><script>'))


def test_the_page_is_read_on_a_phone_and_by_keyboard(told: Explanation, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (apt-get install chromium): the page is not looked at")
    path = tmp_path / "page.html"
    path.write_text(render_page(told))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 800})
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.locator("#course summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("#course > ol > li > details[open]").count() == 1
        page.locator("#network a").first.focus()
        page.keyboard.press("Enter")
        assert page.locator(":target").count() == 1
        assert page.locator(":target").is_visible()
        browser.close()
