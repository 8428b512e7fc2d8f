"""A worker in the manner of turberfield's Proactor, with Python's own library:
it reads its configuration on stdin as that does, serves where it is told to,
and asks its parent for its configuration again. GET / shows both."""

import argparse
import configparser
import http.server
import json
import sys
import urllib.request

p = argparse.ArgumentParser()
p.add_argument("--guid", required=True)
p.add_argument("--port", type=int)
args = p.parse_args()

cfg = configparser.ConfigParser(allow_no_value=True, interpolation=configparser.ExtendedInterpolation())
cfg.read_file(sys.stdin)
told = dict(cfg.items(args.guid))


def refresh():
    url = "http://{0[parent_addr]}:{0[parent_port]}/config/{1}".format(told, args.guid)
    request = urllib.request.Request(url, headers={"authorization": "Bearer " + told["token"]})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Handler(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def do_GET(self):
        body = json.dumps({"told": told, "now": refresh()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer((told["listen_addr"], args.port), Handler).serve_forever()
