// Loaded into the gateway before its own code. The gateway would listen on every interface and
// call whomever it is told to; under test it listens on loopback, takes the mock for the origins
// in MOCKBATCH_ORIGINS, and calls nobody else.
"use strict";
const fs = require("fs");
const net = require("net");

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
const upstream = process.env.MOCKBATCH_URL;
const origins = process.env.MOCKBATCH_ORIGINS.split(",");
const portFile = process.env.MOCKBATCH_PORT_FILE;

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  this.once("listening", () => {
    // Written aside and moved: who waits for the file never reads half of it.
    fs.writeFileSync(`${portFile}.part`, String(this.address().port));
    fs.renameSync(`${portFile}.part`, portFile);
  });
  return listen.call(this, port, "127.0.0.1", ...rest.filter((one) => typeof one === "function"));
};

const { fetch } = globalThis;
globalThis.fetch = async (address, init) => {
  let url = new URL(address);
  if (origins.includes(url.origin)) url = new URL(url.href.slice(url.origin.length), upstream);
  if (!LOOPBACK.includes(url.hostname)) throw new Error(`refused: ${url.origin}`);
  return fetch(url.href, init);
};

// Whoever started this holds the other end, and this ends with them, however they end.
process.stdin.on("end", () => process.exit(0)).resume();
