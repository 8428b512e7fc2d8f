"""Stands in for ding.interaction where the pages in docs/ are executed: the
names that they use, and the five webhooks of a slave, with Python's own library."""
import json
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TaskFail(Exception):
    def __init__(self, result):
        super().__init__(result)
        self.result = result


class Slave:
    def __init__(self, host=None, port=None, channel=0):
        self.at, self.channel, self.token, self.master = (host or "0.0.0.0", port), channel, None, None

    def start(self):
        slave = self

        class Webhooks(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def serve(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or b"{}")
                answer = json.dumps({"success": True, "code": 0, "message": slave.heard(self.path, self.headers, body), "data": None})
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            do_GET = do_POST = do_DELETE = serve

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(self.at, Webhooks)
        threading.Thread(target=self.beat, daemon=True).start()
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def join(self):
        self.thread.join()

    def heard(self, path, headers, body):
        if path == "/connect":
            self.token, self.master = headers["Token"], body["master"]["address"]
        elif path == "/disconnect":
            self.master = None
        elif path == "/task/new":
            threading.Thread(target=self.work, args=(body["task"], body["data"])).start()
        return "Success."

    def work(self, task, data):
        try:
            what, result = "complete", self._process_task(data)
        except TaskFail as e:
            what, result = "fail", e.result
        self.send("PUT", "/slave/task/" + what, {"task": task, "result": result})

    def beat(self):
        while True:
            time.sleep(1)
            if self.master:
                self.send("GET", "/slave/heartbeat", {})

    def send(self, method, path, body):
        headers = {"Channel": str(self.channel), "Token": self.token}
        request = urllib.request.Request(self.master + path, json.dumps(body).encode(), headers, method=method)
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except OSError:
            pass  # the next heartbeat tells
