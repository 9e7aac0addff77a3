"""Adaptive calibration of all quantiles, per station and lead, as truth arrives late."""
