"""How the page looks, what it may load (nothing), and plotly's buttons in French."""

from __future__ import annotations

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
STYLE = """
body { font: 15px/1.5 Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif; color: #17202a;
  max-width: 980px; margin: 0 auto; padding: 24px 20px 40px; background: #fff; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; }
h2 { font-size: 17px; margin: 28px 0 8px; }
section + section { border-top: 1px solid #c9d0d8; margin-top: 40px; padding-top: 28px; }
.quiet { color: #55606c; margin: 4px 0; }
.headline { font-size: 18px; border-left: 4px solid #08489c; padding: 6px 14px; background: #f4f7fb; }
.caution { border-left: 4px solid #b88400; background: #fff4d6; padding: 10px 16px; color: #4a3200; }
.caution h2 { margin: 0 0 4px; } .caution ul { margin: 0; padding-left: 20px; }
.fine { color: #1f6b43; }
.quality { margin-top: 24px; } .method { color: #3c4753; font-size: 13.5px; margin-top: 28px; }
.scroll { overflow-x: auto; } .paper { display: none; } svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: 6px 8px; text-align: right; border-bottom: 1px solid #e3e7ec; white-space: nowrap; }
thead th { color: #55606c; font-weight: 600; white-space: normal; vertical-align: bottom; min-width: 44px; }
th:first-child { text-align: left; }
th i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 8px; }
thead th i { display: none; } tfoot th { white-space: normal; max-width: 150px; font-weight: 400; }
dl { font-size: 13px; display: grid; grid-template-columns: max-content 1fr;
  gap: 2px 12px; margin: 10px 0 0; }
dt { font-weight: 600; } dd { margin: 0; }
footer { margin-top: 32px; font-size: 13px; }
@media print { .screen, header, nav, footer { display: none; } .paper { display: block; } body { padding: 0; }
  section + section { break-before: page; border: 0; } }
"""
FRENCH_BUTTONS = {
    "Download plot as a PNG": "Télécharger l'image",
    "Download plot": "Télécharger l'image",
    "Zoom": "Agrandir une zone",
    "Pan": "Déplacer",
    "Zoom in": "Agrandir",
    "Zoom out": "Réduire",
    "Reset axes": "Rétablir les axes",
}
