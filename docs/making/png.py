"""Pictures of pages in at most 256 colours: a third of the bytes, and the same to the eye."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

PIXELS = """async source => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), drawing = canvas.getContext("2d");
  drawing.drawImage(image, 0, 0);
  const bytes = drawing.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [image.width, image.height, btoa(text)];
}"""
"""Width, height and the RGBA bytes of a picture, as the browser decodes it."""

COLOURS_MAX = 256


def reduced(page: Page, picture: bytes) -> bytes:
    """The PNG `picture` with a palette; `page` is any page of a browser, which decodes it."""
    width, height, text = page.evaluate(PIXELS, f"data:image/png;base64,{base64.b64encode(picture).decode()}")
    rgba = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height * width, 4)
    palette, places = _palette(rgba[:, :3])
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = places.reshape(height, width)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _palette(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The colours that most pixels have, and the place of each pixel's own, or of the one nearest to it, among them."""
    colours, first_places, counts = np.unique(rgb, axis=0, return_inverse=True, return_counts=True)
    palette = colours[np.argsort(-counts, kind="stable")[:COLOURS_MAX]]
    away = np.abs(colours[:, None].astype(np.int32) - palette[None].astype(np.int32)).sum(axis=2)
    return palette, away.argmin(axis=1).astype(np.uint8)[first_places.reshape(-1)]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
