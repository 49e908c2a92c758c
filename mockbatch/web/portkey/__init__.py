"""The role of Portkey's gateway."""
