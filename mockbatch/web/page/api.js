// Calls of the control API: the key in a header, no cookie, and what was done as a record.
const store = sessionStorage;

/** Move the key from the address, where others could see it, to this tab's storage. */
export function takeKey() {
	const found = new URLSearchParams(location.hash.slice(1)).get("key");
	if (found === null) return false;
	open(found);
	history.replaceState(null, "", `${location.pathname}#/batches`);
	return true;
}

export const key = () => store.getItem("key") ?? "";
export const world = () => store.getItem("world") ?? "";
export function open(key, world = "") {
	store.setItem("key", key);
	store.setItem("world", world);
}

export function headers() {
	const found = {};
	if (key()) found.Authorization = `Bearer ${key()}`;
	if (world()) found["X-Mockbatch-World"] = world();
	return found;
}

async function send(method, path, body) {
	const options = { method, headers: headers(), cache: "no-store", credentials: "omit" };
	if (body !== undefined) {
		options.headers["Content-Type"] = "application/json";
		options.body = JSON.stringify(body);
	}
	const response = await fetch(path, options);
	if (response.ok || response.status === 304) return response;
	const { status } = response;
	const { error } = await response.json().catch(() => ({}));
	throw Object.assign(new Error(error?.message ?? `The server answered ${status}.`), { status });
}

/** Read something; null if nothing has changed. */
export async function get(path) {
	const response = await send("GET", `/_mock${path}`);
	return response.status === 304 ? null : response.json();
}

/** Read a page of a list; the first one if what it began after is gone. */
export async function page(path, limit, cursors) {
	const after = cursors.at(-1);
	try {
		return await get(`${path}?limit=${limit}${after ? `&after=${after}` : ""}`);
	} catch (error) {
		if (!after) throw error;
		cursors.length = 1;
		return page(path, limit, cursors);
	}
}

export async function download(id, name) {
	const blob = await (await send("GET", `/_mock/files/${id}/content`)).blob();
	const url = URL.createObjectURL(blob);
	Object.assign(document.createElement("a"), { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** What was done on this page, to copy: {method, path, body}, and the id of the answer. */
export const done = JSON.parse(store.getItem("done") ?? "[]");

export async function act(method, path, body) {
	const response = await (await send(method, `/_mock${path}`, body)).json();
	done.push({ method, path, body, id: response.id });
	store.setItem("done", JSON.stringify(done.slice(-100)));
	return response;
}

export function forgetDone() {
	done.length = 0;
	store.removeItem("done");
}
