"""Files: what clients upload and what batches produce.

content      the bytes: in memory up to 1 MiB, above it in a temporary file without a name
deleted      the ids of deleted files
file         a file as the API knows it
upload       a file that is uploaded in parts
storage      how many bytes a world stores, and the limit on them
validation   the checks that reject an upload at once
"""
