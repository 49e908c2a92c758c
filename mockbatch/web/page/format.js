// Times and other values as texts.
export const at = (seconds) =>
	new Date(Math.floor(seconds) * 1000).toISOString().replace("T", " ").slice(0, 19);
/** The time of an instant of today, the date and time of another. */
export const dayOrTime = (seconds, now) => at(seconds).slice(0, 10) === at(now).slice(0, 10)
	? clockTime(seconds) : at(seconds).slice(0, 16);
const clockTime = (seconds) => at(seconds).slice(11);

/** A length of time in its two largest units. */
export function duration(seconds) {
	let rest = Math.max(0, Math.round(seconds));
	const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]].map(([name, length]) => {
		const count = Math.floor(rest / length);
		rest %= length;
		return count && `${count} ${name}`;
	});
	const first = parts.findIndex(Boolean);
	return parts.slice(first, first + 2).filter(Boolean).join(" ") || "0 s";
}

export const distance = (instant, now) =>
	instant > now ? `in ${duration(instant - now)}` : `${duration(now - instant)} ago`;
export const short = (id) => (id.length > 18 ? `${id.slice(0, 12)}…${id.slice(-4)}` : id);
export const words = (text) => text.replace(/^batch\./, "").replace(/[_.]/g, " ");
export const json = (value) => JSON.stringify(value, null, 2);

export const bytes = (count) => (count < 1e3 ? `${count} B`
	: count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`);

/** Characters that reorder or hide text become visible. */
export const visible = (text) =>
	text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
		(char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
