#!/usr/bin/env python3
"""A worker of the initiator in Python, with the standard library alone.

    [worker:pysum]
    command = python3 worker.py

Replace sum_ab with the task of your worker. Everything else implements the
contract (docs/worker-contract.md): the INI on stdin, five webhooks, heartbeats,
and the report of each result.
"""
import configparser
import hashlib
import hmac
import json
import os
import random
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TaskFail(Exception):
    """A handler raises it to fail its task with a result of its own."""


def sum_ab(data, task):
    """The handler. Its return value is the task's result; an exception fails
    the task. A handler that takes long checks task.cancelled.is_set() and
    returns when it is true. The class Task has more for handlers."""
    if not isinstance(data, dict) or "a" not in data or "b" not in data:
        raise TaskFail({"message": "ab not found"})
    return {"sum": data["a"] + data["b"]}


def read_config():
    """Reads arguments, the INI on stdin and the environment, in this order of
    precedence."""
    args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    guid = args.get("--guid") or os.environ.get("INITIATOR_GUID") or "by-hand"
    ini = configparser.ConfigParser(
        interpolation=configparser.ExtendedInterpolation(), allow_no_value=True)
    if not sys.stdin.isatty():
        ini.read_string(sys.stdin.read())
    own = ini[guid] if ini.has_section(guid) else ini["DEFAULT"]
    port = args.get("--port") or own.get("listen_port") or os.environ.get("INITIATOR_PORT") or 7236
    return guid, int(port), own


GUID, PORT, OWN = read_config()
TOKEN = OWN.get("token") or os.urandom(32).hex()
CHANNEL = int(OWN.get("channel") or 0)
INCARNATION = int(OWN.get("incarnation") or 1)
SPAN = float((OWN.get("heartbeat_span") or "3").rstrip("s"))
# seconds without an accepted heartbeat until the master is lost
TOLERANCE = float((OWN.get("heartbeat_tolerance") or "15").rstrip("s"))
OPEN = OWN.get("connect", "token" if "INITIATOR_GUID" in os.environ else "open") == "open"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class State:
    """The state that the threads share, under one lock."""

    def __init__(self):
        self.lock = threading.RLock()
        self.session = None      # the session's token; None = not connected
        self.master = None       # the master's URL
        self.task = None         # the reference of the running task
        self.own = None          # the Task of its handler
        self.cancelled = None    # the event that cancels it
        self.last = (None, None)  # the last finished task: its key and its report
        self.stopping = threading.Event()


STATE = State()


def key(task):
    return task["id"], task.get("attempt", 0)


def call(method, address, path, token, body):
    """Sends one request to the master, without a retry."""
    request = urllib.request.Request(
        address + path, json.dumps(body).encode(), method=method,
        headers={"Channel": str(CHANNEL), "Token": token})
    with DIRECT.open(request, timeout=10) as response:
        return json.load(response)


def report(session, address, path, body):
    """Sends a result. Only a transport error leads to a retry; a refusal is
    final."""
    while STATE.session == session:
        try:
            return call("PUT", address, path, session, body)
        except urllib.error.HTTPError:
            return None
        except OSError:
            time.sleep(1.0)


