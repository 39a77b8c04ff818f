"""Ids of operations: what a ledger holds under them must be found again for good."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from pb2hl.operations import Kind, Target, operation_id


@given(st.lists(st.text(), min_size=5, max_size=5), st.sampled_from(Kind), st.sampled_from(Target))
def test_an_id_is_the_hash_of_its_key_as_json(texts, kind, target):
    """However it is put together, the key is the JSON list of its parts: ledgers of earlier versions know their operations."""
    location, source, object_, source_id, part = texts
    key = json.dumps([location, source, object_, source_id, str(kind), str(target), part], ensure_ascii=False)
    wanted = hashlib.sha256(key.encode()).hexdigest()[:32]
    assert operation_id(location, source, object_, source_id, kind, target, part) == wanted
