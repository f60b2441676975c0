from django.urls import path

from pricing.api.preview import PreviewView
from pricing.api.views import CompareView, MatrixView, PolicyView, QuoteView
from pricing.margins.api import MarginsFileView, MarginsView

urlpatterns = [
    path("pricing/quote/", QuoteView.as_view(), name="quote"),
    path("pricing/matrix/", MatrixView.as_view(), name="matrix"),
    path("pricing/compare/", CompareView.as_view(), name="compare"),
    path("pricing/policy/", PolicyView.as_view(), name="policy"),
    path("pricing/preview/", PreviewView.as_view(), name="price-preview"),
    path("pricing/margins/", MarginsView.as_view(), name="margins"),
    path("pricing/margins/csv/", MarginsFileView.as_view(), name="margins-csv"),
]
