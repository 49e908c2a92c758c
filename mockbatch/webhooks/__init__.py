"""Webhooks on simulated time: endpoints, the events they receive, and when.

The timelines of the batches and the past deliveries decide what is due. A thread has the lock
of the world while it looks something up or records it, never while it calls a receiver:

    event, target, signature   what is sent, where it may be sent, and how it is signed
    endpoint, delivery         the endpoints of a world; one event on its way to one of them
    finished_batches           batches whose end has not been announced yet
    outbox                     the deliveries of a world, and which is due next
    dispatcher, sender         deliver what is due, one thread at a time; one HTTP request
    timer                      wakes the server up if the clock runs in real time
    webhooks, settings         the webhooks of one world, and their settings
    snapshot                   the webhooks of one world as a value

An advance that meets a due webhook: `world/advance` moves the clock to the next instant at
which something is due. The dispatcher takes the delivery from the outbox under the lock, calls
the receiver without it and records the attempt under it, until nothing is due at that instant.
"""
