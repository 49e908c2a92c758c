// The files of a world, and a part of one to look at.
import * as api from "./api.js";
import { back, button, code, el, link, pager, span, table } from "./dom.js";
import { at, bytes, distance, short } from "./format.js";

const cursors = [""];
let shown = { id: null, parts: [] };

export async function filesScreen(app, id) {
	if (id) return oneFile(app, id);
	const page = await api.page("/files", 50, cursors);
	const now = app.now();
	const rows = page.data.map((file) => ({ key: file.id, cells: [
		link(`#/files/${file.id}`, el("code", { title: file.id }, short(file.id))),
		file.filename, file.purpose, bytes(file.bytes),
		at(file.created_at), file.expires_at ? distance(file.expires_at, now) : "never",
		button("Download", () => api.download(file.id, file.filename),
			{ class: "plain", "aria-label": `Download ${file.filename}` })] }));
	return [el("h1", "Files"),
		table("Files, the newest first", ["File", "Name", "Purpose", "Size", "Created (UTC)", "Expires", ""],
			rows, "No file has been uploaded."),
		pager(app, cursors, page)];
}

async function oneFile(app, id) {
	const read = (from) => api.get(`/files/${id}/preview?from=${from}`);
	if (shown.id !== id) shown = { id, parts: [await read(0)] };
	const last = shown.parts.at(-1);
	const more = async () => {
		shown.parts.push(await read(last.next));
		app.redraw();
	};
	return [
		back("files"), el("h1", code(id)),
		el("p", `${bytes(last.size)} `, button("Download", () => api.download(id, `${id}.jsonl`))),
		shown.parts.map((part) => el("pre", { tabindex: 0, class: "file", "aria-label": `From byte ${part.from}` },
			part.text == null ? part.base64 : part.text.split(/(?<=\n)/).map((line) => el("span", line)))),
		last.next == null ? null : el("p", button(`Show more of ${bytes(last.size - last.next)}`, more)),
	];
}
