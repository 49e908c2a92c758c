// The page as a whole: which screen, the clock above it, and when to look again.
import * as api from "./api.js";
import { button, el, listen, patchChildren } from "./dom.js";
import { at, duration, short, words } from "./format.js";
import { batchScreen } from "./batch.js";
import { batchesScreen } from "./batches.js";
import { copyScreen } from "./copy.js";
import { filesScreen } from "./files.js";
import { requestsScreen } from "./requests.js";
import { scenariosScreen } from "./scenarios.js";
import { webhooksScreen } from "./webhooks.js";
import { keyForm, worldsScreen } from "./worlds.js";

// By name: the title, what draws it, and what is counted beside its link.
const SCREENS = {
	batches: ["Batches", batchesScreen, "batches"],
	requests: ["Requests", requestsScreen, "requests"],
	scenarios: ["Scenarios & faults", scenariosScreen],
	files: ["Files", filesScreen],
	webhooks: ["Webhooks", webhooksScreen, "deliveries"],
	worlds: ["Worlds", worldsScreen],
	copy: ["Copy", copyScreen],
	batch: ["Batch", batchScreen],
};
const MODES = ["manual", "realtime", "on-poll", "x60", "x3600"];
const [POLL, SLOW_POLL, SLOW_AFTER] = [1000, 5000, 60_000];

const header = document.getElementById("header");
const main = document.getElementById("main");
// What the screens share; `page` is the last answer of /_mock/page.
const app = { page: null, received: 0, strip: null, error: null, busy: false, now, act, advance, redraw };
let [drawing, again, timer, shown] = [false, false, 0, ""];

/** The simulated time of this moment; a clock that runs goes on between two looks. */
function now() {
	const { now: then, speed } = app.page;
	return then + (speed * (performance.now() - app.received)) / 1000;
}

