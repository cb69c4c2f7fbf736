"""A headless Chromium that opens reports from files."""

import contextlib
import json
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

WIDE, NARROW = (1280, 900), (360, 740)


class Browser:
    """One window."""

    def __init__(self, driver: webdriver.Chrome, folder: pathlib.Path):
        self.driver = driver
        self._folder = folder

    def reset(self) -> None:
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.command("Emulation.setScriptExecutionDisabled", value=False)
        self.look(*WIDE)

    def command(self, name: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)

    def look(self, width: int, height: int, scheme: str = "light", media: str = "") -> None:
        """The size of the window, and what the reader prefers."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        # A page that glides to where it is sent is not yet where a click is meant to be.
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.command("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, page: str, ready: bool = True) -> None:
        """Opens a page, and waits until its table is there."""
        file = self._folder / "page.html"
        file.write_text(page)
        self.driver.get(file.as_uri())
        if ready:
            self.wait(lambda: self.run("return document.documentElement.dataset.ready"))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, seconds: float = 20) -> Any:
        return WebDriverWait(self.driver, seconds, poll_frequency=0.02).until(lambda _: condition())

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def column(self, number: int) -> list[str]:
        """The texts of a column of the table that is shown, from 1 on."""
        return self.run(
            "return [...document.querySelectorAll(`#rows tr td:nth-child(${arguments[0]})`)].map(td => td.innerText)",
            number,
        )

    def shown(self) -> str:
        return self.one("#shown").text

    def choose(self, menu: str, value: str) -> None:
        found = [option for option in Select(self.one(f"#{menu}")).options if option.get_property("value") == value]
        assert len(found) == 1, f"{menu} offers {value} {len(found)} times"
        found[0].click()

    def press(self, *keys: str) -> None:
        """Types into whatever has the focus."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> None:
        """Moves the focus there with the tabulator key alone."""
        for _ in range(200):
            if self.run("return document.activeElement.matches(arguments[0])", selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"the tabulator key does not lead to {selector}")

    def complaints(self) -> list[str]:
        """What the page made the browser complain about: errors, and requests that its policy forbade."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def violations(self, axe: str) -> list[str]:
        """What axe-core has to say about the page."""
        self.run(axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then(r => done(JSON.stringify(r.violations)), e => done(String(e)))"
        )
        return [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in json.loads(found)
            for node in violation["nodes"]
        ]


@contextlib.contextmanager
def chromium(folder: pathlib.Path) -> Iterator[Browser]:
    """A Chromium, ended on leaving."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    # Chromium's own sandbox wants kernel features that containers lack, and it opens nothing but our files.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver, folder)
    finally:
        driver.quit()
