// What clients asked: every request with its fault, its retries and its bodies.
import * as api from "./api.js";
import { button, code, el, link, pre, span, table } from "./dom.js";
import { at, clockTime, json } from "./format.js";

const LIMIT = 100;
let [filter, limit] = ["", LIMIT];

export async function requestsScreen(app, argument) {
  if (argument === "unmatched") return unmatched();
  if (argument) return oneRequest(argument);
  const journal = await api.get(`/requests?limit=${limit}${filter ? `&path=*${encodeURIComponent(filter)}*` : ""}`);
  const rows = journal.requests.reverse().map((one, i) => row(one, journal.count - i));
  const more = { reason: rows.length < limit && "There are no older ones." };
  return [
    el("h1", "Requests"), tabs(""),
    el("form", { submit: () => app.redraw() },
      el("label", "Path contains ",
        el("input", { id: "filter", type: "search", input: (event) => {
          filter = event.target.value.trim();
          app.redraw();
        } }))),
    table("Requests to the API, the newest first",
      ["Time", "Request", "Status", "Fault", "Error", "Took"], rows,
      filter ? "No request matches." : "No request has reached this world."),
    rows.length ? el("p", button("Show more", () => { limit += LIMIT; app.redraw(); }, more)) : null,
  ];
}

function tabs(current) {
  const tab = (hash, label) =>
    el("a", { href: `#/requests${hash}`, "aria-current": hash === current ? "page" : null }, label);
  return el("nav", { class: "tabs", "aria-label": "Requests" },
    tab("", "All"), tab("/unmatched", "Unmatched"));
}

function row(one, number) {
  const isBad = one.status >= 400 || !one.status;
  return { key: one.id ?? number, cells: [
    span("number", clockTime(one.now)),
    [one.id == null ? code(`${one.method} ${one.path}`)
      : link(`#/requests/${one.id}`, code(`${one.method} ${one.path}`)),
    one.known ? null : span("tag", "no such route")],
    el("span", { class: isBad ? "bad" : "number" }, one.status || "no answer",
      one.retry_count ? ` (retry ${one.retry_count})` : ""),
    one.fault ? span("tag", one.fault) : "",
    one.error ?? "",
    el("span", { class: "number quiet" }, `${one.duration_ms} ms`),
  ] };
}

async function unmatched() {
  const { requests } = await api.get("/requests/unmatched");
  const rows = requests.reverse().map((one) => ({ cells: [
    clockTime(one.now), code(`${one.method} ${one.path}`), code(one.nearest)] }));
  return [el("h1", "Unmatched requests"), tabs("/unmatched"),
    table("Requests that no route of the API knows", ["Time", "Request", "Nearest route"], rows,
      "Every request has matched a route.")];
}

async function oneRequest(id) {
  const one = await api.get(`/requests/${encodeURIComponent(id)}`);
  return [
    el("p", link("#/requests", "← All requests")),
    el("h1", code(`${one.method} ${one.path}`)),
    el("p", `${at(one.now)} UTC, status ${one.status || "none: no answer"}, ${one.duration_ms} ms`,
      one.retry_count ? `, retry ${one.retry_count}` : "", one.fault ? `, fault ${one.fault}` : ""),
    one.error ? el("p", { class: "bad" }, one.error) : null,
    el("div", { class: "halves" }, message("Request", one.request), message("Response", one.response)),
  ];
}

function message(title, said) {
  if (!said) return el("section", el("h2", title), el("p", { class: "empty" }, "Not kept."));
  const form = said.form && Object.keys(said.form).length ? json(said.form) : null;
  return el("section", el("h2", title),
    el("details", el("summary", "Headers"), pre(json(said.headers))),
    form ? pre(form) : null,
    said.files.map((file) => el("p", `File ${file.filename}, ${file.bytes} bytes`)),
    said.text ? pre(pretty(said.text)) :
      el("p", { class: "empty" }, said.bytes ? `${said.bytes} bytes, not shown.` : "No body."),
    said.truncated ? el("p", { class: "quiet" }, `The first part of ${said.bytes} bytes.`) : null);
}

function pretty(text) {
  try {
    return json(JSON.parse(text));
  } catch {
    return text;
  }
}
