"""What a test gets: in-process servers and the pytest plugin."""
