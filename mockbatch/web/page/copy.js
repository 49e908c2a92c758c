// From looking to a test: what was done on this page, as pytest or as curl.
import * as api from "./api.js";
import { button, el, p } from "./dom.js";
import { copyable, exampleLine } from "./batches.js";

export async function copyScreen(app) {
	const title = el("h1", "Copy what you did");
	if (!api.done.length) {
		return [title, p("quiet", "Nothing yet. Choose a scenario, move the clock, or act on a batch: ",
			"then you can copy it as a test.")];
	}
	const [newest] = (await api.get("/batches?limit=1")).data;
	const status = newest?.status ?? "completed";
	const isManual = app.page.mode === "manual";
	const forget = () => { api.forgetDone(); app.redraw(); };
	return [title, el("h2", "As pytest"), copyable("the test", asPytest(api.done, status, isManual)),
		el("h2", "As curl"), copyable("the commands", asCurl(api.done)),
		el("p", button("Forget it all", forget))];
}

const WORDS = { true: "True", false: "False", null: "None" };

/** A value in Python: it is JSON but for three words. */
const python = (value) => JSON.stringify(value ?? null)
	.replace(/"(?:[^"\\]|\\.)*"|true|false|null/g, (part) => WORDS[part] ?? part);

const COMMAND = /^\/batches\/[^/]+\/(hold|resume|cancel|expire|fail|complete)$/;

function statement({ method, path, body = {} }) {
	const command = COMMAND.exec(path);
	if (path === "/clock/advance") {
		if (body.next_event) return "mockbatch.clock.advance_to_next()";
		if (body.batch) return `mockbatch.clock.run_until(batch, "${body.status}")`;
		return `mockbatch.clock.advance(${body.seconds})`;
	}
	// A parameter may be called times, too.
	if (path === "/scenarios/active" && method === "POST" && !("times" in body.params)) {
		const params = Object.entries(body.params).map(([k, v]) => `, ${k}=${python(v)}`).join("");
		return `mockbatch.scenario(${python(body.name)}, times=${python(body.times)}${params})`;
	}
	if (path === "/faults" && method === "POST") {
		return `mockbatch.fault(${python(body.preset)}, times=${python(body.times)})`;
	}
	if (path === "/replies" && method === "POST") return `mockbatch.reply(${python(body.match)}, ${python(body.reply)})`;
	if (command) return `${command[1] === "cancel" ? "client.batches" : "mockbatch"}.${command[1]}(batch.id)`;
	return `mockbatch.call(${python(method)}, ${python(`/_mock${path}`)}${method === "DELETE" ? "" : `, ${python(body)}`})`;
}

const literal = (line) =>
	(/['\\]/.test(line) ? python(`${line}\n`) : `'${line}\\n'`);

const isBatch = ({ method, path }) => method === "POST" && path === "/batches";

/** A test that does the same; what chooses misfortunes comes before the batch. */
function asPytest(done, status, isManual) {
	const isBefore = ({ path }) => /^\/(scenarios|faults|replies)/.test(path);
	// The endpoints and deliveries of this world are not in that of a test.
	const rest = done.filter((one) => !isBatch(one) && !/^\/webhooks\/.*\//.test(one.path));
	const input = done.find(isBatch)?.body.input ?? exampleLine("a", "Hello");
	const lines = [
		...rest.filter(isBefore).map(statement),
		"client = mockbatch.client",
		`file = client.files.create(file=("in.jsonl", INPUT.encode()), purpose="batch")`,
		"batch = client.batches.create(",
		'    input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"',
		")",
		...rest.filter((one) => !isBefore(one)).map(statement),
		// On another clock, time passed that is in no call.
		...isManual ? [] : [`mockbatch.clock.run_until(batch, "${status}")`],
		"batch = client.batches.retrieve(batch.id)",
		`assert batch.status == "${status}"`,
	];
	const text = input.trim().split("\n").map((line) => `    ${literal(line)}`).join("\n");
	return `INPUT = (\n${text}\n)\n\n\ndef test_batch(mockbatch):\n${lines.map((line) => `    ${line}`).join("\n")}\n`;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function asCurl(done) {
	const headers = Object.entries(api.headers()).map((header) => header.join(": "));
	const made = done.filter(isBatch);
	const commands = done.map((one) => {
		const { method, path, body } = one;
		const command = [
			`curl -X ${method} ${quoted(`${location.origin}/_mock${path}`)}`,
			...headers.map((header) => `-H ${quoted(header)}`),
			...body === undefined ? [] : [`-d ${quoted(JSON.stringify(body))}`],
		].join(" \\\n  ");
		return isBatch(one)
			? `batch${made.indexOf(one)}=$(${command} | grep -o 'batch_[^"]*' | head -1)` : command;
	}).join("\n");
	// Made again, a batch has another id.
	return made.reduce((text, { id }, i) => text.replaceAll(id, `'"$batch${i}"'`), commands);
}
