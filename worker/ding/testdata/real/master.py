"""A real ding master that drives one worker on 127.0.0.1: master.py PORT CHANNEL.
It prints one line for each thing it sees, for the test to compare."""

import socket
import sys

import shims

shims.install()
from ding.interaction import Master  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main():
    port = free_port()
    master = Master(
        host="127.0.0.1", port=port, channel=int(sys.argv[2]), my_address="http://127.0.0.1:%d" % port,
        heartbeat_tolerance=5.0, heartbeat_check_span=0.1, request_retry_waiting=0.1,
    )
    say = lambda *words: print(*words, flush=True)
    with master:
        say("ping", master.ping())
        with master.new_connection("worker", "127.0.0.1", int(sys.argv[1])) as connection:
            say("connected", "worker" in master, connection.is_connected)
            for data in ({"a": 2, "b": 3}, {"a": 1}, {"a": 10, "b": -3}):
                task = connection.new_task(data)
                task.on_complete(lambda data, result: say("complete", sorted(data.items()), sorted(result.items())))
                task.on_fail(lambda data, result: say("fail", sorted(data.items()), sorted(result.items())))
                task.start().join()
                say(task.status.name, hex(task.status))
            for line in sys.stdin:  # until the test has seen what it wants
                say("still", "worker" in master)
        say("disconnected", "worker" not in master)
    say("down")


main()
