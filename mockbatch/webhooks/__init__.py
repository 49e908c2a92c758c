"""Webhooks on simulated time: endpoints, the events they receive, and when.

What is due follows from the timelines of the batches and from what was delivered before. The
lock of the world is held while something is looked up or recorded, never while a receiver is
called:

    event, target, signature   what is sent, where it may go, what signs it
    endpoint, delivery         the endpoints of a world; one event on its way to one of them
    finished_batches           batches whose end is still to be announced
    outbox                     the deliveries of a world, and which is due next
    dispatcher, sender         deliver what is due, one thread at a time; one HTTP request
    timer                      wakes the server up when the clock runs by itself
    webhooks, settings         all of it for one world; how it begins
    snapshot                   all of it as a value

An advance that meets a due webhook: `world/advance` moves the clock to the next instant at
which something is due. The dispatcher takes the delivery from the outbox under the lock, calls
the receiver without it and records the attempt under it, until nothing is due at that instant.
"""
