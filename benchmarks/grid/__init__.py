"""The grid: arms that are trained alike, asked alike and compared; ``python -m benchmarks.reproduce`` runs it."""
