// A batch from upload to results, and one that expires half done: `npm install && npm test`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { serve, world } from "./mockbatch.mjs";

const PROMPTS = ["first", "second", "third", "fourth", "fifth"];
let server;

before(async () => {
  server = await serve();
});
after(() => server.stop());

test("a batch is completed after a day", async () => {
  const { client, advance } = world(server.url, "sk-completed");
  const batch = await submit(client);
  assert.equal(batch.status, "validating");

  await advance({ seconds: 24 * 3600 });

  const ended = await client.batches.retrieve(batch.id);
  assert.equal(ended.status, "completed");
  const results = await lines(client, ended.output_file_id);
  const answers = results.map((line) => line.response.body.choices[0].message.content);
  assert.deepEqual(answers.sort(), PROMPTS.map((prompt) => `Mock reply to: ${prompt}`).sort());
});

test("a batch expires with two of five lines done", async () => {
  const { client, advance } = world(server.url, "sk-expired");
  // Misfortune by name, through nothing but the API itself: it works in any code under test.
  const metadata = { mockbatch_scenario: "expired_partial", mockbatch_fraction: "0.4" };
  const batch = await submit(client, metadata);

  await advance({ batch: batch.id, status: "expired" });

  const ended = await client.batches.retrieve(batch.id);
  assert.equal((await lines(client, ended.output_file_id)).length, 2);
  const errors = await lines(client, ended.error_file_id);
  assert.deepEqual(errors.map((line) => line.error.code), Array(3).fill("batch_expired"));
});

test("the worlds of two keys never meet", async () => {
  const { id } = await submit(world(server.url, "sk-mine").client);
  const { client } = world(server.url, "sk-yours");
  await assert.rejects(client.batches.retrieve(id), OpenAI.NotFoundError);
});

async function submit(client, metadata) {
  const requests = PROMPTS.map((content, number) => ({
    custom_id: `${number}`,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "gpt-4o-mini", messages: [{ role: "user", content }] },
  }));
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
  const file = await client.files.create({ file: new File([input], "in.jsonl"), purpose: "batch" });
  return client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata,
  });
}

async function lines(client, fileId) {
  const text = await (await client.files.content(fileId)).text();
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}
