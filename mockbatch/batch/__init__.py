"""A batch as a frozen value, and everything that is computed from it.

create             the request that creates a batch, and the batch made from it
deferred           a value that is computed when it is first needed
input_file         validates an input file, line by line
rules              how a provider handles its batches, and which rules a batch was created with
plan               the timeline, execution order and scenario's replies of a new batch
timeline           status changes and progress, as a function of time
batch              the batch, and the Batch object at an instant
commands           cancel, hold, resume, expire, fail, complete
scripted_replies   applies the user's scripted replies to lines that have not run
output_file        renders the output and error files of a batch that has ended
file_index         which batch writes which file, by the ids of files
outputs            the files of all batches of a world, written when they are first needed
output_line        renders one line of an output or error file
prompt_tokens      counts the prompt tokens of an input file
fast_path          reads simple lines, which most lines are, in a tenth of the time
line_template      renders the output lines of simple ones, in a tenth of the time
json_pieces        the JSON of a value in pieces, from which the fast path makes its templates
recorded           a batch that is shown as it was recorded
"""
