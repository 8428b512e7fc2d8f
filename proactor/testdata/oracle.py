"""The oracle: reads documents from stdin and says how configparser sees them.

One line of JSON each way: {"doc": base64} in, and out {"error": "..."} or
{"sections": [[name, [[key, value or null, error or null], ...]], ...]}, with
DEFAULT first and the keys in the order of items().
"""
import base64
import configparser
import io
import json
import sys


def value(parser, section, key):
    try:
        return [key, parser.get(section, key), None]
    except Exception as error:  # a value None referred to is a TypeError there
        return [key, None, type(error).__name__ + ": " + str(error)]


def read(data):
    parser = configparser.ConfigParser(
        interpolation=configparser.ExtendedInterpolation(), allow_no_value=True)
    parser.read_file(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig"))
    sections = []
    for name in ["DEFAULT"] + parser.sections():
        keys = [key for key, _ in parser.items(name, raw=True)]
        sections.append([name, [value(parser, name, key) for key in keys]])
    return {"sections": sections}


for line in sys.stdin:
    try:
        answer = read(base64.b64decode(json.loads(line)["doc"]))
    except Exception as error:
        answer = {"error": type(error).__name__ + ": " + str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
