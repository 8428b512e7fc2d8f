// A worker of the initiator in Node, without packages.
//
//     [worker:nodesum]
//     command = node worker.mjs
//
// Replace sum with the task of your worker. Everything else implements the
// contract (docs/worker-contract.md): the INI on stdin, five webhooks,
// heartbeats, and the report of each result. Node runs one function at a time,
// so nothing here needs a lock. A handler that computes for long without
// awaiting delays the heartbeats of its worker.
import { createHmac, createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, request } from 'node:http';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

// sum is the handler. Its return value is the task's result. An exception fails
// the task; its member result, if there is one, becomes the task's result. A
// handler that takes long listens to task.signal. The class Task has more for
// handlers.
async function sum(data, task) {
  if (data?.a === undefined || data?.b === undefined) {
    throw Object.assign(new Error('fail'), { result: { message: 'ab not found' } });
  }
  return { sum: data.a + data.b };
}

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
const port = Number(arg('--port') ?? own.listen_port ?? process.env.INITIATOR_PORT ?? 7236);
const ownToken = own.token || randomBytes(32).toString('hex');
const channel = Number(own.channel ?? 0);
const incarnation = Number(own.incarnation ?? 1);
const span = parseFloat(own.heartbeat_span ?? '3') * 1000;
const tolerance = parseFloat(own.heartbeat_tolerance ?? '15') * 1000; // ms without an accepted heartbeat until the master is lost
const open = (own.connect ?? (process.env.INITIATOR_GUID ? 'token' : 'open')) === 'open';

let session = null; // {token, master, heard} while connected
let running = null; // {task, abort, own} while a task runs
let last = null; // {task, path, body} of the last task that ended
let stopping = false;
const work = new Set(); // promises for which stop waits

const same = (a, b) => timingSafeEqual(
  createHash('sha256').update(a ?? '').digest(), createHash('sha256').update(b ?? '').digest());
const sameTask = (a, b) => a && b && a.id === b.id && (a.attempt ?? 0) === (b.attempt ?? 0);

// call sends one request to the master, without a retry. It does not use fetch,
// which refuses a body on GET; a heartbeat has one.
function call(method, base, path, token, body) {
  return new Promise((resolve, reject) => {
    const data = JSON.stringify(body);
    const req = request(base + path, {
      method, timeout: 10_000,
      headers: { Channel: String(channel), Token: token, 'Content-Length': Buffer.byteLength(data) },
    }, (res) => {
      const chunks = [];
      res.on('data', (c) => chunks.push(c)).on('error', reject).on('end', () => {
        try { resolve(JSON.parse(Buffer.concat(chunks))); } catch (err) { reject(err); }
      });
    });
    req.on('timeout', () => req.destroy(new Error('timeout'))).on('error', reject);
    req.end(data);
  });
}

// Task is the running task, for its handler, and a client of the initiator.
// Child tasks are cancelled when this task is cancelled. A handler that waits
// for its children holds its slot meanwhile: submit children to another pool.
class Task {
  #seq = 1; #value; #written = 0; #tail = Buffer.alloc(0);

  constructor({ id, attempt = 0 }, signal) { Object.assign(this, { id, attempt, signal }); }

