"""KnoX: which rain zone gives how much of the flow, and how fast, read from the weights of the block network.

After Kong-A-Siou et al. (2013) and Darras et al. (2015, HESS 19, 4397-4410).
"""
