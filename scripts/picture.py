"""Takes the README's picture of the html report: a fleet of two regions, in a headless Chromium."""

import base64
import itertools
import pathlib
import random
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "report"))

import audits  # noqa: E402
from browser import chromium  # noqa: E402
from conftest import render  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "report.png"
WIDTH = 1360
ROWS = 2
ROLES = ["checkout", "payments", "search", "catalog", "ledger", "gateway", "identity", "mail", "billing", "reports"]
TYPES = ["m6i.large", "c6i.xlarge", "r6i.2xlarge", "t3.medium", "m7g.large"]
PLACES = [("eu-west-1", 4), ("eu-west-1", 5), ("us-east-1", 3)]
KINDS = ["TARGET_PORT_CLOSED", "MISSING", "MISSING", "NOT_VISIBLE", "TARGET_STOPPED", "SENSOR", "MISSING", "SENSOR"]
SESSIONLESS = ("MISSING", "SENSOR", "UNSUPPORTED_INSTANCE_TYPE")


def fleet() -> dict:
    """Some 400 interfaces, nearly all of them mirrored. The same at each run."""
    dice = random.Random(4789)

    def made(prefix: str) -> str:
        return f"{prefix}-0{dice.getrandbits(64):016x}"

    vpcs = [(made("vpc"), region, zones) for region, zones in PLACES]
    subnets = {(vpc, n): made("subnet") for vpc, _, _ in vpcs for n in range(3)}
    targets = {region: [made("tmt") for _ in range(2)] for region in dict(PLACES)}
    bad = itertools.cycle(KINDS)
    interfaces = {}
    for n in range(418):
        vpc, region, instances = vpcs[dice.choices(range(3), (5, 4, 3))[0]]
        zone = n % 3
        reason = next(bad) if dice.random() < 0.035 * instances / 3 else "COVERED"
        mirrored = reason not in SESSIONLESS
        session, target = made("tms"), targets[region][n % 2]
        found = {
            "TARGET_PORT_CLOSED": f"no rule of {made('sg')} lets UDP 4789 from this source in to {made('eni')}, the network interface of {target}",
            "TARGET_STOPPED": f"{made('i')}, the instance of {target}, is stopped",
        }
        interfaces[made("eni")] = audits.interface(
            reason,
            detail=f"{session}: {found[reason]}" if reason in found else audits.DETAILS.get(reason, ""),
            instance_id=made("i"),
            instance_name=f"{dice.choice(ROLES)}-{n % 60 + 1}",
            instance_type=dice.choice(TYPES),
            vpc_id=vpc,
            subnet_id=subnets[vpc, zone],
            availability_zone=region + "abc"[zone],
            region=region,
            session_ids=[session] if mirrored else [],
            session_statuses=[audits.STATUSES[reason]] if mirrored else [],
            traffic_mirror_target_ids=[target] if mirrored else [],
            virtual_network_id=dice.randrange(1, 2**24) if mirrored else None,
        )
    unmanaged = {made("tms"): audits.session(detail="no tag mirror:coverage-id", description="Created by AutoMirror")}
    return audits.audit(
        dict(sorted(interfaces.items())),
        orphaned_sessions={made("tms"): audits.session(name="old sensor")},
        unmanaged_sessions=unmanaged,
    )


def main() -> None:
    page = render("html", fleet())
    with tempfile.TemporaryDirectory(prefix="mirror-picture-") as folder, chromium(pathlib.Path(folder)) as browser:
        browser.look(WIDTH, 900)
        browser.open(page)
        bottom = browser.run(
            "return document.querySelectorAll('#rows tr')[arguments[0]].getBoundingClientRect().top + scrollY", ROWS
        )
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": bottom, "scale": 1}
        picture = browser.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
    PICTURE.write_bytes(base64.b64decode(picture["data"]))
    print(PICTURE)


if __name__ == "__main__":
    main()
