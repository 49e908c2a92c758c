// Loaded by Node before a program of `mockbatch survive`: its timers move a world's clock instead
// of taking time, and the clocks of the process move along. Node 18 or newer, nothing else.
//
// A timer waits in virtual time. When nothing but timers can go on (no request is in flight, no
// file or name is being read) the earliest one moves time to its deadline and fires. So the time
// limit of a request, which stands while the request is in flight, does not fire early.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const timers = require('node:timers');
const timersPromises = require('node:timers/promises');
const { AsyncResource } = require('node:async_hooks');
const diagnostics = require('node:diagnostics_channel');
const { syncBuiltinESMExports } = require('node:module');
const { performance } = require('node:perf_hooks');
const { promisify } = require('node:util');

const SHORTEST_TIMEOUT_MS = 20;
const SHORTEST_INTERVAL_MS = 500; // a shorter one draws a progress bar
const LONGEST_DELAY_MS = 2 ** 31 - 1; // as in Node: a longer one counts as 1
const TICK_MS = 1;
const QUIET_MS = 20; // for so long nothing must happen if there is something unknown to wait for
// A request without an answer, and an answer that does not go on, hold time still for so long.
const ANSWER_PATIENCE_MS = 35_000; // the slowest answer of the catalogue is 30 s late
const BODY_PATIENCE_MS = 2000;

// Captured before the program can replace them.
const real = {
  setTimeout, clearTimeout, setInterval, clearInterval, setImmediate,
  Date, now: Date.now, hrtimeBigint: process.hrtime.bigint, request: http.request,
  abortAfter: AbortSignal.timeout.bind(AbortSignal),
  fetch: globalThis.fetch, wait: timersPromises.setTimeout, every: timersPromises.setInterval,
};
/** Return milliseconds of real time; performance.now of Node 18 uses process.hrtime. */
const realMs = () => Number(real.hrtimeBigint()) / 1e6;
const startMs = realMs() - performance.now();
const environment = { ...process.env };
const address = new URL(environment.MOCKBATCH_SHIM_URL || 'http://localhost');
const quietSleeps = Number(environment.MOCKBATCH_SHIM_QUIET_SLEEPS || Infinity);
const longestLeapSeconds = Number(environment.MOCKBATCH_SHIM_LONGEST_LEAP_SECONDS || 0);

// ---- the world, its clock and the log

let skippedSeconds = 0; // by this process, and by its parent before
let quiet = 0; // sleeps in a row during which nothing happened in the world
let isOwnConnection = false;

function writeRecord(record) {
  try {
    fs.appendFileSync(environment.MOCKBATCH_SHIM_LOG, JSON.stringify(record) + '\n');
  } catch {} // a program must not fail because of it
}

function lastTotal() {
  try {
    const lines = fs.readFileSync(environment.MOCKBATCH_SHIM_LOG, 'utf8').split('\n');
    return JSON.parse(lines.filter((line) => line.includes('"total"')).pop()).total;
  } catch {
    return 0;
  }
}

function withLeap(seconds) {
  if (quiet < quietSleeps) return seconds;
  const doubled = seconds * 2 ** Math.min(quiet - quietSleeps + 1, 64);
  return Math.max(seconds, Math.min(doubled, longestLeapSeconds));
}

function advance(seconds, whenDone) {
  const body = JSON.stringify({ seconds });
  isOwnConnection = true;
  const request = real.request({
    host: address.hostname.replace(/^\[|\]$/g, ''), port: address.port || 80, method: 'POST',
    path: address.pathname.replace(/\/$/, '') + '/_mock/clock/advance', agent: false,
    headers: {
      Authorization: `Bearer ${environment.MOCKBATCH_SHIM_KEY}`,
      'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body),
    },
  });
  isOwnConnection = false;
  request.on('error', (error) => whenDone(error));
  request.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (piece) => { text += piece; });
    response.on('end', () => {
      if (response.statusCode !== 200) whenDone(new Error(`${response.statusCode} ${text}`));
      else whenDone(null, JSON.parse(text).event_count);
    });
  });
  request.end(body);
}

function skip(seconds, whenDone) {
  const moved = withLeap(seconds);
  advance(moved, (error, eventCount) => {
    if (error) {
      writeRecord({ error: `a sleep of ${seconds} s was not skipped: ${error.message}` });
      return whenDone(false);
    }
    quiet = eventCount ? 0 : quiet + 1;
    skippedSeconds += moved;
    writeRecord({
      pid: process.pid, asked: seconds, skipped: moved, event_count: eventCount,
      total: skippedSeconds, at: real.now() / 1000,
    });
    return whenDone(true);
  });
}

// ---- what is in flight

const sentAt = new Map(); // connections to servers on which bytes were sent and none came back
const exchanges = new Set(); // requests whose answers have not ended
const servers = new WeakSet();
let lastTrafficAt = 0;
let requestCount = 0;

