"""Evaluates XPath 1.0 expressions with lxml, as JSON from stdin to stdout: the judge of xpath-lxml.test.ts."""
import json
import math
import sys

from lxml import etree


def evaluate(context, order, expression):
    try:
        value = context.xpath(expression, namespaces={"x": "urn:x"})
    except etree.XPathError as error:
        return {"error": str(error)}
    if isinstance(value, bool):
        return {"boolean": value}
    if isinstance(value, float):
        if math.isnan(value):
            return {"number": "NaN"}
        if math.isinf(value):
            return {"number": "Infinity" if value > 0 else "-Infinity"}
        return {"number": value}
    if isinstance(value, str):
        return {"string": str(value)}
    return {"nodes": [order[node] for node in value]}


def judge(case):
    tree = etree.ElementTree(etree.fromstring(case["document"]))
    nodes = list(tree.iter())
    order = {node: index for index, node in enumerate(nodes)}
    return [
        evaluate(nodes[context % len(nodes)], order, expression)
        for context, expression in case["expressions"]
    ]


json.dump([judge(case) for case in json.load(sys.stdin)], sys.stdout)
