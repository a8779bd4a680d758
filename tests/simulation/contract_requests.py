"""Random requests to DynamoDB of exactly the shapes that the relay's stores make.

The shapes are recorded from the stores themselves, so that a new expression is covered as soon as a
method makes it. A request keeps its expressions; its keys and values are drawn from those that were
recorded under the same name.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, partial
from random import Random
from typing import Any, NamedTuple

from tests.simulation.contract_calls import Chooser
from tests.simulation.contract_sides import fake, outcome, plain
from tests.simulation.dynamodb import put_or_delete
from tests.support.clients import Recording

RECORDED_SEQUENCES, RECORDED_CALLS = 10, 100
TYPES = frozenset({"S", "N", "BOOL"})
NUMBERS = ("-10", "0", "1", "10", "50")
"""So few that numbers which are compared are often equal."""
CHANGED = 0.5
"""How often a value differs from the recorded request."""
OTHER_KIND_OF_KEY = 0.05
"""How often a key is of another kind of item, with other attributes."""


class Request(NamedTuple):
    """A call of the client."""

    method: str
    arguments: Mapping[str, Any]

    def make(self, client: Any) -> Any:
        """The answer in a form that compares, or the error."""
        return outcome(lambda: self._answer(getattr(client, self.method)(**self.arguments)))

    def _answer(self, found: Mapping[str, Any]) -> Any:
        """An answer with its unordered parts sorted, and without what nobody reads."""
        comparable = plain(found)
        for items in comparable.get("Responses", {}).values():
            items.sort(key=repr)
        if self.method != "query":
            return comparable
        items = comparable["Items"]
        timestamps = [item["created_at"] for item in items]
        assert timestamps == sorted(timestamps)
        return sorted(items, key=repr)


def documented(request: Request) -> Any:
    """The answer that AWS documents, where moto is known to give another one; else None.

    BatchWriteItem: "You try to perform multiple operations on the same item in the same
    BatchWriteItem request" is an error; moto only refuses items that are the same as a whole.
    """
    if request.method == "batch_write_item":
        for requests in request.arguments["RequestItems"].values():
            keys = [put_or_delete(one)[1]["pk"]["S"] for one in requests]
            if len(set(keys)) < len(keys):
                return "ValidationException", []
    return None


class Shapes:
    """What was recorded: requests by kind and shape, and the values that each name had.

    Requests of one kind call one method for the same kinds of items.
    """

    def __init__(self) -> None:
        self.by_kind: dict[str, dict[str, list[Request]]] = defaultdict(lambda: defaultdict(list))
        self._values: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
        self._keys: dict[str, dict[str, None]] = defaultdict(dict)

    def add(self, request: Request) -> None:
        """Remember a request."""
        kind = " ".join([request.method, *sorted(_families(request.arguments))])
        self.by_kind[kind][json.dumps(_shape(request.arguments))].append(request)
        self._note("", request.arguments)

    def _note(self, name: str, value: Any) -> None:
        if isinstance(value, Mapping):
            if _is_attribute(value):
                ((kind, text),) = value.items()
                if name == "pk":
                    self._keys[text.partition("#")[0]][text] = None
                else:
                    self._values[name, kind][json.dumps(text)] = dict(value)
                return
            for inner, one in value.items():
                self._note(inner.lstrip(":#"), one)
        elif isinstance(value, list | tuple):
            for one in value:
                self._note(name, one)

    def requests(self, seed: int, number: int) -> Iterator[Request]:
        """That many requests, of each kind equally often."""
        random = Random(seed)  # noqa: S311  # a seed, no secret
        for _ in range(number):
            by_shape = self.by_kind[random.choice(sorted(self.by_kind))]
            method, arguments = random.choice(by_shape[random.choice(sorted(by_shape))])
            yield Request(method, self._varied(random, "", arguments))

    def _varied(self, random: Random, name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            if _is_attribute(value):
                return self._other(random, name, value)
            return {
                inner: self._varied(random, inner.lstrip(":#"), one) for inner, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._varied(random, name, one) for one in value]
        return value

    def _other(self, random: Random, name: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if random.random() > CHANGED:
            return value
        ((kind, text),) = value.items()
        if kind == "N" and random.random() < CHANGED:
            return {"N": random.choice(NUMBERS)}
        if name != "pk":
            seen: list[Mapping[str, Any]] = list(self._values[name, kind].values())
            return random.choice(seen)
        family = text.partition("#")[0]
        if random.random() < OTHER_KIND_OF_KEY:
            family = random.choice(sorted(self._keys))
        return {"S": random.choice(list(self._keys[family]))}


def _is_attribute(value: Mapping[str, Any]) -> bool:
    return (
        len(value) == 1
        and value.keys() <= TYPES
        and all(isinstance(one, str | bool) for one in value.values())
    )


def _families(value: Any, name: str = "") -> set[str]:
    """The prefixes of all keys in a request, which say what kinds of items it is about."""
    if isinstance(value, Mapping):
        if name == "pk":
            return {str(value["S"]).partition("#")[0]}
        return {found for inner, one in value.items() for found in _families(one, inner)}
    if isinstance(value, list | tuple):
        return {found for one in value for found in _families(one, name)}
    return set()


def _shape(value: Any) -> Any:
    """A request without its keys and values: tables, expressions, names and types."""
    if isinstance(value, Mapping):
        if _is_attribute(value):
            return [*value]
        return {name: _shape(one) for name, one in sorted(value.items())}
    if isinstance(value, list | tuple):
        return sorted({json.dumps(_shape(one)) for one in value})
    return value


@cache
def shapes() -> Shapes:
    """Every shape that the stores make in a thousand random calls."""
    found = Shapes()
    for seed in range(RECORDED_SEQUENCES):
        side = fake(seed)
        calls: list[tuple[str, dict[str, Any]]] = []
        side.dynamodb = Recording(side.dynamodb, calls)
        for call in Chooser(seed).calls(RECORDED_CALLS):
            side.run(partial(call.make, side))
        for method, arguments in calls:
            found.add(Request(method, arguments))
    return found
