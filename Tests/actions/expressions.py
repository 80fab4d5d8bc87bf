"""The expressions of GitHub Actions, as far as this repository's actions and workflows use them.

A name that the contexts don't have is the empty string on GitHub. Here, a step or an input that there is not is
an error, because it is a slip of the pen.
"""
import json
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<string>'(?:[^']|'')*') | (?P<number>\d+) | (?P<operator>==|!=|&&|\|\||!|\(|\)|,)
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*)
)""", re.VERBOSE)
STRICT = ("steps", "inputs", "needs", "matrix")  # contexts whose names are all known


class ExpressionError(Exception):
    """An expression that GitHub would refuse, or that names what there is not."""


def text(value) -> str:
    """Returns a value as GitHub writes it into a string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def truth(value) -> bool:
    return value not in (None, "", 0, False)


class Parser:
    """Evaluates one expression while it reads it."""

    def __init__(self, source: str, contexts: dict, functions: dict):
        self.tokens, self.contexts, self.functions = [], contexts, functions
        position = 0
        while position < len(source.rstrip()):
            match = TOKEN.match(source, position)
            if not match:
                raise ExpressionError(f"cannot read `{source[position:]}` in `{source}`")
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            position = match.end()
        self.source, self.next = source, 0

    def peek(self):
        return self.tokens[self.next][1] if self.next < len(self.tokens) else None

    def take(self):
        if self.next == len(self.tokens):
            raise ExpressionError(f"`{self.source}` ends too early")
        self.next += 1
        return self.tokens[self.next - 1]

    def whole(self):
        value = self.alternatives()
        if self.peek() is not None:
            raise ExpressionError(f"`{self.peek()}` is too much in `{self.source}`")
        return value

    def alternatives(self):
        value = self.conjunction()
        while self.peek() == "||":
            self.take()
            other = self.conjunction()
            value = value if truth(value) else other
        return value

    def conjunction(self):
        value = self.comparison()
        while self.peek() == "&&":
            self.take()
            other = self.comparison()
            value = other if truth(value) else value
        return value

    def comparison(self):
        value = self.primary()
        while self.peek() in ("==", "!="):
            operator, other = self.take()[1], self.primary()
            equal = text(value).lower() == text(other).lower()  # strings are compared without case
            value = equal == (operator == "==")
        return value

    def primary(self):
        kind, token = self.take()
        if token == "!":
            return not truth(self.primary())
        if token == "(":
            value = self.alternatives()
            if self.take()[1] != ")":
                raise ExpressionError(f"`)` is missing in `{self.source}`")
            return value
        if kind == "string":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return int(token)
        if kind == "name":
            return self.call(token) if self.peek() == "(" else self.lookup(token)
        raise ExpressionError(f"`{token}` stands in a wrong place in `{self.source}`")

    def call(self, name: str):
        self.take()
        arguments = []
        while self.peek() != ")":
            arguments.append(self.alternatives())
            if self.peek() == ",":
                self.take()
        self.take()
        if name not in self.functions:
            raise ExpressionError(f"the function {name} in `{self.source}` is not known")
        return self.functions[name](*arguments)

    def lookup(self, name: str):
        if name in ("true", "false"):
            return name == "true"
        first, *rest = name.split(".")
        if first not in self.contexts:
            raise ExpressionError(f"the context {first} in `{self.source}` is not known here")
        value = self.contexts[first]
        for depth, part in enumerate(rest):
            if depth == 0 and first in STRICT and part not in (value or {}):
                raise ExpressionError(f"there is no `{first}.{part}`, which `{self.source}` names")
            value = value.get(part) if isinstance(value, dict) else None
        return value


def evaluate(source: str, contexts: dict, functions: dict | None = None):
    """Returns the value of an expression, without the braces around it."""
    known = {"fromJSON": json.loads, "toJSON": lambda value: json.dumps(value, indent=2), "contains": lambda whole, part: text(part).lower() in text(whole).lower()}
    return Parser(source, contexts, known | (functions or {})).whole()


def fill(template, contexts: dict):
    """Returns a string of a workflow with its `${{ … }}` replaced, or the value if it is nothing else."""
    if not isinstance(template, str):
        return template
    whole = re.fullmatch(r"\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*", template, re.DOTALL)
    if whole:
        return evaluate(whole.group(1), contexts)
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: text(evaluate(match.group(1), contexts)), template, flags=re.DOTALL)
