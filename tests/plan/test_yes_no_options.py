"""Options of columns of yes and no."""

from __future__ import annotations

import pandas as pd
import pytest

from pb2hl.plan.fields import needs


@pytest.mark.parametrize("values", [[True, False], [True, None], [True, None, False], [None, False]])
def test_yes_and_no_beside_blanks_have_the_options_that_are_sent(values):
    """Companies that only contacts name leave blanks between true and false: the options are still Yes and No, as what is sent."""
    frame = pd.DataFrame({"custom.Active": pd.Series(values, dtype=object)})
    assert needs._used(frame, "custom.Active") == {"Yes", "No"}
