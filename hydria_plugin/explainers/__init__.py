"""Built-in explainers: none yet; those of plug-ins enter by the same hook."""
