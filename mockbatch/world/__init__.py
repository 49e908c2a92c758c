"""One key's world: its state, and everything that changes it."""
