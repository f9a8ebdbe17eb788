"""The dashboard in Chromium: start a run, watch it, answer it, look into a changed cell; values that are hostile."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from state.alerts import AlertRule, AlertSettings, Severity
from tools.alerts.evaluate import evaluate
from tools.database.open import open_database

WAITS = 120_000  # milliseconds, on a machine that does much else
OPS = "ops-has-a-long-token"
PICTURES = os.environ.get("MILLWRIGHT_PICTURES")  # a folder: the screenshots of docs/ are made anew there


@pytest.fixture(scope="module")
def page(server: Any, chromium: Any) -> Iterator[Any]:
    """A page of a browser that is logged in; what it says on its console is kept."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: page.faults.append(asked.url) if not asked.url.startswith(server.url) else None)
    page.goto(f"{server.url}/dashboard")
    assert page.url.startswith(f"{server.url}/dashboard/login")
    page.fill("#token", OPS)
    page.press("#token", "Enter")
    page.wait_for_url(f"{server.url}/dashboard")
    yield page
    context.close()


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


def nothing_was_run(page: Any) -> None:
    assert page.title() != "owned"
    assert page.faults == []
    assert page.locator("main script, main img").count() == 0


@pytest.fixture(scope="module")
def run(page: Any, server: Any) -> str:
    """A run that was started, watched and answered on the pages; its address."""
    page.click("text=Start a run")
    page.fill("#contract", "contract.odcs.yaml")
    page.fill("#sources", "input")
    page.fill("#out", "out/browser")
    page.check("input[value=changes]")
    picture(page, "dashboard-runs")
    page.click("form[action$='/runs'] button")
    page.wait_for_url("**/dashboard/runs/*")
    address = str(page.url)
    page.wait_for_selector(".asked", timeout=WAITS)  # pushed: nobody loads the page again
    assert page.locator("svg g.good").count() >= 1  # the plan, coloured by state
    assert "notes.points" in page.inner_text("section[aria-labelledby=decided-heading]")  # while the run goes on
    assert "worker-" in page.inner_text("section[aria-labelledby=awards-heading]")
    picture(page, "dashboard-asked")
    while page.locator(".asked").count():
        page.check(".asked input[name=rest][value=accept]")
        page.click(".asked button")
        page.wait_for_selector("text=/Published|In the queue|Running|It waits/")
        page.wait_for_selector(".asked, a:has-text('The whole report')", timeout=WAITS)
    return address


def test_a_run_is_started_watched_and_answered(page: Any, run: str) -> None:
    page.goto(run)
    assert "Published" in page.locator(".verdict").first.inner_text()
    assert page.locator("svg g.good").count() >= 8
    assert page.get_by_role("heading", name="The plan").count() == 1
    picture(page, "dashboard-run")
    nothing_was_run(page)


def test_a_changed_cell_leads_to_its_story(page: Any, run: str) -> None:
    page.goto(run)
    page.get_by_role("link", name="changed cells").first.click()
    page.get_by_role("link", name="cell 1", exact=True).click()
    assert page.url.startswith(run)
    assert "notes" in page.locator("h1").inner_text()
    assert page.locator(".passages li").count() >= 2
    nothing_was_run(page)


def test_markup_script_and_terminal_codes_in_data_are_text(page: Any, run: str) -> None:
    page.goto(f"{run}/rows/quarantine?table=notes")
    text = page.locator("main").inner_text()
    assert "<b>open</b>" in text
    assert "<script>document.title='owned'</script>" in text
    assert "⟨U+001B⟩[31mred" in text
    assert "{{ 7*7 }}" in text
    assert "49" not in page.locator("td.raw", has_text="7*7").first.inner_text()
    nothing_was_run(page)
    page.get_by_role("link", name="row 1", exact=True).click()
    nothing_was_run(page)


@pytest.mark.parametrize("path", ["", "/agents", "/alerts", "/health"])
def test_pages_work_at_the_width_of_a_phone(page: Any, server: Any, run: str, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for address in {f"{server.url}/dashboard{path}", run}:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.get_by_role("navigation", name="Pages").is_visible()
    picture(page, "dashboard-phone")
    page.set_viewport_size({"width": 1280, "height": 900})
    nothing_was_run(page)


def test_every_field_and_button_has_a_name_and_the_keyboard_reaches_the_content(page: Any, server: Any) -> None:
    page.goto(f"{server.url}/dashboard")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    named = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
        .filter(each => !each.labels?.length && !each.ariaLabel && !each.textContent.trim()).length"""
    assert page.evaluate(named) == 0
    assert page.locator("h1").count() == 1


def test_a_login_that_fails_says_so(server: Any, chromium: Any) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/dashboard/runs/x")
    page.fill("#token", "wrong")
    page.click("button")
    assert re.search("not known", page.locator("[role=alert]").inner_text())
    context.close()


def test_an_alert_is_seen_and_acknowledged(page: Any, server: Any, run: str) -> None:
    rule = AlertRule(name="aside", figure="quarantine_share", threshold=0.01, severity=Severity.CRITICAL)
    with open_database(server.folder / ".millwright", "") as database:
        moved = evaluate(database, AlertSettings(rules=(rule,)), (), datetime.now(UTC))
    assert "aside" in [one.alert.rule for one in moved]
    page.goto(f"{server.url}/dashboard")
    assert "Alert aside" in page.locator("main").inner_text()
    page.get_by_role("link", name="Alerts").click()
    picture(page, "dashboard-alerts")
    page.get_by_role("button", name="acknowledge aside").click()
    page.wait_for_load_state()
    assert "acknowledged by ops" in page.locator("tr", has_text="aside").first.inner_text()
    assert page.locator(".told li", has_text="aside").count() >= 2
    nothing_was_run(page)
