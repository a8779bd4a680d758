"""Reads the project's Markdown files and what they speak of; used by the tests beside it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOYED = (ROOT / "layers/import_relay/python/import_relay", ROOT / "functions")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_TABLE = re.compile(r"(?:^ *\|.*\n)+", re.MULTILINE)
_CELL_BORDER = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    language: str
    text: str


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """The path within the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        """Its fenced blocks, without the indentation of a list that they stand in."""
        return _blocks_of(self.text)

    @cached_property
    def prose(self) -> str:
        """All but the fenced blocks."""
        return _FENCE.sub("", self.text)

    @cached_property
    def code_spans(self) -> list[str]:
        """What stands in backticks."""
        return [span.replace("\\|", "|") for span in _CODE.findall(self.prose)]

    @cached_property
    def links(self) -> list[str]:
        """Targets of its links."""
        return _LINK.findall(self.prose)

    @cached_property
    def headings(self) -> list[str]:
        """Its headings, without their marks."""
        return [title for _, title in _HEADING.findall(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """What a link can point to within it, by GitHub's rule."""
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in self.headings}

    def section(self, title: str) -> "Section":
        """The part under a heading, with the headings below it."""
        masked = _FENCE.sub(lambda block: block[0].replace("#", " "), self.text)
        found = re.search(rf"^(#+) {re.escape(title)}$", masked, re.MULTILINE)
        assert found, f"{self.name} has no heading {title!r}"
        start = found.end()
        end = re.compile(rf"^#{{1,{len(found[1])}}} ", re.MULTILINE).search(masked, start)
        return Section(self.text[start : end.start() if end else None])


@dataclass(frozen=True)
class Section:
    """A part of a document."""

    text: str

    @property
    def own(self) -> "Section":
        """The part before the first heading inside it."""
        masked = _FENCE.sub(lambda block: block[0].replace("#", " "), self.text)
        inside = re.search(r"^#+ ", masked[1:], re.MULTILINE)
        return Section(self.text[: inside.start() + 1]) if inside else self

    @property
    def blocks(self) -> list[Block]:
        """As those of a document."""
        return _blocks_of(self.text)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of all its tables, heads left out."""
        found: list[list[str]] = []
        for table in _TABLE.findall(self.text):
            for line in table.splitlines()[2:]:
                cells = _CELL_BORDER.split(line.strip().strip("|"))
                found.append([cell.strip().replace("\\|", "|") for cell in cells])
        return found

    def first_cells(self) -> set[str]:
        """What stands in backticks in the first column of its tables."""
        return {span for row in self.rows for span in _CODE.findall(row[0])}


def _blocks_of(text: str) -> list[Block]:
    return [
        Block(language, re.sub(rf"^{indent}", "", content, flags=re.MULTILINE))
        for indent, language, content in _FENCE.findall(text)
    ]


def documents() -> list[Document]:
    """The documents at the top, the emulator's README and everything under docs/."""
    paths = [*sorted(ROOT.glob("*.md")), ROOT / "mateo_emulator" / "README.md"]
    paths += sorted((ROOT / "docs").rglob("*.md"))
    return [Document(path) for path in paths]


def document(name: str) -> Document:
    """One document by its path within the repository."""
    return Document(ROOT / name)


def deployed_modules() -> Iterator[ast.Module]:
    """The syntax trees of everything that runs on AWS."""
    for folder in DEPLOYED:
        for path in sorted(folder.rglob("*.py")):
            yield ast.parse(path.read_text(encoding="utf-8"))


def texts_of(tree: ast.AST) -> Iterator[str]:
    """Every constant text of a tree; of f-strings a pattern whose gaps fit any word."""
    inside = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for value in node.values
    }
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr():
                yield pattern_of(node)
            case ast.Constant(value=str(text)) if id(node) not in inside:
                yield re.escape(text)


def pattern_of(text: ast.JoinedStr) -> str:
    """A regular expression that an f-string's results match."""
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"
        for part in text.values
    )
