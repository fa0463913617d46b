"""The OpenAPI document of the combiner's admin interface, as the contract tests look at it."""

import datetime
import json
import pathlib
import re

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATH = ROOT / "proto/openapi/combiner-admin.json"
METHODS = ("get", "post", "put", "patch", "delete")


def _is_instant(value):
    """RFC 3339 in UTC with milliseconds, the one form that the project writes."""
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        return False
    datetime.datetime.fromisoformat(value)
    return True


FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("date-time", raises=ValueError)(_is_instant)


def closed(schema):
    """The same schema, but members that it does not name are errors: what is answered is
    described, although clients must let further members pass."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)
        return schema
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


class Description:
    def __init__(self):
        self.document = json.loads(PATH.read_text())
        self._components = closed(self.document["components"])

    def operations(self):
        """(method, path, operation) of all."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def parameters(self, method, path, where):
        """Names of the parameters of an operation that stand in `where`: path or query."""
        item = self.document["paths"][path]
        found = item.get("parameters", []) + item[method.lower()].get("parameters", [])
        return {p["name"] for p in map(self.resolve, found) if p["in"] == where}

    def resolve(self, thing):
        while "$ref" in thing:
            name = thing["$ref"]
            assert name.startswith("#/"), name
            thing = self.document
            for part in name[2:].split("/"):
                thing = thing[part]
        return thing

    def match(self, method, target):
        """The path of the description that a request's target belongs to; literal parts win."""
        segments = target.partition("?")[0].split("/")

        def fits(path):
            shape = path.split("/")
            return len(shape) == len(segments) and all(
                a == b or a.startswith("{") for a, b in zip(shape, segments))
        found = [path for m, path, _ in self.operations() if m == method and fits(path)]
        assert found, "%s %s is not described" % (method, target)
        return min(found, key=lambda path: path.count("{"))

    def check_answer(self, method, target, status, content_type, document):
        """An answer of the daemon is one that is described. Returns (method, path, status)."""
        path = self.match(method, target)
        operation = self.document["paths"][path][method.lower()]
        responses = operation["responses"]
        assert str(status) in responses, "%s %s: %d is not described" % (method, path, status)
        content = self.resolve(responses[str(status)]).get("content")
        if not content:
            assert not document, "%s %s: %d has a body" % (method, path, status)
            return method, path, status
        kind = content_type.partition(";")[0].strip()
        assert kind in content, "%s %s: %d is %s" % (method, path, status, kind)
        self.validate(document, content[kind]["schema"])
        return method, path, status

    def validate(self, value, schema):
        schema = dict(closed(schema), components=self._components)
        jsonschema.Draft202012Validator(schema, format_checker=FORMATS).validate(value)
