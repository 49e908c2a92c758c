// The life of a Message Batch through the SDK for Node; prints what it saw, as JSON.
// With the argument `list` it prints only the ids of all batches.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ maxRetries: 0 });
const { batches } = client.messages;

async function choose(name) {
  await fetch(`${process.env.ANTHROPIC_BASE_URL}/_mock/scenarios/active`, {
    method: "POST",
    headers: { authorization: `Bearer ${process.env.ANTHROPIC_API_KEY}` },
    body: JSON.stringify({ name }),
  });
}

function params(changes = {}) {
  const messages = [{ role: "user", content: "Hello" }];
  return { model: "claude-haiku-4-5", max_tokens: 50, messages, ...changes };
}

function create(...changes) {
  const requests = changes.map((one, number) => (
    { custom_id: `line-${number}`, params: params(one) }
  ));
  return batches.create({ requests });
}

async function statuses(batch) {
  const seen = [batch.processing_status];
  while (seen.at(-1) !== "ended") {
    const status = (await batches.retrieve(batch.id)).processing_status;
    if (status !== seen.at(-1)) seen.push(status);
  }
  return seen;
}

async function results(batch) {
  const seen = {};
  for await (const one of await batches.results(batch.id)) seen[one.custom_id] = one.result.type;
  return seen;
}

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return error.status;
  }
  return null;
}

async function all(pages) {
  const ids = [];
  for await (const one of pages) ids.push(one.id);
  return ids;
}

if (process.argv[2] === "list") {
  console.log(JSON.stringify(await all(batches.list({ limit: 100 }))));
  process.exit();
}
const whole = await create({}, { model: "x" }, {});
const early = await refused(() => client.get(`/v1/messages/batches/${whole.id}/results`));
const lives = await statuses(whole);
await choose("expired_partial");
const expired = await create({}, {}, {}, {});
await statuses(expired);
const canceled = await batches.cancel((await create({}, {})).id);
const ended = await statuses(canceled);
const two = await all(batches.list({ limit: 2 }));
const before = await all(batches.list({ before_id: two.at(-1) }));
const bad = { requests: [{ custom_id: "a b", params: params() }] };
const live = await client.messages.create(params());
const streamed = await client.messages.stream(params()).finalText();
console.log(JSON.stringify({
  early,
  statuses: lives,
  results: await results(whole),
  expired: Object.values(await results(expired)).sort(),
  canceled: [ended, await results(canceled)],
  listed: [two.length, new Set(two).size],
  before: JSON.stringify(before) === JSON.stringify(two.slice(0, -1)),
  bad_id: await refused(() => batches.create(bad)),
  deleted: (await batches.delete(whole.id)).type,
  unknown: await refused(() => batches.retrieve(whole.id)),
  live: [live.content[0].text, live.stop_reason, streamed],
}));