function watchSockets() {
  const { connect, _write, _writev, destroy, push } = net.Socket.prototype;
  Object.assign(net.Socket.prototype, {
    connect(...args) {
      if (!isOwnConnection) servers.add(this);
      return connect.apply(this, args);
    },
    _write(...args) { sent(this); return _write.apply(this, args); },
    _writev(...args) { sent(this); return _writev.apply(this, args); },
    push(...args) { received(this); return push.apply(this, args); },
    destroy(...args) { received(this); return destroy.apply(this, args); },
  });
}

function sent(socket) {
  if (!servers.has(socket)) return;
  lastTrafficAt = realMs();
  if (!sentAt.has(socket)) requestCount += 1;
  sentAt.set(socket, lastTrafficAt);
}

function received(socket) {
  if (servers.has(socket)) lastTrafficAt = realMs();
  sentAt.delete(socket);
}

function watchRequests() {
  const on = (channel, note) => diagnostics.channel(channel).subscribe(note);
  const begin = (exchange) => {
    lastTrafficAt = realMs();
    exchanges.add(exchange);
  };
  on('undici:request:create', ({ request }) => begin(request));
  on('undici:request:trailers', ({ request }) => exchanges.delete(request));
  on('undici:request:error', ({ request }) => exchanges.delete(request));
  on('http.client.request.start', ({ request }) => {
    if (isOwnConnection) return;
    begin(request);
    request.once('close', () => exchanges.delete(request));
  });
  if (!real.fetch) return;
  // From the call on: a body may have to be read before the request is made.
  globalThis.fetch = function fetch(...args) {
    const answer = real.fetch.apply(this, args);
    const end = () => exchanges.delete(answer);
    begin(answer);
    answer.then(end, end);
    return answer;
  };
}

function isRequestInFlight() {
  const now = realMs();
  const isAnswerArriving = exchanges.size > 0 && now - lastTrafficAt < BODY_PATIENCE_MS;
  return isAnswerArriving || [...sentAt.values()].some((at) => now - at < ANSWER_PATIENCE_MS);
}

// What can stay idle for ever, and so is nothing to wait for.
const IDLE = new Set(['Timeout', 'TCPSocketWrap', 'TLSWrap', 'TCPServerWrap',
  'TTYWrap', 'PipeWrap', 'SignalWrap', 'MessagePort', 'FSEvent', 'StatWatcher', 'ProcessWrap']);

/** Return for how long nothing must have happened before time may move, null for not now. */
function quietTime() {
  if (isRequestInFlight()) return null;
  const resources = process.getActiveResourcesInfo?.() ?? ['unknown'];
  if (resources.some((name) => /Req|Connect|Write|Shutdown/.test(name) && !/^TTY/.test(name))) {
    return null;
  }
  // Nothing was asked since the last sleep: the program waits for its child process.
  if (resources.includes('ProcessWrap') && requestCount === requestsBefore) return null;
  return resources.every((name) => IDLE.has(name)) ? TICK_MS : QUIET_MS;
}

// ---- timers

const pending = new Map(); // by number
let timerCount = 0;
let requestsBefore = 0;
let ticker = null;
let isAdvancing = false;
let canSkip = true;
let idleSince = 0;

class Timeout {
  constructor(callback, delay, args, isInterval) {
    this._number = timerCount -= 1; // never that of a real timer
    this._callback = callback;
    this._delay = delay;
    this._args = args;
    this._isInterval = isInterval;
    this._isReferenced = true;
    this._resource = new AsyncResource('Timeout', { requireManualDestroy: true });
    this._arm();
  }

  _arm() {
    this._deadline = skippedSeconds + this._delay / 1000;
    this._realDeadline = realMs() + this._delay;
    pending.set(this._number, this);
    idleSince = realMs();
    watch();
  }

  _isDue() {
    return skippedSeconds >= this._deadline || realMs() >= this._realDeadline;
  }

  _fire() {
    if (pending.get(this._number) !== this || !this._isDue()) return;
    pending.delete(this._number);
    if (this._isInterval) this._arm();
    this._resource.runInAsyncScope(this._callback, this, ...this._args);
  }

  ref() { this._isReferenced = true; watch(); return this; }

  unref() { this._isReferenced = false; watch(); return this; }

  hasRef() { return this._isReferenced; }

  refresh() { this._arm(); return this; }

  close() { pending.delete(this._number); watch(); return this; }

  [Symbol.toPrimitive]() { return this._number; }
}
if (Symbol.dispose) Timeout.prototype[Symbol.dispose] = Timeout.prototype.close;

/** Look for the next timer to fire as long as there is one, and keep the process alive for it. */
function watch() {
  if (pending.size && !ticker) ticker = real.setInterval(tick, TICK_MS);
  if (!pending.size && ticker && !isAdvancing) {
    real.clearInterval(ticker);
    ticker = null;
  }
  if (!ticker) return;
  if ([...pending.values()].some((timer) => timer._isReferenced)) ticker.ref();
  else ticker.unref();
}

