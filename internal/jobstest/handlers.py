# The handlers of the tests that give the same tasks to workers in Python
# and Node. They take the place of HANDLERS in jobs/worker.py.


class Broken(Exception):
    def __str__(self):
        raise ValueError("a message that cannot be made")


class Group(Exception):
    exceptions = ()


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


snoozes = [1, 2]  # how often the task "snooze" is put off


def end(data, task):
    """Ends in the way that the task names."""
    how = data["how"]
    if how == "result":
        return {"sum": 5}
    if how == "exception":
        raise ValueError("boom")
    if how == "cause":
        try:
            raise OSError("database is down")
        except OSError as err:
            raise RuntimeError("cannot load the order") from err
    if how == "no words":
        raise Broken()
    if how == "exit":
        sys.exit(3)
    if how == "final":
        raise TaskFail({"message": "no such order", "order": 7})
    if how == "text":
        raise TaskFail("no such order")
    if how == "retry":
        raise TaskFail({"message": "busy"}, retry=True)
    if how == "retry after":
        raise TaskFail({"message": "busy"}, retry=True, retry_after=0.02)
    if how == "snooze":
        if snoozes:
            snoozes.pop()
            raise TaskFail({"snooze": True}, retry=True, retry_after=0.02)
        return "went on"
    if how == "wrapped retry":
        raise RuntimeError("database is down") from TaskFail({"order": 7}, retry=True)
    if how == "wrapped final":
        raise RuntimeError("database is down") from TaskFail({"order": 7})
    if how == "joined retry":
        group = Group("two reasons")
        group.exceptions = [ValueError("boom"), TaskFail({"order": 7}, retry=True)]
        raise group
    if how == "number":
        return {"value": float("nan")}
    if how == "set":
        return {"value": {1, 2}}
    if how == "bytes":
        return {"value": b"\x00"}
    if how == "circle":
        circle = []
        circle.append(circle)
        return circle
    if how == "large":
        return "x" * (3 << 20)
    if how == "refused":
        return "x" * (3 << 19)
    if how == "failure with a set":
        raise TaskFail({"value": {1, 2}}, retry=True)
    if how == "large failure":
        raise TaskFail("x" * (3 << 20), retry=True)
    if how == "nested":
        return nested(2000)
    if how == "bad progress":
        for value in float("nan"), {"a": {1}}, "x" * (2 << 20):
            try:
                task.progress(value)
                raise TaskFail("the progress was accepted")
            except (TypeError, ValueError):
                pass
        try:
            task.output(b"bytes")
            raise TaskFail("the output was accepted")
        except TypeError:
            pass
        return "went on"
    raise TaskFail(f"unknown how {how}")


meeting = threading.Barrier(4)


def meet(data, task):
    """Returns when four tasks run at the same time."""
    meeting.wait(data["seconds"])
    return os.getpid()


held = []


def hold(data, task):
    """Holds some MiB more than before, and names its process."""
    held.append(b"x" * (data["mib"] << 20))
    return os.getpid()


def wait(data, task):
    """Waits until it is told to stop or cancelled, and does as the task says."""
    task.progress("x" * data.get("progress", 1))
    while data["how"] == "ignore all" or not (task.stopping.is_set() and data["how"] != "ignore the notice"):
        if task.cancelled.wait(0.01) and data["how"] != "ignore all":
            task.check()
        time.sleep(0.01)
    if data["how"] == "finish":
        return "saved"
    raise WorkerStopping("saved")


HANDLERS = {"end": end, "meet": meet, "hold": hold, "wait": wait}
