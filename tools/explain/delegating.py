"""How files were shared out: the shape of each hierarchy, how it performed, and what did not count."""

from state.explanation import Fact, Grid, Section
from tools.explain.material import Json, Material

_HEAD = ("order", "attempt", "worker", "ended", "why")


def hierarchy_section(material: Material) -> Section:
    """Tell of every hierarchy of the run; empty where one worker did all."""
    records = material.run.get("hierarchy", ())
    return Section(
        key="hierarchy",
        title="How the files were shared out",
        lead=tuple(f"{record['kind']}: {record['shape']['reason']}." for record in records),
        facts=tuple(fact for record in records for fact in _facts(record)),
        grids=tuple(_setbacks(record) for record in records if record["setbacks"]),
    )


def _facts(record: Json) -> tuple[Fact, ...]:
    shape, kind = record["shape"], record["kind"]
    again = f", {record['redelegated']} given anew" if record["redelegated"] else ""
    cpu = f", {record['overhead_cpu']:.2f} s of CPU beside {record['data_cpu']:.2f}" if record["overhead_cpu"] else ""
    return (
        Fact(
            label=f"{kind}: levels",
            value=str(shape["depth"]),
            note=f"{shape['teams']} teams, {shape['workers']} workers, {shape['orders']} orders{again}",
        ),
        Fact(
            label=f"{kind}: side by side",
            value=f"{record['parallelism']:.1f}",
            note=f"at most {record['most_at_once']} at once; an order waited {record['waiting']:.2f} s",
        ),
        Fact(
            label=f"{kind}: overhead in seconds",
            value=f"{record['overhead']:.2f}",
            note=f"of {record['elapsed']:.2f} in which nobody worked on data{cpu}",
        ),
    )


def _setbacks(record: Json) -> Grid:
    rows = tuple(
        (each["key"], str(each["attempt"]), each["worker"], each["status"], each["problem"])
        for each in record["setbacks"]
    )
    left = record["redelegated"] - len(rows)
    more = f"and {left} more" if left > 0 else ""
    return Grid(caption=f"{record['kind']}: what did not count", head=_HEAD, rows=rows, more=more, folded=True)
