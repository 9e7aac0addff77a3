"""Delft-FEWS: PI time series in files. Start at ``pi_series.py``, ``pi_reading.py`` and ``pi_writing.py``."""
