"""The API over HTTP: parse, ask the world, answer. Nothing below this folder knows Flask."""
