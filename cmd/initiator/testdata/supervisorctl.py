"""Run Debian's supervisorctl for each line of standard input.

A line is a JSON array of arguments. The answer is a line with the standard
output and the exit code. One process for all commands saves the start of an
interpreter for each.
"""

import contextlib
import io
import json
import sys

from supervisor import supervisorctl

for line in sys.stdin:
    output, code = io.StringIO(), 0
    with contextlib.redirect_stdout(output):
        try:
            supervisorctl.main(json.loads(line))
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps({"output": output.getvalue(), "code": code}), flush=True)
