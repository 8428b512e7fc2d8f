#!/usr/bin/env python3
"""A worker of the initiator in Python 3.7 or newer, with the standard library
alone.

    [worker:pysum]
    command = python3 worker.py

Replace sum_ab with the task of your worker, and name it in HANDLERS.
Everything else implements the contract (docs/worker-contract.md): the INI on
stdin, five webhooks, heartbeats, and the report of each result. With slots = N
in the INI up to N handlers run at a time, each in a thread of its own.
"""
import collections
import configparser
import errno
import hashlib
import hmac
import http.client
import ipaddress
import json
import os
import random
import re
import signal
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def sum_ab(data, task):
    """A handler. Its return value is the task's result. An exception fails the
    attempt, and the task is tried again until its attempts are used up. A
    TaskFail fails the task for good.

    A handler that takes long calls task.check() now and then, or waits with
    task.cancelled.wait(seconds). The class Task has more for handlers."""
    if not isinstance(data, dict) or "a" not in data or "b" not in data:
        raise TaskFail({"message": "ab not found"})
    return {"sum": data["a"] + data["b"]}


# The methods of this worker. A task without a method goes to the only one, or
# to the method "default".
HANDLERS = {"sum": sum_ab}


class TaskFail(Exception):
    """A handler raises it to fail its task deliberately. The task is not tried
    again, unless retry is true; retry_after is then the seconds until the next
    attempt, instead of the pool's back-off. data becomes the task's result; a
    string becomes its message."""

    data, retry, retry_after = None, False, None  # for subclasses with an __init__ of their own

    def __init__(self, data=None, retry=False, retry_after=None):
        super().__init__(data)
        self.data, self.retry, self.retry_after = data, retry, retry_after


class Cancelled(Exception):
    """Task.check raises it when the task has to end: the initiator has
    cancelled the task, or its time is over."""


class MasterLost(Cancelled):
    """The connection to the initiator is over. What the handler returns is
    dropped; the initiator runs the task again."""


class WorkerStopping(Cancelled):
    """The worker stops. A handler that sees task.stopping may also raise it by
    itself, after it has saved its work. The task goes back to the queue and is
    charged no attempt."""


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


def seconds(key, default):
    return float((OWN.get(key) or default).rstrip("s"))


TOKEN = OWN.get("token") or os.urandom(32).hex()
CHANNEL = int(OWN.get("channel") or 0)
INCARNATION = int(OWN.get("incarnation") or 1)
SLOTS = int(OWN.get("slots") or 1)
SPAN = seconds("heartbeat_span", "3")
TOLERANCE = seconds("heartbeat_tolerance", "15")  # without an accepted heartbeat, until the master is lost
DRAIN = seconds("drain", "30")           # from the notice until the tasks are cancelled
STOP_WAIT = seconds("stopwaitsecs", "10")  # from the stop signal until the worker is killed
OPEN = OWN.get("connect", "token" if "INITIATOR_GUID" in os.environ else "open") == "open"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
MIB = 1 << 20
MAX_BODY = 64 * MIB
MAX_PROGRESS, MAX_ALL_PROGRESS, MAX_OUTPUT = MIB, 16 * MIB, 16 << 10
MAX_MESSAGE, MAX_TRACEBACK = 16 << 10, 64 << 10  # in characters


class Clock:
    """The monotonic clock without the times in which this process was frozen,
    such as by SIGSTOP or in a container that was paused. A frozen process
    cannot send heartbeats, so this time is no sign of a lost master."""
    TICK = 0.25

    def __init__(self):
        self.lock = threading.Lock()
        self.read, self.frozen, self.thawed = time.monotonic(), 0.0, float("-inf")

    def now(self):
        with self.lock:
            before, self.read = self.read, time.monotonic()
            if self.read - before > max(1.0, 3 * self.TICK):
                self.frozen += self.read - before
                self.thawed = self.read - self.frozen
            return self.read - self.frozen

    def tick(self):
        """Reads the clock regularly, so that a gap shows a frozen process."""
        while True:
            self.now()
            time.sleep(self.TICK)


CLOCK = Clock()


