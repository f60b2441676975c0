from django.urls import path

from pricing.quotes.api.views import HeldQuotesView, HeldQuoteView, RedemptionView

urlpatterns = [
    path("pricing/quotes/", HeldQuotesView.as_view(), name="held-quotes"),
    path("pricing/quotes/<slug:quote_id>/", HeldQuoteView.as_view(), name="held-quote"),
    path("pricing/quotes/<slug:quote_id>/redeem/", RedemptionView.as_view(), name="held-quote-redemption"),
]
