"""A Message Batch as in most tutorials: it waits for `ended` and prints what succeeded."""

import json
import time

import message_api as api

batch = api.create(api.QUESTIONS)
while batch["processing_status"] != "ended":
    time.sleep(60)
    batch = api.retrieve(batch["id"])
for text in api.download(batch).splitlines():
    line = json.loads(text)
    if line["result"]["type"] == "succeeded":
        print(line["custom_id"], api.text_of(line))
