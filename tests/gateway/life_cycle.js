// What life_cycle.py does, with Portkey's SDK for Node.
"use strict";
const { Portkey } = require("portkey-ai");

const { URL: baseURL, CUSTOM_HOST: customHost, KEY, INPUT } = process.env;
const FINAL = ["completed", "failed", "expired", "cancelled"];
const Authorization = `Bearer ${KEY}`;
const client = new Portkey({ baseURL, provider: "openai", Authorization, customHost });

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return { status: error.status, message: error.message };
  }
  return { status: null, message: "" };
}

// This SDK has a call for it, which copies the members of the response and loses its methods.
async function content(file) {
  const headers = { Authorization, "x-portkey-provider": "openai", "x-portkey-custom-host": customHost };
  return (await fetch(`${baseURL}/files/${file}/content`, { headers })).text();
}

function create(file, window = "24h") {
  return client.batches.create({
    input_file_id: file,
    endpoint: "/v1/chat/completions",
    completion_window: window,
    metadata: { mockbatch_scenario: "some_failed" },
  });
}

async function polled(batch) {
  const seen = [batch];
  while (!FINAL.includes(seen.at(-1).status)) seen.push(await client.batches.retrieve(batch.id));
  return seen;
}

async function story() {
  const file = await client.files.create({ file: new File([INPUT], "in.jsonl"), purpose: "batch" });
  const seen = await polled(await create(file.id));
  const batch = seen.at(-1);
  const other = await client.batches.retrieve((await create(file.id)).id);
  const cancelling = await client.batches.cancel(other.id);
  const failed = (await polled(await create("file-nope"))).at(-1);
  const [first, second] = (await client.batches.list({ limit: 2 })).data;
  return {
    uploaded_bytes: file.bytes,
    statuses: seen.map((one) => one.status),
    counts: [batch.request_counts.completed, batch.request_counts.failed],
    content: await content(batch.output_file_id),
    errors: await content(batch.error_file_id),
    output: await client.batches.output(batch.id),
    cancelled: [cancelling.status, (await client.batches.retrieve(other.id)).status],
    failed: [failed.status, failed.errors.data[0].code],
    failed_output: await client.batches.output(failed.id),
    listed: first.id === failed.id && second.id === other.id,
    unknown: await refused(() => client.batches.retrieve("batch_nope")),
    invalid: await refused(() => create(file.id, "1h")),
    deleted: (await client.files.delete(file.id)).deleted,
    gone: await refused(() => client.files.retrieve(file.id)),
  };
}

story().then((seen) => console.log(JSON.stringify(seen)));
