"""Webhooks on simulated time: endpoints, the events they are sent, and when.

What is due follows from the batches' timelines, and from what was told before. The lock of
the world is held while something is looked up or written down, and never while a receiver
is called:

    event, endpoint, delivery    frozen values: what is said, to whom, how often it was tried
    endpoints, ends, outbox      what a world has of them, changed under its lock alone
    courier, round               whose turn it is; sends without the lock, and writes down
    address, signature, sending  HTTP, to this machine and to hosts that are allowed
    alarm                        a thread that waits where the clock runs by itself
"""
