// A careful batch program in Node, which lacks two guards: it sends a create again without looking
// for the batch, and does not check whether a download is whole.
import { setTimeout as sleep } from 'node:timers/promises';

const base = process.env.OPENAI_BASE_URL;
const headers = { Authorization: `Bearer ${process.env.OPENAI_API_KEY}` };
const FINAL = ['completed', 'failed', 'expired', 'cancelled'];
const QUESTIONS = Array.from({ length: 10 }, (_, number) => `q-${String(number).padStart(2, '0')}`);

/** Return a response, repeated while the server cannot answer. */
async function ask(method, path, body, again = [429, 500, 502, 503]) {
  for (let attempt = 0; ; attempt += 1) {
    let problem;
    try {
      const signal = AbortSignal.timeout(30_000);
      const response = await fetch(base + path, { method, headers, signal, ...body });
      const text = await response.text();
      if (response.ok) return text;
      problem = new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
      if (!again.includes(response.status)) throw Object.assign(problem, { isFinal: true });
    } catch (error) {
      problem = error;
    }
    if (problem.isFinal || attempt === 8) throw problem;
    await sleep(1000 * 2 ** attempt);
  }
}

const json = (document) => ({
  body: JSON.stringify(document),
  headers: { ...headers, 'Content-Type': 'application/json' },
});

async function upload() {
  const lines = QUESTIONS.map((id) => JSON.stringify({
    custom_id: id, method: 'POST', url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: `What is ${id}?` }] },
  }));
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new Blob([`${lines.join('\n')}\n`]), 'in.jsonl');
  return JSON.parse(await ask('POST', '/files', { body: form })).id;
}

async function end(batch) {
  const deadline = Date.now() + 26 * 3600_000;
  while (!FINAL.includes(batch.status)) {
    if (Date.now() > deadline) throw new Error(`${batch.id} is still ${batch.status}`);
    await sleep(60_000);
    const text = await ask('GET', `/batches/${batch.id}`, {}, [404, 429, 500, 502, 503]);
    batch = JSON.parse(text);
  }
  return batch;
}

async function read(id) {
  const lines = id ? (await ask('GET', `/files/${id}/content`)).split('\n') : [];
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

const body = {
  input_file_id: await upload(), endpoint: '/v1/chat/completions', completion_window: '24h',
};
const created = await ask('POST', '/batches', json(body), [400, 429, 500, 502, 503]);
const batch = await end(JSON.parse(created));
for (const error of batch.errors?.data ?? []) console.log('the batch failed:', error.message);
const answers = new Map();
for (const line of await read(batch.output_file_id)) {
  answers.set(line.custom_id, line.response.body.choices[0].message.content);
}
for (const line of await read(batch.error_file_id)) {
  const error = line.error ?? line.response.body.error;
  console.log(line.custom_id, 'HAS NO ANSWER:', error.message);
}
for (const id of QUESTIONS) console.log(id, answers.get(id) ?? 'is not in the output file');