function tick() {
  if (isAdvancing) return;
  const due = inOrder().filter((timer) => timer._isDue());
  if (due.length) {
    // Each on its own, so that promises settle in between, as Node has it.
    for (const timer of due) real.setImmediate(() => timer._fire());
    real.setImmediate(watch);
    return;
  }
  const next = inOrder().find((timer) => timer._isReferenced);
  const quietMs = next && canSkip ? quietTime() : null;
  if (quietMs === null) {
    idleSince = realMs();
  } else if (realMs() - idleSince >= quietMs) {
    isAdvancing = true;
    skip(next._deadline - skippedSeconds, (hasWorked) => {
      isAdvancing = false;
      canSkip = hasWorked;
      requestsBefore = requestCount;
      tick();
      watch();
    });
  }
}

function inOrder() {
  return [...pending.values()].sort((a, b) => a._deadline - b._deadline || b._number - a._number);
}

function replaceTimers() {
  const started = (name, shortest) => (callback, delay, ...args) => {
    const ms = Number(delay);
    const isLong = ms >= shortest && ms <= LONGEST_DELAY_MS;
    if (typeof callback !== 'function' || !isLong) return real[name](callback, delay, ...args);
    return new Timeout(callback, Math.trunc(ms), args, name === 'setInterval');
  };
  const cleared = (name) => (timer) => {
    const own = timer instanceof Timeout ? timer : pending.get(Number(timer));
    if (own) own.close();
    else real[name](timer);
  };
  const replaced = {
    setTimeout: started('setTimeout', SHORTEST_TIMEOUT_MS),
    setInterval: started('setInterval', SHORTEST_INTERVAL_MS),
    clearTimeout: cleared('clearTimeout'),
    clearInterval: cleared('clearInterval'),
  };
  for (const [name, value] of Object.entries(replaced)) {
    Object.defineProperty(value, 'name', { value: name });
    globalThis[name] = timers[name] = value;
  }
  AbortSignal.timeout = abortAfter;
  Object.defineProperty(replaced.setTimeout, promisify.custom, { enumerable: true, value: wait });
  timersPromises.setTimeout = wait;
  timersPromises.setInterval = every;
  timersPromises.scheduler.wait = (ms, options) => wait(ms, undefined, options);
}

/** Stand for AbortSignal.timeout: it keeps no process alive. */
function abortAfter(ms) {
  if (!(ms >= SHORTEST_TIMEOUT_MS && ms <= LONGEST_DELAY_MS)) return real.abortAfter(ms);
  const control = new AbortController();
  const message = 'The operation was aborted due to timeout';
  const abort = () => control.abort(new DOMException(message, 'TimeoutError'));
  new Timeout(abort, ms, [], false).unref();
  return control.signal;
}

function wait(ms, value, options = {}) {
  const { signal, ref = true } = options;
  if (!(ms >= SHORTEST_TIMEOUT_MS && ms <= LONGEST_DELAY_MS) || signal?.aborted) {
    return real.wait(ms, value, options);
  }
  return new Promise((resolve, reject) => {
    const timer = new Timeout(done, ms, [], false);
    if (!ref) timer.unref();
    function aborted() {
      timer.close();
      real.wait(1, value, options).then(resolve, reject); // fails as Node would
    }
    function done() {
      signal?.removeEventListener('abort', aborted);
      resolve(value);
    }
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

async function* every(ms, value, options) {
  if (!(ms >= SHORTEST_INTERVAL_MS)) yield* real.every(ms, value, options);
  for (;;) {
    await wait(ms, undefined, options);
    yield value;
  }
}

// ---- clocks

function replaceClocks() {
  const now = () => real.now() + Math.round(skippedSeconds * 1000);
  const Shifted = new Proxy(real.Date, {
    apply: () => new real.Date(now()).toString(),
    construct: (target, args, newTarget) => Reflect.construct(
      target, args.length ? args : [now()], newTarget === Shifted ? target : newTarget,
    ),
  });
  real.Date.now = now;
  real.Date.prototype.constructor = Shifted;
  globalThis.Date = Shifted;
  // Not by assignment: Node 18 has it read-only.
  const value = () => realMs() - startMs + skippedSeconds * 1000;
  Object.defineProperty(performance, 'now', { value, configurable: true, writable: true });
  const bigint = () => real.hrtimeBigint() + BigInt(Math.round(skippedSeconds * 1e9));
  process.hrtime = (since) => {
    const ns = bigint() - (since ? BigInt(since[0]) * 10n ** 9n + BigInt(since[1]) : 0n);
    return [Number(ns / 10n ** 9n), Number(ns % 10n ** 9n)];
  };
  process.hrtime.bigint = bigint;
}

if (environment.MOCKBATCH_SHIM_URL) {
  try {
    skippedSeconds = lastTotal();
    watchSockets();
    watchRequests();
    replaceTimers();
    replaceClocks();
    syncBuiltinESMExports();
    writeRecord({ runtime: 'node', pid: process.pid });
  } catch (error) {
    writeRecord({ error: `the shim for Node was not loaded: ${error.message}` });
  }
}
