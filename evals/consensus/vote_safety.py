"""What must hold of a Byzantine vote, watched from outside: agreement, validity, integrity, naming, bounds."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from algorithms.voting.byzantine import ByzantineVoter
from algorithms.voting.byzantine_group import Played
from state.byzantine import BallotMessage, Deed, SignedBallot, Suspicion
from state.signing import Verifier
from state.values import digest
from state.voting import Motion

_SHARED = frozenset({Deed.EQUIVOCATION, Deed.MALFORMED, Deed.ERRATIC})  # deeds that all see, or nobody


def violation(
    honest: Mapping[int, ByzantineVoter], cast: Mapping[int, Sequence[str]], played: Played, verifier: Verifier
) -> str | None:
    """Return the first property that does not hold, or None; `cast` are the choices of honest voters by round.

    `honest` are voters that do not lie and are not cut off.
    """
    voters = list(honest.values())
    checks = (
        *_agreement(voters),
        *_integrity(honest, cast),
        *_validity(voters, cast),
        *_decisions(voters),
        *_naming(honest, verifier),
        *_deeds(honest, played, verifier),
        *_bounds(voters, played),
    )
    return next((told for told in checks if told), None)


def _agreement(voters: Sequence[ByzantineVoter]) -> Iterator[str]:
    first = voters[0]
    for voter in voters[1:]:
        if voter.result is None or first.result is None:
            yield "termination: a voter has no result"
        elif voter.result.winner != first.result.winner:
            yield f"agreement: {first.result.winner!r} for {first.place}, {voter.result.winner!r} for {voter.place}"
        if voter.boards != first.boards:
            yield f"agreement on ballots: {first.place} and {voter.place} have different boards"
        if _shared(voter.suspicions) != _shared(first.suspicions):
            yield f"agreement on naming: {first.place} and {voter.place} name others"


def _shared(suspicions: Sequence[Suspicion]) -> set[tuple[int, Deed, int]]:
    return {(one.voter, one.deed, one.round) for one in suspicions if one.deed in _SHARED}


def _integrity(honest: Mapping[int, ByzantineVoter], cast: Mapping[int, Sequence[str]]) -> Iterator[str]:
    for voter in honest.values():
        for board in voter.boards:
            for place in honest:
                own = cast[place][board.round - 1 : board.round]
                if own and board.choices.get(place) != own[0]:
                    yield f"integrity: {voter.place} has not the ballot that {place} cast in round {board.round}"
            counted = {place for earlier in voter.boards[: board.round] for place in earlier.equivocators}
            if counted & board.choices.keys():
                yield f"integrity: {voter.place} counts an equivocator in round {board.round}"


def _validity(voters: Sequence[ByzantineVoter], cast: Mapping[int, Sequence[str]]) -> Iterator[str]:
    wanted = {choices[0] for choices in cast.values()}
    if len(wanted) > 1 or "" in wanted or len(cast) < len(voters[0].voters) - voters[0].tolerance:
        return
    for voter in voters:
        result = voter.result
        if result is None or result.winner not in wanted or result.round > 1 or result.fallback:
            yield f"validity: all honest voters want {min(wanted)!r}, {voter.place} has {result and result.winner!r}"


def _decisions(voters: Sequence[ByzantineVoter]) -> Iterator[str]:
    """See that the votes of the last board carry the result, counted anew."""
    for voter in voters:
        result, votes = voter.result, list(voter.boards[-1].choices.values())
        if result is None:
            continue
        strong = [one for one in voter.motion.options if votes.count(one) >= len(voter.voters) - voter.tolerance]
        spoken = [vote for vote in votes if vote]
        simple = [one for one in voter.motion.options if 2 * votes.count(one) > len(spoken)]
        quorum = len(votes) >= voter.motion.rule.quorum * len(voter.voters)
        if strong and (result.winner != strong[0] or result.fallback):
            yield f"counting: {strong[0]!r} has enough votes for {voter.place}, its result is {result.winner!r}"
        if not strong and not result.fallback:
            yield f"fallback: {voter.place} does not say that a simple majority decided"
        if not strong and result.winner != (simple[0] if simple and quorum else None):
            yield f"counting: the majority of {voter.place} is not {result.winner!r}"


def _naming(honest: Mapping[int, ByzantineVoter], verifier: Verifier) -> Iterator[str]:
    """See that no honest voter is named, and that proofs prove."""
    for voter in honest.values():
        for suspicion in voter.suspicions:
            if suspicion.voter in honest:
                yield f"sound naming: {voter.place} names the honest {suspicion.voter} of {suspicion.deed.value}"
            if suspicion.deed is Deed.EQUIVOCATION and not _proves(suspicion, voter, verifier):
                yield f"proof: what {voter.place} has against {suspicion.voter} proves nothing"


def _proves(suspicion: Suspicion, voter: ByzantineVoter, verifier: Verifier) -> bool:
    name = voter.voters[suspicion.voter]
    differ = {(ballot.motion, ballot.round): ballot.choice for ballot in suspicion.proof}
    choices = {ballot.choice for ballot in suspicion.proof}
    own = all((suspicion.voter, _mark(ballot, suspicion.voter)) in ballot.signatures for ballot in suspicion.proof)
    signed = all(verifier.verify(name, one.content, _mark(one, suspicion.voter)) for one in suspicion.proof)
    return len(differ) == 1 and len(choices) > 1 and own and signed


def _mark(ballot: SignedBallot, place: int) -> str:
    return next((mark for signer, mark in ballot.signatures if signer == place), "")


def _deeds(honest: Mapping[int, ByzantineVoter], played: Played, verifier: Verifier) -> Iterator[str]:
    """See that whoever did something before an honest voter's eyes is named by it; who equivocated, by all."""
    shown: dict[tuple[int, int], set[str]] = defaultdict(set)
    for step, message in played.delivered:
        if message.recipient not in honest:
            continue
        voter = honest[message.recipient]
        deed = _deed(message, voter, verifier)
        if deed and (message.sender, deed) not in _named(voter):
            yield f"complete naming: {voter.place} does not name {message.sender} of {deed.value}"
        if deed is None and step == 1 and message.ballot.voter == message.sender:
            shown[message.sender, message.round].add(message.ballot.choice)
    for (sender, _), choices in shown.items():
        for voter in honest.values():
            if len(choices) > 1 and (sender, Deed.EQUIVOCATION) not in _named(voter):
                yield f"complete naming: {voter.place} does not name the equivocator {sender}"
    yield from _flips(honest)


