"""The files of the schema council: what was changed, or is not there, is refused."""

from pathlib import Path

import pytest

from state.errors import StepError
from state.mapping import ColumnMapping, MappingEvidence
from state.mapping_council import PairScore, ScoreSheet
from tools.schema_council import read_answer, read_question, read_sheet_file, write_answer, write_question, write_sheet

SHEET = ScoreSheet(
    member="names:deputy",
    version="1",
    question="q",
    scores=(PairScore(source=0, target=1, aspect="words", score=0.5),),
)
EVIDENCE = MappingEvidence(table="t", variant_id="v", sources=(), targets=())
ANSWER = ColumnMapping(table="t", variant_id="v", matches=(), unmapped_targets=(), unmapped_sources=(), confidence=0.0)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    write_question(tmp_path, "q", EVIDENCE)
    assert read_question(tmp_path, "q") == EVIDENCE
    assert read_sheet_file(tmp_path, "q", "names:deputy", write_sheet(tmp_path, SHEET)) == SHEET
    assert read_answer(*write_answer(tmp_path, "q", ANSWER)) == ANSWER


def test_a_sheet_of_another_seal_is_refused(tmp_path: Path) -> None:
    first = write_sheet(tmp_path, SHEET)
    write_sheet(tmp_path, SHEET.model_copy(update={"scores": ()}))
    with pytest.raises(StepError, match="was changed"):
        read_sheet_file(tmp_path, "q", "names:deputy", first)


def test_what_is_not_there_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="is gone"):
        read_question(tmp_path, "q")
    (tmp_path / "q.json").write_text("{")
    with pytest.raises(StepError, match="cannot be read"):
        read_question(tmp_path, "q")
