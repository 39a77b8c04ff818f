"""Bodies of notes, tasks and appointments: plain text, HTML, Markdown or RTF made into clean HTML and text.

>>> convert("Call **Jane** back\\n[offer](https://example.com)").kind
'markdown'

What could run or phone home (scripts, handlers, frames, forms, macros) is taken out and listed in `removed`; inline images
are taken out as `images` and put back by `Content.render` once they have an address.
"""

from pb2hl.content.convert import convert
from pb2hl.content.types import Content, InlineImage

__all__ = ["Content", "InlineImage", "convert"]
