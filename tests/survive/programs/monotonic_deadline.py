"""Polls each minute until completed, and gives up after 30 hours by `time.monotonic`."""

import json
import sys
import time

import api

start = time.monotonic()
batch = api.create(api.upload(api.input_lines(api.QUESTIONS)))
while batch["status"] != "completed":
    if time.monotonic() > start + 30 * 3600:
        sys.exit(f"gave up: {batch['status']}")
    time.sleep(60)
    batch = api.retrieve(batch["id"])
if batch["request_counts"]["failed"]:
    sys.exit(f"{batch['request_counts']['failed']} lines failed")
for text in api.download(batch["output_file_id"]).split("\n"):
    if text:
        line = json.loads(text)
        print(line["custom_id"], api.text_of(line))
