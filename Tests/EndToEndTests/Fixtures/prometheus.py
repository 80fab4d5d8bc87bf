#!/usr/bin/env python3
"""Reads a file in the text format of Prometheus, version 0.0.4, strictly, and prints its samples as JSON.

usage: prometheus.py FILE

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ and the naming practices beside it.
"""
import json, re, sys

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
VALUE = r'"((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}={VALUE}(?:,{LABEL}={VALUE})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def read(data):
    text = data.decode("utf-8")
    assert text.endswith("\n") and "\r" not in text, "each line ends in a line feed"
    samples, done, helps, types, current = [], set(), {}, {}, None
    for line in text[:-1].split("\n"):
        assert line, "an empty line"
        if match := re.fullmatch(rf"# HELP ({NAME}) ((?:[^\\]|\\\\|\\n)+)", line):
            current = match[1]
            assert current not in helps, f"two helps of {current}"
            helps[current] = match[2]
        elif match := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary|untyped)", line):
            assert match[1] == current and current not in types, f"the type of {match[1]} is not after its help"
            types[current] = match[2]
        else:
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line}"
            name = match[1]
            assert name == current and name in types, f"{name} is not in its group"
            pairs = re.findall(rf"({LABEL})={VALUE}", match[2] or "")
            labels = {key: re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value) for key, value in pairs}
            assert len(labels) == len(pairs), f"a label is repeated: {line}"
            assert not any(key.startswith("__") for key in labels)
            key = (name, tuple(sorted(labels.items())))
            assert key not in done, f"a sample is repeated: {line}"
            done.add(key)
            samples.append({"name": name, "labels": labels, "value": int(match[5] if match[5] else match[0].rsplit(" ", 1)[1])})
    for name, kind in types.items():
        assert any(sample["name"] == name for sample in samples), f"{name} has no sample"
        # By convention, only counters end in _total, and a unit is a base unit in the plural.
        assert (kind == "counter") == name.endswith("_total"), name
        assert not re.search(r"_(count|sum|bucket)$", name), f"{name} has a suffix of histograms"
    return samples


print(json.dumps({"samples": read(open(sys.argv[1], "rb").read())}))
