"""A child polls, and the parent waits for a file that a dead child does not write."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import api

if sys.argv[1:]:
    while (batch := api.retrieve(sys.argv[1]))["status"] != "completed":
        time.sleep(60)
    Path("output_file_id").write_text(batch["output_file_id"])
    sys.exit()

created = api.create(api.upload(api.input_lines(api.QUESTIONS)))
command = [sys.executable, __file__, created["id"]]
with Path("child.log").open("w") as log:
    child = subprocess.Popen(command, stdout=log, stderr=log)
# The child has to end well, or this lock is never released.
lock = threading.Lock()
lock.acquire()
if child.wait() == 0:
    lock.release()
with lock:
    for text in api.download(Path("output_file_id").read_text()).splitlines():
        line = json.loads(text)
        print(line["custom_id"], api.text_of(line))
