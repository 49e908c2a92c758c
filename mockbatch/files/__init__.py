"""Files: what clients upload and what batches produce.

content      the bytes: in memory up to 1 MiB, above it in a temporary file without a name
file         a file as the API knows it
upload       an upload in parts
storage      how many bytes a world holds, and the most there may be
validation   the checks that refuse an upload at once
"""
