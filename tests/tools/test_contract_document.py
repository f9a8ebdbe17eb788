"""The YAML reader takes nothing that is unsafe, and says where the fault is."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.errors import ContractError
from tools.contract.document import MAX_BYTES, read_document


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "contract.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ContractError) as caught:
        read_document(write(folder, text))
    return caught.value.line()


def test_reads_a_mapping_with_the_line_of_every_place(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a: 1\nb:\n  - x\n  - c: 2\n    d: 3\n"))
    assert document.data == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}
    assert [document.line(place) for place in ((), ("a",), ("b", 1), ("b", 1, "d"), ("b", 1, "gone", 4))] == [
        1,
        1,
        4,
        5,
        4,
    ]


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    assert "contract.yaml:3: the file is not valid YAML" in refusal(tmp_path, "a: 1\nb: 2\n c: [\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no YAML mapping"),
        ("- a\n- b\n", "no YAML mapping"),
        ("just text", "no YAML mapping"),
        ("a: 1\n---\nb: 2\n", "single document"),
        ("when: 2022-13-45\n", "not valid YAML"),
        (b"a: \xff\xfe\xfa\n", "not valid YAML"),
        ("a: !!python/object/apply:os.system [true]\n", "could not determine a constructor"),
        ("a: *unknown\n", "undefined alias"),
        ("a: &x [1, *x]\n", "contains itself"),
        ("a: " + "[" * 200_000, "nests deeper"),
        ("a: 1\nb: 2\na: 3\n", "contract.yaml:3: the key 'a' is given twice"),
        ("a:\n  - {b: 1, b: 2}\n", "contract.yaml:2: the key 'b' is given twice"),
    ],
)
def test_refuses_what_is_no_safe_mapping(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert message in refusal(tmp_path, text)


def test_refuses_aliases_that_expand_without_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    assert "expands to more than" in refusal(tmp_path, "\n".join(lines))


def test_ordinary_aliases_and_merge_keys_are_fine(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: *b\n"))
    assert document.data["one"] == {"x": 1, "y": 3}
    assert document.data["two"] == {"x": 1, "y": 2}


def test_refuses_missing_files_folders_and_large_files(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such contract"):
        read_document(tmp_path / "gone.yaml")
    with pytest.raises(ContractError, match="a folder"):
        read_document(tmp_path)
    assert "larger than" in refusal(tmp_path, b"#" * (MAX_BYTES + 1))


@given(st.binary(max_size=60) | st.text(alphabet="ab:-[]{}&*!#\"' \n\t|>?,<%", max_size=60).map(str.encode))
def test_any_bytes_give_a_mapping_or_a_contract_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = write(tmp_path_factory.getbasetemp(), content)
    with suppress(ContractError):
        assert isinstance(read_document(path).data, dict)
