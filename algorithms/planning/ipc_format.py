"""Writes a plan as the International Planning Competition 2020 has it: actions, root tasks, decompositions.

==>
0 drive truck a b
root 1
1 get-to truck b -> m-drive 0
<==
"""

from algorithms.planning.solution import Solution


def ipc_plan(solution: Solution) -> str:
    """Return the plan as text; the subtasks of a method are listed in the order in which it is declared."""
    schemas = solution.program.schemas
    decisions = solution.decisions
    acting = [place for place, decision in enumerate(decisions) if decision.method < 0]
    chosen = [place for place, decision in enumerate(decisions) if decision.method >= 0][1:]
    numbers = {place: number for number, place in enumerate((*acting, *chosen))}
    children: list[dict[int, int]] = [{} for _ in decisions]  # slot -> number
    for place, number in numbers.items():
        children[decisions[place].parent][decisions[place].slot] = number

    def text(place: int) -> str:
        task = schemas.task(decisions[place].task)
        return " ".join((str(numbers[place]), task.name, *map(str, task.args)))

    def below(place: int) -> str:
        return " ".join(str(number) for _, number in sorted(children[place].items()))

    lines = ["==>", *map(text, acting), f"root {below(0)}".rstrip()]
    for place in chosen:
        name = schemas.methods[decisions[place].method].source.name
        lines.append(f"{text(place)} -> {name} {below(place)}".rstrip())
    return "\n".join([*lines, "<=="]) + "\n"
