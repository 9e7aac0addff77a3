"""The network that explains itself: a block of linear neurons, one per zone, before a small tanh layer."""
