// What life.py does, with OpenAI's client for Node and with Portkey's, which is used alike.
import { File } from "node:buffer";
import OpenAI from "openai";
import { Portkey } from "portkey-ai";

type Batch = OpenAI.Batch;

// The clients look for it there, where Node has it from 20 on.
globalThis.File ??= File as unknown as typeof globalThis.File;

const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey } = process.env;
const Authorization = `Bearer ${apiKey}`;
const ENDED = ["completed", "failed", "expired", "cancelled"];
const BODY = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };
const LINES = [0, 1, 2, 3, 4].map((number) => {
  const line = { custom_id: `line-${number}`, method: "POST", url: "/v1/chat/completions" };
  return `${JSON.stringify({ ...line, body: BODY })}\n`;
});
const clients: Record<string, () => OpenAI> = {
  openai: () => new OpenAI(),
  portkey: () => new Portkey({ baseURL, provider: "openai", Authorization }) as unknown as OpenAI,
};
const name = process.argv[2];
const client = clients[name]();

function upload(lines: string[]): Promise<OpenAI.FileObject> {
  const file = new globalThis.File([lines.join("")], "in.jsonl");
  return client.files.create({ file, purpose: "batch" });
}

function create(file: string, scenario = "happy"): Promise<Batch> {
  return client.batches.create({
    input_file_id: file,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata: { mockbatch_scenario: scenario },
  });
}

async function polled(batch: Batch): Promise<Batch[]> {
  const seen = [batch];
  while (!ENDED.includes(seen.at(-1).status)) seen.push(await client.batches.retrieve(batch.id));
  return seen;
}

// Portkey's client has a call for it, which copies the members of the response and loses its methods.
function content(file: string): Promise<Response> {
  if (name === "openai") return client.files.content(file);
  const headers = { Authorization, "x-portkey-provider": "openai" };
  return fetch(`${baseURL}/files/${file}/content`, { headers });
}

async function results(batch: Batch): Promise<Record<string, number | string>> {
  const found: Record<string, number | string> = {};
  for (const file of [batch.output_file_id, batch.error_file_id]) {
    const text = await (await content(file)).text();
    for (const line of text.split("\n").slice(0, -1).map((one) => JSON.parse(one)))
      found[line.custom_id] = line.error ? line.error.code : line.response.status_code;
  }
  return found;
}

async function unknown(): Promise<number> {
  try {
    await client.batches.retrieve("batch_nope");
  } catch (error) {
    return (error as { status: number }).status;
  }
  return null;
}

async function story(): Promise<Record<string, unknown>> {
  const file = await upload(LINES);
  const someFailed = await polled(await create(file.id, "some_failed"));
  const failed = (await polled(await create((await upload([LINES[0], "{\n"])).id))).at(-1);
  const cancelling = await client.batches.cancel((await create(file.id)).id);
  const cancelled = (await polled(cancelling)).at(-1);
  const expired = (await polled(await create(file.id, "expired_partial"))).at(-1);
  const counts = someFailed.at(-1).request_counts;
  return {
    whole: file.bytes === LINES.join("").length,
    statuses: someFailed.map((batch) => batch.status),
    counts: [counts.total, counts.completed, counts.failed],
    results: await results(someFailed.at(-1)),
    failed: [failed.status, failed.errors.data[0].code, failed.errors.data[0].line],
    cancelled: [cancelling.status, cancelled.status],
    expired: [expired.status, await results(expired)],
    newest: (await client.batches.list({ limit: 1 })).data[0].id === expired.id,
    unknown: await unknown(),
    deleted: (await client.files.delete(file.id)).deleted,
  };
}

story().then((seen) => console.log(JSON.stringify(seen)));
