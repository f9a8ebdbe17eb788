"""Pages: self-contained, readable without colour or script, and no text from data can be anything but text."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.explanation import (
    Bar,
    Command,
    Explanation,
    Fact,
    Grid,
    Judgement,
    Mark,
    Passage,
    Picture,
    PictureLabel,
    PictureNode,
    Section,
)
from state.resolution import Ballot
from state.values import Value
from tools.pages.render import render_page
from tools.pages.visible import exact, visible, visible_lines

VOID = {"meta", "br", "hr", "img", "link", "input", "rect", "path"}
HOSTILE = ("</title><script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "</style></td></table>", "<!--",
           "&lt;", "]]>", "<svg/onload=x>", "\0<b>", "{{ 7 * 7 }}", "{% raw %}", "{0}%s", "\x1b[31m",
           "a\u202eb", "\n")  # fmt: skip
KEPT = {"key", "kind", "mark", "decision_id", "paths", "marks"}


def everything() -> Explanation:
    """An explanation with every kind of part."""
    vote = Ballot(voter="edit", choice="France", confidence=0.5, reason="a typing error")
    silent = Ballot(voter="acronym", choice=None, confidence=0.0, reason="")
    judged = Judgement(
        decision_id="abc", kind="value_resolution", subject="a.b: 'c'", answer="d", decided_by="person", method="m",
        confidence=0.5, reason="r", evidence="e", votes=(vote, silent), fallback="f", note="n",
    )  # fmt: skip
    node = PictureNode(x=0, y=0, width=9, height=9, label="map", state="failed", mark=Mark.BAD, note="n", figure="1 s")
    drawn = Picture(
        width=9, height=9, title="plan", description="words", nodes=(node,), paths=("M0 0L1 1",),
        headings=(PictureLabel(x=0, y=0, text="orders"),),
    )  # fmt: skip
    grids = tuple(
        Grid(
            caption="grid", head=("one", "two", "three"), rows=(("a", "1", "x\ny"), ("b", "", "z")), numeric=(1,),
            raw=(2,), marks=(Mark.GOOD, Mark.BAD), evidence=("abc", ""), more="and 9 more", folded=folded,
        )
        for folded in (True, False)
    )  # fmt: skip
    passages = (
        Passage(title="t", text="x", mark=Mark.WARN, before=" b", after=None, changed=True),
        Passage(title="u", before="only"),
    )
    section = Section(
        key="all", title="All", lead=("lead",), facts=(Fact(label="l", value="v", note="n"),), passages=passages,
        points=passages, grids=grids, judgements=(judged,), bars=(Bar(label="b", seconds=1, share=0.5, note="n"),),
        picture=drawn, code="select 1\nfrom t", commands=(Command(line="run", purpose="why"),),
    )  # fmt: skip
    return Explanation(
        run_id="r1", kind="run", title="title", verdict="verdict", mark=Mark.BAD, figures=(Fact(label="f", value="1"),),
        about=(Fact(label="run", value="r1"),), sections=(section, Section(key="more", title="More", lead=("l",))),
        untold=("untold",),
    )  # fmt: skip


class Page(HTMLParser):
    """The text and the shape of a page; a tag that closes none is an error."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def values(self, *names: str) -> list[str]:
        return [value or "" for _, attributes in self.tags for name, value in attributes if name in names]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(name for name, _ in attributes)) for tag, attributes in self.tags]


