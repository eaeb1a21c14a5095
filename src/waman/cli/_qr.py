"""A text as a QR code drawn with half blocks, for a terminal or a printed page."""

from __future__ import annotations


def qr_text(text: str) -> str:
    """Return the QR code of ``text`` (at most about 2,300 bytes), dark on light, with its quiet zone."""
    from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(QR8bitByte(text))
    code.make()
    n = code.getModuleCount()

    def dark(row: int, column: int) -> bool:
        return 0 <= row < n and 0 <= column < n and bool(code.isDark(row, column))

    # a light module is drawn full: terminals are dark, and readers want dark on light
    blocks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    rows = range(-2, n + 2, 2)
    return "\n".join("".join(blocks[dark(r, c), dark(r + 1, c)] for c in range(-2, n + 2)) for r in rows)
