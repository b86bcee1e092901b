"""A page as a browser reads it: its headings, words, pictures and tables. Tags that do not match
are found at once.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

EMPTY = {"meta", "img", "br"}


@dataclass
class Page(HTMLParser):
    content: str
    open: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    title: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.content)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in EMPTY:
            self.words.append(" ")
            return
        self.open.append(tag)
        if tag in ("h1", "h2", "h3", "h4", "h5"):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> after {self.open}"

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        if "title" in self.open and "svg" not in self.open:
            self.title += data
            return
        self.words.append(data)
        if any(tag in ("h1", "h2", "h3", "h4", "h5") for tag in self.open):
            level, text = self.headings[-1]
            self.headings[-1] = level, text + data

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def headings_of(self, level: int) -> list[str]:
        return [" ".join(text.split()) for at, text in self.headings if at == level]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(content: str) -> Page:
    return Page(content)
