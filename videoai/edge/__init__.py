"""The outermost layer: one ASGI application in front of Django's WSGI handler.

Anonymous reads of the catalogue and its prices are answered from bytes that Django made before, after the
database was asked whether they still hold; everything else goes to Django.
"""