class Session:
    """The connection to a master, from /connect to its end."""

    def __init__(self, token, master):
        self.token, self.master = token, master
        self.heard = CLOCK.now()  # when a heartbeat was accepted last
        self.tasks = {}           # the running tasks, by Task.key
        self.turn = 0             # whose progress the next heartbeat carries first


class FinishedTasks:
    """The reports of finished tasks, oldest first: the master repeats a request
    when it got no answer, and the task must not run again."""
    AGE, COUNT, SIZE = 600, 10_000, MAX_BODY

    def __init__(self):
        self.reports, self.size = collections.OrderedDict(), 0  # Task.key: (time, report)

    def add(self, task, report):
        self.remove(task.key)
        self.reports[task.key] = CLOCK.now(), report
        self.size += len(report[1])
        while len(self.reports) > 1:
            oldest, (at, _) = next(iter(self.reports.items()))
            if len(self.reports) <= self.COUNT and self.size <= self.SIZE and CLOCK.now() - at < self.AGE:
                break
            self.remove(oldest)

    def remove(self, key):
        _, (_, body) = self.reports.pop(key, (0, ("", b"")))
        self.size -= len(body)

    def find(self, key):
        return self.reports.get(key, (0, None))[1]


class State:
    """The state that the threads share, under one lock."""

    def __init__(self):
        self.lock = threading.RLock()
        self.session = None     # None = not connected
        self.quiet = False      # the master wants no new tasks to be accepted
        self.finished = FinishedTasks()
        self.noticed = None     # when the worker learned that it will be stopped
        self.ending = threading.Event()  # the worker has to end
        self.signals = 0        # how many stop signals have come
        self.threads = set()    # that run tasks and report them


STATE = State()


def log(text):
    try:
        sys.stderr.write(text.rstrip("\n") + "\n")
        sys.stderr.flush()
    except OSError:
        pass  # the keeper that reads it has died


# --- What a handler can do with its task


class Task:
    """The running task, for its handler, and a client of the initiator. Child
    tasks are cancelled when this task is cancelled. A handler that waits for
    its children holds its slot meanwhile: submit children to another pool."""

    def __init__(self, ref):
        self.id, self.method, attempt = ref["id"], member(ref, "method"), ref.get("attempt")
        self.attempt = attempt if isinstance(attempt, int) else 0
        self.key = self.id, self.attempt
        self.stopping = threading.Event()   # the worker will be stopped: end soon, or raise WorkerStopping
        self.cancelled = threading.Event()  # the task has to end now
        self.cause = None                   # why: a Cancelled, once cancelled is set
        self.lock = threading.Lock()
        self.seq, self.value, self.written, self.tail = 1, None, 0, b""

    def __str__(self):
        return f"task {self.id} attempt {self.attempt}"

    def check(self):
        """Raises the cause when the task is cancelled."""
        if self.cancelled.is_set():
            raise self.cause

    def progress(self, value=None):
        """Reports progress, with the next heartbeat: any JSON value of at most
        1 MiB. Raises TypeError or ValueError for another value."""
        text = None if value is None else json.dumps(value, allow_nan=False)
        if text and len(text) > MAX_PROGRESS:
            raise ValueError(f"the progress has {len(text)} bytes; the limit is {MAX_PROGRESS}")
        with self.lock:
            self.value, self.seq = text, self.seq + 1

    def output(self, text):
        """Shows text to people who watch the task, with the next heartbeat."""
        if not isinstance(text, str):
            raise TypeError(f"output takes a str, not {type(text).__name__}")
        raw = text.encode("utf-8", "replace")
        with self.lock:
            self.tail = (self.tail + raw)[-MAX_OUTPUT:].decode("utf-8", "ignore").encode()
            self.written, self.seq = self.written + len(raw), self.seq + 1

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
        while True:
            self.check()
            request = urllib.request.Request(
                f"http://{OWN['parent_addr']}:{OWN['parent_port']}/api/v1/tasks{path}",
                json.dumps(body, allow_nan=False).encode() if method == "POST" else None, method=method,
                headers={"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"})
            try:
                with DIRECT.open(request, timeout=30) as response:
                    return json.load(response)
            except urllib.error.HTTPError as err:
                if err.code not in (429, 503):
                    raise TaskFail(json.load(err)) from err
            except (OSError, http.client.HTTPException):
                pass  # the initiator may be in the middle of an upgrade
            self.cancelled.wait(0.5)

    def cancel(self, cause):
        if self.cause is None:
            self.cause = cause
        self.cancelled.set()

    def heartbeat_entry(self):
        """Returns the task's entry in a heartbeat, in two parts of JSON text:
        what it must have, and progress and output."""
        with self.lock:
            entry, more = json.dumps({"id": self.id, "attempt": self.attempt, "seq": self.seq}), ""
            if self.value is not None:
                more += ', "progress": ' + self.value
            if self.tail:
                more += ', "output": ' + json.dumps({"at": self.written - len(self.tail), "text": self.tail.decode()})
        return entry[:-1], more


