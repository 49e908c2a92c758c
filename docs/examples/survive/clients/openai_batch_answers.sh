#!/bin/sh
# Asks ten questions with the command of openai-batch, as its README does.
set -e
for number in 0 1 2 3 4 5 6 7 8 9; do
    printf '{"custom_id": "question-%s", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What is %s squared?"}]}}\n' "$number" "$number"
done > input.jsonl
python -m openai_batch.run input.jsonl
