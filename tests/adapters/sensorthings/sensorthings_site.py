"""The site of a real SensorThings server, run by the tests in an environment of its own: Django's settings, addresses
and application in one module. Where it is asked to, nobody is let in without the password."""

from __future__ import annotations

import os
from base64 import b64encode
from uuid import UUID

import django
from django.conf import settings

ADDRESS = os.environ["SITE_ADDRESS"]
ACCESS = os.environ.get("SITE_ACCESS", "")  # user:password, or "" for everybody

settings.configure(
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["SITE_DATABASE"],
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": os.environ["SITE_PORT"],
            "CONN_MAX_AGE": 60,
        }
    },
    INSTALLED_APPS=[
        "sensorthings.versions.v1_1",
        "sensorthings.versions.v1_1.backends.django",
        "sensorthings.versions.v1_1.extensions.dataarray",
    ],
    SENSORTHINGS_V1_1_SERVICE_URL=f"{ADDRESS}/sensorthings",
    SENSORTHINGS_V1_1_BACKEND_ADAPTER="sensorthings.versions.v1_1.backends.django.adapter.DjangoBackendAdapter",
    SENSORTHINGS_V1_1_ID_TYPE=UUID,
    SENSORTHINGS_V1_1_ID_DELIMITER="'",
    SENSORTHINGS_V1_1_DEFAULT_AUTH_HANDLER=f"{__name__}.authorized" if ACCESS else None,
)


def authorized(request):
    """Whether the caller is known; Django Ninja asks."""
    return request.headers.get("Authorization") == f"Basic {b64encode(ACCESS.encode()).decode()}"


django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [path("sensorthings/", include("sensorthings.versions.v1_1.urls"))]
application = get_asgi_application()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
