// Elements from data, and a redraw that keeps focus, scroll and what has been typed.
import { visible } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "line", "circle", "rect", "text", "title"]);

/** Return an element; a function among its attributes, if it has any, handles that event. */
export function el(tag, ...children) {
	const attributes = children[0]?.constructor === Object ? children.shift() : {};
	const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
	node.handlers = {};
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === "function") node.handlers[name] = value;
		else if (name === "key") node.key = value;
		else if (value === true) node.setAttribute(name, "");
		else if (value !== false && value != null) node.setAttribute(name, visible(`${value}`));
	}
	// Text nodes alone: nothing that a client sends is ever read as HTML.
	node.append(...children.flat(9).filter((child) => child != null && child !== false)
		.map((child) => (child instanceof Node ? child : visible(`${child}`))));
	return node;
}

/** Make the children of `old` those of `fresh`, and keep every node that is the same. */
export function patchChildren(old, fresh) {
	const keyed = new Map([...old.childNodes].filter((n) => n.key != null).map((n) => [n.key, n]));
	let at = old.firstChild;
	for (const child of [...fresh.childNodes]) {
		let match = at;
		if (child.key != null) match = keyed.get(child.key);
		else if (at?.key != null) match = null;
		if (!match || !isSameKind(match, child)) {
			old.insertBefore(child, at);
			continue;
		}
		if (match !== at) old.insertBefore(match, at);
		else at = at.nextSibling;
		patch(match, child);
	}
	while (at) {
		const next = at.nextSibling;
		at.remove();
		at = next;
	}
}

function isSameKind(old, fresh) {
	return old.nodeName === fresh.nodeName && (old.key ?? null) === (fresh.key ?? null);
}

function patch(old, fresh) {
	if (old.nodeType === Node.TEXT_NODE) {
		if (old.data !== fresh.data) old.data = fresh.data;
		return;
	}
	for (const { name } of [...old.attributes]) {
		// A person has opened it.
		if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
	}
	for (const { name, value } of fresh.attributes) {
		if (old.getAttribute(name) === value) continue;
		old.setAttribute(name, value);
		// The attribute alone does nothing any more once a person has chosen another option.
		if (name === "selected") old.selected = true;
	}
	old.handlers = fresh.handlers;
	patchChildren(old, fresh);
}

/** Call the handlers below a root, which outlive redraws; `refuse` says why a button does nothing. */
export function listen(root, refuse) {
	for (const type of ["click", "change", "input", "submit"]) {
		root.addEventListener(type, (event) => {
			for (let node = event.target; node && node !== root; node = node.parentNode) {
				const handler = node.handlers?.[type];
				if (handler) {
					event.preventDefault();
					if (node.ariaDisabled) refuse(node.title);
					else handler(event);
					return;
				}
			}
		});
	}
}

export const span = (name, ...children) => el("span", { class: name }, ...children);
export const p = (name, ...children) => el("p", { class: name }, ...children);
export const pre = (text) => el("pre", { tabindex: 0 }, text);
export const link = (href, ...children) => el("a", { href }, ...children);
export const back = (screen) => el("p", link(`#/${screen}`, `← All ${screen}`));
/** A form with one field. */
export function ask(label, send, submit, attributes) {
	return el("form", { submit: (event) => submit(event.target.querySelector("input").value.trim()) },
		el("label", `${label} `, el("input", { required: true, ...attributes })),
		el("button", send));
}

/** A field that narrows down what the screen shows. */
export const narrow = (app, id, label, value, set) =>
	el("p", el("label", `${label} `,
		el("input", { id, value, type: "search", maxlength: 99, input: ({ target }) => {
			set(target.value);
			app.redraw();
		} })));

export const code = (text) => el("code", text);

/** A button; with a reason it stays focusable and says why it does nothing. */
export function button(label, click, { reason = null, ...attributes } = {}) {
	const refused = reason ? { "aria-disabled": "true", title: reason } : {};
	return el("button", { type: "button", click, ...attributes, ...refused }, label);
}

export function table(caption, heads, rows, empty = "Nothing yet.") {
	if (!rows.length) return p("quiet", empty);
	return el(
		"table",
		el("caption", caption),
		el("thead", el("tr", heads.map((head) => el("th", { scope: "col" }, head)))),
		el("tbody", rows.map(({ key, cells, ...attributes }) => el("tr", { key, ...attributes },
			cells.map((cell, i) => cellOf(heads[i], cell))))),
	);
}

/** A cell, which stays on one line if it is short. */
function cellOf(head, content) {
	const cell = el("td", { "data-label": typeof head === "string" && head || null }, content);
	if (cell.textContent.length < 24) cell.className = "short";
	return cell;
}

/** A button for the older rows of a list that begins with the newest. */
export const older = (more, isEnd) => el("p", button("Show more", more, { reason: isEnd && "There are no older ones." }));

/** Buttons through a list; `cursors` is what each page so far began after. */
export function pager(app, cursors, page) {
	if (cursors.length < 2 && !page.has_more) return null;
	const move = (change) => () => { change(); app.redraw(); };
	return p("buttons",
		button("Newer", move(() => cursors.pop()), { reason: cursors.length < 2 && "These are the newest." }),
		button("Older", move(() => cursors.push(page.last_id)), { reason: !page.has_more && "These are the oldest." }));
}
