import os
from pathlib import Path

import pytest

from state.errors import SourceError
from tools.sources.find import find_sources


def write(path: Path, text: str = "a\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(*sources: Path | str) -> list[str]:
    return [file.name for file in find_sources([str(source) for source in sources]).files]


def test_a_folder_gives_known_kinds_sorted_with_relative_names(tmp_path: Path) -> None:
    for name in (
        "b.csv",
        "a/z.TSV",
        "a/y.txt.gz",
        "c.xml",
        ".hidden.csv",
        "~$book.xlsx",
        ".git/x.csv",
        "p.psv",
        "t.tab",
    ):
        write(tmp_path / name)
    found = find_sources([str(tmp_path)])
    assert [file.name for file in found.files] == ["a/y.txt.gz", "a/z.TSV", "b.csv", "p.psv", "t.tab"]
    assert found.ignored == (str(tmp_path / "c.xml"),)


def test_a_named_file_and_a_glob_show_the_base_name(tmp_path: Path) -> None:
    write(tmp_path / "in" / "one.dat")
    write(tmp_path / "in" / "deep" / "two.csv")
    assert names(tmp_path / "in" / "one.dat") == ["one.dat"]
    assert names(tmp_path / "in" / "**" / "*.csv") == ["two.csv"]


def test_a_file_whose_name_looks_like_a_glob_is_itself(tmp_path: Path) -> None:
    write(tmp_path / "a[1].csv")
    assert names(tmp_path / "a[1].csv") == ["a[1].csv"]


def test_clashing_names_get_their_parents_in_front(tmp_path: Path) -> None:
    for folder in ("x/jan", "y/jan", "z"):
        write(tmp_path / folder / "data.csv")
    found = names(tmp_path / "z" / "data.csv", tmp_path / "x" / "jan" / "data.csv", tmp_path / "y" / "jan" / "data.csv")
    assert found == ["x/jan/data.csv", "y/jan/data.csv", "z/data.csv"]


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    file = write(tmp_path / "data.csv")
    (tmp_path / "again.csv").symlink_to(file)
    assert names(file, tmp_path, tmp_path / "*.csv") == ["data.csv"]


def test_the_order_of_the_sources_does_not_matter(tmp_path: Path) -> None:
    one, two = write(tmp_path / "b.csv"), write(tmp_path / "a.csv")
    assert names(one, two) == names(two, one) == ["a.csv", "b.csv"]


def test_links_that_lead_outside_are_refused_and_links_inside_are_not(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "secret.csv")
    inside = write(tmp_path / "in" / "a.csv")
    (tmp_path / "in" / "b.csv").symlink_to(inside)
    assert names(tmp_path / "in") == ["a.csv"]
    (tmp_path / "in" / "c.csv").symlink_to(outside)
    with pytest.raises(SourceError, match="link that leads outside"):
        names(tmp_path / "in")
    with pytest.raises(SourceError, match="link that leads outside"):
        names(tmp_path / "in" / "*.csv")


def test_a_linked_folder_that_leads_outside_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "secret.csv")
    write(tmp_path / "in" / "a.csv")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "outside")
    with pytest.raises(SourceError, match="link that leads outside"):
        names(tmp_path / "in")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("missing.csv", "does not exist"),
        ("*.none", "no file matches"),
        ("empty", "no file of a known kind"),
        ("dangling.csv", "missing file"),
        ("pipe", "not a regular file"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_place_and_hint(tmp_path: Path, source: str, what: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match=what) as caught:
        find_sources([str(tmp_path / source)])
    assert source in caught.value.where
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_no_source_at_all_is_an_error() -> None:
    with pytest.raises(SourceError, match="no source"):
        find_sources([])


def test_an_unreadable_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, to whom every file is readable: the refusal is played.
    file = write(tmp_path / "a.csv")

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        find_sources([str(file)])
