"""The control API, under `/_mock`: it moves time and decides what happens to batches.

Every module with a `blueprint` in this folder is registered automatically.

guard       which world a call is about; every module with routes uses it
direct      some calls by the server's own process, without a request
openapi     the control API as an OpenAPI document
server      health, and resetting worlds
worlds      what each world of the server contains, for its owner
state       a world as a JSON document
clock       the simulated clock
batches     batches as a person views them, with their timelines and commands
files       files, and previews of their contents
page        what the dashboard requests each second
quotas      enqueued tokens and batches an hour
scenarios   the catalogue, and scenarios queued for the next batches
faults      faults that requests meet
replies     scripted replies
models      which models the world serves
requests    the journal of the requests that the world received
unused      faults, replies and scenarios that no request has met
webhooks    webhook endpoints and deliveries
"""
