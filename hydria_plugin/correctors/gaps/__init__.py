"""Gaps: rain from its neighbours, rivers from the river, the rain and themselves, at last the climatology."""
