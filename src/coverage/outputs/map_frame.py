"""What stands around the map: its frame as HTML, whose words the page itself fills in.

Markup names phrases by their keys in ``words.js``: ``data-w`` for the text, ``data-w-title``,
``data-w-label`` and ``data-w-placeholder`` for attributes. Texts of the data come escaped.
"""

from collections.abc import Iterable
from html import escape

_LONG_NOTICE = 90
"""Characters; a longer notice folds to two lines, and never disappears."""

RESULTS = (
    "streets", "halo", "homes", "gaps", "facilities", "proposals", "visits", "areas", "names",
)  # fmt: skip
GROUND = ("water", "ways", "buildings")
_BASES = ("own", "osm", "tianditu", "amap")


def header(title: str, notices: Iterable[str], bar: str) -> str:
    """Return what stands above the map: title, headline, tiers, notices, controls.

    Parameters
    ----------
    title
        Of the study, not escaped.
    notices
        What must be shown beside every figure, not escaped.
    bar
        The controls, HTML.
    """
    return f"""
<header class="cc-head">
<div class="cc-words"><h1 dir="auto">{escape(title)}</h1>
<p id="cc-headline" class="cc-headline" aria-live="polite"><b></b> <span dir="auto"></span></p>
<p id="cc-terms" class="cc-terms"></p></div>
<div id="cc-tiers" class="cc-tiers" role="group" data-w-label="tiers"></div>
<button type="button" id="cc-more" class="cc-button" aria-expanded="false" aria-controls="cc-bar"
 data-w="more"></button>
</header>
<div class="cc-strip">{_notices(notices)}
<details id="cc-warnings" class="cc-warnings" hidden><summary></summary><ul></ul></details></div>
{bar}
"""


def furniture(layers: tuple[Iterable[str], Iterable[str]], over: str) -> str:
    """Return what lies over the map: tools, legend, layers, card, credits, dialogs.

    Parameters
    ----------
    layers
        Names of the results and of the ground that may be switched on and off.
    over
        What else lies over it, HTML.
    """
    return f"""
<div id="cc-loading" class="cc-loading" role="status"><span>正在读取地图…</span>
<span lang="en">Loading the map…</span></div>
<noscript><p class="cc-loading">请启用 JavaScript。 Please enable JavaScript.</p></noscript>
<div class="cc-mapbar" role="group" data-w-label="map">
{_tool("cc-in", "zoom.in", "M12 5v14M5 12h14")}
{_tool("cc-out", "zoom.out", "M5 12h14")}
{_tool("cc-fit", "fit", "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5M9 12h6M12 9v6")}
{_tool("cc-full", "full", "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5")}
{_tool("cc-measure", "measure", "M3 17 17 3l4 4L7 21zM7 13l2 2M10 10l2 2M13 7l2 2", pressed=True)}
</div>
{over}
{_layers(*layers)}
<details id="cc-legend" class="cc-legend" open><summary data-w="legend"></summary>
<p></p><div class="cc-scale"></div><ul></ul><p class="cc-note"></p></details>
<aside id="cc-card" class="cc-card" data-w-label="card" hidden>
<button type="button" class="cc-close" data-w-title="close" data-w-label="close">×</button>
<div class="cc-card-body" aria-live="polite"></div></aside>
<div id="cc-ruler" class="cc-ruler" role="status" hidden><span id="cc-ruler-text"></span>
<button type="button" id="cc-ruler-close" data-w-title="ruler.close"
 data-w-label="ruler.close">×</button>
</div>
<div id="cc-foot" class="cc-foot"><p id="cc-credits" class="cc-credits"></p></div>
<div class="cc-cross" aria-hidden="true"></div>
<div id="cc-toast" class="cc-toast" role="status"></div>
{_DIALOGS}
"""


def tier_style(colours: dict[str, str]) -> str:
    """Return the style sheet that gives each tier's markers their colour."""
    return "".join(
        f".cc-{tier}:not(.cc-off) .cc-badge{{background:{colour}}}"
        for tier, colour in colours.items()
    )


def _notices(notices: Iterable[str]) -> str:
    lines = [_notice(text) for text in notices if text]
    if not lines:
        return ""
    return f'<div class="cc-notices" role="note" data-w-label="notices">{"".join(lines)}</div>'


def _notice(text: str) -> str:
    if len(text) <= _LONG_NOTICE:
        return f'<p dir="auto">{escape(text)}</p>'
    return f'<details><summary dir="auto"><span>{escape(text)}</span></summary></details>'


