"""What supervisord itself makes of a configuration.

Reads paths from stdin, one a line, and answers each with one line of JSON:
{"refused": "…"}, or the groups with their processes. It lives as long as the
test, so that a file costs a millisecond and not the start of an interpreter.
"""
import io
import json
import shlex
import sys
import warnings

warnings.simplefilter("ignore")  # setuptools speaks of its own future

from supervisor.datatypes import Automatic, RestartUnconditionally, RestartWhenExitUnexpected  # noqa: E402
from supervisor.options import ServerOptions  # noqa: E402

RESTART = {RestartUnconditionally: "true", RestartWhenExitUnexpected: "unexpected", False: "false"}


def log(config, stream):
    def get(what):
        return getattr(config, stream + what)

    path = get("_logfile")
    kind = "auto" if path is Automatic else "none" if path is None else "file"
    return {
        "kind": kind,
        "path": path if kind == "file" else "",
        "maxbytes": get("_logfile_maxbytes"),
        "backups": get("_logfile_backups"),
        "syslog": get("_syslog"),
        "capture": get("_capture_maxbytes"),
        "events": get("_events_enabled"),
    }


def argv(command):
    try:
        return shlex.split(command) or None
    except ValueError:
        return None


def process(config, group):
    return {
        "name": config.name,
        "group": group.name,
        "command": config.command,
        "argv": argv(config.command),
        "environment": config.environment,
        "directory": config.directory or "",
        "uid": config.uid,
        "umask": config.umask,
        "priority": config.priority,
        "autostart": config.autostart,
        "autorestart": RESTART[config.autorestart],
        "startsecs": config.startsecs,
        "startretries": config.startretries,
        "exitcodes": config.exitcodes,
        "stopsignal": int(config.stopsignal),
        "stopwaitsecs": config.stopwaitsecs,
        "stopasgroup": config.stopasgroup,
        "killasgroup": config.killasgroup,
        "serverurl": config.serverurl or "",
        "redirect_stderr": config.redirect_stderr,
        "stdout": log(config, "stdout"),
        "stderr": log(config, "stderr"),
    }


SKIPPED = ("EventListenerPoolConfig", "FastCGIGroupConfig")


def view(options):
    section = options.configroot.supervisord
    return {
        "groups": [
            {
                "name": g.name,
                "priority": g.priority,
                "processes": [process(p, g) for p in g.process_configs if type(p).__name__ == "ProcessConfig"],
            }
            for g in options.process_group_configs
            if type(g).__name__ not in SKIPPED
        ],
        "environment": section.environment,
        "loglevel": section.loglevel,
        "identifier": section.identifier,
        "directory": section.directory or "",
        "user": options.uid,
        "nodaemon": section.nodaemon,
    }


def read(path):
    options = ServerOptions()
    options.stderr = options.stdout = io.StringIO()
    try:
        options.realize(["-c", path], doc="")
    except SystemExit:
        return {"refused": options.stderr.getvalue()}
    except Exception as e:  # a traceback is no start either
        return {"refused": repr(e)}
    finally:
        options.poller.close()
    return view(options)


for line in sys.stdin:
    print(json.dumps(read(json.loads(line))), flush=True)
