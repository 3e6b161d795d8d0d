"""A release from candidate to prod in a real browser: blocked by a V2, excepted, blocked again by the clock, mended, signed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from portal.registry.times import local_text
from severity.models import GateException, Promotion, ReleaseCandidate
from severity.readiness import BY_PEOPLE, Dimension
from severity.releases import services as releases
from severity.rules import Level
from tests.browser.conftest import Visitor
from tests.people import actor, team
from tests.registering import EVIDENCE_FIELDS
from tests.releases import world

pytestmark = pytest.mark.browser
VisitorOf = Callable[..., Visitor]
UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"
ADDRESS = "/releases/r-2026.12/"


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name='{name}']").first.fill(value)


def register(amal: Visitor) -> None:
    page = amal.go("/releases/")
    page.get_by_role("link", name="Register").first.click()
    document = world.release_document()
    fill(page, **{name: document[name] for name in ("key", "name", "description", "repository", "commit", "build")})
    page.locator("[name='owner']").first.select_option("crm-team")
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("applied").first).to_be_visible()
    assert ReleaseCandidate.objects.get().stage == "dev"


def set_rows(amal: Visitor) -> None:
    for dimension in BY_PEOPLE:
        page = amal.go(ADDRESS)
        label = str(Dimension(dimension).label)
        page.get_by_role("link", name=f"Set {label}", exact=True).click()
        page.get_by_label("Status").select_option("ok")
        page.get_by_label("Owner team").select_option("crm-team")
        page.get_by_label("Evidence 1: what it is").fill("The checklist of this week")
        page.get_by_label("Evidence 1: its address").fill("https://docs.example.com/checks")
        page.get_by_role("button", name="Set the row").click()
        expect(page.get_by_text(f"{label} is set.")).to_be_visible()


def ask(amal: Visitor, to: str) -> ChangeRequest:
    """Amal asks for the promotion, with its evidence."""
    world.watched()
    page = amal.go(ADDRESS)
    page.get_by_role("button", name=f"Request promotion to {to}").click()
    page.wait_for_url("**/edit/")
    page.evaluate(UNFOLD)
    fill(page, **EVIDENCE_FIELDS)
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("is now in review")).to_be_visible()
    return ChangeRequest.objects.latest("pk")


def sign(visitor: VisitorOf, change: ChangeRequest, *names: str) -> Page:
    # No worker runs here: without this, the watch would have been silent for a minute before the last step of the journey.
    world.watched()
    pages = [visitor(name).go(change.get_absolute_url()) for name in names]
    for page in pages:
        page.get_by_role("button", name="Approve").click()
    return pages[-1]


def test_a_release_goes_from_candidate_to_prod(visitor: VisitorOf) -> None:
    team("crm-team")
    amal = visitor("amal")
    register(amal)
    page = amal.go("/releases/R-2026.12/")
    expect(page).to_have_url(f"{amal.address}{ADDRESS}")
    expect(page.get_by_role("button", name="Request promotion to staging")).to_be_disabled()
    expect(page.get_by_text("nobody has said anything yet").first).to_be_visible()
    set_rows(amal)
    world.checkpoint()
    releases.attest(actor=actor("yusuf"), key="r-2026.12", given=world.provenance(), now=database_now())
    for to in ("staging", "canary"):
        sign(visitor, ask(amal, to), "omar")
        assert ReleaseCandidate.objects.get().stage == to

    # A V2 holds up the way to prod; an exception lets it through, until the clock takes that back.
    incident = world.trouble(Level.V2)
    page = amal.go(ADDRESS)
    expect(page.get_by_text(f"{incident.human_id} V2 is open").first).to_be_visible()
    expect(page.get_by_role("button", name="Request promotion to prod")).to_be_disabled()
    page.get_by_role("link", name="Request exception").click()
    fill(page, name="Statements of the archive", description="Only the archive is wrong.")
    page.locator("[name='owner']").first.select_option("crm-team")
    fill(page, incident=incident.human_id, reason="Only the archive is wrong; nobody reads it before Sunday.")
    fill(page, expires_at=local_text(database_now() + timedelta(hours=2)))
    page.evaluate(UNFOLD)
    fill(page, **EVIDENCE_FIELDS)
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("is now in review")).to_be_visible()
    sign(visitor, ChangeRequest.objects.latest("pk"), "omar", "huda")
    exception = GateException.objects.get()
    world.watched()
    page = amal.go(ADDRESS)
    expect(page.get_by_role("button", name="Request promotion to prod")).to_be_enabled()
    expect(page.locator("#row-connector_health")).to_contain_text(exception.human_id)
    world.end_exception(exception)
    page = amal.go(ADDRESS)
    expect(page.get_by_role("button", name="Request promotion to prod")).to_be_disabled()
    expect(amal.go(exception.get_absolute_url()).get_by_text("the block is back")).to_be_visible()

    # Mended by the one who takes it on; then the way is open, and two sign.
    page = visitor("omar").go(incident.get_absolute_url())
    page.get_by_role("button", name="Acknowledge").click()
    page.locator("#id_text").fill("The archive is off; customers see the right ones.")
    page.get_by_role("button", name="Mitigate").click()
    expect(page.get_by_text("is mitigated").first).to_be_visible()
    page = sign(visitor, ask(amal, "prod"), "omar", "huda")
    expect(page.get_by_text("applied as version 4")).to_be_visible()
    frozen = Promotion.objects.get(to_stage="prod")
    assert (ReleaseCandidate.objects.get().stage, frozen.signed_by) == ("prod", ["omar", "huda"])
    page = amal.go(f"{ADDRESS}frozen/prod/")
    expect(page.get_by_text("its digest agrees")).to_be_visible()
    world.trouble(Level.V3, key="trouble:later")
    expect(amal.go(f"{ADDRESS}frozen/prod/").get_by_text("its digest agrees")).to_be_visible()
    assert amal.page.evaluate("window.refused") == []
    assert amal.elsewhere == []