# --- How a task ends: the path and the body of its report


def run_handler(task, data):
    """Runs the handler of a task and returns the report of its end."""
    name = task.method or (next(iter(HANDLERS)) if len(HANDLERS) == 1 else "default")
    if name not in HANDLERS:
        return fail(task, f'no method "{name}"; this worker has {", ".join(HANDLERS)}')
    try:
        result = HANDLERS[name](data, task)
    except BaseException as err:  # every exception fails the attempt, also SystemExit
        return report_exception(task, err)
    return make_report(task, "/slave/task/complete", "result", result)


def make_report(task, path, what, result, **more):
    """Returns a report. When the result cannot be sent, this is a final
    failure, because another attempt would end in the same way."""
    try:
        body = encode_report(task, result, **more)
    except Exception as err:
        return fail(task, f"the {what} cannot be encoded as JSON: {words_of(err)}")
    if len(body) > MAX_BODY:
        return fail(task, f"the {what} has {len(body) / MIB:.1f} MiB; at most {MAX_BODY // MIB} MiB can be sent")
    return path, body


def encode_report(task, result, **more):
    ref = {"id": task.id, "attempt": task.attempt}
    return json.dumps({"task": ref, "result": result, **more}, allow_nan=False).encode()


def fail(task, message):
    """Returns the report of a final failure, and logs it."""
    message = shorten(message, MAX_MESSAGE)
    log(f"{task} failed: {message}")
    return "/slave/task/fail", encode_report(task, {"message": message})


def report_exception(task, err):
    """Returns the report of a handler that has raised err."""
    chain = list_causes(err)
    deliberate = next((e for e in chain if isinstance(e, TaskFail)), None)
    if deliberate is not None:
        result, more = describe_fail(deliberate, chain), {"retry": True} if deliberate.retry else {}
    else:
        result, more = describe_exception(task, err, chain), {"retry": True}
    if more and stopped_by_worker(task, chain):
        more["code"] = 101  # the task goes back to the queue
    return make_report(task, "/slave/task/fail", "data of the failure", result, **more)


def describe_exception(task, err, chain):
    """Returns the result of an exception, and logs it."""
    message = shorten(": ".join(map(words_of, chain)), MAX_MESSAGE)
    if isinstance(err, Cancelled):
        log(f"{task} ended: {message}")
        return {"message": message}
    trace = "".join(traceback.format_exception(type(err), err, err.__traceback__))
    log(f"{task} failed: {message}\n{trace}")
    return {"message": message, "traceback": shorten(trace, MAX_TRACEBACK)}


def stopped_by_worker(task, chain):
    """Tells whether a handler failed because the worker stops."""
    said = task.stopping.is_set() and any(isinstance(e, WorkerStopping) for e in chain)
    return said or isinstance(task.cause, WorkerStopping)


def describe_fail(fail, chain):
    """Returns the result of a deliberate failure: its data, and the words of
    the exceptions that it was raised from or that were raised from it."""
    members = {"message": fail.data} if isinstance(fail.data, str) else fail.data
    members = {} if members is None else members
    own = members.get("message") if isinstance(members, dict) else None
    at = chain.index(fail)
    words = [words_of(e) for e in chain[:at] if own is None] + [own] + [words_of(e) for e in chain[at + 1:]]
    words = [w for w in words if isinstance(w, str)]
    if len(chain) == 1 and fail.retry_after is None:
        return members
    members = dict(members) if isinstance(members, dict) else {"data": members}
    if words and (own is None or isinstance(own, str)):
        members["message"] = shorten(": ".join(words), MAX_MESSAGE)
    if fail.retry_after is not None:
        members["retry_after"] = fail.retry_after
    return members


