"""Asks ten questions with openai-batch-helper, as the quick start of its README does."""

from openai_batch_helper import BatchHelper

helper = BatchHelper(endpoint="/v1/chat/completions", completion_window="24h")
job = helper.init_job()
for number in range(10):
    messages = [{"role": "user", "content": f"What is {number} squared?"}]
    job.add_task(f"question-{number}", body={"model": "gpt-4o-mini", "messages": messages})
job.submit_file().submit_batch_job().wait_for_completion(poll_seconds=60)
print(job.download_result())
print(job.map_by_custom_id())
