"""What an ASGI server calls: the edge, with Django behind it."""

import os

import django
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videoai.settings")
django.setup(set_prefix=False)
# Only now: what the edge is made of needs the apps.
application = import_string("videoai.edge.building.edge")()