  // progress reports progress, with the next heartbeat.
  progress(value) { this.#value = value; this.#seq++; }

  // output shows text to people who watch the task, with the next heartbeat.
  output(text) {
    const raw = Buffer.from(text);
    this.#written += raw.length;
    this.#tail = Buffer.concat([this.#tail, raw]).subarray(-8192);
    while (this.#tail.length && (this.#tail[0] & 0xc0) === 0x80) this.#tail = this.#tail.subarray(1); // drop a partial character
    this.#seq++;
  }

  // heartbeatEntry returns the task's entry in a heartbeat.
  heartbeatEntry() {
    const output = this.#tail.length ? { at: this.#written - this.#tail.length, text: this.#tail.toString() } : undefined;
    return { id: this.id, attempt: this.attempt, seq: this.#seq, progress: this.#value, output };
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
    for (;;) {
      this.signal.throwIfAborted();
      try {
        const answer = await fetch(`http://${own.parent_addr}:${own.parent_port}/api/v1/tasks${path}`, {
          method, body: body && JSON.stringify(body), signal: this.signal,
          headers: { Authorization: `Bearer ${ownToken}`, 'Content-Type': 'application/json' },
        });
        const record = await answer.json();
        if (answer.ok) return record;
        if (answer.status !== 429 && answer.status !== 503) throw Object.assign(new Error(record.message), { result: record });
      } catch (err) {
        if (err.result) throw err; // otherwise the initiator may be in the middle of an upgrade
      }
      await sleep(500);
    }
  }
}

// report sends a result. Only a transport error leads to a retry; a refusal is final.
async function report(to, path, body) {
  while (session === to) {
    try { return await call('PUT', to.master, path, to.token, body); } catch { await sleep(1000); }
  }
}

async function run(to, current, data) {
  let path = '/slave/task/complete', result;
  try {
    result = (await sum(data, current.own)) ?? null;
  } catch (err) {
    path = '/slave/task/fail';
    result = err?.result ?? { message: String(err?.message ?? err) };
  }
  if (running !== current) return; // disconnected meanwhile: the result is not wanted
  running = null;
  const { id, attempt } = current.task;
  last = { task: current.task, path, body: { task: { id, attempt }, result } };
  await report(to, path, last.body);
}

function background(promise) {
  work.add(promise);
  promise.finally(() => work.delete(promise));
}

// disconnect cancels the task, frees the slot and ends the session.
function disconnect() {
  running?.abort.abort();
  session = running = null;
}

// sendHeartbeat sends one heartbeat. A refused heartbeat does not end the
// heartbeats. When none is accepted for the tolerance, the master is lost.
async function sendHeartbeat() {
  const to = session;
  if (!to) return;
  try {
    const body = { incarnation, running: running ? [running.own.heartbeatEntry()] : [], rss: process.memoryUsage().rss };
    const answer = await call('GET', to.master, '/slave/heartbeat', to.token, body);
    if (answer.success) to.heard = performance.now();
    if (answer.data?.cancel?.includes(running?.task.id)) running.abort.abort();
    if (answer.data?.stop) stop();
  } catch { /* the tolerance is checked below */ }
  if (session === to && performance.now() - to.heard > tolerance) disconnect();
}

const routes = {
  'GET /ping': (h) => {
    if (h.token === undefined && h.nonce) {
      const proof = createHmac('sha256', ownToken).update(`${h.nonce}\n${guid}\n${incarnation}`).digest('hex');
      return [0, 200, 'PONG!', { proof }];
    }
    return checkOwn(h) ?? [0, 200, 'PONG!', { guid, incarnation, pid: process.pid, methods: ['sum'], slots: 1, protocol: 1 }];
  },
  'DELETE /shutdown': (h) => {
    const refused = checkOwn(h);
    if (refused) return refused;
    setImmediate(stop);
    return [0, 200, 'Shutdown request received, this server will be down later.'];
  },
  'POST /connect': (h, body) => {
    const bearer = /^bearer +(.+)$/i.exec(h.authorization ?? '')?.[1];
    if (!open && !bearer) return [401, 400, 'Own token not found.'];
    if (!open && !same(bearer, ownToken)) return [402, 403, 'Own token not match with this endpoint.'];
    if (session) return [501, 400, 'This slave already connected.'];
    const master = body.master?.address;
    if (!master || !h.token) return [701, 400, 'master.address is missing.'];
    session = { token: h.token, master: master.replace(/\/$/, ''), heard: performance.now() };
    return [0, 200, 'Connect success.', { slots: 1, methods: ['sum'], incarnation, protocol: 1, stream: false }];
  },
  'DELETE /disconnect': (h) => {
    if (!session) return [502, 400, 'This slave not connected yet.'];
    if (!same(h.token, session.token)) return [302, 403, 'Master not match with this endpoint.'];
    disconnect();
    return [0, 200, 'Disconnect success.'];
  },
  'POST /task/new': (h, body) => {
    if (!session || !same(h.token, session.token)) return [302, 403, 'Master not match with this endpoint.'];
    if (!body.task?.id) return [701, 400, 'task.id is missing.'];
    if (sameTask(last?.task, body.task)) background(report(session, last.path, last.body)); // a repeated request
    else if (running && !sameTask(running.task, body.task)) return [601, 400, 'No free slot.'];
    else if (!running) {
      const abort = new AbortController();
      running = { task: body.task, abort, own: new Task(body.task, abort.signal) };
      background(run(session, running, body.data));
    }
    return [0, 200, 'Task received!'];
  },
};

function checkOwn(h) {
  if (h.token === undefined) return [401, 400, 'Own token not found.'];
  if (!same(h.token, ownToken)) return [402, 403, 'Own token not match with this endpoint.'];
}

// answerTo checks a request in this order: shutting down, channel, token.
function answerTo(req, raw) {
  const route = routes[`${req.method} ${req.url}`];
  const ofOwnToken = req.url === '/ping' || req.url === '/shutdown';
  const h = req.headers;
  if (stopping) return [101, 401, 'System has already been shutting down.'];
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
    if ((size += chunk.length) <= 64 << 20) chunks.push(chunk);
    else if (!res.headersSent) { answer([702, 413, 'The body is too large.']); req.destroy(); }
  });
  req.on('end', () => { if (!res.headersSent) answer(answerTo(req, Buffer.concat(chunks).toString())); });
});

// stop drains: the worker accepts no new task, waits for the running task and
// its report, and exits with 0. A second signal ends the process at once.
async function stop(signal) {
  if (stopping) { if (signal) process.exit(143); return; }
  stopping = true;
  while (work.size) await Promise.allSettled(work);
  clearInterval(heartbeats);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}

const heartbeats = setInterval(sendHeartbeat, span);
process.on('SIGTERM', stop).on('SIGINT', stop);
server.listen(port, own.listen_addr || '127.0.0.1', () => {
  const at = server.address();
  console.error(`listening on ${at.address}:${at.port}`);
});
