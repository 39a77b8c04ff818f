"""Which column goes where: proposals with reasons, the sheets in which people decide, and what the plan takes of it."""

from pb2hl.mapper.objects import mixed_types, recognise
from pb2hl.mapper.product import Product, product
from pb2hl.mapper.propose import propose, propose_fields

__all__ = ["Product", "mixed_types", "product", "propose", "propose_fields", "recognise"]
