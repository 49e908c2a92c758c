"""A batch: its input, its plan, the object at an instant, commands on it, its output."""
