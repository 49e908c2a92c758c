// What clients asked: every request with its fault, its retries and its bodies.
import * as api from "./api.js";
import { back, code, el, link, narrow, older, p, pre, span, table } from "./dom.js";
import { at, dayOrTime, json } from "./format.js";

let [filter, limit] = ["", 100];

export async function requestsScreen(app, argument) {
	if (argument === "unmatched") return unmatched(app);
	if (argument) return oneRequest(argument);
	const journal = await api.get(`/requests?limit=${limit}${filter ? `&path=*${encodeURIComponent(filter)}*` : ""}`);
	const rows = calls(journal.requests).reverse().map((call) => row(call, app.now()));
	return [
		el("h1", "Requests"),
		narrow(app, "filter", "Path contains", filter, (text) => { filter = text.trim(); }),
		p("", link("#/requests/unmatched", "Those that match no route")),
		table("Requests to the API, the newest first; the attempts of a call in one row",
			["Time", "Request", "Status", "Fault", "Error", "Took"], rows,
			filter ? "No request matches." : "No request has reached this world."),
		rows.length ? older(() => { limit += 100; app.redraw(); }, journal.requests.length < limit) : null,
	];
}

/** The attempts of each call, which the SDK numbers. */
function calls(requests) {
	const [found, last] = [[], new Map()];
	for (const one of requests) {
		const name = (count) => `${count} ${one.method} ${one.path}`;
		const call = last.get(name(one.retry_count - 1)) ?? [];
		last.delete(name(one.retry_count - 1));
		if (!call.length) found.push(call);
		call.push(one);
		last.set(name(one.retry_count), call);
	}
	return found;
}

function row(call, now) {
	const [first, end] = [call[0], call.at(-1)];
	const attempt = (one) => span(one.status >= 400 || !one.status ? "bad" : "",
		one.status || "no answer", one.retry_count ? ` (retry ${one.retry_count})` : "");
	return { key: first.id, cells: [
		dayOrTime(first.now, now),
		[link(`#/requests/${end.id}`, code(`${end.method} ${end.path}`)),
			!end.known && span("tag", "no such route")],
		call.map((one) => [one === first ? "" : ", then ",
			one === end ? attempt(one) : link(`#/requests/${one.id}`, attempt(one))]),
		[...new Set(call.map((one) => one.fault))].map((fault) => fault && span("tag", fault)),
		end.error ?? "",
		span("quiet", `${call.reduce((sum, one) => sum + one.duration_ms, 0).toFixed(1)} ms`),
	] };
}

async function unmatched(app) {
	const { requests } = await api.get("/requests/unmatched");
	const rows = requests.reverse().map((one) => ({ cells: [
		dayOrTime(one.now, app.now()), code(`${one.method} ${one.path}`), code(one.nearest)] }));
	return [back("requests"), el("h1", "Unmatched requests"),
		table("Requests that match no route of the API", ["Time", "Request", "Nearest route"], rows,
			"Every request has matched a route.")];
}

async function oneRequest(id) {
	const one = await api.get(`/requests/${id}`);
	return [
		back("requests"),
		el("h1", code(`${one.method} ${one.path}`)),
		el("p", `${at(one.now)} UTC, status ${one.status || "none: no answer"}, ${one.duration_ms} ms`,
			one.retry_count ? `, retry ${one.retry_count}` : "", one.fault ? `, fault ${one.fault}` : "",
			one.reply ? `, reply for ${json(one.reply)}` : ""),
		one.error && p("bad", one.error),
		el("div", { class: "halves" }, message("Request", one.request), message("Response", one.response)),
	];
}

function message(title, said) {
	if (!said) return el("section", el("h2", title), p("quiet", "Not kept by this process."));
	return el("section", el("h2", title),
		el("details", el("summary", "Headers"), pre(json(said.headers))),
		Object.keys(said.form ?? {}).length > 0 && pre(json(said.form)),
		said.files.map((file) => el("p", `File ${file.filename}, ${file.bytes} bytes`)),
		said.text ? pre(pretty(said.text)) :
			p("quiet", said.bytes ? `${said.bytes} bytes, not shown.` : "No body."),
		said.truncated && p("quiet", `The first part of ${said.bytes} bytes.`));
}

function pretty(text) {
	try {
		return json(JSON.parse(text));
	} catch {
		return text;
	}
}
