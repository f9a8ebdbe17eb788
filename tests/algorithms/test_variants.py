"""Header variants of files that are read otherwise: every file stays in one, and no id stands for two headers."""

from hypothesis import given
from hypothesis import strategies as st

from algorithms.variants import set_apart
from state.sources import Dialect, Inventory, Reading, SourceFile, Variant

HEADERS = (("a",), ("a", "b"), ("b", "c"))


def file(number: int, header: tuple[str, ...]) -> SourceFile:
    return SourceFile(
        file_id=number, path=f"/{number}", name=f"{number}.csv", sha256="", size=1, text_path=f"/{number}",
        dialect=Dialect(delimiter=","), reading=Reading.FAST, header=header, header_lines=1, lines=2, blank_lines=0,
        longest_line=1,
    )  # fmt: skip


def inventory(headers: list[tuple[str, ...]]) -> Inventory:
    files = tuple(file(number, header) for number, header in enumerate(headers))
    variants = tuple(
        Variant(
            variant_id=f"v{number:03d}",
            columns=header,
            fingerprint="",
            file_ids=tuple(each.file_id for each in files if each.header == header),
            header_forms=1,
        )
        for number, header in enumerate(dict.fromkeys(headers), 1)
    )
    return Inventory(files=files, variants=variants)


@given(
    st.lists(st.sampled_from(HEADERS), min_size=1, max_size=8),
    st.lists(st.dictionaries(st.integers(0, 7), st.sampled_from(HEADERS)), max_size=3),
)
def test_every_file_is_in_the_variant_of_its_header(
    headers: list[tuple[str, ...]], rounds: list[dict[int, tuple[str, ...]]]
) -> None:
    now = inventory(headers)
    for changes in rounds:
        again = [file(number, header) for number, header in changes.items() if number < len(headers)]
        before, now = now, set_apart(now, again)
        assert [v.variant_id for v in now.variants[: len(before.variants)]] == [v.variant_id for v in before.variants]
        assert [v.columns for v in now.variants[: len(before.variants)]] == [v.columns for v in before.variants]
        members = [file_id for variant in now.variants for file_id in variant.file_ids]
        assert sorted(members) == list(range(len(headers)))
        for variant in now.variants:
            assert all(now.files[file_id].header == variant.columns for file_id in variant.file_ids)
            assert tuple(sorted(variant.file_ids)) == variant.file_ids
        assert len({variant.variant_id for variant in now.variants}) == len(now.variants)
        apart = {each.file_id for each in again}
        assert all(set(v.file_ids) <= apart or not set(v.file_ids) & apart for v in now.variants)
