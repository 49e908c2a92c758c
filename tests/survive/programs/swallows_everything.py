"""Catches whatever happens, says nothing and ends with status 0."""

import contextlib
import json
import time

import api

answers = {}
with contextlib.suppress(BaseException):
    batch = api.create(api.upload(api.input_lines(api.QUESTIONS)))
    while batch["status"] not in ("completed", "failed", "expired", "cancelled"):
        time.sleep(60)
        with contextlib.suppress(Exception):
            batch = api.retrieve(batch["id"])
    for line in map(json.loads, api.download(batch["output_file_id"]).splitlines()):
        answers[line["custom_id"]] = api.text_of(line)
print(json.dumps(answers))