def _tool(identifier: str, word: str, path: str, *, pressed: bool = False) -> str:
    state = ' aria-pressed="false"' if pressed else ""
    return (
        f'<button type="button" id="{identifier}"{state}'
        f' data-w-title="{word}" data-w-label="{word}">'
        f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg></button>'
    )


def _layers(results: Iterable[str], ground: Iterable[str]) -> str:
    def boxes(names: Iterable[str]) -> str:
        return "".join(
            f'<label><input type="checkbox" name="{name}">'
            f'<span data-w="layer.{name}"></span></label>'
            for name in names
        )

    radios = "".join(
        f'<label><input type="radio" name="base" value="{base}"{" checked" * (base == "own")}>'
        f'<span data-w="base.{base}"></span></label>'
        for base in _BASES
    )
    return (
        '<details id="cc-layers" class="cc-layers"><summary data-w="layers"></summary>'
        f'<fieldset><legend data-w="group.study"></legend>{boxes(results)}</fieldset>'
        f'<fieldset><legend data-w="group.ground"></legend>{boxes(ground)}</fieldset>'
        f'<fieldset><legend data-w="base"></legend>{radios}</fieldset></details>'
    )


_BUTTONS = """<div class="cc-buttons">
<button type="button" id="cc-link" class="cc-button" data-w="link"></button>
<button type="button" id="cc-print" class="cc-button" data-w="print"></button>
<button type="button" id="cc-lang" class="cc-button" data-w-title="language"></button></div>"""

CHOICES = f"""<div id="cc-bar" class="cc-bar" role="group" data-w-label="about.choice">
<div class="cc-field cc-time"><label for="cc-minutes" data-w="minutes"></label>
<input type="range" id="cc-minutes"><output id="cc-minutes-now" for="cc-minutes"></output></div>
<div class="cc-field"><label for="cc-walker" data-w="walker.label"></label>
<select id="cc-walker"></select></div>
<div class="cc-field"><label for="cc-direction" data-w="direction"></label>
<select id="cc-direction"></select></div>
<div class="cc-search" role="search">
<input type="search" id="cc-search" role="combobox" aria-autocomplete="list" aria-expanded="false"
 aria-controls="cc-found" autocomplete="off" spellcheck="false" data-w-placeholder="search"
 data-w-label="search">
<ul id="cc-found" class="cc-found" role="listbox" data-w-label="found" hidden></ul></div>
{_BUTTONS}
</div>"""
"""Of the map of a study."""

DIFFERENCE = f"""<div id="cc-bar" class="cc-bar" role="group" data-w-label="about.choice">
<div class="cc-views" role="group" data-w-label="diff.views">
<button type="button" class="cc-button" data-view="difference"
 data-w="diff.view.difference"></button>
<button type="button" class="cc-button" data-view="swipe" data-w="diff.view.swipe"></button></div>
<p id="cc-change" class="cc-change" aria-live="polite"></p>
{_BUTTONS}
</div>"""
"""Of the map of what differs between two runs."""

DIFFERENCE_RESULTS = ("streets", "homes", "facilities", "areas", "names")

SWIPE = """<p class="cc-side cc-side-before" hidden><b data-w="diff.before"></b>
<span dir="auto"></span></p>
<p class="cc-side cc-side-after" hidden><b data-w="diff.after"></b> <span dir="auto"></span></p>
<div id="cc-divider" class="cc-divider" role="slider" tabindex="0" aria-valuemin="0"
 aria-valuemax="100" data-w-label="diff.divider" data-w-title="diff.divider" hidden><i></i></div>
"""
"""The divider between before and after, and what stands on its sides."""

# No forms: a notebook's frame forbids to send one, even to the page itself.
_DIALOGS = """<dialog id="cc-key" class="cc-dialog"><p data-w="key.ask"></p>
<label for="cc-key-text" data-w="key.label"></label>
<input type="text" id="cc-key-text" autocomplete="off" spellcheck="false">
<p class="cc-answers"><button type="button" value="yes" data-w="key.yes"></button>
<button type="button" value="no" data-w="key.no"></button></p></dialog>
<dialog id="cc-link-box" class="cc-dialog">
<label for="cc-link-text" data-w="link.box"></label>
<input type="text" id="cc-link-text" readonly>
<p class="cc-answers"><button type="button" value="no" data-w="close"></button></p></dialog>"""
