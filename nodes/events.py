"""Events a node tells the outside while the run goes on: they become the progress display and events.jsonl."""

from langgraph.config import get_stream_writer


def emit(event: str, event_id: str, **fields: str | float) -> None:
    """Send one event on the graph's custom stream; a repeated act sends the same `event_id` again."""
    get_stream_writer()({"event": event, "event_id": event_id, **fields})
