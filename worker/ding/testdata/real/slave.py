"""A real ding slave that adds a and b: slave.py --guid G --port P [--channel C].
Data can ask for trouble: {"how": "fail" | "raise" | "exit" | "sleep" | "refuse"}."""

import argparse
import os
import sys
import time

import shims

shims.install()
from ding.interaction import Slave, TaskFail, TaskRefuse  # noqa: E402


class Adder(Slave):
    refusals = 0

    def _before_task(self, data):
        if data.get("how") == "refuse" and Adder.refusals < 2:
            Adder.refusals += 1
            raise TaskRefuse({"refusals": Adder.refusals})

    def _process_task(self, task):
        how = task.get("how")
        if how == "fail":
            raise TaskFail({"message": "as asked"}, "as asked")
        if how == "raise":
            raise ValueError("as asked")
        if how == "exit" and not os.path.exists(task["once"]):
            open(task["once"], "w").close()
            os._exit(3)
        if how == "sleep":
            time.sleep(task["seconds"])
        if "a" not in task or "b" not in task:
            raise TaskFail({"message": "ab not found"})
        return {"sum": task["a"] + task["b"]}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--guid")
    p.add_argument("--port", type=int)
    p.add_argument("--channel", type=int)
    args = p.parse_args()
    slave = Adder(host="127.0.0.1", port=args.port, heartbeat_span=0.2, channel=args.channel)
    slave.start()
    print("listening", flush=True)
    slave.join()


sys.exit(main())
