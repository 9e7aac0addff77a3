"""``python -m hydria_plugin`` is ``hydria``."""

from .cli import main

main()
