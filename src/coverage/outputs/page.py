"""A page that a notebook shows inline and that can be written to a file."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from ..cards import text_of
from .store import save_page


@dataclass(frozen=True, slots=True)
class Page:
    """One HTML page that carries everything it needs.

    Attributes
    ----------
    title
        What the page is called where it is shown inline.
    html
        The whole document.
    height_px
        How high it is inline, pixels.
    """

    title: str
    html: str = field(repr=False)
    height_px: int = 640

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, in one step, and return its path.

        Raises
        ------
        OutputError
            When it cannot be written; an earlier page stays whole.
        """
        return save_page(self.html, Path(path))

    def _repr_html_(self) -> str:
        """Return the page as Jupyter shows it: in a frame that reaches nothing around it."""
        # An own origin: the page's scripts do not see the notebook, nor the notebook's its data.
        return (
            f'<iframe title="{escape(text_of(self.title))}" srcdoc="{escape(self.html)}" '
            f'style="width:100%;height:{self.height_px}px;border:1px solid rgba(128,128,128,.35)" '
            'sandbox="allow-scripts allow-popups allow-modals allow-downloads" '
            'allow="fullscreen; clipboard-write"></iframe>'
        )
