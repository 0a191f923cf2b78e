"""Text of strangers made safe to show: characters that steer a terminal or turn the direction of writing become visible.

File names, labels, replies of models and messages of decoders are data. An escape sequence among them could repaint a
terminal or set its title, and a right-to-left override can make a line read as another one. Tables keep the data as they are.
"""

_STEERING = [*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
_VISIBLE = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _STEERING if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """The text with steering characters as escapes such as `\\x1b`; line breaks and tabs stay."""
    return text.translate(_VISIBLE)
