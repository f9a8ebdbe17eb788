"""Lineage of a run as OpenLineage events: datasets, columns, facets, the file and the way to a server."""
