"""What acts on data: contract, sources, profiling, SQL, conforming, checks, outputs."""
