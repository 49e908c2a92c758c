"""One key's world: its state, and everything that changes it.

world        the only object that the web layer calls; commands change it, reads do not
registry     the worlds of a server, by key
room         whether there is room for more files and batches
settings     how a server and its worlds start
advance      moves the clock, and delivers the webhooks that become due on the way
batch_input  finds and reads the input of a new batch
polling      a client that retrieves an unfinished batch again and again
quotas       enforces the limits on enqueued tokens and on batches an hour
uploads      files that are uploaded in parts
arranging    batches that a test creates, and whose results it reads, without a client
live_calls   calls of the endpoints outside of a batch
explain      why a batch is where it is, in a sentence
expiry       removes what has expired
file_list    pages of its files, by time of creation
keys         masks API keys, to show them to people
upcoming     the status changes of all batches by time, and the newest unfinished batch
changed_lines which lines were scripted, and which were distorted in the files of a batch
overview     batches as a person looks at them: times, explanation, possible commands
version      changes whenever anything visible changes
used         how often scenarios and replies applied
unused       faults, replies and scenarios that never applied
status_log   status changes that are not in the log yet
journal      the last requests that the world received
snapshot/    a whole world as JSON, to dump and load
shared/      worlds that several processes share, through a store
"""
