# A batch in a shell: each sleep is a process of its own, and there is a deadline by the clock.
set -eu

api() { curl --silent --show-error --fail -H "Authorization: Bearer $OPENAI_API_KEY" "$@"; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

for name in q-1 q-2 q-3; do
  echo "{\"custom_id\": \"$name\", \"method\": \"POST\", \"url\": \"/v1/chat/completions\", \"body\": {\"model\": \"gpt-4o-mini\", \"messages\": [{\"role\": \"user\", \"content\": \"What is $name?\"}]}}"
done > in.jsonl
file=$(api -F purpose=batch -F file=@in.jsonl "$OPENAI_BASE_URL/files" | grep -o '"id": *"file-[^"]*"' | field id)
batch=$(api --json "{\"input_file_id\": \"$file\", \"endpoint\": \"/v1/chat/completions\", \"completion_window\": \"24h\"}" "$OPENAI_BASE_URL/batches" | grep -o '"id": *"batch_[^"]*"' | field id)
start=$(date +%s)
while true; do
  sleep 60
  answer=$(api "$OPENAI_BASE_URL/batches/$batch")
  status=$(echo "$answer" | grep -o '"status": *"[a-z_]*"' | head -n 1 | field status)
  case $status in completed | failed | expired | cancelled) break ;; esac
  if [ $(($(date +%s) - start)) -gt "${DEADLINE_SECONDS:-93600}" ]; then
    echo "no end before the deadline: $status" >&2
    exit 1
  fi
done
output=$(echo "$answer" | grep -o '"output_file_id": *"[^"]*"' | field output_file_id)
[ -n "$output" ] || { echo "no results: $status" >&2; exit 1; }
api "$OPENAI_BASE_URL/files/$output/content"
