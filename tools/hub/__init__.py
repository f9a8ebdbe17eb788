"""The message hub at work: in one process, or across processes on Redis Streams."""
