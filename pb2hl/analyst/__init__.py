"""What an analyst has at hand in a notebook: an opened workspace, steps that show their result, tables, traces, a browser."""
