"""Every setting, in one typed file. Values come from the environment through `portal.env`.

`PORTAL_MODE` says what this process is:

- `production` (the default, so that a forgotten variable means the strict one): refuses an insecure value, see the end;
- `local`: `make run`, one machine on a loopback address;
- `demo`: `make demo`, as `local` with the demo sign-ins shown;
- `test`: the test suite.
"""

from datetime import timedelta
from typing import Any

from csp.constants import NONE, SELF

from portal import env
from portal.api import components
from portal.database import postgresql
from portal.logs import json_lines
from portal.production import INSECURE_SECRET_KEY, refuse_insecure

# What the ground must know from above stands in a file of its own.
from portal.wiring import *  # noqa: F403 - all of it is settings

BASE_DIR = env.ROOT
DATA_DIR = env.data_dir()
env.load_runtime(DATA_DIR)

MODE = env.choice("PORTAL_MODE", "production", ("production", "local", "demo", "test"))
PRODUCTION = MODE == "production"
DEMO = MODE == "demo"
VERSION = "0.1.0"

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", INSECURE_SECRET_KEY)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", () if PRODUCTION else ("localhost", "127.0.0.1", "[::1]", "testserver"))
PORT = env.number("PORT", 8000, least=1)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_COOKIES = env.flag("SECURE_COOKIES", PRODUCTION)
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)

INSTALLED_APPS = [
    "portal.people",
    "portal.audit",
    "portal.outbox",
    "portal.operations",
    "portal.changes",
    "portal.policy",
    "portal.registry",
    "portal.search",
    "portal.saved",
    "portal.api",
    "portal.web",
    "connectors",
    "events",
    "metrics",
    "severity",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "simple_history",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "template_partials",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.operations.middleware.CorrelationMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.operations.middleware.PlainAddressMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.web.errors.RefusalMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.web.context.portal",
            ]
        },
    }
]

# --- Database: PostgreSQL only -------------------------------------------------------------------------------------

DATABASE_URL = env.text("DATABASE_URL", "postgresql://127.0.0.1/portal")
DATABASES = {"default": postgresql(DATABASE_URL)}

# --- People --------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
KNOX_TOKEN_MODEL = "people.ApiToken"  # noqa: S105 - a model name
REST_KNOX = {
    "TOKEN_MODEL": KNOX_TOKEN_MODEL,
    "AUTH_HEADER_PREFIX": "Bearer",
    "AUTH_TOKEN_CHARACTER_LENGTH": 64,
    "TOKEN_TTL": timedelta(days=90),
    "TOKEN_PREFIX": "cgp_",
}
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = SECURE_COOKIES
CSRF_FAILURE_VIEW = "portal.web.errors.csrf_failure"

# --- Transport security ----------------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SECURE_COOKIES and env.flag("SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^-/"]
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000 if SECURE_COOKIES else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_COOKIES
SECURE_HSTS_PRELOAD = SECURE_COOKIES
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# A file of 2 MB and the form around it.
DATA_UPLOAD_MAX_MEMORY_SIZE = (2 * 1024 + 16) * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# --- Language, time, files --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
FORMAT_MODULE_PATH = "portal.formats"
LANGUAGE_COOKIE_NAME = "language"
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "Asia/Riyadh")
USE_THOUSAND_SEPARATOR = True
STATIC_URL = "/static/"
# Tests gather no files: they are served from where they lie (see WHITENOISE_USE_FINDERS).
STATIC_ROOT = None if MODE == "test" else DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MODE == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = MODE == "test"

# --- REST API -----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.BearerAuthentication",
        "portal.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.permissions.TablePermission"],
    "DEFAULT_RENDERER_CLASSES": ["portal.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.PortalSchema",
    "DEFAULT_FILTER_BACKENDS": [],
    "EXCEPTION_HANDLER": "portal.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Connector and governance portal",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": API_ENUM_NAMES,  # noqa: F405
    "APPEND_COMPONENTS": components.COMPONENTS,
    "SECURITY": [{"bearer": []}],
}

