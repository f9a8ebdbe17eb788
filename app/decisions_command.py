"""`millwright explain --decisions` and `millwright revoke`: the decision log of a contract."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from algorithms.adoption import verdict
from algorithms.decision_log import fold
from app.render import print_json, shown_path
from app.settings import load_settings
from state.decision_log import Adopted, LogEntry, Proposal, ProposalKind, Revocation, Verdict
from state.errors import SetupError
from tools.contract.read import require_contract
from tools.decision_log.log import adopt
from tools.decision_log.reading import log_folder, read_log
from tools.explain.decision_log import explain_log, verdict_of
from tools.files import write_durably


def explain_decisions(contract: str, *, as_html: bool, as_json: bool) -> int:
    """Print the log of a contract, verified and replayed; 1 where something in it does not hold."""
    home = Path(load_settings().home).absolute()
    reading = read_log(home, _contract_id(home, contract))
    adopted = fold(reading.entries)
    told = explain_log(home, reading, adopted)
    if as_html:
        from tools.pages.render import render_page

        path = log_folder(home, reading.contract) / "decisions.html"
        write_durably(path, render_page(told).encode(errors="backslashreplace"))
        sys.stdout.write(f"{shown_path(path)}\n")
    elif as_json:
        in_force = adopted.model_dump(mode="json")
        print_json({"holds": reading.fault is None, **reading.model_dump(mode="json"), "in_force": in_force})
    else:
        from app.explain_text import print_explanation

        print_explanation(told)
    return 0 if reading.fault is None else 1


def revoke(contract: str, entry: int, reason: str) -> int:
    """Propose that an entry is not in force any more; 1 where the council does not adopt it."""
    settings = load_settings()
    home = Path(settings.home).absolute()
    contract_id = _contract_id(home, contract)
    reading = read_log(home, contract_id)
    if not reading.usable:
        raise SetupError(verdict_of(reading), where=str(log_folder(home, contract_id)), hint="restore the copies")
    revocation = Revocation(revokes=entry, reason=reason)
    proposal = Proposal(kind=ProposalKind.REVOCATION, contract=contract_id, run_id="", revocation=revocation)

    def judge(member: str, proposed: Proposal, entries: Sequence[LogEntry], adopted: Adopted) -> Verdict:
        return verdict(member, proposed, None, entries, adopted)

    rulings = adopt(home, contract_id, [proposal], judge, settings.council_faults, datetime.now(UTC))
    if not rulings:
        raise SetupError(f"entry {entry} is revoked already", hint=f"millwright explain --decisions {contract}")
    (ruling,) = rulings
    refused = [f"{one.member}: {one.reason}" for one in ruling.verdicts if not one.accepts]
    told = f"entry {entry} is revoked by entry {ruling.index}" if ruling.adopted else f"not revoked: {ruling.reason}"
    sys.stdout.write("; ".join([told, *refused]) + "\n")
    return 0 if ruling.adopted else 1


def _contract_id(home: Path, given: str) -> str:
    """Return the id of a contract that is given as a file, or by its id; SetupError where it has no log."""
    if Path(given).is_file():
        return require_contract(Path(given))[0].id
    if not log_folder(home, given).is_dir():
        raise SetupError(f"there is no decision log of {given!r}", where=str(home), hint="give the contract's file")
    return given
