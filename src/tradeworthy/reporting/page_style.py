"""How the tear sheet looks: its style sheet."""

STYLE = """
:root { --ink: #1d2733; --soft: #65717e; --rule: #e3e7eb; --line: #1f6f9f; --up: #1b7f5c; --down: #b4452f; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 980px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { margin: 0; font-size: 28px; }
h2 { margin: 0 0 10px; font-size: 16px; }
header p { margin: 2px 0 18px; color: var(--soft); }
section { background: #fff; border: 1px solid var(--rule); border-radius: 8px; padding: 16px 18px; margin: 0 0 14px; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px; margin: 0 0 14px; }
.tiles div { background: #fff; border: 1px solid var(--rule); border-radius: 8px; padding: 10px 14px; }
.tiles dt, .tiles small { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; font-variant-numeric: tabular-nums; }
.notes { border-left: 4px solid #c98a14; }
.notes ul { margin: 0; padding-left: 18px; }
.nothing { font-size: 18px; margin: 0 0 14px; }
.note { margin: 6px 0 0; color: var(--soft); font-size: 13px; }
.chart { display: block; width: 100%; height: auto; }
.chart text { font-size: 11px; fill: var(--soft); }
.chart .level { text-anchor: end; }
.chart .time { text-anchor: middle; }
.chart .grid { stroke: var(--rule); }
.chart .base { stroke: #9aa5b1; }
.chart .up { fill: var(--line); }
.chart .down { fill: var(--down); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; }
th, td { padding: 4px 8px; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.said td { text-align: left; white-space: normal; vertical-align: top; }
.said td:first-child { width: 24%; color: var(--soft); }
.verdicts th:nth-child(2), .verdicts td:nth-child(2) { text-align: left; }
.months { font-size: 12.5px; }
.months th, .months td { padding: 4px 5px; }
.share { width: 90px; height: 8px; }
.share .rest { fill: var(--rule); }
.share .part { fill: var(--line); }
span.up { color: var(--up); }
span.down, b.down { color: var(--down); }
b.up { color: var(--line); }
@media (max-width: 700px) { .tiles { grid-template-columns: repeat(2, 1fr); } }
@media print { body { background: #fff; } section, .tiles div { break-inside: avoid; } }
"""
