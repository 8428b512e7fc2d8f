"""What ding.interaction imports and a plain machine lacks: enough of urlobject
and enum_tools for it, the package `ding` without everything else in it, and
werkzeug's old way to shut a server down. DING_SOURCE is a copy of DI-engine."""

import os
import sys
import threading
import types
from urllib.parse import urlsplit


class URLPath(str):
    @property
    def segments(self):
        return tuple(s for s in self.split("/") if s)

    def add(self, path):
        return URLPath(self.rstrip("/") + "/" + str(path).lstrip("/"))

    @classmethod
    def join_segments(cls, segments):
        return cls("/" + "/".join(segments))


class URLObject(str):
    def _with(self, **parts):
        now = {"scheme": self.scheme, "hostname": self.hostname, "port": self.port, "path": self.path, **parts}
        port = ":%d" % now["port"] if now["port"] else ""
        return URLObject("%s://%s%s%s" % (now["scheme"] or "", now["hostname"] or "", port, now["path"] or ""))

    scheme = property(lambda self: urlsplit(self).scheme)
    hostname = property(lambda self: urlsplit(self).hostname)
    port = property(lambda self: urlsplit(self).port)
    path = property(lambda self: URLPath(urlsplit(self).path))

    def with_scheme(self, scheme):
        return self._with(scheme=scheme)

    def with_hostname(self, hostname):
        return self._with(hostname=hostname)

    def with_port(self, port):
        return self._with(port=port)

    def with_path(self, path):
        return self._with(path=path)

    def add_path(self, path):
        return self._with(path=self.path.add(path) if path else self.path)


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


def serve(app, host=None, port=None, **_):
    from werkzeug.serving import make_server

    server = make_server(host, port, app, threaded=True)
    inner = server.app

    def with_shutdown(environ, start_response):
        environ["werkzeug.server.shutdown"] = lambda: threading.Thread(target=server.shutdown).start()
        return inner(environ, start_response)

    server.app = with_shutdown
    server.serve_forever()
    server.server_close()


def install():
    module("urlobject", URLObject=URLObject)
    module("urlobject.path", URLPath=URLPath)
    documentation = module("enum_tools.documentation", document_enum=lambda cls: cls)
    module("enum_tools", documentation=documentation)
    module("ding").__path__ = [os.path.join(os.environ["DING_SOURCE"], "ding")]
    import flask
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    flask.Flask.run = serve
