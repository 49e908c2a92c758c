"""Polls each minute, 1,560 times at most: the deadline of a day and two hours is a number."""

import json
import sys
import time

import api

batch = api.create(api.upload(api.input_lines(api.QUESTIONS)))
for _ in range(26 * 60):
    if batch["status"] in ("completed", "failed", "cancelled"):
        break
    time.sleep(60)
    batch = api.retrieve(batch["id"])
else:
    sys.exit(f"no end after 26 hours: {batch['status']}")
if batch["status"] != "completed" or not batch["output_file_id"]:
    sys.exit(f"no results: {batch['status']}")
for text in api.download(batch["output_file_id"]).split("\n"):
    if text:
        line = json.loads(text)
        print(line["custom_id"], api.text_of(line))
