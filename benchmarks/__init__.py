"""Repeatable measurements, ours beside each peer: same data, same run, ratios rather than seconds."""
