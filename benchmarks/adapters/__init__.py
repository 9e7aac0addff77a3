"""What the adapters cost."""
