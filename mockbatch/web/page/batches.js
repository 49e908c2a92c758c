// All batches on one time axis, and what to do in a world without any.
import * as api from "./api.js";
import { button, code, el, link, pager, span, table } from "./dom.js";
import { at, dayOrTime, duration, short, words } from "./format.js";
import { axisOf, axisRow, changesOf, isFinal, nameOf, picture } from "./timeline.js";

const LIMIT = 50;
const cursors = [""];

export async function batchesScreen(app) {
	const page = await api.page("/batches", LIMIT, cursors);
	if (!page.data.length && cursors.length < 2) return emptyWorld(app);
	const now = app.now();
	const axis = axisOf(page.data, now);
	return [
		el("h1", "Batches"),
		el("div", { class: "batches" }, table("The newest first; time near now is stretched",
			["Batch", "Status", "Lines", axisRow(axis, now, now, 0.33), "Scenario", "Next"],
			page.data.map((batch) => row(app, batch, axis, now)))),
		pager(app, cursors, page),
	];
}

function row(app, batch, axis, now) {
	const next = changesOf(batch).find((change) => change.at > now);
	const { completed, failed, total } = batch.request_counts;
	return { key: batch.id, cells: [
		[link(`#/batch/${batch.id}`, el("code", { title: batch.id }, short(batch.id))), provider(batch)],
		status(batch),
		[total || batch.total ? `${completed + failed}/${total || batch.total}` : "–",
			failed ? span("bad", ` ${failed} failed`) : null],
		picture(batch, axis, now),
		span(batch.scenario === "happy" ? "quiet" : "", batch.scenario),
		next ? button(`${words(next.shown_status)} in ${duration(next.at - now)}`,
			() => app.advance({ batch: batch.id, status: next.status }), { class: "plain", title: `Advance to ${at(next.at)} UTC` })
			: span("quiet", isFinal(batch.status) ? `ended ${dayOrTime(batch.transitions.at(-1).at, now)}` : "waits for a command"),
	] };
}

export const status = (batch) =>
	span(`status ${batch.status}`, nameOf(batch), batch.is_held ? " (held)" : "");

export const provider = ({ provider: name }) => name !== "openai" && span("tag", name);

const client = (url, key) => `from openai import OpenAI

client = OpenAI(base_url="${url}/v1", api_key="${key}")
line = '${exampleLine("a", "Hello")}'
file = client.files.create(file=("in.jsonl", line.encode()), purpose="batch")
batch = client.batches.create(input_file_id=file.id, completion_window="24h",
                              endpoint="/v1/chat/completions")
print(batch.id)`;

export function copyable(label, text) {
	return [
		el("pre", { class: "copyable", tabindex: 0, "aria-label": label }, code(text)),
		button("Copy", (event) => {
			navigator.clipboard?.writeText(text);
			event.target.textContent = "Copied";
		}, { "aria-label": `Copy ${label}` })];
}

function emptyWorld(app) {
	// The key of a world that its owner looks into is not known here.
	const [url, key] = [location.origin, api.world() ? "KEY_OF_THIS_WORLD" : api.key() || "sk-mockbatch"];
	return [
		el("h1", "No batches yet"),
		el("p", "This is the world of the key ", code(key), ". Point a client at it, and its batches show up here, with all that will happen to them."),
		el("h2", "In a shell"),
		copyable("export lines", `export OPENAI_BASE_URL=${url}/v1\nexport OPENAI_API_KEY=${key}`),
		el("h2", "In Python"),
		copyable("client", client(url, key)),
		el("h2", "Or look around first"),
		el("p", button("Make an example batch", () => makeExample(app), { class: "main" })),
	];
}

export const exampleLine = (id, content) => JSON.stringify({
	custom_id: id, method: "POST", url: "/v1/chat/completions",
	body: { model: "gpt-4o-mini", messages: [{ role: "user", content }] },
});

function makeExample(app) {
	const questions = ["What is the capital of France?", "Say hello in Spanish.", "Count to three."];
	const input = Array.from({ length: 12 }, (_, i) =>
		exampleLine(`question-${i + 1}`, questions[i % 3])).join("\n");
	return app.act("POST", "/batches", { input, endpoint: "/v1/chat/completions",
		metadata: { made_by: "dashboard" } }, (batch) => `Made ${batch.id}.`);
}