def parse(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


def everywhere(value: Any, text: str) -> Any:
    """Return the explanation with `text` behind every string in it that is shown."""
    if isinstance(value, Value):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        changed = {name: item if name in KEPT else everywhere(item, text) for name, item in fields.items()}
        if isinstance(value, Grid):
            changed["evidence"] = value.evidence
        return type(value).model_construct(**changed)
    if isinstance(value, tuple):
        return tuple(everywhere(item, text) for item in value)
    return value + text if isinstance(value, str) and value else value


PLAIN = parse(render_page(everything()))


def assert_whole(page: Page) -> None:
    """Every id is one, everything pointed to is there, and nothing is fetched or run."""
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    pointed = [target.removeprefix("#") for target in page.values("href")]
    pointed += [part for value in page.values("aria-labelledby", "aria-describedby") for part in value.split()]
    pointed += [value[5:-1] for value in page.values("marker-end")]
    assert pointed
    assert [target for target in pointed if target not in ids] == []
    assert all(target.startswith("#") for target in page.values("href"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not page.values("src", "onload", "onclick", "style")


def test_every_part_is_shown_and_every_link_leads_somewhere() -> None:
    assert_whole(PLAIN)
    shown = " ".join(PLAIN.text)
    for word in ("verdict", "lead", "abstained".capitalize(), "a typing error", "person", "and 9 more", "untold",
                 "select 1\nfrom t", "nothing", "␣b", "decided by person", "0.50"):  # fmt: skip
        assert word in shown, word


def test_marks_are_signs_and_words_not_only_colours() -> None:
    text = "".join(PLAIN.text)
    assert "✕" in text
    assert "✓" in text
    assert "failed" in text


def test_tables_have_captions_and_headers_with_a_scope() -> None:
    tags = [tag for tag, _ in PLAIN.tags]
    assert tags.count("caption") == tags.count("table") > 0
    assert all(dict(attributes).get("scope") in ("col", "row") for tag, attributes in PLAIN.tags if tag == "th")
    assert {"main", "nav", "header", "footer"} <= set(tags)
    assert tags.count("h1") == 1
    assert ("lang", "en") in dict(PLAIN.tags)["html"]
    assert PLAIN.values("href")[0] == "#main"


@settings(deadline=None)
@given(st.sampled_from(HOSTILE) | st.text(st.sampled_from("<>&\"'/=!-\x00 \n a1ü\u202e\x1b{}%"), max_size=20))
def test_hostile_text_in_every_string_changes_no_tag(text: str) -> None:
    page = parse(render_page(everywhere(everything(), text)))
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in PLAIN.tags}
    if "\n" not in text:  # a line break in an example begins another line, in a span of its own
        assert page.shape == PLAIN.shape
    assert_whole(page)


@pytest.mark.parametrize("text", ['<b>bold & "quoted"</b>', "'&amp;'", "{{ 1 }}"])
def test_text_is_shown_as_it_is(text: str) -> None:
    shown = " ".join(parse(render_page(everywhere(everything(), text))).text)
    for word in ("verdict", "lead", "grid", "one", "untold", "why", "from t", "orders", "a.b: 'c'", "a typing error"):
        assert word + text in shown, word


def test_characters_that_cannot_be_seen_are_spelt_out() -> None:
    text = "a\u202eb\u2066\x1b[31m\x07\u200b\x85"
    page = render_page(everywhere(everything(), text))
    assert not {"\u202e", "\u2066", "\x1b", "\x07", "\u200b", "\x85"} & set(page)
    assert "a⟨U+202E⟩b⟨U+2066⟩⟨U+001B⟩[31m⟨U+0007⟩⟨U+200B⟩⟨U+0085⟩" in page


def test_a_decision_that_is_not_on_the_page_is_no_link() -> None:
    told = everything()
    section = told.sections[0].model_copy(update={"judgements": ()})
    page = parse(render_page(told.model_copy(update={"sections": (section,)})))
    assert_whole(page)
    assert "#d-abc" not in page.values("href")
    assert "abc" in " ".join(page.text)


@given(st.text())
def test_visible_text_is_printable_and_printable_text_stays(text: str) -> None:
    assert visible(text).isprintable()
    if text.isprintable() and len(text) <= 400:
        assert visible(text) == text


def test_long_text_is_cut_and_its_length_told() -> None:
    assert visible("x" * 1234, 10) == "x" * 10 + "… (1,234 characters)"
    assert len(visible_lines("select 1\n" * 100_000)) < 10_000


@given(st.text(" a", max_size=6))
def test_blanks_at_the_ends_are_shown_and_none_is_lost(text: str) -> None:
    shown = exact(text)
    assert shown.replace("␣", " ") == text
    assert not shown.startswith(" ")
    assert not shown.endswith(" ")


def test_a_letter_with_its_mark_behind_it_is_told_from_the_composed_one() -> None:
    assert exact("Rene\u0301") == "Rene⟨U+0301⟩"
    assert exact("Ren\u00e9") == "Ren\u00e9"
