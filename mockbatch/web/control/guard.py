"""Which world a call of the control API is about."""

from flask import g

from mockbatch.web.auth import open_world, world_key


def guard() -> None:
    """Open the world of the caller's key."""
    g.world = open_world(world_key())
