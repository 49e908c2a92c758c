"""A batch as in most tutorials: it waits for `completed` and reads the output file."""

import json
import time

import api

batch = api.create(api.upload(api.input_lines(api.QUESTIONS)))
while batch["status"] not in ("completed", "failed"):
    time.sleep(60)
    batch = api.retrieve(batch["id"])
if batch["status"] == "completed":
    for text in api.download(batch["output_file_id"]).splitlines():
        line = json.loads(text)
        print(line["custom_id"], api.text_of(line))
else:
    print("the batch has failed")
