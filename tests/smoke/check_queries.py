#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that what alert rules and a dashboard ask for is in the metrics of a gateway.

    check_queries.py METRICS RULES.yml DASHBOARD.json

Of each query: every metric is one of METRICS, every label of it is on one of its samples, and so is
every value that it is compared with. Of the texts beside queries, each label that they name.
"""

import json
import re
import sys

SAMPLE = re.compile(r"([a-zA-Z_:]\w*)(?:\{(.*)\})? \S+")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
SELECTOR = re.compile(r"\b(sluice_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
NAMED = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")
TYPED = re.compile(r"# TYPE (\w+) gauge")
SCRAPED = {"instance", "job"}  # labels that Prometheus adds
# Families that have samples only while something fills, and their labels, as the unit tests have
# them (tests/unit/command/outlooks_test.cc).
SPARSE = {"sluice_flows_full_seconds": (),
          "sluice_ports_used_ratio": ("address", "protocol", "destination"),
          "sluice_ports_full_seconds": ("address", "protocol", "destination")}


def read_samples(path):
    """Metric -> label -> its values."""
    samples = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if (match := TYPED.fullmatch(line.rstrip("\n"))) and match[1] in SPARSE:
                samples[match[1]] = {label: set() for label in SPARSE[match[1]]}
            if match := SAMPLE.fullmatch(line.rstrip("\n")):
                labels = samples.setdefault(match[1], {})
                for name, value in LABEL.findall(match[2] or ""):
                    labels.setdefault(name, set()).add(value)
    return samples


def rule_queries(path):
    """Query and text of each rule; YAML as this project writes it, so that no library is needed."""
    with open(path, encoding="utf-8") as file:
        for rule in re.split(r"^ *- alert: ", file.read(), flags=re.MULTILINE)[1:]:
            query = re.search(r"^ *expr: (?:\|\n)?(.*?)^ *(?:for|labels):", rule,
                              re.MULTILINE | re.DOTALL)[1]
            yield rule.split("\n", 1)[0], query, rule


def panel_queries(path):
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target.get("legendFormat", "")


def faults(samples, query, text):
    known = set(SCRAPED)
    metrics = SELECTOR.findall(query)
    if not metrics and "up{" not in query:
        yield "asks for no metric"
    for metric, matchers in metrics:
        labels = samples.get(metric)
        if labels is None:
            yield f"{metric} is not told"
            continue
        known.update(labels)
        for label, operator, value in MATCHER.findall(matchers):
            if label in SCRAPED:
                continue
            if label not in labels:
                yield f"{metric} has no label {label}"
            for each in value.split("|") if operator.endswith("~") else [value]:
                if each not in labels.get(label, {each}):
                    yield f"{metric} has no {label} {each}"
    asked = [name.strip() for group in GROUPING.findall(query) for name in group.split(",")]
    for name in asked + NAMED.findall(text):
        if name not in known:
            yield f"no metric of it has a label {name}"


def main():
    samples = read_samples(sys.argv[1])
    queries = list(rule_queries(sys.argv[2])) + list(panel_queries(sys.argv[3]))
    found = [f"{title}: {fault}" for title, query, text in queries
             for fault in faults(samples, query, text)]
    if found or not queries:
        sys.exit("\n".join(found) or "no queries")
    print(f"{len(queries)} queries")


if __name__ == "__main__":
    main()
