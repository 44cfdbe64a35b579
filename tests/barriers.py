"""What of a page would stop someone who does not see it or has no mouse, as far as markup tells.

After WCAG 2.2: 1.1.1 (pictures), 1.3.1 (tables, headings), 2.1.1 (what scrolls), 2.4.1 and 2.4.6
(headings), 2.4.4 (links), 2.5.3 (label in name), 3.1.1 (language), 4.1.2 (names).
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from parsed import Element, Page

_POINTS = ("aria-labelledby", "aria-describedby")


def barriers(page: Page) -> list[str]:
    """Every barrier that was found, in words."""
    return [*_document(page), *_references(page), *_headings(page), *_names(page), *_tables(page)]


def _document(page: Page) -> Iterator[str]:
    if not page.all("html")[0].attributes.get("lang"):
        yield "the page has no language"
    for tag in ("main", "h1", "title"):
        found = page.all("head")[0].all("title") if tag == "title" else page.all(tag)
        if len(found) != 1:
            yield f"{len(found)} <{tag}>"
    if page.all("script"):
        yield "a script"


def _references(page: Page) -> Iterator[str]:
    ids = Counter(e.attributes["id"] for e in page.all() if "id" in e.attributes)
    yield from (f"id {name!r} stands {n} times" for name, n in ids.items() if n > 1)
    yield from (f"id {name!r} has white space" for name in ids if not re.fullmatch(r"\S+", name))
    for element in page.all():
        for name in _POINTS:
            for target in element.attributes.get(name, "").split():
                if target not in ids:
                    yield f"{name} points at {target!r}, which is not there"
        href = element.attributes.get("href", "")
        if element.tag in ("a", "use") and href.startswith("#") and href[1:] not in ids:
            yield f"a link leads to {href!r}, which is not there"


def _headings(page: Page) -> Iterator[str]:
    found = [e for e in page.all() if re.fullmatch("h[1-6]", e.tag)]
    yield from (f"an empty <{e.tag}>" for e in found if not e.text.strip())
    for above, below in pairwise(found):
        if int(below.tag[1]) > int(above.tag[1]) + 1:
            yield f"<{below.tag}> {below.text!r} follows <{above.tag}>"


def _names(page: Page) -> Iterator[str]:
    hidden = page.all(**{"aria-hidden": "true"})
    unheard = {id(e) for each in hidden for e in [each, *each.all()]}
    for element in page.all():
        named = element.attributes.get("aria-label") or element.attributes.get("aria-labelledby")
        if element.tag == "img" and not element.attributes.get("alt"):
            yield "an <img> without alt"
        if element.tag == "svg" and id(element) not in unheard and not named:
            yield "an <svg> that is neither named nor hidden"
        if element.attributes.get("role") in ("img", "group", "region") and not named:
            yield f"a nameless <{element.tag} role={element.attributes['role']}>"
        if element.tag in ("section", "nav") and not named:
            yield f"a nameless <{element.tag}>"
        if "tabindex" in element.attributes and not (named or element.text.strip()):
            yield f"a nameless <{element.tag}> that takes the focus"
        if element.tag == "a" and not _own_name(element):
            yield f"a link to {element.attributes.get('href')!r} without words"
        if (
            element.tag == "a"
            and element.attributes.get("aria-label")
            and (element.text.strip() not in element.attributes["aria-label"])
        ):
            yield f"a link reads {element.text!r} and is called {_own_name(element)!r}"


def _own_name(link: Element) -> str:
    return link.attributes.get("aria-label", "") or link.text.strip()


def _tables(page: Page) -> Iterator[str]:
    for table in page.all("table"):
        if any(not caption.text.strip() for caption in table.all("caption")):
            yield "an empty <caption>"
        if any("scope" not in cell.attributes for cell in table.all("th")):
            yield "a <th> without scope"
        widths = {
            sum(
                int(cell.attributes.get("colspan", "1")) for cell in row.all() if cell.tag in _CELLS
            )
            for row in table.all("tr")
        }
        if len(widths) > 1:
            yield f"a table with rows of {sorted(widths)} cells"


_CELLS = ("th", "td")