def _named(voter: ByzantineVoter) -> set[tuple[int, Deed]]:
    return {(one.voter, one.deed) for one in voter.suspicions}


def _deed(message: BallotMessage, voter: ByzantineVoter, verifier: Verifier) -> Deed | None:
    ballot = message.ballot
    if (ballot.motion, ballot.round) != (digest(voter.motion), message.round):
        return Deed.REPETITION
    marks = [
        signer < len(voter.voters) and verifier.verify(voter.voters[signer], ballot.content, mark)
        for signer, mark in ballot.signatures
    ]
    alone = len(ballot.signers) == len(ballot.signatures) and ballot.voter in ballot.signers
    return None if all(marks) and alone else Deed.FORGERY


def _flips(honest: Mapping[int, ByzantineVoter]) -> Iterator[str]:
    """See that whoever votes one way, another, and the first again is named."""
    for voter in honest.values():
        for place in range(len(voter.voters)):
            path = [board.choices.get(place, "") for board in voter.boards]
            back = len(path) > 2 and path[0] and path[1] and path[0] == path[2] != path[1]  # noqa: PLR2004
            if back and (place, Deed.ERRATIC) not in _named(voter):
                yield f"complete naming: {voter.place} does not name the erratic {place}"


def _bounds(voters: Sequence[ByzantineVoter], played: Played) -> Iterator[str]:
    """See the bounds of the paper: f+1 steps a round; of each voter at most two ballots are passed on by each."""
    number, rounds, steps = len(voters[0].voters), voters[0].rounds, voters[0].tolerance + 1
    if played.steps % steps or played.steps > rounds * steps:
        yield f"steps: {played.steps} for {rounds} rounds of {steps}"
    most = played.steps // steps * number * ((number - 1) + 2 * (number - 1) * (number - 2))
    if played.messages > most:
        yield f"messages: {played.messages}, at most {most}"


def motion_of(options: Sequence[str], name: str = "motion") -> Motion:
    """Return a motion for simulations."""
    return Motion(motion_id=name, subject="which option", options=tuple(options))
