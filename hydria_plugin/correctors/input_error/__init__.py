"""What if the inputs were not what the gauges said: scenarios of their error."""
