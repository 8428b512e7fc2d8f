"""turberfield's own Initiator launches the program that is named, as one of its
modules, and calls it: turberfield.py PROGRAM. It is written for a Python whose
asyncio still took `loop`, and for setuptools' pkg_resources."""

import asyncio
import json
import os
import socket
import sys
import types
import urllib.request

os_path = os.environ["TURBERFIELD_SOURCE"]
for name in ("turberfield", "turberfield.ipc", "turberfield.utils"):
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [os.path.join(os_path, *name.split("."))]
try:
    import pkg_resources  # noqa: F401
except ImportError:
    sys.modules["pkg_resources"] = types.ModuleType("pkg_resources")


def without_loop(f):
    return lambda *args, loop=None, **kwargs: f(*args, **kwargs)


asyncio.create_subprocess_exec = without_loop(asyncio.create_subprocess_exec)
asyncio.Queue = without_loop(asyncio.Queue)

from turberfield.ipc.proactor import Initiator  # noqa: E402

GUID = "8d740c16d9b8419aa7417f7da6deb039"
CFG = """[DEFAULT]
hash = #
[demo.initiator]
child_port_max = 65536
[demo.processor]
greeting = hello
flag
[%s]
listen_addr = 127.0.0.1
listen_port = 8080
child_port_min = %d
child_port_max = ${demo.initiator:child_port_max}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def call(worker):
    request = urllib.request.Request(
        "http://127.0.0.1:%d/" % worker.port, data=json.dumps({"method": "sum", "parameters": {"A": 2, "B": 3}}).encode(),
        headers={"Authorization": "Bearer secret", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


async def main():
    options = types.SimpleNamespace(guid=GUID)
    initiator = Initiator(options, loop=asyncio.get_running_loop())
    initiator.cfg.read_string(CFG % (GUID, free_port()))
    module = types.SimpleNamespace(__name__="demo.processor")
    worker = await initiator.worker(module, "0123456789abcdef0123456789abcdef", interpreter=sys.argv[1], token="secret")
    print(await asyncio.to_thread(call, worker))
    print("session %s, %s" % (worker.session, "alive" if worker.process.returncode is None else "dead"))
    worker.process.terminate()
    await worker.process.wait()
    for task in initiator.tasks:
        task.cancel()


asyncio.run(main())