class Task:
    """The running task, for its handler, and a client of the initiator. Child
    tasks are cancelled when this task is cancelled. A handler that waits for
    its children holds its slot meanwhile: submit children to another pool."""

    def __init__(self, ref):
        self.id, self.attempt = ref["id"], ref.get("attempt", 0)
        self.cancelled = threading.Event()
        self.seq, self.value, self.written, self.tail = 1, None, 0, b""

    def progress(self, value=None):
        """Reports progress, with the next heartbeat."""
        self.value, self.seq = value, self.seq + 1

    def output(self, text):
        """Shows text to people who watch the task, with the next heartbeat."""
        raw = text.encode("utf-8", "replace")
        self.tail = (self.tail + raw)[-8192:].decode("utf-8", "ignore").encode()
        self.written, self.seq = self.written + len(raw), self.seq + 1

    def heartbeat_entry(self):
        """Returns the task's entry in a heartbeat."""
        entry = {"id": self.id, "attempt": self.attempt, "seq": self.seq}
        if self.value is not None:
            entry["progress"] = self.value
        if self.tail:
            entry["output"] = {"at": self.written - len(self.tail), "text": self.tail.decode()}
        return entry

    def submit(self, pool, data=None, **more):
        """Queues a child task and returns its record. All submits with the
        same key are one task, so that a retried task submits no child twice."""
        return self.ask("POST", "", {"id": None if "key" in more else str(uuid.uuid4()),
                                     "pool": pool, "data": data, "parent": self.id, **more})

    def wait(self, child):
        """Waits until a child has ended, in whatever state, and returns its
        record."""
        while True:
            record = self.ask("GET", f"/{child['id']}?wait=10s")
            if record["state"] not in ("queued", "running"):
                return record

    def ask(self, method, path, body=None):
        """Repeats a request until the initiator answers or this task is
        cancelled."""
        body = {k: v for k, v in (body or {}).items() if v is not None}
        while not self.cancelled.is_set():
            request = urllib.request.Request(
                f"http://{OWN['parent_addr']}:{OWN['parent_port']}/api/v1/tasks{path}",
                json.dumps(body).encode() if method == "POST" else None, method=method,
                headers={"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"})
            try:
                with DIRECT.open(request, timeout=30) as response:
                    return json.load(response)
            except urllib.error.HTTPError as err:
                if err.code not in (429, 503):
                    raise TaskFail(json.load(err)) from err
            except OSError:
                pass  # the initiator may be in the middle of an upgrade
            self.cancelled.wait(0.5)
        raise TaskFail({"message": "cancelled"})


def run(session, address, task, data, own):
    cancelled = own.cancelled
    try:
        path, result = "/slave/task/complete", sum_ab(data, own)
        json.dumps(result)
    except TaskFail as fail:
        path, result = "/slave/task/fail", fail.args[0] if fail.args else {}
    except BaseException as err:  # every exception fails the task
        path, result = "/slave/task/fail", {"message": f"{type(err).__name__}: {err}"}
    body = {"task": {"id": task["id"], "attempt": task.get("attempt", 0)}, "result": result}
    with STATE.lock:
        if STATE.cancelled is not cancelled:
            return  # disconnected meanwhile: the result is not wanted
        STATE.task = STATE.own = STATE.cancelled = None
        STATE.last = (key(task), (path, body))
    report(session, address, path, body)


def disconnect():
    """Cancels the task, frees the slot and ends the session."""
    with STATE.lock:
        if STATE.cancelled:
            STATE.cancelled.set()
        STATE.session = STATE.master = STATE.task = STATE.own = STATE.cancelled = None


def send_heartbeats():
    """Sends heartbeats. A refused heartbeat does not end them. When none is
    accepted for TOLERANCE, the master is lost."""
    heard, of = time.monotonic(), None
    time.sleep(random.uniform(0, SPAN))  # otherwise the heartbeats of many workers arrive together
    while True:
        time.sleep(SPAN)
        with STATE.lock:
            session, address, own = STATE.session, STATE.master, STATE.own
        if session != of:
            heard, of = time.monotonic(), session
        if session is None:
            continue
        running = [own.heartbeat_entry()] if own else []
        try:
            answer = call("GET", address, "/slave/heartbeat", session,
                          {"incarnation": INCARNATION, "running": running})
            heard = time.monotonic()
        except (OSError, ValueError):
            if time.monotonic() - heard > TOLERANCE and STATE.session == session:
                disconnect()
            continue
        orders = answer.get("data") or {}
        with STATE.lock:
            if STATE.task and STATE.task["id"] in orders.get("cancel", []):
                STATE.cancelled.set()
        if orders.get("stop"):
            stop()


def same(a, b):
    return hmac.compare_digest((a or "").encode(), (b or "").encode())