function route() {
	const [screen, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
	// Encoded, so that no address leads a call out of its path; ids stay what they are.
	return [SCREENS[screen] ? screen : "batches", encodeURIComponent(rest.join("/"))];
}

/** Change something, say what happened, and look at once. */
async function act(method, path, body, describe) {
	Object.assign(app, { busy: true, error: null });
	let [answer, said] = [null, {}];
	try {
		answer = await api.act(method, path, body);
		if (describe) said.strip = describe(answer);
	} catch (error) {
		said = { error: error.message, strip: null };
	}
	app.busy = false;
	// Said after the look, so that the time it names is the time above it.
	await look();
	Object.assign(app, said);
	drawHeader();
	return answer;
}

async function look() {
	clearTimeout(timer);
	try {
		const page = await api.get(`/page?seen=${app.page?.version ?? ""}`);
		if (app.lost) app.error = app.lost = null;
		if (page) {
			Object.assign(app, { page, received: performance.now() });
			await redraw();
		} else drawHeader();
	} catch (error) {
		app.lost = true;
		app.error = error.status ? error.message : "The server does not answer.";
		if ([400, 401, 403].includes(error.status)) drawKeyForm();
		else drawHeader();
	}
	const isIdle = performance.now() - app.received > SLOW_AFTER;
	clearTimeout(timer);
	if (document.visibilityState === "visible") timer = setTimeout(look, isIdle ? SLOW_POLL : POLL);
}

/** Draw the screen anew; of redraws that come meanwhile, one is made up for. */
async function redraw() {
	if (drawing) {
		again = true;
		return;
	}
	drawing = true;
	try {
		do {
			again = false;
			const [screen, argument] = route();
			const content = await SCREENS[screen][1](app, argument);
			// A control must not move from under a mouse button. An open select stays active.
			while (main.matches(":active:not(:has(select:active))")) await new Promise(requestAnimationFrame);
			if (route()[0] !== screen || route()[1] !== argument) again = true;
			else draw(screen, argument, content);
		} while (again);
	} catch (error) {
		const [screen, argument] = route();
		if (error.status) draw(screen, argument, nothing(error));
		else {
			app.error = error.message;
			drawHeader();
		}
	} finally {
		drawing = false;
	}
}

/** What a screen shows if the server refuses it. */
const nothing = (error) => [el("h1", "Nothing to show"), el("p", { role: "alert" }, error.message)];

function draw(screen, argument, content) {
	const id = `${screen}/${argument}`;
	drawHeader();
	fill(id, content);
	document.title = `${SCREENS[screen][0]} · mockbatch`;
	if (shown && shown !== id) {
		main.focus();
		scrollTo(0, 0);
	}
	shown = id;
}

function fill(key, content) {
	patchChildren(main, el("main", el("div", { key }, content)));
}

function drawHeader() {
	const current = route()[0].replace(/^batch$/, "batches");
	const entries = Object.entries(SCREENS).filter(([name]) => name !== "batch");
	const count = (list) => app.page?.counts[list] || null;
	patchChildren(header, el("header",
		el("nav", { "aria-label": "Screens" },
			el("a", { class: "brand", href: "#/batches" }, "mockbatch"),
			entries.map(([name, [label, , list]]) =>
				el("a", { href: `#/${name}`, "aria-current": name === current && "page" }, label,
					count(list) && el("small", ` ${count(list)}`)))),
		app.page && clockBar(),
		app.error && note("error", "alert"), note("strip", "status")));
}

function note(name, role) {
	// Screen readers announce what comes into a status that was there before.
	return el("div", { key: name, role }, app[name] && el("div", { class: name }, app[name],
		button("Dismiss", () => { app[name] = null; drawHeader(); }, { class: "plain" })));
}

function clockBar() {
	const { mode, next_event: next } = app.page;
	const modes = MODES.includes(mode) ? MODES : [mode, ...MODES];
	return el("section", { class: "clock", "aria-label": "Simulated time" },
		el("div", { class: "time", "aria-live": app.page.speed ? "off" : "polite" }, `${at(now())} UTC`),
		el("div", { class: "next" }, next
			? `next: ${words(next.type)} in ${duration(next.at - now())}` : "nothing is planned"),
		el("div", { class: "buttons" },
			button("Next event", () => advance({ next_event: true }), { title: "Key: n", class: "main",
				reason: !next && "Nothing is planned." }),
			button("+1 h", () => advance({ seconds: 3600 })),
			button("+24 h", () => advance({ seconds: 86400 })),
			el("form", { submit: advanceTo },
				el("input", { id: "to", "aria-label": "Advance to (UTC)", type: "datetime-local", step: 1,
					required: true }),
				el("button", "Go")),
			el("label", "Clock ",
				el("select", { id: "mode", change: async ({ target }) => {
					await act("POST", "/clock", { mode: target.value });
					target.value = app.page.mode;
				} },
				modes.map((one) => el("option", { selected: one === mode, value: one }, one))))));
}

function advance(body) {
	return act("POST", "/clock/advance", body, ({ events, event_count: count, now: then }) => {
		const listed = events.slice(0, 6).map((one) => `${short(one.id)} ${words(one.type)}`).join(", ");
		const more = count > 6 ? `, and ${count - 6} more` : "";
		const text = count === 1 ? "1 event" : `${count} events`;
		return `Now ${at(then)}: ${count ? `${text}: ${listed}${more}` : "nothing happened"}.`;
	});
}

function advanceTo(event) {
	const to = Date.parse(`${event.target.querySelector("input").value}Z`) / 1000;
	// By seconds, since a copy runs at another time.
	if (to) advance(to > now() ? { seconds: Math.ceil((to - now()) * 1e3) / 1e3 } : { to });
}

function drawKeyForm() {
	drawHeader();
	fill("key", [
		el("h1", "Which world?"),
		el("p", "Each API key has a world of its own. Enter the key that your client uses, or the ",
			"one that mockbatch serve has printed."),
		keyForm()]);
}

function onKey(event) {
	if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey || !app.page) return;
	if (event.key === "n" && app.page.next_event && !app.busy) advance({ next_event: true });
}

[header, main].forEach((root) => listen(root, (reason) => {
	app.strip = reason;
	drawHeader();
}));
addEventListener("hashchange", () => {
	if (api.takeKey()) {
		app.page = null;
		look();
	} else if (app.page) {
		app.error = null;
		redraw();
	}
});
addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", look);
setInterval(() => app.page?.speed && drawHeader(), 1000);
api.takeKey();
look();
