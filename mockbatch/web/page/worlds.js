// The worlds of the server, for its owner.
import * as api from "./api.js";
import { ask, button, code, el, table } from "./dom.js";
import { at } from "./format.js";

export async function worldsScreen() {
	let worlds;
	try {
		({ worlds } = await api.get("/worlds"));
	} catch (error) {
		if (error.status !== 403) throw error;
		return [el("h1", "Worlds"), el("p", "This page shows the world of your key. The key that ",
			code("mockbatch serve"), " has printed shows them all."), keyForm()];
	}
	const open = (digest) => () => show(api.key(), digest);
	return [el("h1", "Worlds"),
		table("The worlds of this server, the oldest first",
			["Key", "For", "Time (UTC)", "Clock", "Batches", "Files", "Requests", ""],
			worlds.map((one) => ({ key: one.digest, cells: [code(one.key), one.owner ?? "", at(one.now),
				one.mode, `${one.batches} (${one.unfinished_batches} unfinished)`, one.files, one.requests,
				one.digest === api.world() ? "shown now"
					: button("Open", open(one.digest), { "aria-label": `Open the world of ${one.key}` })] })),
			"No client has changed anything yet, so there is no world."),
		keyForm()];
}

export const keyForm = () => ask("API key", "Open its world", show, { id: "key", autocomplete: "off" });

function show(key, world) {
	api.open(key, world);
	location.hash = "#/batches";
	location.reload();
}
