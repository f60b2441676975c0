"""What a new catalogue begins with: quality tiers, the pricing policy and three models."""

from videoai.exchange.seed.planting import SeedReport, rehearse_seed, seed

__all__ = ["SeedReport", "rehearse_seed", "seed"]
