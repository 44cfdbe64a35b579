"""HTML pages as elements, for tests to look into."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "img", "br", "hr", "input", "path"}


@dataclass
class Element:
    """One element of a page and what is inside it."""

    tag: str
    attributes: dict[str, str]
    children: "list[Element | str]" = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str = "", **attributes: str) -> "list[Element]":
        """The elements inside with this tag and these attributes, in order."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                own = child.attributes.get
                if tag in ("", child.tag) and all(own(n) == v for n, v in attributes.items()):
                    found.append(child)
                found += child.all(tag, **attributes)
        return found


class _Parser(HTMLParser):
    """Builds elements; one that is not closed in order is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attributes) == len(attrs), f"an attribute twice in <{tag}>"
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


class Page(Element):
    """A parsed page."""

    def __init__(self, document: str) -> None:
        parser = _Parser()
        parser.feed(document)
        parser.close()
        (root,) = parser.open
        super().__init__("", {}, root.children)

    def main(self) -> str:
        (found,) = self.all("main")
        return " ".join(found.text.split())

    def section(self, name: str) -> str:
        (found,) = self.all("section", id=name)
        return " ".join(found.text.split())