def list_causes(err):
    """Lists an exception with all exceptions that it was raised from ("raise …
    from …") or that it groups."""
    found, todo = [], [err]
    while todo and len(found) < 100:
        err = todo.pop(0)
        if err is not None and not any(err is e for e in found):
            found.append(err)
            todo = [err.__cause__, *getattr(err, "exceptions", ())] + todo
    return found


def words_of(err):
    name = type(err).__name__
    try:
        text = str(err)
        if text and isinstance(err, (TaskFail, Cancelled)):
            return text
        return f"{name}: {text}" if text else name
    except Exception:
        return f"{name} (its __str__ raised an exception)"


def shorten(text, limit):
    """Cuts the middle out of a text that is too long, and says so."""
    cut = len(text) - limit
    return text if cut <= 0 else f"{text[:limit // 2]}\n[… {cut} characters are left out …]\n{text[-(limit // 2):]}"


# --- The requests to the master


def call(method, session, path, body, timeout):
    """Sends one request to the master, without a retry. Returns the HTTP
    status, and the answer or None when it is not an envelope."""
    request = urllib.request.Request(
        session.master + path, body, method=method,
        headers={"Channel": str(CHANNEL), "Token": session.token})
    try:
        with DIRECT.open(request, timeout=timeout) as response:
            status, raw = response.status, response.read()
    except urllib.error.HTTPError as err:
        with err:
            status, raw = err.code, err.read()
    try:
        answer = json.loads(raw)
    except ValueError:
        answer = None
    return status, answer if isinstance(answer, dict) and "code" in answer else None


def deliver(session, task, report):
    """Sends a report until the master answers or the session ends. In the place
    of a report that the master cannot take it sends a final failure."""
    refused = False
    while STATE.session is session:
        try:
            status, answer = call("PUT", session, *report, timeout=30)
        except (OSError, http.client.HTTPException):
            status, answer = None, None
        if (status == 413 or status == 400 and answer) and not refused:
            refused = True
            why = answer.get("message") if answer else "it is too large for a server on the way (HTTP 413)"
            report = fail(task, f"the result was refused: {why}")
            with STATE.lock:
                STATE.finished.add(task, report)
        elif answer is None or answer["code"] == 101 or status == 408 or status >= 500:
            time.sleep(1.0)
        else:
            return  # stored, or the attempt is no longer current


def perform(session, task, data):
    """Runs a task and reports its end, unless the session has ended."""
    report = run_handler(task, data)
    with STATE.lock:
        if session.tasks.pop(task.key, None) is None:
            return  # disconnected, or the master was lost: the result is not wanted
        STATE.finished.add(task, report)
    deliver(session, task, report)


def end_session(cause):
    """Drops the tasks of the session, so that no result of them is reported,
    and then cancels them."""
    with STATE.lock:
        session, STATE.session = STATE.session, None
        tasks, session.tasks = list(session.tasks.values()), {}
    for task in tasks:
        task.cancel(cause)


def send_heartbeats():
    """Sends heartbeats. A refused heartbeat does not end them. When none is
    accepted for TOLERANCE, the master is lost."""
    time.sleep(random.uniform(0, SPAN))  # otherwise the heartbeats of many workers arrive together
    while True:
        time.sleep(SPAN)
        session, began = STATE.session, CLOCK.now()
        if session is None:
            continue
        body = heartbeat_body(session)
        try:
            status, answer = call("GET", session, "/slave/heartbeat", body,
                                  timeout=min(max(SPAN, 1) + len(body) / MIB, TOLERANCE))  # a second more for each MiB
        except (OSError, http.client.HTTPException):
            status, answer = None, None
        if status == 200 and answer and answer["code"] == 0:
            session.heard = began
            obey(session, answer.get("data"))
        elif CLOCK.now() >= max(session.heard + TOLERANCE, CLOCK.thawed + SPAN):
            with STATE.lock:
                if STATE.session is session:
                    log(f"the master {session.master} is lost: no heartbeat was accepted for {TOLERANCE:g} s")
                    end_session(MasterLost("the master was lost"))


