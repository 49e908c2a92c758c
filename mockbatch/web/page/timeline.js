// One batch on a time axis: past solid, future dashed, a line for now.
import { el } from "./dom.js";
import { at, distance, words } from "./format.js";

const percent = (number) => `${number.toFixed(2)}%`;

/**
 * The part of time that these batches cover, with `now` in it. Time near `now` is stretched, so
 * that the seconds of a validation and the end of the window both show.
 */
export function axisOf(batches, now) {
	const times = batches.flatMap((b) => [b.transitions[0].at, b.transitions.at(-1).at]);
	const scale = (time) => Math.asinh((time - now) / 60);
	const start = scale(Math.min(now - 60, ...times)) - 0.4;
	const end = scale(Math.max(now + 60, ...times)) + 0.4;
	return (time) => ((scale(time) - start) / (end - start)) * 100;
}

const STEPS = [["1 min", 60], ["10 min", 600], ["1 h", 3600], ["6 h", 21600], ["24 h", 86400],
	["7 d", 604800], ["30 d", 2592000]];

/** The scale above the lines, which take that share of the window's width. */
export function axisRow(axis, now, centre = now, share = 1) {
	const signed = STEPS.flatMap(([name, seconds]) =>
		[[`−${name}`, centre - seconds], [`+${name}`, centre + seconds]]);
	const marks = [["now", now], ["end", centre], ...signed].map(([name, time]) => [name, axis(time)]);
	const taken = [];
	const room = 6000 / innerWidth / share;
	const isFree = ([, x]) => x > 4 && x < 96 && taken.every((other) => Math.abs(other - x) > room)
		&& taken.push(x);
	return el("svg", { class: "axis", role: "img", "aria-label": "Timeline" }, marks.filter(isFree).map(([name, x]) =>
		el("text", { x: percent(x), y: 15, class: name === "now" ? name : null }, name)));
}

/** The picture of a batch; its label says everything that it shows. */
export function picture(batch, axis, now) {
	const changes = changesOf(batch);
	const end = changes.at(-1);
	const from = axis(changes[0].at);
	const here = Math.max(from, Math.min(axis(now), isFinal(end.status) ? axis(end.at) : 100));
	const events = changes.map((t) =>
		`${nameOf(t)} ${t.at <= now ? "at" : "planned for"} ${at(t.at)}`);
	const line = (name, a, b, more = {}) =>
		el("line", { class: name, x1: percent(a), x2: percent(b), y1: 17, y2: 17, ...more });
	const label = events.join(", ") + (batch.is_held ? ", held" : "");
	return el("svg", { class: "line", role: "img", "aria-label": label },
		axis(now) < 100 && line("now", axis(now), axis(now), { y1: -5, y2: 39 }),
		line("future", here, Math.max(here, axis(end.at)), { "stroke-dasharray": "5 5" }),
		line("past", from, here),
		progressBar(batch.progress, axis, now),
		changes.map((t) => dot(t, axis, now)));
}

function progressBar(points, axis, now) {
	if (!points.length || points[0].at > now) return null;
	const from = axis(points[0].at);
	const to = axis(Math.min(now, points.at(-1).at));
	return el("rect", { class: "progress", x: percent(from), width: percent(Math.max(0, to - from)),
		y: 22, height: 3 });
}

function dot(change, axis, now) {
	const isPast = change.at <= now;
	const isEnd = isFinal(change.status);
	const isBad = ["failed", "expired"].includes(change.status);
	const [x, name] = [percent(axis(change.at)), `dot ${isPast ? "was" : "will"} ${isEnd ? change.status : ""}`];
	return el(isBad ? "rect" : "circle", { class: name, ...(isBad
		? { x, y: 12, width: 10, height: 10 } : { cx: x, cy: 17, r: isEnd ? 6 : 4 }) },
	el("title", `${nameOf(change)}, ${at(change.at)} UTC, ${distance(change.at, now)}`));
}

/** The changes that the provider shows: to some, several stages are one. */
export const changesOf = ({ transitions }) =>
	transitions.filter((one, i) => one.shown_status !== transitions[i - 1]?.shown_status);

/** A status by the provider's name; behind a name for several ends, which one it is. */
export const nameOf = ({ status, shown_status: name }) =>
	words(name) + (isFinal(status) && name !== status ? `: ${status}` : "");

export const isFinal = (status) => ["completed", "failed", "expired", "cancelled"].includes(status);
