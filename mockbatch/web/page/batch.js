// One batch: why it is where it is, its timeline, what can be done, and its lines.
import * as api from "./api.js";
import { back, button, code, el, link, p, pre, span, table } from "./dom.js";
import { at, distance, json, words } from "./format.js";
import { axisOf, axisRow, changesOf, isFinal, nameOf, picture } from "./timeline.js";
import { provider, status } from "./batches.js";
import { deliveryTable } from "./webhooks.js";

const MAX_LINES = 100;
let [contents, contentsOf] = [{}, ""];

export async function batchScreen(app, id) {
	const path = `/batches/${id}`;
	const [batch, object, timeline, changed, { deliveries }] = await Promise.all([
		api.get(`${path}/overview`), api.get(path), api.get(`${path}/timeline`),
		api.get(`${path}/changed_lines`), api.get(`/webhooks/deliveries?batch_id=${id}`)]);
	const now = app.now();
	// What has ended is shown around its end, however long ago that is.
	const hasEnded = isFinal(batch.status);
	const centre = hasEnded ? batch.transitions.at(-1).at : now;
	const axis = axisOf([batch], centre);
	return [
		back("batches"),
		el("h1", code(id), " ", status(batch), provider(batch)),
		el("p", batch.explanation),
		el("div", { class: "card" }, axisRow(axis, now, centre), picture(batch, axis, now)),
		commands(app, batch, path, now),
		object.errors && errors(object.errors.data),
		events(batch, timeline, now),
		el("h2", "Lines"), await lines(batch, changed),
		deliveries.length ? [el("h2", "Webhooks"), deliveryTable(app, deliveries)] : null,
		el("h2", "The Batch object"),
		pre(json(object)),
	];
}

function commands(app, batch, path, now) {
	const end = batch.transitions.at(-1);
	const done = isFinal(batch.status) && "The batch has ended.";
	return el("div", { class: "buttons actions", role: "group", "aria-label": "Commands" },
		Object.entries(batch.commands).map(([name, reason]) => {
			const label = name[0].toUpperCase() + name.slice(1);
			return button(label, () => app.act("POST", `${path}/${name}`, {}, () => `${label}: done.`), { reason });
		}),
		button("Run to the end", () => app.advance({ batch: batch.id, status: end.status }), { class: "main",
			reason: done || end.at <= now && "No change is planned." }));
}

function errors(data) {
	return table("Errors of the validation", ["Line", "Code", "Message"], data.slice(0, 50).map((one) =>
		({ cells: [one.line ?? "", code(one.code ?? ""), one.message ?? ""] })));
}

function events(batch, { past, coming }, now) {
	const names = new Map(changesOf(batch).map((one) => [`batch.${one.status}`, nameOf(one)]));
	const isShown = ({ type }) => names.has(type) || type.startsWith("webhook");
	const row = (name, what) => ({ type, at: first, last, count }) => ({ class: name, cells: [
		what, `${names.get(type) ?? words(type)}${count > 1 ? ` ×${count}` : ""}`,
		`${at(first)}${last > first ? ` to ${at(last)}` : ""}`, distance(last, now)] });
	return table("Past and planned events", ["", "Event", "Time (UTC)", ""], [
		...runs(past.filter(isShown)).map(row("", "● happened")),
		...runs(coming.filter(isShown)).map(row("planned", "○ planned"))]);
}

/** The events, with those of a type that follow each other as one. */
function runs(events) {
	const found = [];
	for (const one of events) {
		const run = found.at(-1);
		if (run?.type === one.type) Object.assign(run, { last: one.at, count: run.count + 1 });
		else found.push({ ...one, last: one.at, count: 1 });
	}
	return found;
}

async function lines(batch, changed) {
	const ids = [batch.input_file_id, batch.output_file_id, batch.error_file_id];
	const name = [batch.id, ...ids].join();
	if (contentsOf !== name) {
		const paths = [`/batches/${batch.id}/input`, ...ids.slice(1).map((id) => id && `/files/${id}`)];
		const parts = await Promise.all(paths.map(read));
		[contents, contentsOf] = [{ parts, rows: joined(parts) }, name];
	}
	const { parts, rows } = contents;
	const isCut = parts.some((part) => part?.next != null) || rows.length > MAX_LINES;
	return [
		table("Each request with its result", ["custom_id", "Request", "Result"],
			rows.slice(0, MAX_LINES).map((row) => lineRow(row, changed, isCut)), "There are no lines."),
		p("quiet", isCut ? "The first part of the files only. " : "",
			["Input", "Output", "Errors"].map((name, i) => ids[i] && [" ", link(`#/files/${ids[i]}`, name)])),
	];
}

const read = (path) => path && api.get(`${path}/preview`).catch(() => null);

/** The lines of three files by custom_id; what is no JSON keeps its text. */
function joined(parts) {
	const rows = new Map();
	const add = (part, kind) => {
		const texts = (part?.text ?? "").split("\n").slice(0, part?.next == null ? undefined : -1);
		texts.forEach((text, number) => {
			if (!text.trim()) return;
			let value = null;
			try {
				value = JSON.parse(text);
			} catch { /* shown as it is */ }
			const id = value?.custom_id ?? `${kind}, line ${number + 1}`;
			const row = rows.get(id) ?? { id: String(id) };
			row[kind] = [...(row[kind] ?? []), { value, text }];
			rows.set(id, row);
		});
	};
	["input", "output", "error"].forEach((kind, i) => add(parts[i], kind));
	return [...rows.values()];
}

function lineRow(row, changed, isCut) {
	const request = row.input?.[0];
	const result = row.output?.[0] ?? row.error?.[0];
	const count = (row.output?.length ?? 0) + (row.error?.length ?? 0);
	const tags = [row.error && "error file", count > 1 && `${count} results`,
		...Object.keys(changed).filter((name) => changed[name].includes(row.id))];
	return { key: row.id, cells: [code(row.id),
		request ? folded(question(request), request)
			: isCut ? "later in the input" : span("tag", "not in the input"),
		[result ? folded(answer(result), result) : span("quiet", isCut ? "later in the files, or none" : "none"),
			tags.map((text) => text && span("tag", text))]] };
}

function folded(summary, { value, text }) {
	const short = summary.length > 160 ? `${summary.slice(0, 160)}…` : summary;
	const whole = value ? json(value) : text;
	return el("details", el("summary", short), pre(whole.slice(0, 20_000)));
}

const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value) ?? "");

function question({ value, text }) {
	const body = value?.body;
	return textOf(body?.messages?.at?.(-1)?.content ?? body?.input ?? body?.prompt ?? body ?? text);
}

function answer({ value, text }) {
	const result = value?.result;
	const body = value?.response?.body ?? result?.message;
	const problem = value?.error ?? body?.error ?? result?.error?.error;
	if (problem) return textOf(problem.message ?? problem);
	const choice = body?.choices?.[0] ?? body?.content?.[0];
	return textOf(choice?.message?.content ?? choice?.text ?? body ?? result?.type ?? text);
}
