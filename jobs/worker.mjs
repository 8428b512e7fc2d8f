// A worker of the initiator in Node 18.2 or newer, without packages.
//
//     [worker:nodesum]
//     command = node worker.mjs
//
// Replace sum with the task of your worker, and name it in handlers. Everything
// else implements the contract (docs/worker-contract.md): the INI on stdin, five
// webhooks, heartbeats, and the report of each result. With slots = N in the INI
// up to N handlers run at a time, while they await. Node runs one function at a
// time, so nothing here needs a lock; a handler that computes for long without
// awaiting delays the heartbeats and the other tasks of its worker.
import { createHmac, createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, request } from 'node:http';
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

// sum is a handler. Its return value is the task's result. An exception fails
// the attempt, and the task is tried again until its attempts are used up. A
// TaskFail fails the task for good.
//
// A handler that takes long passes task.signal on, or calls
// task.signal.throwIfAborted() now and then. The class Task has more for handlers.
async function sum(data, task) {
  if (data?.a === undefined || data?.b === undefined) throw new TaskFail({ message: 'ab not found' });
  return { sum: data.a + data.b };
}

// handlers are the methods of this worker. A task without a method goes to the
// only one, or to the method "default".
const handlers = { sum };

// TaskFail is thrown by a handler to fail its task deliberately. The task is not
// tried again, unless retry is true; retryAfter is then the seconds until the
// next attempt, instead of the pool's back-off. data becomes the task's result;
// a string becomes its message.
class TaskFail extends Error {
  constructor(data, { retry = false, retryAfter, cause } = {}) {
    super(typeof data === 'string' ? data : data?.message ?? 'the task failed', { cause });
    Object.assign(this, { name: 'TaskFail', data, retry, retryAfter });
  }
}

// The reasons for which task.signal is aborted.
//
// Cancelled: the initiator has cancelled the task, or its time is over.
class Cancelled extends Error {}
// MasterLost: the connection to the initiator is over. What the handler returns
// is dropped; the initiator runs the task again.
class MasterLost extends Cancelled {}
// WorkerStopping: the worker stops. A handler that sees task.stopping may also
// throw it by itself, after it has saved its work. The task goes back to the
// queue and is charged no attempt.
class WorkerStopping extends Cancelled {}