# --- Work in the background ------------------------------------------------------------------------------------------

BROKER_URL = env.text("BROKER_URL", "")
# Portals that share one broker need a queue each.
BROKER_QUEUE = env.text("BROKER_QUEUE", "portal")
# Whether a scheduler (celery beat) is to run, so that its silence opens an incident; workers do without.
SCHEDULER_RUNS = env.flag("SCHEDULER_RUNS", True)
# The team (key) that incidents of the portal itself go to; empty: the first with an administrator.
WATCH_TEAM = env.text("WATCH_TEAM", "")
# Asked by GET while all of the portal is well, so that a service outside notices when it is not; how often, in seconds.
OUTSIDE_HEARTBEAT_URL = env.text("OUTSIDE_HEARTBEAT_URL", "")
OUTSIDE_HEARTBEAT_SECONDS = env.number("OUTSIDE_HEARTBEAT_SECONDS", 60, least=5)

# --- How long things are kept --------------------------------------------------------------------------------------------

# For how many days measured values of metrics are kept.
METRIC_VALUES_DAYS = env.number("METRIC_VALUES_DAYS", 1096, least=1)
# For how many days lineage events and runs are kept (the graph is, always), and after how many an unseen edge is stale.
LINEAGE_DAYS = env.number("LINEAGE_DAYS", 90, least=1)
LINEAGE_STALE_DAYS = env.number("LINEAGE_STALE_DAYS", 7, least=1)

# --- Outside world -----------------------------------------------------------------------------------------------------

# Networks (CIDR) of the portal's own side that outbound requests may reach all the same; empty in production.
OUTBOUND_ALLOW = env.words("OUTBOUND_ALLOW", () if PRODUCTION else ("127.0.0.0/8", "::1/128"))
SECRET_DIR = env.text("SECRET_DIR", "")
# Services of chat that may be spoken to, by the schemes of Apprise; those that send by other ways than HTTP cannot be guarded.
CHAT_SCHEMES = env.words(
    "CHAT_SCHEMES",
    ("slack", "workflow", "workflows", "discord", "tgram", "gchat", "mmost", "mmosts", "rocket", "rockets", "zulip",
     "matrix", "matrixs", "ntfy", "ntfys"),
)  # fmt: skip
# How often the tools of a server are looked at, in seconds.
TOOL_PROBE_SECONDS = env.number("TOOL_PROBE_SECONDS", 24 * 3600, least=60)
# A directory of public keys, NAME.pem: attestations of CI that one of them signed are trusted.
ATTESTATION_KEYS = env.text("ATTESTATION_KEYS", "")
# The private key (Ed25519) that allowlists are signed with, by reference: env:NAME or file:/path. Outside production one is made
# in DATA_DIR. Public keys that are shown beside it, while one takes the place of another; how long a signed list lives.
ALLOWLIST_SIGNING_KEY = env.text("ALLOWLIST_SIGNING_KEY", "")
ALLOWLIST_PUBLISHED_KEYS = env.words("ALLOWLIST_PUBLISHED_KEYS")
ALLOWLIST_SECONDS = env.number("ALLOWLIST_SECONDS", 900, least=60)
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.smtp.EmailBackend" if PRODUCTION else "django.core.mail.backends.filebased.EmailBackend",
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "portal@localhost")

SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

if MODE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

LOGGING = json_lines(level=env.text("LOG_LEVEL", "INFO"))

# --- Production refuses insecure values -------------------------------------------------------------------------------------

if PRODUCTION:
    refuse_insecure(
        debug=DEBUG,
        secret_key=SECRET_KEY,
        allowed_hosts=ALLOWED_HOSTS,
        secure_cookies=SECURE_COOKIES,
        public_url=PUBLIC_URL,
    )
