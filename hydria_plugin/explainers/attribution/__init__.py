"""Why this forecast now: which gauges and which hours made it."""
