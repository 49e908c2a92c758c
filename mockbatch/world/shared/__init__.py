"""Worlds that several processes share, through a store.

A process keeps a replica of each world that its clients use. A request first applies what other
processes have changed. A command acquires the world's lock, catches up, changes the replica,
commits the changed cells, and releases the lock. So a world behaves in several processes as it
does in one.

registry   the worlds of a server whose state is in a store
world      a shared world: the commands that differ from those of a world in memory
advance    an advance whose errors say that the clock may have moved
replica    what one process knows of a world: it catches up, and commits changes
status     whether a replica can still be used
turn       the turn of one process to deliver the webhooks of a world
lock       a lock among the threads of this process and then among processes
cells      the JSON texts in a store
singles    the parts that a world has once, as cells: clock, settings, script, ...
objects    the parts that a world has many of: batches, files, uploads, deliveries, ...
watch      finds due webhooks of worlds that no request has come for
contents   the contents of files, read when they are needed
journal    the journal, which is only in the store
"""