def heartbeat_body(session):
    """Returns a heartbeat. When all progress and output is too large for one
    heartbeat, it is the turn of the rest in the next one."""
    with STATE.lock:
        tasks = list(session.tasks.values())
    turn, room, entries = session.turn % (len(tasks) or 1), MAX_ALL_PROGRESS, []
    for n, task in enumerate(tasks[turn:] + tasks[:turn]):
        entry, more = task.heartbeat_entry()
        if len(more) > room >= 0:
            session.turn, room = turn + n, -1
        entries.append(entry + (more if room >= 0 else "") + "}")
        room -= len(more)
    running = ", ".join(entries)
    return f'{{"incarnation": {INCARNATION}, "rss": {resident_memory()}, "running": [{running}]}}'.encode()


def resident_memory():
    """Returns the resident memory in bytes; 0 = not known on this system."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def obey(session, orders):
    """Does what the answer to a heartbeat says."""
    orders = orders if isinstance(orders, dict) else {}
    cancel = orders.get("cancel")
    cancel = {one for one in cancel if isinstance(one, str)} if isinstance(cancel, list) else ()
    with STATE.lock:
        STATE.quiet = bool(orders.get("quiet"))
        for task in session.tasks.values():
            if task.id in cancel:
                task.cancel(Cancelled("cancelled by the initiator"))
    if orders.get("stopping"):
        notice_stop()
    if orders.get("stop"):
        STATE.ending.set()


# --- The webhooks


def same(a, b):
    return hmac.compare_digest((a or "").encode(), (b or "").encode())


def member(body, *names):
    """Returns the string at body[name][name] …, or an empty string."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""


def is_loopback(address):
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_loopback_host(header):
    """Reports whether a header Host has a loopback address, or localhost.
    Another name can be an attacker's name for 127.0.0.1 (DNS rebinding)."""
    name = re.sub(r":[0-9]*$", "", header or "")
    return name == "localhost" or is_loopback(re.sub(r"^\[(.*)\]$", r"\1", name))


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
        length = self.headers.get("Content-Length") or "0"
        length = int(length) if length.isdigit() else MAX_BODY + 1
        if length > MAX_BODY:
            self.close_connection = True
            return self.answer(702, 413, "The body is too large.")
        raw = self.rfile.read(length)
        if self.is_from_web_page():
            return self.answer(708, 403, "This port answers masters, not web pages: "
                                         "send no Origin, and a Host on loopback.")
        if STATE.ending.is_set():
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
            {"/connect": self.connect, "/disconnect": self.disconnect, "/task/new": self.new_task}[self.path](token, body)

    do_GET = do_POST = do_DELETE = do_PUT = serve

    def is_from_web_page(self):
        """Reports whether a page in a browser has caused the request: it has an
        Origin, or a Host beyond loopback where no token is asked for."""
        asks_no_token = self.path == "/connect" and OPEN or self.path == "/ping" and "Token" not in self.headers
        return "Origin" in self.headers or (
            asks_no_token and is_loopback(self.server.server_address[0])
            and not is_loopback_host(self.headers["Host"]))

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
            return STATE.ending.set()
        self.answer(0, 200, "PONG!", {"guid": GUID, "incarnation": INCARNATION, "pid": os.getpid(),
                                      "methods": sorted(HANDLERS), "slots": SLOTS, "protocol": 1})

    def connect(self, token, body):
        bearer = (self.headers.get("Authorization") or "").partition(" ")[2]
        if not OPEN and not bearer:
            return self.answer(401, 400, "Own token not found.")
        if not OPEN and not same(bearer, TOKEN):
            return self.answer(402, 403, "Own token not match with this endpoint.")
        if STATE.session:
            return self.answer(501, 400, "This slave already connected.")
        address = member(body, "master", "address")
        if not address or not token:
            return self.answer(701, 400, "master.address is missing.")
        STATE.session, STATE.quiet = Session(token, address.rstrip("/")), False
        self.answer(0, 200, "Connect success.", {"slots": SLOTS, "methods": sorted(HANDLERS),
                                                 "incarnation": INCARNATION, "protocol": 1, "stream": False})

    def disconnect(self, token, body):
        if not STATE.session:
            return self.answer(502, 400, "This slave not connected yet.")
        if not same(token, STATE.session.token):
            return self.answer(302, 403, "Master not match with this endpoint.")
        end_session(MasterLost("the master has disconnected"))
        self.answer(0, 200, "Disconnect success.")

    def new_task(self, token, body):
        session = STATE.session
        if not session or not same(token, session.token):
            return self.answer(302, 403, "Master not match with this endpoint.")
        if not 0 < len(member(body, "task", "id")) <= 255:
            return self.answer(701, 400, "task.id is missing or longer than 255 bytes.")
        task = Task(body["task"])
        report = STATE.finished.find(task.key)
        if report:  # a repeated request
            start(deliver, session, task, report)
        elif task.key not in session.tasks:
            if STATE.quiet:
                return self.answer(602, 403, "Task refused!", {"message": "the master asked for quiet", "retry_after": SPAN})
            if len(session.tasks) >= SLOTS:
                return self.answer(601, 400, "No free slot.")
            if STATE.noticed is not None:
                task.stopping.set()
            session.tasks[task.key] = task
            try:
                start(perform, session, task, body.get("data"))
            except RuntimeError:  # the system allows no more threads
                del session.tasks[task.key]
                return self.answer(601, 400, "No free slot.")
        self.answer(0, 200, "Task received!")

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # otherwise the client has gone
            super().handle_error(request, client_address)


