"""A page with a map in a window, as a test handles it."""

import re
from pathlib import Path
from typing import Any

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Map:
    """One window."""

    def __init__(self, context: Any, path: Path, answers: dict[str, Any]) -> None:
        self.context, self.path = context, path
        self.problems: list[str] = []
        self.asked: list[str] = []
        self.answers = answers
        context.route(re.compile("^https?://"), self._answer)
        self.page = context.new_page()
        self.page.on("console", lambda line: self.problems.append(f"console: {line.text}"))
        self.page.on(
            "pageerror", lambda error: self.problems.append(f"error: {error} {error.stack}")
        )

    def _answer(self, route: Any) -> None:
        url = route.request.url
        self.asked.append(url)
        for pattern, body in self.answers.items():
            if re.match(pattern, url):
                route.fulfill(body=body(url) if callable(body) else body, content_type="image/png")
                return
        self.problems.append(f"request: {url}")
        route.abort()

    def go(self, address: str = "", *, ready: bool = True) -> None:
        self.page.goto("about:blank")
        self.page.goto(f"file://{self.path}{address}", wait_until="commit")
        if ready:
            self.page.wait_for_selector("html[data-state=ready]", state="attached", timeout=60_000)

    def js(self, code: str, argument: Any = None) -> Any:
        """Run a function of JavaScript and return what it returns."""
        return self.page.evaluate(code, argument)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text()).replace("\u00a0", " ")

    def settle(self) -> None:
        """Wait until all tiles in sight show what they should, and for the frame after."""
        self.js(
            "async () => { await careCircle.easel.settled();"
            " await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); }"
        )

    def view(self, lat_lng: list[float], zoom: float) -> None:
        self.js(
            "([at, zoom]) => careCircle.page.map.setView(at, zoom, {animate: false})",
            [lat_lng, zoom],
        )
        self.settle()

    def point(self, lat_lng: list[float]) -> tuple[float, float]:
        """Return where a place is in the window, pixels."""
        x, y = self.js(
            """(at) => {
              const { map } = careCircle.page, box = map.getContainer().getBoundingClientRect();
              const point = map.latLngToContainerPoint(at);
              return [box.left + point.x, box.top + point.y];
            }""",
            lat_lng,
        )
        return x, y

    def click(self, lat_lng: list[float]) -> None:
        self.page.mouse.click(*self.point(lat_lng))

    def colour(self, lat_lng: list[float], layer: str = "data") -> list[int]:
        """Return red, green, blue and alpha of a layer's tile at a place."""
        colour = self.js(
            """([at, layer]) => {
              const { map } = careCircle.page, box = map.getContainer().getBoundingClientRect();
              const point = map.latLngToContainerPoint(at).add([box.left, box.top]);
              for (const tile of map.getPane(`cc-${layer}`).querySelectorAll("canvas")) {
                const here = tile.getBoundingClientRect();
                const x = point.x - here.left, y = point.y - here.top;
                if (x < 0 || y < 0 || x >= here.width || y >= here.height) continue;
                const scale = tile.width / here.width, probe = new OffscreenCanvas(1, 1);
                const context = probe.getContext("2d", { willReadFrequently: true });
                context.drawImage(tile, Math.floor(x * scale), Math.floor(y * scale), 1, 1, 0, 0, 1, 1);
                return [...context.getImageData(0, 0, 1, 1).data];
              }
              return null;
            }""",
            [lat_lng, layer],
        )
        assert colour is not None, "there is no tile"
        return list(colour)

    def pictures(self) -> list[str]:
        """Return what the tiles show."""
        return list(
            self.js(
                "() => [...document.querySelectorAll('.leaflet-cc-data-pane canvas')].map((tile) => tile.toDataURL())"
            )
        )

    def card(self) -> dict[str, str]:
        """Return the card's rows by their labels, with its title."""
        self.page.wait_for_selector("#cc-card:not([hidden])")
        rows = self.js(
            """async () => {
              const card = document.getElementById("cc-card");
              for (let k = 0; k < 200 && card.textContent.includes("…"); k += 1) {
                await new Promise((done) => setTimeout(done, 25));
              }
              return [...card.querySelectorAll("dl div")].map((row) => [row.children[0].textContent, row.children[1].textContent]);
            }"""
        )
        return {
            "": self.text("#cc-card h2"),
            **{label: value.replace("\u00a0", " ") for label, value in rows},
        }

    def choose(self, **choice: Any) -> None:
        """Change the choice as the controls do."""
        if "minutes" in choice:
            self.page.locator("#cc-minutes").fill(str(choice["minutes"]))
        if "tier" in choice:
            self.page.locator(f"#cc-tiers [data-tier={choice['tier']}]").click()
        for name in ("walker", "direction"):
            if name in choice:
                self.page.locator(f"#cc-{name}").select_option(str(choice[name]))
        self.settle()
