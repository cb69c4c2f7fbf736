"""The other side of the test src/framework/tests/cty_interop.rs: pyvider-cty reads what this project writes, and
writes what it is to read. One JSON object a line, bytes in base64.

    peer.py decode        stdin: {"type", "bytes"}    stdout: {"value", "bytes"} (read, and written again) or {"error"}
    peer.py make N SEED   stdout: {"type", "bytes", "value"}, N random values

A value is told apart from its type: ["unknown"], ["null"], ["bool", b], ["number", text], ["string", s],
["list", [...]] for lists, sets and tuples, ["map", {...}] for maps and objects.
"""

import base64
import json
import random
import sys
from decimal import Decimal

from pyvider.cty import (
    CtyBool,
    CtyDynamic,
    CtyList,
    CtyMap,
    CtyNumber,
    CtyObject,
    CtySet,
    CtyString,
    CtyTuple,
    CtyValue,
    parse_tf_type_to_ctytype,
)
from pyvider.cty.codec import cty_from_msgpack, cty_to_msgpack
from pyvider.cty.values.markers import RefinedUnknownValue


def describe(value):
    if value.is_unknown:
        return ["unknown"]
    if value.is_null:
        return ["null"]
    kind, content = value.type, value.value
    if isinstance(content, CtyValue):
        return describe(content)
    if isinstance(kind, CtyBool):
        return ["bool", bool(content)]
    if isinstance(kind, CtyNumber):
        return ["number", str(content)]
    if isinstance(kind, CtyString):
        return ["string", content]
    if isinstance(kind, (CtyList, CtySet, CtyTuple)):
        return ["list", [describe(element) for element in content]]
    if isinstance(kind, (CtyMap, CtyObject)):
        return ["map", {key: describe(element) for key, element in content.items()}]
    raise TypeError(f"no description for {kind}")


def decode():
    for line in sys.stdin:
        request = json.loads(line)
        try:
            kind = parse_tf_type_to_ctytype(request["type"])
            value = cty_from_msgpack(base64.b64decode(request["bytes"]), kind)
            written = base64.b64encode(cty_to_msgpack(value, kind)).decode()
            answer = {"value": describe(value), "bytes": written}
        except Exception as error:  # The test reports it beside the value.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer))


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def kind(self, depth):
        shape = self.random.randrange(9 if depth else 4)
        if shape == 4:
            return ["list", self.kind(depth - 1)]
        if shape == 5:
            return ["set", self.random.choice(["string", "number", "bool"])]
        if shape == 6:
            return ["map", self.kind(depth - 1)]
        if shape == 7:
            return ["object", {name: self.kind(depth - 1) for name in self.random.sample("abcdef", self.random.randrange(5))}]
        if shape == 8:
            return ["tuple", [self.kind(depth - 1) for _ in range(self.random.randrange(4))]]
        return ["string", "number", "bool", "dynamic"][shape]

    def value(self, name):
        kind = parse_tf_type_to_ctytype(name)
        chance = self.random.random()
        if chance < 0.1:
            return CtyValue.null(kind)
        if chance < 0.2 and name != "dynamic":
            return CtyValue.unknown(kind, self.refinement(name))
        if name == "dynamic":
            inner = self.random.choice(["string", "number", "bool", ["tuple", ["string", "dynamic"]], ["object", {"a": "number"}]])
            return kind.validate(self.value(inner))
        if name == "string":
            return kind.validate(self.text())
        if name == "number":
            return kind.validate(self.number())
        if name == "bool":
            return kind.validate(self.random.random() < 0.5)
        shape, inner = name
        if shape == "set":
            # Of known elements: what two unknown ones are in a set is each implementation's own affair.
            make = {"string": self.text, "number": self.number, "bool": lambda: True}[inner]
            return kind.validate([make() for _ in range(self.random.randrange(4))])
        if shape == "list":
            return kind.validate([self.value(inner) for _ in range(self.random.randrange(4))])
        if shape == "map":
            return kind.validate({self.text(): self.value(inner) for _ in range(self.random.randrange(4))})
        if shape == "object":
            return kind.validate({name: self.value(part) for name, part in inner.items()})
        return kind.validate([self.value(part) for part in inner])

    def refinement(self, name):
        """What may be said about an unknown value of the type."""
        known = {"is_known_null": False}
        if name == "string":
            known["string_prefix"] = self.text()
        elif name == "number":
            lower = self.number()
            known["number_lower_bound"] = (lower, True)
            known["number_upper_bound"] = (lower + 1000, self.random.random() < 0.5)
        elif isinstance(name, list) and name[0] in ("list", "set", "map"):
            known["collection_length_lower_bound"] = 1
            known["collection_length_upper_bound"] = self.random.randrange(1, 70000)
        return RefinedUnknownValue(**known)

    def text(self):
        return "".join(self.random.choices("abc \"\\\n\u00df\u65e5\u2603\U0001f50d", k=self.random.choice([0, 1, 3, 40, 300])))

    def number(self):
        return self.random.choice(
            [
                Decimal(self.random.randrange(-200, 70000)),
                Decimal(self.random.randrange(-(2**63), 2**64)),
                Decimal(self.random.uniform(-1e9, 1e9)),
                Decimal(self.random.randrange(10**60)).scaleb(-30),
                Decimal("1E+400"),
                Decimal("0.1"),
            ]
        )


def make(count, seed):
    maker = Maker(seed)
    for _ in range(count):
        name = maker.kind(3)
        kind = parse_tf_type_to_ctytype(name)
        value = maker.value(name)
        written = base64.b64encode(cty_to_msgpack(value, kind)).decode()
        print(json.dumps({"type": name, "bytes": written, "value": describe(value)}))


if sys.argv[1] == "decode":
    decode()
else:
    make(int(sys.argv[2]), int(sys.argv[3]))
