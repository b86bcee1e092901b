"""How does the data set look? One HTML page that needs nothing beside it and can be opened
anywhere.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from lensloop.dataset.labels import UNSEEN
from lensloop.dataset.split import SPLITS

# Names come from strangers: what cannot be seen is spelled out, so that no name can look like
# another.
_INVISIBLE = re.compile(f"[{UNSEEN}\u200c\u200d]")

STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#667085;--line:#e3e7ee;--card:#fff;--page:#f6f7f9;
--train:#3b6fd4;--validation:#8fb0ee;--test:#f0a63c;--bad:#b3261e;--good:#1d7a46;--warn:#8a5a00}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2c3442;--card:#171c25;--page:#0f131a;
--bad:#ff8a80;--good:#6fd49a;--warn:#ffc864}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:0}h2{font-size:18px;margin:0 0 12px}
h3{font-size:15px;margin:18px 0 8px}.soft{color:var(--soft)}small{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;margin-top:20px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin-top:20px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:26px;line-height:1.2}.tile span{color:var(--soft);font-size:13px}
table{width:100%;border-collapse:collapse}th,td{padding:7px 10px;text-align:right;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:13px}
th:first-child,td:first-child{text-align:left}tr:last-child td{border:0}
td.bar{width:34%;min-width:120px}.scroll{overflow-x:auto}
.stack{display:flex;height:12px;border-radius:3px;overflow:hidden;background:var(--line)}
.train{background:var(--train)}.validation{background:var(--validation)}.test{background:var(--test)}
.key{display:inline-block;width:11px;height:11px;border-radius:2px;margin:0 5px 0 12px}
.sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:10px 8px}.sheet figure{margin:0}
.sheet img{width:100%;aspect-ratio:1;object-fit:cover;border-radius:6px;background:var(--line);display:block}
.sheet figcaption{font-size:11px;color:var(--soft);overflow-wrap:anywhere;line-height:1.3;margin-top:3px}
ul{margin:0;padding-left:20px}li{margin:4px 0}.bad{color:var(--bad)}
.good{color:var(--good)}.warn li::marker{color:var(--warn)}
details{border-top:1px solid var(--line);padding:9px 0}details:first-of-type{border:0}
summary{cursor:pointer;display:flex}summary::before{content:"▸";color:var(--soft);margin-right:6px}
details[open] summary::before{content:"▾"}
summary b{flex:0 0 52px;text-align:right;padding-right:14px}summary:hover{color:var(--train)}
details ul{margin:8px 0 4px 60px}details li,code{font:12.5px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
"""