// readINI reads the INI on stdin: keys, continuation lines, $$.
function readINI(text) {
  const sections = { DEFAULT: {} };
  let section = sections.DEFAULT, key = null;
  for (const line of text.split('\n')) {
    const header = /^\[(.*)\]\s*$/.exec(line);
    if (header) { section = sections[header[1]] ??= {}; key = null; continue; }
    if (/^\s*([#;].*)?$/.test(line)) continue;
    if (/^\s/.test(line) && key) { section[key] += '\n' + line.trim(); continue; }
    const pair = /^([^=:]*)[=:]?(.*)$/.exec(line);
    key = pair[1].trim().toLowerCase();
    section[key] = pair[2].trim();
  }
  return sections;
}

const args = process.argv.slice(2);
const arg = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const guid = arg('--guid') ?? process.env.INITIATOR_GUID ?? 'by-hand';
const ini = readINI(process.stdin.isTTY ? '' : readFileSync(0, 'utf8'));
const own = { ...ini.DEFAULT, ...ini[guid] };
for (const key in own) own[key] = own[key].replaceAll('$$', () => '$');
const milliseconds = (key, seconds) => parseFloat(own[key] || seconds) * 1000;
const port = Number(arg('--port') ?? own.listen_port ?? process.env.INITIATOR_PORT ?? 7236);
const ownToken = own.token || randomBytes(32).toString('hex');
const channel = Number(own.channel ?? 0);
const incarnation = Number(own.incarnation ?? 1);
const slots = Number(own.slots || 1);
const span = milliseconds('heartbeat_span', 3);
const tolerance = milliseconds('heartbeat_tolerance', 15); // without an accepted heartbeat, until the master is lost
const drain = milliseconds('drain', 30); // from the notice until the tasks are cancelled
const stopWait = milliseconds('stopwaitsecs', 10); // from the stop signal until the worker is killed
const open = (own.connect ?? (process.env.INITIATOR_GUID ? 'token' : 'open')) === 'open';
const MiB = 1 << 20;
const maxBody = 64 * MiB, maxProgress = MiB, maxAllProgress = 16 * MiB, maxOutput = 16 << 10; // in bytes
const maxMessage = 16 << 10, maxTraceback = 64 << 10; // in characters

// clock is the monotonic clock, in milliseconds, without the times in which this
// process was frozen, such as by SIGSTOP or in a container that was paused. A
// frozen process cannot send heartbeats, so this time is no sign of a lost
// master. The clock is read every 250 ms, so that a gap shows a frozen process.
const clock = {
  read: performance.now(), frozen: 0, thawed: -Infinity,
  now() {
    const gap = performance.now() - this.read;
    this.read += gap;
    if (gap > 1000) { this.frozen += gap; this.thawed = this.read - this.frozen; }
    return this.read - this.frozen;
  },
};
setInterval(() => clock.now(), 250);

let session = null; // {token, master, heard, tasks, turn} while connected
let quiet = false; // the master wants no new tasks to be accepted
let noticed; // when the worker learned that it will be stopped
let ending = false; // the worker has to end
const work = new Set(); // promises that run tasks and report them

const log = (text) => process.stderr.write(text.trimEnd() + '\n');
process.stderr.on('error', () => {}); // the keeper that reads it has died

// finished holds the reports of finished tasks, oldest first: the master repeats
// a request when it got no answer, and the task must not run again.
const finished = {
  reports: new Map(), size: 0,
  add(task, report) {
    this.remove(task.key);
    this.reports.set(task.key, { at: clock.now(), report });
    this.size += report.body.length;
    for (const [key, { at }] of this.reports) {
      const tooMuch = this.reports.size > 10_000 || this.size > maxBody || clock.now() - at > 600_000;
      if (!tooMuch || this.reports.size === 1) break;
      this.remove(key);
    }
  },
  remove(key) {
    this.size -= this.find(key)?.body.length ?? 0;
    this.reports.delete(key);
  },
  find(key) { return this.reports.get(key)?.report; },
};

// encode returns a value as JSON. It throws an error for a value that
// JSON.stringify would change: NaN, a Set, a Map, bytes, a function.
function encode(value) {
  return JSON.stringify(value, function check(key, changed) {
    const raw = this[key];
    const lost = typeof raw === 'number' ? !Number.isFinite(raw) : typeof raw === 'function' || typeof raw === 'symbol' ||
      raw instanceof Set || raw instanceof Map || raw instanceof ArrayBuffer || ArrayBuffer.isView(raw);
    if (lost) throw new TypeError(`${typeof raw === 'object' ? raw.constructor.name : String(raw)} is not JSON`);
    return changed;
  }) ?? 'null';
}

// ---- What a handler can do with its task

// Task is the running task, for its handler, and a client of the initiator.
// Child tasks are cancelled when this task is cancelled. A handler that waits
// for its children holds its slot meanwhile: submit children to another pool.
class Task {
  #seq = 1; #value; #written = 0; #tail = Buffer.alloc(0);
  #cancelled = new AbortController(); #stopping = new AbortController();

  constructor({ id, attempt = 0, method }) {
    Object.assign(this, { id, attempt, method, key: `${attempt} ${id}` });
    this.signal = this.#cancelled.signal; // aborted when the task has to end now; its reason is a Cancelled
    this.stopping = this.#stopping.signal; // aborted when the worker will be stopped: end soon, or throw its reason
  }

  toString() { return `task ${this.id} attempt ${this.attempt}`; }
  cancel(cause) { this.#cancelled.abort(cause); }
  noticeStop() { this.#stopping.abort(new WorkerStopping('the worker will be stopped')); }

  // progress reports progress, with the next heartbeat: any JSON value of at most
  // 1 MiB. It throws an error for another value.
  progress(value) {
    const text = value === undefined ? undefined : encode(value);
    const size = Buffer.byteLength(text ?? '');
    if (size > maxProgress) throw new RangeError(`the progress has ${size} bytes; the limit is ${maxProgress}`);
    this.#value = text;
    this.#seq++;
  }

  // output shows text to people who watch the task, with the next heartbeat.
  output(text) {
    if (typeof text !== 'string') throw new TypeError(`output takes a string, not ${typeof text}`);
    const raw = Buffer.from(text);
    this.#written += raw.length;
    this.#tail = Buffer.concat([this.#tail, raw]).subarray(-maxOutput);
    while (this.#tail.length && (this.#tail[0] & 0xc0) === 0x80) this.#tail = this.#tail.subarray(1); // drop a partial character
    this.#seq++;
  }

  // heartbeatEntry returns the task's entry in a heartbeat, in two parts of JSON
  // text: what it must have, and progress and output.
  heartbeatEntry() {
    let more = this.#value === undefined ? '' : `,"progress":${this.#value}`;
    if (this.#tail.length) more += `,"output":${encode({ at: this.#written - this.#tail.length, text: this.#tail.toString() })}`;
    return [encode({ id: this.id, attempt: this.attempt, seq: this.#seq }).slice(0, -1), more];
  }

  // submit queues a child task and returns its record. All submits with the same
  // key are one task, so that a retried task submits no child twice.
  submit(pool, data = null, more = {}) {
    return this.#ask('POST', '', { id: more.key ? undefined : randomUUID(), pool, data, parent: this.id, ...more });
  }

  // wait waits until a child has ended, in whatever state, and returns its record.
  async wait(child) {
    for (;;) {
      const record = await this.#ask('GET', `/${child.id}?wait=10s`);
      if (record.state !== 'queued' && record.state !== 'running') return record;
    }
  }

  // ask repeats a request until the initiator answers or this task is cancelled.
  async #ask(method, path, body) {
    const text = body && encode(body);
    for (;;) {
      this.signal.throwIfAborted();
      try {
        const answer = await fetch(`http://${own.parent_addr}:${own.parent_port}/api/v1/tasks${path}`, {
          method, body: text, signal: this.signal,
          headers: { Authorization: `Bearer ${ownToken}`, 'Content-Type': 'application/json' },
        });
        const record = await answer.json();
        if (answer.ok) return record;
        if (answer.status !== 429 && answer.status !== 503) throw new TaskFail(record);
      } catch (err) {
        if (err instanceof TaskFail) throw err; // otherwise the initiator may be in the middle of an upgrade
      }
      await sleep(500);
    }
  }
}

// ---- How a task ends: the path and the body of its report

// runHandler runs the handler of a task and returns the report of its end.
async function runHandler(task, data) {
  const names = Object.keys(handlers);
  const name = task.method || (names.length === 1 ? names[0] : 'default');
  if (!names.includes(name)) return fail(task, `no method "${name}"; this worker has ${names.join(', ')}`);
  let result;
  try { result = await handlers[name](data, task); } catch (err) { return reportException(task, err); }
  return makeReport(task, '/slave/task/complete', 'result', result);
}

// makeReport returns a report. When the result cannot be sent, this is a final
// failure, because another attempt would end in the same way.
function makeReport(task, path, what, result, more) {
  let body;
  try { body = encodeReport(task, result, more); } catch (err) { return fail(task, `the ${what} cannot be encoded as JSON: ${wordsOf(err)}`); }
  if (body.length > maxBody) return fail(task, `the ${what} has ${(body.length / MiB).toFixed(1)} MiB; at most ${maxBody / MiB} MiB can be sent`);
  return { path, body };
}

function encodeReport({ id, attempt }, result = null, more = {}) {
  return Buffer.from(encode({ task: { id, attempt }, result, ...more }));
}

// fail returns the report of a final failure, and logs it.
function fail(task, message) {
  message = shorten(message, maxMessage);
  log(`${task} failed: ${message}`);
  return { path: '/slave/task/fail', body: encodeReport(task, { message }) };
}

// reportException returns the report of a handler that has thrown err.
function reportException(task, err) {
  const chain = listCauses(err);
  const deliberate = chain.find((e) => e instanceof TaskFail);
  const result = deliberate ? describeFail(deliberate, chain) : describeException(task, err, chain);
  const more = !deliberate || deliberate.retry ? { retry: true } : {};
  if (more.retry && stoppedByWorker(task, chain)) more.code = 101; // the task goes back to the queue
  return makeReport(task, '/slave/task/fail', 'data of the failure', result, more);
}

// describeException returns the result of an exception, and logs it.
function describeException(task, err, chain) {
  const message = shorten(chain.map(wordsOf).join(': '), maxMessage);
  if (err instanceof Cancelled || err?.name === 'AbortError') {
    log(`${task} ended: ${message}`);
    return { message };
  }
  const trace = traceOf(err);
  log(`${task} failed: ${message}\n${trace}`);
  return { message, traceback: shorten(trace, maxTraceback) };
}

// traceOf returns the stack of an error and of its causes.
function traceOf(err) {
  try { return inspect(err, { depth: 4 }); } catch { return `no stack: ${wordsOf(err)}`; }
}

// stoppedByWorker tells whether a handler failed because the worker stops.
function stoppedByWorker(task, chain) {
  return task.signal.reason instanceof WorkerStopping ||
    (task.stopping.aborted && chain.some((e) => e instanceof WorkerStopping));
}

// describeFail returns the result of a deliberate failure: its data, and the
// words of its causes and of the errors that it is the cause of.
function describeFail(fail, chain) {
  let members = typeof fail.data === 'string' ? { message: fail.data } : fail.data ?? {};
  if (chain.length === 1 && fail.retryAfter === undefined) return members;
  const isObject = typeof members === 'object' && !Array.isArray(members);
  const at = chain.indexOf(fail), ownWords = isObject ? members.message : undefined;
  const around = ownWords === undefined ? chain.slice(0, at).map(wordsOf) : [ownWords];
  const words = [...around, ...chain.slice(at + 1).map(wordsOf)];
  members = isObject ? { ...members } : { data: members };
  if (words.length && words.every((w) => typeof w === 'string')) members.message = shorten(words.join(': '), maxMessage);
  if (fail.retryAfter !== undefined) members.retry_after = fail.retryAfter;
  return members;
}

// listCauses lists an error with its causes and the errors of an AggregateError.
function listCauses(err) {
  const found = [];
  for (const todo = [err]; todo.length && found.length < 100;) {
    const next = todo.shift();
    if (next === undefined || next === null || found.includes(next)) continue;
    found.push(next);
    todo.unshift(next.cause, ...(next instanceof AggregateError ? next.errors : []));
  }
  return found.length ? found : [err];
}

function wordsOf(err) {
  try {
    if (!(err instanceof Error)) return typeof err === 'string' ? err : inspect(err);
    const message = String(err.message);
    if (['Error', 'TaskFail'].includes(err.name)) return message;
    return message ? `${err.name}: ${message}` : err.name;
  } catch {
    return `${err.constructor?.name ?? 'an error'} (its message cannot be read)`;
  }
}

// shorten cuts the middle out of a text that is too long, and says so.
function shorten(text, limit) {
  const cut = text.length - limit;
  if (cut <= 0) return text;
  return `${text.slice(0, limit / 2)}\n[… ${cut} characters are left out …]\n${text.slice(-limit / 2)}`;
}

// ---- The requests to the master

// call sends one request to the master, without a retry. It returns the HTTP
// status, and the answer unless that is no envelope. It does not use fetch, which
// refuses a body on GET; a heartbeat has one.
function call(method, { master, token }, path, body, timeout) {
  return new Promise((resolve, reject) => {
    const req = request(master + path, {
      method, timeout, headers: { Channel: String(channel), Token: token, 'Content-Length': body.length },
    }, (res) => {
      const chunks = [];
      res.on('data', (c) => chunks.push(c)).on('error', reject).on('end', () => {
        let answer;
        try { answer = JSON.parse(Buffer.concat(chunks)); } catch { /* no envelope */ }
        resolve({ status: res.statusCode, answer: answer?.code === undefined ? undefined : answer });
      });
    });
    req.on('timeout', () => req.destroy(new Error('timeout'))).on('error', reject);
    req.end(body);
  });
}

// deliver sends a report until the master answers or the session ends. In the
// place of a report that the master cannot take it sends a final failure.
async function deliver(to, task, report) {
  for (let refused = false; session === to;) {
    const { status, answer } = await call('PUT', to, report.path, report.body, 30_000).catch(() => ({}));
    if ((status === 413 || (status === 400 && answer)) && !refused) {
      refused = true;
      const why = answer ? answer.message : 'it is too large for a server on the way (HTTP 413)';
      report = fail(task, `the result was refused: ${why}`);
      finished.add(task, report);
    } else if (!answer || answer.code === 101 || status === 408 || status >= 500) {
      await sleep(1000);
    } else {
      return; // stored, or the attempt is no longer current
    }
  }
}

// perform runs a task and reports its end, unless the session has ended.
async function perform(to, task, data) {
  const report = await runHandler(task, data);
  if (!to.tasks.delete(task.key)) return; // disconnected, or the master was lost: the result is not wanted
  finished.add(task, report);
  await deliver(to, task, report);
}

function background(promise) {
  work.add(promise);
  promise.finally(() => work.delete(promise));
}

// endSession drops the tasks of the session, so that no result of them is
// reported, and then cancels them.
function endSession(cause) {
  const tasks = [...session.tasks.values()];
  session.tasks.clear();
  session = null;
  for (const task of tasks) task.cancel(cause);
}

// sendHeartbeats sends heartbeats. A refused heartbeat does not end them. When
// none is accepted for the tolerance, the master is lost.
async function sendHeartbeats() {
  await sleep(Math.random() * span); // otherwise the heartbeats of many workers arrive together
  for (;;) {
    await sleep(span);
    const to = session, began = clock.now();
    if (!to) continue;
    const body = heartbeatBody(to);
    const timeout = Math.min(Math.max(span, 1000) + 1000 * body.length / MiB, tolerance); // a second more for each MiB
    const { status, answer } = await call('GET', to, '/slave/heartbeat', body, timeout).catch(() => ({}));
    if (status === 200 && answer?.code === 0) {
      to.heard = began;
      obey(to, answer.data ?? {});
    } else if (session === to && clock.now() >= Math.max(to.heard + tolerance, clock.thawed + span)) {
      log(`the master ${to.master} is lost: no heartbeat was accepted for ${tolerance / 1000} s`);
      endSession(new MasterLost('the master was lost'));
    }
  }
}

// heartbeatBody returns a heartbeat. When all progress and output is too large
// for one heartbeat, it is the turn of the rest in the next one.
function heartbeatBody(to) {
  const tasks = [...to.tasks.values()], turn = to.turn % (tasks.length || 1);
  let room = maxAllProgress;
  const running = [...tasks.slice(turn), ...tasks.slice(0, turn)].map((task, n) => {
    const [entry, more] = task.heartbeatEntry(), size = Buffer.byteLength(more);
    if (room >= 0 && size > room) { to.turn = turn + n; room = -1; }
    const text = `${entry}${room >= 0 ? more : ''}}`;
    room -= size;
    return text;
  });
  return Buffer.from(`{"incarnation":${incarnation},"rss":${process.memoryUsage.rss()},"running":[${running}]}`);
}

// obey does what the answer to a heartbeat says.
function obey(to, orders) {
  quiet = Boolean(orders.quiet);
  const cancel = new Set(Array.isArray(orders.cancel) ? orders.cancel : []);
  for (const task of to.tasks.values()) {
    if (cancel.has(task.id)) task.cancel(new Cancelled('cancelled by the initiator'));
  }
  if (orders.stopping) noticeStop();
  if (orders.stop) endWorker();
}

// ---- The webhooks

const same = (a, b) => timingSafeEqual(
  createHash('sha256').update(a ?? '').digest(), createHash('sha256').update(b ?? '').digest());

const isLoopback = (address) => address === '::1' || isIPv4(address) && address.startsWith('127.');

// isLoopbackHost reports whether a header Host has a loopback address, or
// localhost. Another name can be an attacker's name for 127.0.0.1 (DNS
// rebinding).
function isLoopbackHost(header = '') {
  const name = header.replace(/:\d*$/, '');
  return name === 'localhost' || isLoopback(name.replace(/^\[(.*)\]$/, '$1'));
}

// isFromWebPage reports whether a page in a browser has caused a request: it has
// an Origin, or a Host beyond loopback where no token is asked for.
function isFromWebPage(req) {
  const h = req.headers;
  const asksNoToken = req.url === '/connect' && open || req.url === '/ping' && h.token === undefined;
  return h.origin !== undefined || asksNoToken && isLoopback(server.address()?.address) && !isLoopbackHost(h.host);
}

const routes = {
  'GET /ping': (h) => {
    if (h.token === undefined && h.nonce) {
      const proof = createHmac('sha256', ownToken).update(`${h.nonce}\n${guid}\n${incarnation}`).digest('hex');
      return [0, 200, 'PONG!', { proof }];
    }
    return checkOwn(h) ?? [0, 200, 'PONG!', { guid, incarnation, pid: process.pid, methods: Object.keys(handlers).sort(), slots, protocol: 1 }];
  },
  'DELETE /shutdown': (h) => {
    const refused = checkOwn(h);
    if (refused) return refused;
    setImmediate(endWorker);
    return [0, 200, 'Shutdown request received, this server will be down later.'];
  },
  'POST /connect': (h, body) => {
    const bearer = /^bearer +(.+)$/i.exec(h.authorization ?? '')?.[1];
    if (!open && !bearer) return [401, 400, 'Own token not found.'];
    if (!open && !same(bearer, ownToken)) return [402, 403, 'Own token not match with this endpoint.'];
    if (session) return [501, 400, 'This slave already connected.'];
    const master = body.master?.address;
    if (typeof master !== 'string' || !master || !h.token) return [701, 400, 'master.address is missing.'];
    session = { token: h.token, master: master.replace(/\/$/, ''), heard: clock.now(), tasks: new Map(), turn: 0 };
    quiet = false;
    return [0, 200, 'Connect success.', { slots, methods: Object.keys(handlers).sort(), incarnation, protocol: 1, stream: false }];
  },
  'DELETE /disconnect': (h) => {
    if (!session) return [502, 400, 'This slave not connected yet.'];
    if (!same(h.token, session.token)) return [302, 403, 'Master not match with this endpoint.'];
    endSession(new MasterLost('the master has disconnected'));
    return [0, 200, 'Disconnect success.'];
  },
  'POST /task/new': (h, body) => {
    if (!session || !same(h.token, session.token)) return [302, 403, 'Master not match with this endpoint.'];
    const { id } = body.task ?? {};
    if (typeof id !== 'string' || !id || id.length > 255) return [701, 400, 'task.id is missing or longer than 255 bytes.'];
    const task = new Task(body.task), report = finished.find(task.key);
    if (report) { // a repeated request
      background(deliver(session, task, report));
    } else if (!session.tasks.has(task.key)) {
      if (quiet) return [602, 403, 'Task refused!', { message: 'the master asked for quiet', retry_after: span / 1000 }];
      if (session.tasks.size >= slots) return [601, 400, 'No free slot.'];
      if (noticed !== undefined) task.noticeStop();
      session.tasks.set(task.key, task);
      background(perform(session, task, body.data));
    }
    return [0, 200, 'Task received!'];
  },
};

function checkOwn(h) {
  if (h.token === undefined) return [401, 400, 'Own token not found.'];
  if (!same(h.token, ownToken)) return [402, 403, 'Own token not match with this endpoint.'];
}

// answerTo checks a request in this order: from a web page, shutting down, channel, token.
function answerTo(req, raw) {
  const route = routes[`${req.method} ${req.url}`];
  const ofOwnToken = req.url === '/ping' || req.url === '/shutdown';
  const h = req.headers;
  if (isFromWebPage(req)) return [708, 403, 'This port answers masters, not web pages: send no Origin, and a Host on loopback.'];
  if (ending) return [101, 401, 'System has already been shutting down.'];
  if (!route) return [704, 404, 'No such path.'];
  if (h.channel === undefined && !ofOwnToken) return [201, 400, 'Channel not found.'];
  if (h.channel !== undefined && h.channel.trim() !== String(channel)) return [202, 403, 'Channel not match with this endpoint.'];
  if (ofOwnToken) return route(h);
  if (h.token === undefined) return [301, 400, 'Master token not found.'];
  let body;
  try { body = JSON.parse(raw || '{}'); } catch (err) { return [701, 400, err.message]; }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [701, 400, 'The body is not an object.'];
  return route(h, body);
}

const server = createServer({ requestTimeout: 30_000 }, (req, res) => {
  const chunks = [];
  let size = 0;
  const answer = ([code, status, message, data = null]) => {
    const text = JSON.stringify({ success: code === 0, code, message, data });
    res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
  };
  req.on('data', (chunk) => {
    if ((size += chunk.length) <= maxBody) chunks.push(chunk);
    else if (!res.headersSent) { answer([702, 413, 'The body is too large.']); req.destroy(); }
  });
  req.on('end', () => { if (!res.headersSent) answer(answerTo(req, Buffer.concat(chunks).toString())); });
});

// ---- The end of the worker

// noticeStop tells the running handlers that the worker will be stopped.
function noticeStop() {
  noticed ??= clock.now();
  for (const task of session?.tasks.values() ?? []) task.noticeStop();
}

// waitForTasks waits until every task has ended and is reported. It returns false
// when they have not at that time.
async function waitForTasks(until) {
  while (work.size) {
    if (clock.now() >= until) return false;
    await sleep(20);
  }
  return true;
}

// endTasks waits for the running tasks, and cancels them when their time is over.
// It returns the exit code: 0, or 1 when a handler ignores the cancelling.
async function endTasks() {
  const signalled = clock.now();
  noticeStop();
  if (await waitForTasks(Math.min(Math.max(noticed + drain, signalled), signalled + stopWait / 2))) return 0;
  for (const task of session?.tasks.values() ?? []) task.cancel(new WorkerStopping('the worker stops'));
  if (await waitForTasks(signalled + stopWait * 0.9)) return 0;
  const left = [...(session?.tasks.values() ?? [])].join(', ');
  log(`the worker stops although its work is not done: ${left || 'results are not reported'}`);
  return 1;
}

// endWorker carries out the stop signal: the worker accepts no new task, ends its
// tasks, and exits.
async function endWorker() {
  if (ending) return;
  ending = true;
  const code = await endTasks();
  server.close(() => process.exit(code));
  server.closeIdleConnections();
  await sleep(500); // for answers that are being sent
  process.exit(code);
}

let signals = 0;
function stop() {
  if (++signals > 1) process.exit(143); // a second signal ends the process at once
  endWorker();
}

const EXIT_PORT_TAKEN = 98; // the initiator starts the worker again, with another port

process.on('SIGTERM', stop).on('SIGINT', stop);
sendHeartbeats();
server.on('error', (err) => {
  log(`cannot listen on port ${port}: ${err.message}`);
  process.exit(err.code === 'EADDRINUSE' ? EXIT_PORT_TAKEN : 1);
});
server.listen(port, own.listen_addr || '127.0.0.1', () => {
  const at = server.address();
  log(`listening on ${at.address}:${at.port}`);
});
