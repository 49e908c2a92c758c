"""A thread polls and the main one waits for its results, which a dead thread does not send."""

import json
import queue
import threading
import time
from typing import Any

import api

finished: queue.Queue[dict[str, Any]] = queue.Queue()


def poll(batch: dict[str, Any]) -> None:
    """Poll until the batch is completed."""
    while batch["status"] != "completed":
        time.sleep(60)
        batch = api.retrieve(batch["id"])
    finished.put(batch)


created = api.create(api.upload(api.input_lines(api.QUESTIONS)))
threading.Thread(target=poll, args=(created,), daemon=True).start()
for text in api.download(finished.get()["output_file_id"]).splitlines():
    line = json.loads(text)
    print(line["custom_id"], api.text_of(line))
