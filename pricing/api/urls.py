from django.urls import path

from pricing.api.preview import PreviewView
from pricing.api.views import CompareView, MatrixView, PolicyView, QuoteView

urlpatterns = [
    path("pricing/quote/", QuoteView.as_view(), name="quote"),
    path("pricing/matrix/", MatrixView.as_view(), name="matrix"),
    path("pricing/compare/", CompareView.as_view(), name="compare"),
    path("pricing/policy/", PolicyView.as_view(), name="policy"),
    path("pricing/preview/", PreviewView.as_view(), name="price-preview"),
]
