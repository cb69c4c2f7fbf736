"""The html report in a real browser."""

import base64

import pytest
from selenium.webdriver.common.keys import Keys

import audits
from browser import NARROW, WIDE
from conftest import render

WORDS = {
    "COMPLIANT": "✓ Mirrored",
    "NON_COMPLIANT": "✕ Not mirrored",
    "UNKNOWN": "? Unknown",
    "NOT_APPLICABLE": "– Not applicable",
}


@pytest.fixture(scope="module")
def large():
    audit = audits.fleet(10_000)
    return audit, render("html", audit)


@pytest.fixture
def sample(browser):
    audit = audits.sample()
    browser.open(render("html", audit))
    return audit


def chosen(audit, **wanted):
    """The ids of those interfaces."""
    return {
        identifier
        for identifier, found in audit["interfaces"].items()
        if all(found[field] == value for field, value in wanted.items())
    }


def test_the_coverage_comes_first(browser, sample):
    top = browser.one("main section:first-child").text
    counts = sample["summary"]
    assert f"{counts['coverage_percent'] // 0.1 / 10:g}" in top
    assert f"{counts['compliant']} of {counts['eligible']}" in top
    assert "Not compliant" in top
    for group in ("by_vpc", "by_availability_zone", "by_target"):
        for name, numbers in sample[group].items():
            bar = browser.one(f".bars li:has([data-value='{name}'])").text
            assert f"{numbers['compliant']} of {numbers['eligible']} mirrored" in bar


def test_each_row_says_why_and_what_to_do(browser, sample):
    browser.choose("reason", "MISSING")
    expected = chosen(sample, reason="MISSING")
    assert set(browser.column(2)) == expected
    for text in browser.column(4):
        assert audits.DETAILS["MISSING"] in text and audits.ADVICE["MISSING"] in text


def test_filters_meet(browser, sample):
    browser.one("[name=status][value=bad]").click()
    assert set(browser.column(2)) == chosen(sample, status="NON_COMPLIANT")
    vpc = next(iter(sample["by_vpc"]))
    browser.choose("vpc", vpc)
    assert set(browser.column(2)) == chosen(sample, status="NON_COMPLIANT", vpc_id=vpc)
    browser.one("[name=status][value=unknown]").click()
    expected = chosen(sample, status="NON_COMPLIANT", vpc_id=vpc) | chosen(sample, status="UNKNOWN", vpc_id=vpc)
    assert set(browser.column(2)) == expected
    browser.one("[type=reset]").click()
    browser.wait(lambda: browser.shown() == f"1 to 50 of {len(sample['interfaces'])}")


def test_a_search_is_of_every_word_and_field(browser, sample):
    search = browser.one("#search")
    identifier = next(iter(chosen(sample, reason="SENSOR")))
    found = sample["interfaces"][identifier]
    search.send_keys(f"{found['instance_name'].upper()} {found['subnet_id']}")
    browser.wait(lambda: browser.column(2) == [identifier])
    search.send_keys(" nowhere-to-be-found")
    browser.wait(lambda: browser.shown() == "No network interface matches.")
    assert not browser.one("#table").is_displayed()


def test_a_reason_and_a_name_lead_to_their_rows(browser, sample):
    browser.one("[data-filter=reason][data-value=FILTER_EMPTY]").click()
    browser.wait(lambda: set(browser.column(2)) == chosen(sample, reason="FILTER_EMPTY"))
    zone = next(iter(sample["by_availability_zone"]))
    browser.one(f"[data-filter=zone][data-value='{zone}']").click()
    browser.wait(lambda: set(browser.column(2)) == chosen(sample, availability_zone=zone))


@pytest.mark.parametrize(("key", "column"), [("id", 2), ("name", 3), ("reason", 4), ("vpc", 5), ("target", 6)])
def test_every_column_sorts_both_ways(browser, sample, key, column):
    browser.choose("size", "100")
    header = f"[data-sort={key}]"
    browser.one(header).click()
    first = [text.split("\n")[0] for text in browser.column(column)]
    assert first == sorted(first) and len(first) == len(sample["interfaces"])
    browser.one(header).click()
    assert [text.split("\n")[0] for text in browser.column(column)] == sorted(first, reverse=True)
    assert browser.one(f"th:has({header})").get_attribute("aria-sort") == "descending"


def test_several_regions_have_a_column(browser, sample):
    assert browser.run("return document.querySelector('[data-sort=region]')") is None
    audit = audits.regional()
    browser.open(render("html", audit))
    browser.choose("size", "250")
    browser.one("[data-sort=region]").click()
    regions = browser.column(5)
    assert regions == sorted(found["region"] for found in audit["interfaces"].values())
    browser.choose("region", "us-east-1")
    assert set(browser.column(2)) == chosen(audit, region="us-east-1")
    assert set(browser.column(5)) == {"us-east-1"}


def test_the_worst_comes_first(browser, sample):
    order = [WORDS[status] for status in ("NON_COMPLIANT", "UNKNOWN", "COMPLIANT", "NOT_APPLICABLE")]
    ranks = [order.index(text) for text in browser.column(1)]
    assert ranks == sorted(ranks)


def test_pages_show_every_interface_once(browser, sample):
    browser.choose("size", "25")
    seen = browser.column(2)
    while browser.one("[data-page=next]").is_enabled():
        browser.one("[data-page=next]").click()
        seen += browser.column(2)
    assert sorted(seen) == sorted(sample["interfaces"])


