// Webhook endpoints, and every delivery with its attempts.
import * as api from "./api.js";
import { ask, button, code, el, link, older, pre, span, table } from "./dom.js";
import { dayOrTime, json, short } from "./format.js";

let limit = 100;

export async function webhooksScreen(app) {
	const [endpoints, { deliveries }] = await Promise.all([
		api.get("/webhooks/endpoints"), api.get(`/webhooks/deliveries?limit=${limit}`)]);
	return [el("h1", "Webhooks"),
		table("Endpoints", ["Name", "URL", "Events", "Secret", ""],
			endpoints.data.map((one) => endpointRow(app, one)), "No endpoint: no event is sent."),
		ask("Send events to", "Add endpoint", (url) => app.act("POST", "/webhooks/endpoints", { url },
			(made) => `Events are signed with ${made.signing_secret}: it is shown only now.`),
		{ id: "url", type: "url", placeholder: "a URL on this machine" }),
		el("h2", "Deliveries"), deliveryTable(app, deliveries.reverse()),
		deliveries.length ? older(() => { limit += 100; app.redraw(); }, deliveries.length < limit) : null];
}

function endpointRow(app, one) {
	const path = `/webhooks/endpoints/${one.id}`;
	return { key: one.id, cells: [one.name, code(one.url),
		one.event_types.join(", "), code(one.signing_secret_hint),
		el("div", { class: "buttons" },
			button("Send a test", () => app.act("POST", `${path}/test`, { event_type: "batch.completed" },
				(answer) => `The receiver answered ${answer.status_code}.`)),
			button("Rotate secret", () => app.act("POST", `${path}/rotate_secret`, {},
				(made) => `The new secret is ${made.signing_secret}: it is shown only now.`)))] };
}

const outcome = ({ error, status_code: code }) => error ?? code;
const worked = (attempt) => attempt.status_code >= 200 && attempt.status_code < 300;

export function deliveryTable(app, deliveries) {
	const time = (instant) => dayOrTime(instant, app.now());
	return table("Each event with its attempts", ["Event", "About", "Status", "Attempts", "Last answer", ""],
		deliveries.map((one) => {
			const last = one.attempts.at(-1);
			const about = one.event.data?.id ?? "";
			const dots = one.attempts.slice(-20).map((a) => (worked(a) ? "●" : "○")).join("");
			const label = `attempts: ${one.attempts.length}, successful: ${one.attempts.filter(worked).length}`;
			const next = one.next_attempt_at ? `, next at ${time(one.next_attempt_at)}` : "";
			return { key: one.id, cells: [
				el("details", el("summary", one.event.type),
					pre(`POST ${one.url}\n${last ? json(last.headers) : ""}\n\n${one.body}`)),
				about.startsWith("batch_") ? link(`#/batch/${about}`, code(short(about))) : code(short(about)),
				span(`status ${one.status === "delivered" ? "completed" : one.status}`, one.status),
				el("span", { role: "img", "aria-label": label }, dots),
				last ? [`${outcome(last)} `, span("quiet", `at ${time(last.at)}${next}`)] : `none yet${next}`,
				button("Send again", () => app.act("POST", `/webhooks/deliveries/${one.id}/redeliver`, {},
					({ attempts }) => `Sent again: ${outcome(attempts.at(-1))}.`))] };
		}), "No event has been sent.");
}