def page(report: Mapping[str, Any]) -> str:
    title = f"Data set of run {report['epoch']}"
    parts = [
        _head(report, title),
        _tiles(report),
        _verdict(report),
        _warnings(report),
        _labels(report),
    ]
    parts += [
        _suspicious(report),
        _new(report),
        _examples(report),
        _left_out(report),
        _alike(report),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def _head(report: Mapping[str, Any], title: str) -> str:
    since = f"compared with run {report['since']['epoch']}" if report["since"] else "the first one"
    return (
        f"<h1>{_text(title)}</h1><div class=soft>Project {_text(report['project'])}, {since}. "
        f"Digest <code>{_text(report['digest'][:16])}…</code></div>"
    )


def _tiles(report: Mapping[str, Any]) -> str:
    tiles = [
        ("pictures", report["images"]),
        ("labels", len(report["labels"])),
        ("new", report["new"]),
        ("gone", report["removed"]),
        ("left out", report["rejected"]),
    ]
    shown = "".join(
        f"<div class=tile><b>{count:,}</b><span>{name}</span></div>" for name, count in tiles
    )
    return f"<div class=tiles>{shown}</div>"


def _verdict(report: Mapping[str, Any]) -> str:
    if report["trainable"]:
        return (
            "<section><h2 class=good>Enough to train</h2>Every label has the pictures that it"
            " needs.</section>"
        )
    return (
        f"<section><h2 class=bad>Too few pictures to train</h2>{_list(report['reasons'])}</section>"
    )


def _warnings(report: Mapping[str, Any]) -> str:
    if not report["warnings"]:
        return ""
    return (
        f"<section><h2>Worth a look</h2><div class=warn>{_list(report['warnings'])}</div></section>"
    )


def _labels(report: Mapping[str, Any]) -> str:
    if not report["labels"]:
        return ""
    largest = max(label["images"] for label in report["labels"].values())
    keys = "".join(f"<span class='key {split}'></span>{split}" for split in SPLITS)
    rows = "".join(_label(name, label, largest) for name, label in report["labels"].items())
    heads = "".join(f"<th>{head}</th>" for head in ("label", "pictures", "new", *SPLITS, keys))
    return (
        "<section><h2>Labels</h2><div"
        f" class=scroll><table><tr>{heads}</tr>{rows}</table></div></section>"
    )


def _label(name: str, label: Mapping[str, int], largest: int) -> str:
    numbers = "".join(f"<td>{label[column]:,}</td>" for column in ("images", "new", *SPLITS))
    parts = "".join(
        f"<div class={split} style='width:{100 * label[split] / largest:.2f}%'></div>"
        for split in SPLITS
    )
    return (
        f"<tr><td>{_text(name)}</td>{numbers}<td class=bar><div class=stack>{parts}</div></td></tr>"
    )


def _suspicious(report: Mapping[str, Any]) -> str:
    found = report["suspicious"]
    if not found or not found["pictures"]:
        return ""
    shown = [doubt for doubt in found["pictures"] if "thumbnail" in doubt]
    figures = _sheet((d["thumbnail"], f"{_likely(d)}: {_file(d['key'])}") for d in shown)
    rest = [f"{_likely(d)}: {d['key']}" for d in found["pictures"] if "thumbnail" not in d]
    hidden = found["count"] - len(found["pictures"])
    more = (
        f"<p class=soft>and {hidden:,} more; suspicious.csv beside this page lists all.</p>"
        if hidden > 0
        else ""
    )
    listed = (
        f"<details><summary>{len(rest) + max(0, hidden):,}"
        f" more</summary>{_list(rest)}{more}</details>"
        if rest
        else ""
    )
    return (
        f"<section><h2>Labels to check <small>{found['count']:,}</small></h2><p class=soft>In run"
        f" {found['epoch']} a model that had not seen these pictures was sure that they are"
        " something else. Some labels will be wrong, some pictures are only hard to tell. Move"
        f" what is wrong into the right folder and leave the rest.</p>{figures}{listed}</section>"
    )


def _likely(doubt: Mapping[str, Any]) -> str:
    return f"{doubt['label']} → {doubt['predicted']} ({doubt['probability']:.0%})"


def _new(report: Mapping[str, Any]) -> str:
    shown = report["new_examples"]
    if not shown:
        return ""
    note = (
        f" <small>{len(shown)} of {report['new']:,}</small>" if len(shown) < report["new"] else ""
    )
    figures = _sheet((e["thumbnail"], f"{e['label']}: {_file(e['key'])}") for e in shown)
    return f"<section><h2>New since run {report['since']['epoch']}{note}</h2>{figures}</section>"


def _examples(report: Mapping[str, Any]) -> str:
    if not report["examples"]:
        return ""
    sheets = "".join(
        f"<h3>{_text(label)} <small>{len(shown)} of"
        f" {report['labels'][label]['images']:,}</small></h3>"
        + _sheet((example["thumbnail"], _file(example["key"])) for example in shown)
        for label, shown in report["examples"].items()
    )
    more = len(report["labels"]) - len(report["examples"])
    note = f"<p class=soft>{more} more labels are not shown.</p>" if more > 0 else ""
    return f"<section><h2>Examples</h2>{sheets}{note}</section>"


def _left_out(report: Mapping[str, Any]) -> str:
    if not report["left_out"]:
        return "<section><h2>Left out</h2>Nothing: every picture counts.</section>"
    groups = "".join(_group(group) for group in report["left_out"])
    figures = _sheet((e["thumbnail"], _file(e["key"])) for e in report["left_out_examples"])
    return (
        "<section><h2>Left out, and why</h2><p class=soft>Nothing was moved or deleted;"
        f" rejected.csv beside this page lists all.</p>{figures}{groups}</section>"
    )


def _group(group: Mapping[str, Any]) -> str:
    pictures = [f"{entry['key']} – {entry['reason']}" for entry in group["pictures"]]
    hidden = group["count"] - len(pictures)
    more = f"<p class=soft>and {hidden:,} more</p>" if hidden else ""
    head = f"<summary><b>{group['count']:,}</b><span>{_text(group['reason'])}</span></summary>"
    return f"<details>{head}{_list(pictures)}{more}</details>"


def _alike(report: Mapping[str, Any]) -> str:
    if not report["alike"]:
        return ""
    pairs = [
        f"{p['key']} ({p['label']}) and {p['other']} ({p['other_label']})" for p in report["alike"]
    ]
    return f"<section><h2>Nearly the same picture under two labels</h2>{_list(pairs)}</section>"


def _sheet(figures: Iterable[tuple[str, str]]) -> str:
    shown = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{escape(thumbnail)}">'
        f"<figcaption>{_text(caption)}</figcaption></figure>"
        for thumbnail, caption in figures
    )
    return f"<div class=sheet>{shown}</div>" if shown else ""


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(sentence)}</li>' for sentence in sentences)}</ul>"


def _file(key: str) -> str:
    return key.split("/", 2)[-1]


def _text(value: str) -> str:
    visible = _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    # Only around a whole word of a sentence: in the midst of a file's name a backtick is part of
    # it.
    return re.sub(r"(?<![^\s(])`([^`]+)`(?![^\s,;:.)])", r"<code>\1</code>", escape(visible))