# --- The beginning and the end of the worker


def start(target, *args):
    """Runs a part of a task in a thread for which the end of the worker waits."""
    def work():
        try:
            target(*args)
        finally:
            with STATE.lock:
                STATE.threads.discard(thread)

    thread = threading.Thread(target=work, daemon=True)
    with STATE.lock:
        thread.start()
        STATE.threads.add(thread)


def notice_stop():
    """Tells the running handlers that the worker will be stopped."""
    with STATE.lock:
        if STATE.noticed is None:
            STATE.noticed = CLOCK.now()
        for task in STATE.session.tasks.values() if STATE.session else ():
            task.stopping.set()


def wait_for_tasks(until):
    """Waits until every task has ended and is reported. Returns false when they
    have not at that time."""
    while STATE.threads:
        if CLOCK.now() >= until:
            return False
        time.sleep(0.02)
    return True


def end_tasks():
    """Carries out the stop signal: waits for the running tasks, and cancels them
    when their time is over. Returns the exit code: 0, or 1 when a handler
    ignores the cancelling."""
    signalled = CLOCK.now()
    notice_stop()
    cancel_at = min(max(STATE.noticed + DRAIN, signalled), signalled + STOP_WAIT / 2)
    if wait_for_tasks(cancel_at):
        return 0
    with STATE.lock:
        for task in list(STATE.session.tasks.values()) if STATE.session else ():
            task.cancel(WorkerStopping("the worker stops"))
    if wait_for_tasks(signalled + STOP_WAIT * 0.9):
        return 0
    with STATE.lock:
        left = ", ".join(str(t) for t in STATE.session.tasks.values()) if STATE.session else ""
    log(f"the worker stops although its work is not done: {left or 'results are not reported'}")
    return 1


def stop(*_):
    """Handles the stop signal. A second signal ends the process at once."""
    STATE.signals += 1
    if STATE.signals > 1:
        os._exit(143)
    STATE.ending.set()


EXIT_PORT_TAKEN = 98  # the initiator starts the worker again, with another port


def main():
    try:
        server = Server((OWN.get("listen_addr") or "127.0.0.1", PORT), Webhooks)
    except OSError as err:
        log(f"cannot listen on port {PORT}: {err}")
        sys.exit(EXIT_PORT_TAKEN if err.errno == errno.EADDRINUSE else 1)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for serve in server.serve_forever, send_heartbeats, CLOCK.tick:
        threading.Thread(target=serve, daemon=True).start()
    log(f"listening on {server.server_address[0]}:{server.server_address[1]}")
    STATE.ending.wait()
    code = end_tasks()
    if code:
        os._exit(code)  # a handler that ignores the cancelling may keep the interpreter from ending


if __name__ == "__main__":
    main()
