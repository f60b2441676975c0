from pricing.models.policy import PricingPolicy
from pricing.models.price_version import PriceVersion
from pricing.models.rate import Layer, Rate, Unit
from pricing.models.upstream_model import UpstreamModel

__all__ = ["Layer", "PriceVersion", "PricingPolicy", "Rate", "Unit", "UpstreamModel"]
