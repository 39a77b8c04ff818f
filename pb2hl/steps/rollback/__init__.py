"""Taking it all back, and what that costs."""