class Webhooks(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # without it every answer takes 40 ms more
    timeout = 30  # seconds, for a client that sends nothing
    routes = {"/ping": "GET", "/shutdown": "DELETE", "/connect": "POST",
              "/disconnect": "DELETE", "/task/new": "POST"}

    def answer(self, code, status, message, data=None):
        body = json.dumps({"success": code == 0, "code": code, "message": message, "data": data}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > 64 << 20:
            self.close_connection = True
            return self.answer(702, 413, "The body is too large.")
        raw = self.rfile.read(length)
        if STATE.stopping.is_set():
            return self.answer(101, 401, "System has already been shutting down.")
        if self.routes.get(self.path) != self.command:
            return self.answer(704, 404, "No such path.")
        own = self.path in ("/ping", "/shutdown")
        channel = self.headers.get("Channel")
        if channel is None and not own:
            return self.answer(201, 400, "Channel not found.")
        if channel is not None and channel.strip() != str(CHANNEL):
            return self.answer(202, 403, "Channel not match with this endpoint.")
        if own:
            return self.serve_own()
        try:
            body = json.loads(raw or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body is not an object")
        except (ValueError, RecursionError) as err:
            return self.answer(701, 400, str(err))
        token = self.headers.get("Token")
        if token is None:
            return self.answer(301, 400, "Master token not found.")
        with STATE.lock:
            {"/connect": self.connect, "/disconnect": self.disconnect, "/task/new": self.task}[self.path](token, body)

    do_GET = do_POST = do_DELETE = do_PUT = serve

    def serve_own(self):
        token, nonce = self.headers.get("Token"), self.headers.get("Nonce")
        if token is None and nonce and self.path == "/ping":
            proof = hmac.new(TOKEN.encode(), f"{nonce}\n{GUID}\n{INCARNATION}".encode(), hashlib.sha256)
            return self.answer(0, 200, "PONG!", {"proof": proof.hexdigest()})
        if token is None:
            return self.answer(401, 400, "Own token not found.")
        if not same(token, TOKEN):
            return self.answer(402, 403, "Own token not match with this endpoint.")
        if self.path == "/shutdown":
            self.answer(0, 200, "Shutdown request received, this server will be down later.")
            return stop()
        self.answer(0, 200, "PONG!", {"guid": GUID, "incarnation": INCARNATION, "pid": os.getpid(),
                                      "methods": ["sum"], "slots": 1, "protocol": 1})

    def connect(self, token, body):
        bearer = (self.headers.get("Authorization") or "").partition(" ")[2]
        if not OPEN and not bearer:
            return self.answer(401, 400, "Own token not found.")
        if not OPEN and not same(bearer, TOKEN):
            return self.answer(402, 403, "Own token not match with this endpoint.")
        if STATE.session:
            return self.answer(501, 400, "This slave already connected.")
        address = (body.get("master") or {}).get("address")
        if not address or not token:
            return self.answer(701, 400, "master.address is missing.")
        STATE.session, STATE.master = token, address.rstrip("/")
        self.answer(0, 200, "Connect success.", {"slots": 1, "methods": ["sum"], "incarnation": INCARNATION,
                                                 "protocol": 1, "stream": False})

    def disconnect(self, token, body):
        if not STATE.session:
            return self.answer(502, 400, "This slave not connected yet.")
        if not same(token, STATE.session):
            return self.answer(302, 403, "Master not match with this endpoint.")
        disconnect()
        self.answer(0, 200, "Disconnect success.")

    def task(self, token, body):
        if not STATE.session or not same(token, STATE.session):
            return self.answer(302, 403, "Master not match with this endpoint.")
        task = body.get("task")
        if not isinstance(task, dict) or not task.get("id"):
            return self.answer(701, 400, "task.id is missing.")
        if STATE.task and key(STATE.task) == key(task):
            return self.answer(0, 200, "Task received!")  # a repeated request
        if STATE.last[0] == key(task):
            self.answer(0, 200, "Task received!")
            return start(report, STATE.session, STATE.master, *STATE.last[1])
        if STATE.task:
            return self.answer(601, 400, "No free slot.")
        STATE.task, STATE.own = task, Task(task)
        STATE.cancelled = STATE.own.cancelled
        self.answer(0, 200, "Task received!")
        start(run, STATE.session, STATE.master, task, body.get("data"), STATE.own)

    def log_message(self, *args):
        pass


WORK = []  # threads for which stop waits


def start(target, *args):
    thread = threading.Thread(target=target, args=args, daemon=True)
    WORK[:] = [t for t in WORK if t.is_alive()] + [thread]
    thread.start()


def stop(*_):
    """Drains: the worker accepts no new task, waits for the running task and
    its report, and exits with 0. A second signal ends the process at once."""
    if STATE.stopping.is_set() and _:
        os._exit(143)
    STATE.stopping.set()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    server = Server((OWN.get("listen_addr") or "127.0.0.1", PORT), Webhooks)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=send_heartbeats, daemon=True).start()
    print(f"listening on {server.server_address[0]}:{server.server_address[1]}", file=sys.stderr, flush=True)
    STATE.stopping.wait()
    for thread in list(WORK):
        thread.join()
    server.shutdown()


if __name__ == "__main__":
    main()
