"""The WSGI application that production servers and `runserver` load."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videoai.settings")

application = get_wsgi_application()
