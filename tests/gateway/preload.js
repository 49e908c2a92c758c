// Loaded into the gateway before its own code. The gateway would listen on every interface and
// call whomever it is told to; with this it listens on loopback, takes the mock at MOCKBATCH_URL
// for api.openai.com (or for the origins in MOCKBATCH_ORIGINS), and calls nobody else.
"use strict";
const fs = require("fs");
const net = require("net");

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
const upstream = process.env.MOCKBATCH_URL;
const origins = (process.env.MOCKBATCH_ORIGINS || "https://api.openai.com").split(",");
const portFile = process.env.MOCKBATCH_PORT_FILE;

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  if (portFile) this.once("listening", () => tell(this.address().port));
  return listen.call(this, port, "127.0.0.1", ...rest.filter((one) => typeof one === "function"));
};

const { fetch } = globalThis;
globalThis.fetch = async (address, init) => {
  let url = new URL(address);
  if (origins.includes(url.origin)) url = new URL(url.href.slice(url.origin.length), upstream);
  if (!LOOPBACK.includes(url.hostname)) throw new Error(`refused: ${url.origin}`);
  return fetch(url.href, init);
};

// For a program that starts the gateway on port 0 and waits to hear which one that is.
function tell(port) {
  // Written aside and moved: it never reads half of it.
  fs.writeFileSync(`${portFile}.part`, String(port));
  fs.renameSync(`${portFile}.part`, portFile);
  // It holds the other end, and this ends with it, however it ends.
  process.stdin.on("end", () => process.exit(0)).resume();
}
