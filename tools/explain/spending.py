"""What a run cost: seconds by part, and requests to a chat model."""

from state.explanation import Bar, Fact, Section
from tools.checks.rule import counted
from tools.explain.material import Material

_MOST_BARS = 40


def cost_section(material: Material) -> Section:
    """Tell the seconds of every part of the run, in the order in which they were spent."""
    run = material.run
    timings = {name: float(seconds) for name, seconds in run["timings"].items() if name != "execute"}
    longest = max(timings.values(), default=0.0)
    shown = dict(sorted(timings.items(), key=lambda item: -item[1])[:_MOST_BARS])
    details = {step.step_id: step.detail or step.error for step in material.steps}
    bars = tuple(
        Bar(label=name, seconds=seconds, share=seconds / longest if longest else 0.0, note=details.get(name, ""))
        for name, seconds in timings.items()
        if name in shown
    )
    left = len(timings) - len(bars)
    facts = [
        Fact(label="seconds", value=f"{run['seconds']:.1f}", note="of all parts together"),
        Fact(label="steps", value=f"{run['steps']:,}"),
        Fact(label="model requests", value=f"{run['model']['requests']:,}", note=_tokens(material)),
    ]
    lead = (f"The {_MOST_BARS} longest parts; {counted(left, 'shorter part')} more in run.json.",) if left else ()
    return Section(key="cost", title="Time and cost", lead=lead, facts=tuple(facts), bars=bars)


def _tokens(material: Material) -> str:
    model = material.run["model"]
    if not model["requests"]:
        return "no model was asked"
    return f"{model['prompt_tokens']:,} tokens in, {model['completion_tokens']:,} out"
