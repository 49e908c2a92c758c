"""The control API, under `/_mock`: it moves time and decides what happens to batches.

A module with a `blueprint` in this folder is found by itself.

guard       which world a call is about; every module here uses it
server      health, and resetting worlds
worlds      what each world of the server holds, for its owner
state       a world as a JSON document
clock       the simulated clock
batches     batches as a person looks at them, the timeline of one, and commands on it
files       files, and a part of one to look at
page        what the dashboard asks each second
quotas      enqueued tokens and batches an hour
scenarios   the catalogue, and scenarios queued for the next batches
faults      faults that requests meet
replies     scripted replies
models      which models the world serves
requests    the journal of the requests that the world received
unused      faults, replies and scenarios that no request has met
webhooks    webhook endpoints and deliveries
"""
