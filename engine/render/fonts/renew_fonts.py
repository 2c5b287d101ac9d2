#!/usr/bin/env python3
"""Writes the font files of this folder anew from the packages that README.md names.

    mkdir /tmp/fonts && cd /tmp/fonts
    npm pack @expo-google-fonts/noto-sans@0.4.2 @expo-google-fonts/noto-sans-sc@0.4.3 \
        @expo-google-fonts/noto-sans-arabic@0.4.3 @expo-google-fonts/noto-sans-hebrew@0.4.1 @expo-google-fonts/noto-emoji@0.4.7
    for file in *.tgz; do mkdir "${file%-*}"; tar xzf "$file" -C "${file%-*}"; done
    pip install --target /tmp/fonttools fonttools
    PYTHONPATH=/tmp/fonttools ./renew_fonts.py /tmp/fonts

The same packages and the same fonttools give the same files.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

SOURCE = Path(sys.argv[1])
TARGET = Path(__file__).parent


def decoded(codec, first, second):
    """All characters that a two-byte character set has in these rows."""
    found = set()
    for high in first:
        for low in second:
            try:
                found |= {ord(c) for c in bytes([high, low]).decode(codec)}
            except UnicodeDecodeError:
                pass
    return found


# Every character of mainland China's basic set, of Taiwan's and Hong Kong's everyday set, of Japan's first level, and the
# signs beside them. Rare characters would double the size; they are shown as an empty box.
GB2312 = decoded("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF))
BIG5 = decoded("big5", range(0xA1, 0xC7), range(0x40, 0xFF))
JIS1 = decoded("euc_jp", range(0xA1, 0xD0), range(0xA1, 0xFF))
SIGNS = {*range(0x2000, 0x2070), *range(0x3000, 0x3100), *range(0xFF00, 0xFFF0)}
LATIN = {*range(0x20, 0x530), *range(0x1E00, 0x2000), *range(0x2000, 0x2C80), 0xFFFD}

PARTS = [
    ("noto-sans", "400Regular/NotoSans_400Regular.ttf", "NotoSans-Regular.ttf", LATIN),
    ("noto-sans", "600SemiBold/NotoSans_600SemiBold.ttf", "NotoSans-SemiBold.ttf", LATIN),
    ("noto-sans", "400Regular_Italic/NotoSans_400Regular_Italic.ttf", "NotoSans-Italic.ttf", LATIN),
    ("noto-sans-sc", "400Regular/NotoSansSC_400Regular.ttf", "NotoSansSC-Regular.ttf", GB2312 | BIG5 | JIS1 | SIGNS),
    ("noto-sans-sc", "600SemiBold/NotoSansSC_600SemiBold.ttf", "NotoSansSC-SemiBold.ttf", GB2312 | SIGNS),
    ("noto-sans-arabic", "400Regular/NotoSansArabic_400Regular.ttf", "NotoSansArabic-Regular.ttf", None),
    ("noto-sans-hebrew", "400Regular/NotoSansHebrew_400Regular.ttf", "NotoSansHebrew-Regular.ttf", None),
    ("noto-emoji", "400Regular/NotoEmoji_400Regular.ttf", "NotoEmoji-Regular.ttf", None),
]

for package, path, name, wanted in PARTS:
    font = TTFont(SOURCE / f"expo-google-fonts-{package}" / "package" / path)
    present = set(font.getBestCmap())
    options = subset.Options()
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "liga", "rlig", "calt", "init", "medi", "fina", "isol"]
    # Times of files and fonts must not change what is written.
    font.recalcTimestamp = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=present if wanted is None else present & wanted)
    subsetter.subset(font)
    font.save(TARGET / name)
    print(f"{name}: {len(font.getBestCmap())} characters, {(TARGET / name).stat().st_size // 1024} KiB")
