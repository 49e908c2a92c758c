// The life of a batch through AzureOpenAI for Node; prints what it saw, as JSON.
// With the argument `list` after the address it prints only the ids of all batches.
import { File } from "node:buffer";
import { AzureOpenAI } from "openai";

globalThis.File ??= File;
// The client refuses an endpoint beside it.
delete process.env.OPENAI_BASE_URL;

const ENDED = ["completed", "failed", "expired", "cancelled"];
const MESSAGES = [{ role: "user", content: "Hello" }];
const options = { endpoint: process.argv[2], apiKey: process.env.OPENAI_API_KEY };
const client = new AzureOpenAI({ ...options, apiVersion: "2024-10-21" });

function line(custom_id, url = "/chat/completions", more = {}) {
  const body = { model: "gpt-4o-mini", messages: MESSAGES, ...more };
  return `${JSON.stringify({ custom_id, method: "POST", url, body })}\n`;
}

async function upload(...lines) {
  const file = new globalThis.File(lines, "in.jsonl", { type: "application/json" });
  const created = await client.files.create({ file, purpose: "batch" });
  return [created, await client.files.retrieve(created.id)];
}

function create([, file]) {
  const input_file_id = file.id;
  return client.batches.create({
    input_file_id, endpoint: "/chat/completions", completion_window: "24h",
  });
}

async function polled(batch) {
  const seen = [batch];
  while (!ENDED.includes(seen.at(-1).status)) seen.push(await client.batches.retrieve(batch.id));
  return seen;
}

async function list(limit) {
  const ids = [];
  for await (const batch of client.batches.list({ limit })) ids.push(batch.id);
  return ids;
}

if (process.argv[3] === "list") {
  console.log(JSON.stringify(await list(100)));
  process.exit();
}
const input = await upload(line("a"), line("b", undefined, { temperature: 9 }));
const seen = await polled(await create(input));
const results = {};
for (const id of [seen.at(-1).output_file_id, seen.at(-1).error_file_id]) {
  const text = await (await client.files.content(id)).text();
  for (const one of text.split("\n").slice(0, -1).map((each) => JSON.parse(each)))
    results[one.custom_id] = one.response.status_code;
}
const failed = (await polled(await create(await upload(line("a"), line("b", "/embeddings"))))).at(-1);
const cancelling = await client.batches.cancel((await create(input)).id);
const cancelled = (await polled(cancelling)).at(-1);
const listed = (await list(2)).length;
const unknown = await client.batches.retrieve("batch_1").catch((error) => [error.status, error.code]);
const live = await client.chat.completions.create({ model: "gpt-4o", messages: MESSAGES });
const statuses = seen.map((batch) => batch.status);
console.log(JSON.stringify({
  file: input.map((file) => file.status),
  statuses,
  results: Object.fromEntries(Object.entries(results).sort()),
  failed: [failed.status, failed.errors.data[0].code],
  cancelled: [cancelling.status, cancelled.status],
  listed,
  unknown,
  live: live.object,
}));