def test_the_keyboard_is_enough(browser, sample):
    browser.press(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    browser.tab_to("#search")
    browser.press("web")
    browser.wait(lambda: "found" in browser.shown())
    assert all("web" in text for text in browser.column(3))
    browser.tab_to("[name=status][value=ok]")
    browser.press(Keys.SPACE)
    assert set(browser.column(1)) == {WORDS["COMPLIANT"]}
    browser.tab_to("[data-sort=name]")
    browser.press(Keys.ENTER)
    assert browser.one("th:has([data-sort=name])").get_attribute("aria-sort") == "ascending"


def test_a_focused_element_is_marked(browser, sample):
    browser.tab_to("[data-sort=id]")
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_sessions_are_listed(browser, sample):
    for section in ("orphaned", "unmanaged"):
        text = browser.one(f"section[aria-labelledby={section}]").text
        for identifier, session in sample[f"{section}_sessions"].items():
            assert identifier in text and session["detail"] in text


def test_nothing_of_the_fleet_runs(browser):
    """Every hostile text is on the page, as text."""
    audit = audits.hostile()
    browser.open(render("html", audit))
    assert browser.run("return window.owned ?? 'no'") == "no"
    assert browser.run("return document.querySelectorAll('script').length") == 2
    assert browser.run("return document.querySelectorAll('img, main svg *:not(rect), [onerror], [onload]').length") == 0
    assert browser.complaints() == []
    rows = "\n".join(browser.column(4))
    for text in audits.HOSTILE:
        if text.isascii() and text.isprintable():
            assert text.strip() in rows
    assert browser.run("return document.querySelectorAll('[href]:not([href^=\"#\"])').length") == 0


def test_the_page_stands_alone(browser, sample):
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert browser.complaints() == []
    # Even if it tried: the policy of the page lets it load nothing.
    browser.run("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
    browser.wait(lambda: any("Content Security Policy" in text for text in browser.complaints()))


@pytest.mark.parametrize("name", audits.SAMPLES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(browser, axe, name, scheme, size):
    browser.look(*size, scheme)
    browser.open(render("html", audits.SAMPLES[name]()))
    assert browser.violations(axe) == []


def test_high_contrast_changes_no_layout_and_keeps_the_bars(browser, sample):
    """A browser that forces its own colors."""
    browser.look(*NARROW)
    look = """return ['.figures .apart', '.hero .bar rect:nth-child(1)', '.hero .bar rect:nth-child(2)'].map(one => {
        const style = getComputedStyle(document.querySelector(one));
        return [style.paddingLeft, style.borderLeftWidth, style.borderLeftStyle, one.includes('rect') && style.fill] })"""
    before = browser.run(look)
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "forced-colors", "value": "active"}])
    assert browser.run("return matchMedia('(forced-colors: active)').matches")
    assert browser.run(look) == before


@pytest.mark.parametrize("name", ["sample", "hostile", "nothing", "regional"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out(browser, name, size):
    browser.look(*size)
    browser.open(render("html", audits.SAMPLES[name]()))
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]


def test_ten_thousand_interfaces_are_quick(browser, large):
    audit, page = large
    browser.open(page)
    paint = browser.run("return performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < 1000, f"first paint after {paint:.0f} ms"
    took = browser.run(
        """const box = document.querySelector('[name=status][value=bad]'), began = performance.now();
        box.click(); document.body.offsetHeight; return performance.now() - began"""
    )
    assert took < 500, f"a filter took {took:.0f} ms"
    number = audit["summary"]["non_compliant"]
    assert browser.shown() == f"1 to 50 of {number:,} found, of 10,000"


def test_ten_thousand_rows_sort_and_search_at_once_and_say_what_is_not_printed(browser, large):
    audit, page = large
    browser.open(page)
    sorting = browser.run(
        """const began = performance.now();
        document.querySelector('[data-sort=name]').click(); document.body.offsetHeight; return performance.now() - began"""
    )
    # Typing is waited for before the search begins.
    searching = browser.driver.execute_async_script(
        """const done = arguments[0], box = document.querySelector('#search'), began = performance.now();
        new MutationObserver(() => done(performance.now() - began)).observe(document.querySelector('#shown'), { childList: true });
        box.value = 'web-7'; box.dispatchEvent(new Event('input'))"""
    )
    assert sorting < 1000 and searching < 1000, (sorting, searching)
    wanted = [found for found in audit["interfaces"].values() if "web-7" in found["instance_name"]]
    assert browser.shown().endswith(f"{len(wanted)} found, of 10,000")
    browser.open(page)
    # What a browser says before it prints; laying out so many pages would take it minutes.
    said = browser.run("dispatchEvent(new Event('beforeprint')); return document.querySelector('#shown').textContent")
    assert said.startswith("1 to 2,000 of 10,000; the other 8,000 are not printed")


def test_print_has_every_row_that_the_filters_leave(browser, sample):
    browser.run("addEventListener('beforeprint', () => window.printed = document.querySelectorAll('#rows tr').length)")
    pdf = base64.b64decode(browser.command("Page.printToPDF")["data"])
    assert pdf.startswith(b"%PDF")
    assert browser.run("return window.printed") == len(sample["interfaces"])
    assert len(browser.column(2)) == 50
    browser.look(*WIDE, media="print")
    assert not browser.one("#filters").is_displayed()
    assert browser.one("#table").is_displayed()


def test_without_scripts_the_summary_stands(browser):
    audit = audits.sample()
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(render("html", audit), ready=False)
    text = browser.one("main").text
    assert "needs JavaScript" in text
    assert f"{audit['summary']['compliant']} of {audit['summary']['eligible']}" in text
    assert "FILTER_EMPTY" in text


def test_delivery_that_was_not_checked_is_said(browser):
    audit = audits.sample()
    audit["summary"]["delivery_checked"] = False
    browser.open(render("html", audit))
    assert "did not check whether they deliver" in browser.one("main section").text
