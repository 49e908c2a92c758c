// What can go wrong, by name: scenarios for batches, faults for requests, scripted replies.
import * as api from "./api.js";
import { button, code, el, narrow, p, table } from "./dom.js";
import { json, words } from "./format.js";

let [presets, search] = [null, ""];

export async function scenariosScreen(app) {
	const [scenarios, faults, replies, documents] = await Promise.all([
		api.get("/scenarios"), api.get("/faults"), api.get("/replies"),
		presets ?? api.get("/faults/presets")]);
	presets = documents;
	const wanted = (one) =>
		`${one.name} ${one.summary} ${one.sees}`.toLowerCase().includes(search.toLowerCase());
	return [
		el("h1", "Scenarios & faults"),
		active(app, scenarios.active, faults.faults, replies.replies),
		narrow(app, "search", "Search", search, (text) => { search = text; }),
		el("h2", "What happens to a batch"),
		groups(scenarios.scenarios.filter(wanted), (one) => scenarioCard(app, one)),
		el("h2", "What happens to a request"),
		groups(presets.presets.filter(wanted), (one) => faultCard(app, one)),
		el("h2", "What lines and live calls are answered with"),
		replyForm(app),
	];
}

function active(app, queue, faults, replies) {
	const times = (count) => (count == null ? "all" : `the next ${count === 1 ? "one" : count}`);
	const rows = [
		...queue.map((one) => ["Scenario", code(one.name), `batches: ${times(one.times)}; so far: ${one.batches}`]),
		...faults.map((one) => ["Fault", code(one.name ?? "fault"),
			`met ${one.fired} of ${one.times ?? "all"}; requests to ${one.match.path ?? "*"} so far: ${one.matched}`]),
		...replies.slice(0, 50).map((one) => ["Reply", code(json(one.match).slice(0, 80)),
			`${JSON.stringify(one.reply).slice(0, 80)}; lines: ${one.lines}, live calls: ${one.live_calls}`]),
		...replies.length > 50 ? [["Reply", "", `${replies.length - 50} more`]] : [],
	];
	const clear = ([name, path, list]) => button(`Clear ${name}`, () => app.act("DELETE", path),
		{ reason: !list.length && "There is none." });
	return el("section", { class: "card" }, el("h2", "Active now"),
		table("Scenarios, faults and replies of this world", ["Kind", "Name", "Applies to"],
			rows.map((cells) => ({ cells })), "Nothing is active."),
		p("buttons", [["scenarios", "/scenarios/active", queue],
			["faults", "/faults", faults], ["replies", "/replies", replies]].map(clear)));
}

function groups(documents, draw) {
	if (!documents.length) return p("quiet", "None matches.");
	// Apart, since both scenarios and faults have a group of files.
	return el("div", [...new Set(documents.map((one) => one.group))].map((group) =>
		el("section", { key: group, "aria-label": group }, el("h3", group),
			el("div", { class: "cards" },
				documents.filter((one) => one.group === group).map(draw)))));
}

function card(one, ...more) {
	return el("article", { class: "card", key: one.name, "aria-label": one.name },
		el("h4", code(one.name)), el("p", one.summary),
		el("details", el("summary", "What a client sees"), el("p", one.sees),
			one.advice && el("p", el("b", "Advice: "), one.advice),
			one.sources && el("ul", one.sources.map((source) => el("li", source)))),
		more);
}

function scenarioCard(app, one) {
	const choose = ([label, times, which]) => button(label, ({ target }) => {
		const params = {};
		for (const field of target.closest("article").querySelectorAll("[data-param]")) {
			if (field.value !== field.defaultValue && field.value !== "") {
				params[field.dataset.param] = field.type === "number" ? Number(field.value) : field.value;
			}
		}
		app.act("POST", "/scenarios/active", { name: one.name, params, times },
			() => `${one.name} happens to ${which} from now on.`);
	}, { "aria-label": `${one.name} for ${which}` });
	return card(one,
		Object.entries(one.parameters ?? {}).map(([name, parameter]) => field(one, name, parameter)),
		p("buttons", [["For the next batch", 1, "the next batch"],
			["For all", null, "all batches"]].map(choose)));
}

function field(scenario, name, { summary, minimum, maximum, choices, sets }) {
	const value = sets.reduce((found, key) => found?.[key], scenario);
	const shared = { "data-param": name };
	const input = choices
		? el("select", shared, choices.map((one) => el("option", { value: one, selected: one === value }, one)))
		: el("input", { ...shared, type: "number", min: minimum, max: maximum, step: "any", value });
	return el("label", { class: "field" }, `${words(name)} `, input,
		el("small", summary));
}

function faultCard(app, one) {
	const choose = ([label, times, which]) => button(label,
		() => app.act("POST", "/faults", { preset: one.name, times }, () => `${one.name} is on for ${which}.`),
		{ "aria-label": `${one.name} for ${which}` });
	return card(one,
		p("quiet", code(`${one.match.method ?? "*"} ${one.match.path ?? "*"}`)),
		p("buttons", [["Once", 1, "the next request"], ["3 times", 3, "3 requests"],
			["Always", null, "all requests"]].map(choose)));
}

function replyForm(app) {
	return el("form", { class: "card", submit: (event) => {
		const value = (name) => event.target.querySelector(`#reply-${name}`).value;
		const match = Object.fromEntries(["custom_id", "contains"].map((name) => [name, value(name)]).filter(([, text]) => text));
		const [kind, text] = [value("kind"), value("text")];
		const reply = { [kind]: kind === "error" ? { code: "server_error", message: text } : text };
		app.act("POST", "/replies", { match, reply }, () => "The reply is active.");
	} },
	el("label", "custom_id, with * for any text ", el("input", { id: "reply-custom_id", placeholder: "question-*" })),
	el("label", "Prompt contains ", el("input", { id: "reply-contains" })),
	el("label", "Reply with ", el("select", { id: "reply-kind" },
		["content", "refusal", "error"].map((kind) => el("option", kind)))),
	el("label", "Text ", el("input", { id: "reply-text", required: true, placeholder: "Paris." })),
	el("button", "Add reply"));
}
