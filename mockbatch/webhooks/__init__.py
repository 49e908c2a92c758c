"""Webhooks on simulated time: endpoints, the events they are sent, and when.

What is due follows from the timelines of the batches and from what was delivered before. The
world's lock is held while something is looked up or noted, and never while a receiver is called:

    event, endpoint, delivery    frozen values: what is sent, to whom, and each attempt
    endpoints                    the endpoints of a world
    finished_batches             batches whose end has not been announced yet, by time
    outbox                       the deliveries of a world; all of this changes under its lock
    dispatcher                   delivers what is due, one thread at a time for each world
    round                        the attempts of one such delivery run, made without the lock
    target, signature, sender    HTTP, to this machine and to hosts that are allowed
    timer                        wakes the server when its clock runs by itself
    settings, webhooks           what a world is configured with, and what it uses of all this

An advance that meets a due webhook: `world/advance` steps the clock to the next due instant,
the dispatcher takes the delivery from the outbox under the lock, `round` calls the receiver
without it and notes the attempt under it, and so on until nothing is due at that instant.
"""
