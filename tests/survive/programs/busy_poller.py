"""Asks again and again without a pause, until the batch is completed or has failed."""

import json

import api

batch = api.create(api.upload(api.input_lines(api.QUESTIONS)))
while batch["status"] not in ("completed", "failed", "expired", "cancelled"):
    batch = api.retrieve(batch["id"])
answers = {}
if batch["output_file_id"]:
    for text in api.download(batch["output_file_id"]).split("\n"):
        if text:
            line = json.loads(text)
            answers[line["custom_id"]] = api.text_of(line)
print(json.dumps(answers))
