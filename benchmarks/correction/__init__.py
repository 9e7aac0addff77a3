"""Repeatable measurements of what corrects the feeds."""
