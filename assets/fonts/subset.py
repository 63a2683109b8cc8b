"""Makes the two faces of the window from Inter's variable font: regular and semibold, figures of one width, Latin, Cyrillic and Greek only."""
import sys
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from fontTools import subset
src, out = sys.argv[1:3]
for name, weight in (("Regular", 400), ("SemiBold", 600)):
    font = instantiateVariableFont(TTFont(src), {"opsz": 14, "wght": weight}, inplace=False)
    glyphs = set(font.getGlyphOrder())
    for table in font["cmap"].tables:
        if not table.isUnicode(): continue
        for code, glyph in list(table.cmap.items()):
            if chr(code) in "0123456789" and glyph + ".tf" in glyphs:
                table.cmap[code] = glyph + ".tf"
    options = subset.Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = ["*"]
    ranges = [(0x20,0x7e),(0xa0,0x24f),(0x250,0x2af),(0x2b0,0x36f),(0x370,0x3ff),(0x400,0x52f),(0x1e00,0x1eff),(0x1f00,0x1fff),(0x2000,0x206f),(0x2070,0x209c),(0x20a0,0x20bf),(0x2100,0x214f),(0x2190,0x2199),(0x21b5,0x21b5),(0x2212,0x2212),(0x2248,0x2248),(0x2260,0x2265),(0x2318,0x2318),(0x2325,0x2325),(0x21e7,0x21e7),(0x23ce,0x23ce),(0xfffd,0xfffd)]
    codes = [c for a, b in ranges for c in range(a, b + 1)]
    s = subset.Subsetter(options)
    s.populate(unicodes=codes)
    s.subset(font)
    font.save(f"{out}/Inter-{name}.ttf")
