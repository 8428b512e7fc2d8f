"""toto's own HTTPWorkerConnection calls the worker whose address is given:
toto.py URL COMPRESSION. TOTO_SOURCE names a directory with the package toto. It
is written for Python 2 and tornado; of both, just what it uses is stood in for
here, its requests being made by Python's own urllib."""

import concurrent.futures
import importlib
import json
import os
import pickle
import sys
import types
import urllib.error
import urllib.request
import zlib


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


class HTTPError(Exception):
    def __init__(self, code):
        super().__init__("HTTP %d" % code)
        self.code = code


class Client:
    def fetch(self, request, callback, raise_error):
        sent = urllib.request.Request(request.url, data=request.body, headers=request.headers, method=request.method)
        try:
            with urllib.request.urlopen(sent, timeout=10) as answer:
                callback(types.SimpleNamespace(error=None, body=answer.read()))
        except urllib.error.HTTPError as e:
            callback(types.SimpleNamespace(error=HTTPError(e.code), body=e.read()))


class Request:
    def __init__(self, url, method, headers, body):
        body = body if isinstance(body, bytes) else body.encode()
        self.url, self.method, self.headers, self.body = url, method, headers, body


class Options:
    def __getattr__(self, name):
        return None


module("cPickle", dumps=pickle.dumps, loads=pickle.loads)
module("tornado")
module("tornado.options", options=Options(), define=lambda *a, **k: None)
module("tornado.gen", Task=None, coroutine=lambda f: f, Return=Exception)
module("tornado.ioloop", IOLoop=None)
module("tornado.httpclient", HTTPRequest=Request, AsyncHTTPClient=Client, HTTPError=HTTPError)
module("tornado.concurrent", Future=concurrent.futures.Future)
module("toto").__path__ = [os.path.join(os.environ["TOTO_SOURCE"], "toto")]

HTTPWorkerConnection = importlib.import_module("toto.httpworkerconnection").HTTPWorkerConnection
Zlib = types.SimpleNamespace(compress=lambda text: zlib.compress(text.encode()), decompress=zlib.decompress)

worker = HTTPWorkerConnection(
    sys.argv[1], compression=Zlib if sys.argv[2] == "zlib" else None,
    serialization=json, serialization_mime="application/json",
)
for answer in (
    worker.invoke("account.balance", {"id": 7}),
    worker.account.balance({"id": 8}),
    worker.fail.text({}),
    worker.fail.toto({}),
    worker.bad_method({}),
):
    print(json.dumps(answer.result(10), sort_keys=True))
