// mockbatch for a test suite in Node: a server of the suite's own, and a world for each test.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import OpenAI from "openai";

// The command that serves; `pip install` of mockbatch puts it on the path.
const COMMAND = process.env.MOCKBATCH ?? "mockbatch";

// Start a server on a free port, whose clocks stand still until a test moves them.
export async function serve(...options) {
  const command = ["serve", "--port", "0", "--clock", "manual", ...options];
  const server = spawn(COMMAND, command, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    const [, url] = line.match(/^mockbatch is listening on (.*)$/) ?? [];
    if (url) return { url, stop: () => server.kill() };
  }
  throw new Error(`${COMMAND} does not start: is it installed, and on the path?`);
}

// A world: whatever key a client has, it meets files, batches and a clock of its own.
export function world(url, key) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key });
  const advance = async (body) => {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(`${url}/_mock/clock/advance`, request);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json(); // when all that was due has happened
  };
  return { client, advance };
}
