"""The HTTP process: `uvicorn app.main:serve --factory`."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import wiring
from core import config, faults, logging
from portal import assets, pages, reference
from portal.customer import accounts as accounts_pages
from portal.customer import bills as bills_pages
from portal.customer import details as details_pages
from portal.customer import groups as groups_pages
from portal.customer import inbox as inbox_pages
from portal.customer import others as others_pages
from portal.customer import payments as payments_pages
from portal.customer import people as people_pages
from portal.customer import privacy as privacy_pages
from portal.customer import readings as readings_pages
from portal.customer import sign_in as sign_in_pages
from portal.customer import tariff as tariff_pages
from portal.customer import together as together_pages
from portal.customer import usage as usage_pages
from portal.customer import wechat as wechat_pages
from portal.customer import what_if as what_if_pages
from portal.staff import approvals as staff_approvals
from portal.staff import audit as staff_audit
from portal.staff import authenticator as staff_authenticator
from portal.staff import bills as staff_bills
from portal.staff import calendar as staff_calendar
from portal.staff import customers as staff_customers
from portal.staff import entitlements as staff_entitlements
from portal.staff import files as staff_files
from portal.staff import health as staff_health
from portal.staff import imports as staff_imports
from portal.staff import joining as staff_joining
from portal.staff import lists as staff_lists
from portal.staff import looking as staff_looking
from portal.staff import me as staff_me
from portal.staff import pages as staff_pages
from portal.staff import payments as staff_payments
from portal.staff import people as staff_people
from portal.staff import quality as staff_quality
from portal.staff import readings as staff_readings
from portal.staff import readings_many as staff_readings_many
from portal.staff import readings_odd as staff_readings_odd
from portal.staff import search as staff_search
from portal.staff import sign_in as staff_sign_in
from portal.staff import slot_prices as staff_slot_prices
from portal.staff import sums as staff_sums
from portal.staff import suspense as staff_suspense
from portal.staff import tariff_dry_run as staff_tariff_dry_run
from portal.staff import tariff_editing as staff_tariff_editing
from portal.staff import tariff_versions as staff_tariff_versions
from portal.staff import tariffs as staff_tariffs
from portal.staff import webhooks as staff_webhooks
from portal.templating import Renderer
from routers.accounts import details as account_details
from routers.accounts import endpoints as accounts
from routers.accounts import groups, people
from routers.backoffice import accounts as office_accounts
from routers.backoffice import dry_runs as office_dry_runs
from routers.backoffice import feed, pushing
from routers.backoffice import readings as office_readings
from routers.backoffice import tariffs as office_tariffs
from routers.billing import endpoints as billing
from routers.callbacks import sms, wechat, wechat_pay
from routers.identity import endpoints as identity
from routers.inbox import endpoints as inbox
from routers.metering import endpoints as metering
from routers.payments import endpoints as payments
from routers.privacy import endpoints as privacy
from routers.tariffs import endpoints as tariffs
from routers.usage import endpoints as usage
from web import handlers, health, openapi
from web.guard import Guard, GuardRules, hosts_of
from web.leases import Leases
from web.live import PaymentWatch
from web.runtime import Runtime
from web.uploads import uploads_of

DESCRIPTION = (
    "Self-service of an electricity supplier: accounts, bills, payments, messages. "
    "Errors are RFC 9457 problems with stable codes."
)

ROUTERS = (
    accounts.router,
    billing.router,
    payments.router,
    wechat_pay.router,
    wechat.router,
    inbox.router,
    pushing.router,
    office_accounts.router,
    office_tariffs.router,
    office_dry_runs.router,
    office_readings.router,
    feed.router,
    identity.router,
    privacy.router,
    sms.router,
    sign_in_pages.router,
    accounts_pages.router,
    bills_pages.router,
    payments_pages.router,
    inbox_pages.router,
    people.router,
    groups.router,
    account_details.router,
    people_pages.router,
    privacy_pages.router,
    wechat_pages.router,
    together_pages.router,
    others_pages.router,
    groups_pages.router,
    details_pages.router,
    tariffs.router,
    tariff_pages.router,
    usage.router,
    metering.router,
    usage_pages.router,
    readings_pages.router,
    what_if_pages.router,
    reference.router,
    staff_sign_in.router,
    staff_joining.router,
    staff_authenticator.router,
    staff_me.router,
    staff_looking.router,
    staff_people.router,
    staff_approvals.router,
    staff_audit.router,
    staff_files.router,
    staff_search.router,
    staff_bills.router,
    staff_customers.router,
    staff_payments.router,
    staff_sums.router,
    staff_suspense.router,
    staff_webhooks.router,
    staff_lists.router,
    staff_imports.router,
    staff_quality.router,
    staff_readings.router,
    staff_readings_many.router,
    staff_readings_odd.router,
    staff_entitlements.router,
    staff_calendar.router,
    staff_tariffs.router,
    staff_slot_prices.router,
    staff_tariff_versions.router,
    staff_tariff_dry_run.router,
    staff_tariff_editing.router,
    staff_health.router,
)


def described() -> FastAPI:
    """Every endpoint and the document of the API, without anything to serve them with."""
    app = FastAPI(
        title="Wattline",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    # Flat, and those asked for most first: a router that is included is searched twice per request.
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    app.include_router(health.router)
    openapi.install(app)
    return app


def create_app(runtime: Runtime) -> FastAPI:
    """The whole application around one runtime; tests call it with theirs."""
    settings = runtime.settings

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await runtime.db.open_hot()
        gc.freeze()  # what was made until now lives as long as the process: no collection need walk through it
        keeping = asyncio.create_task(leases.keep(), name="leases")
        yield
        await watch.close()
        keeping.cancel()
        await asyncio.wait([keeping])
        await runtime.db.close_hot()
        runtime.db.close()

    app = described()
    app.router.lifespan_context = lifespan
    app.state.runtime = runtime
    leases = app.state.leases = Leases(runtime.db)
    watch = app.state.payment_watch = PaymentWatch(runtime.db)
    app.state.takes = wechat_pay.takes(runtime.db)
    files = assets.Assets(accent=settings.supplier_accent, logo=settings.supplier_logo)
    app.state.renderer = Renderer(settings, runtime.vault, files)
    app.include_router(assets.router_of(files))
    handlers.install(app, page=staff_pages.problem)
    app.add_exception_handler(pages.SignInFirst, pages.send_to_sign_in)
    staff_pages.install(app)
    app.add_middleware(
        Guard,
        rules=GuardRules(
            hosts=hosts_of(settings.public_url, settings.allowed_hosts) | hosts_of(settings.provider_callback_url, ""),
            locales=settings.locales,
            is_secure=settings.is_secure,
            uploads=uploads_of(settings),
        ),
        page=staff_pages.problem,
    )
    return app


def serve() -> FastAPI:
    """The application of this process's settings."""
    settings = config.load()
    logging.configure(level=settings.log_level)
    faults.arm_from_environment(settings.environment)
    return create_app(wiring.build(settings))
