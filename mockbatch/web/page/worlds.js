// The worlds of the server, for its owner.
import * as api from "./api.js";
import { ask, button, code, el, table } from "./dom.js";
import { at, visible } from "./format.js";

export async function worldsScreen(app) {
  let worlds;
  try {
    ({ worlds } = await api.get("/worlds"));
  } catch (error) {
    if (error.status !== 403) throw error;
    return [el("h1", {}, "Worlds"), el("p", {}, "This page shows the world of your key. The key that ",
      code("mockbatch serve"), " has printed shows them all."), keyForm()];
  }
  const open = (digest) => () => {
    api.setWorld(digest);
    app.page = null;
    app.show("#/batches");
    location.reload();
  };
  return [el("h1", {}, "Worlds"),
    table("The worlds of this server, the oldest first",
      ["Key", "For", "Time (UTC)", "Clock", "Batches", "Files", "Requests", ""],
      worlds.map((one) => ({ key: one.digest, cells: [code(one.key), visible(one.owner ?? ""), at(one.now),
        one.mode, `${one.batches} (${one.unfinished_batches} unfinished)`, one.files, one.requests,
        one.digest === api.world() ? "shown now"
          : button("Open", open(one.digest), { "aria-label": `Open the world of ${one.key}` })] })),
      "No client has changed anything yet, so there is no world."),
    api.world() ? el("p", {}, button("Back to the owner's world", open(""), {})) : null, keyForm()];
}

const keyForm = () => ask("API key", "Open its world", (key) => {
  api.setKey(key);
  location.hash = "#/batches";
  location.reload();
}, { id: "other-key", autocomplete: "off" });
