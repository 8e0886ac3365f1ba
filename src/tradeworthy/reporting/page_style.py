"""How pages look, on light and dark screens, on a phone and on paper: their style sheet."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --ink: #1d2733; --soft: #5d6976; --rule: #e3e7eb; --base: #9aa5b1;
  --line: #1f6f9f; --other: #a8560a; --third: #6c4ab6; --up: #1b7f5c; --down: #b4452f; --warn: #c98a14;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12171d; --card: #1a2129; --ink: #e4e9ee; --soft: #9aa7b4; --rule: #2c3640; --base: #5d6b78;
    --line: #5fb3e6; --other: #eba45c; --third: #b9a2f2; --up: #4cc79a; --down: #f0836c; --warn: #e0aa3e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 980px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { margin: 0; font-size: 28px; }
h2 { margin: 0 0 10px; font-size: 16px; }
header p { margin: 2px 0 18px; color: var(--soft); }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 16px 18px; }
section { margin: 0 0 14px; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px; margin: 0 0 14px; }
.tiles div { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 10px 14px; }
.tiles dt, .tiles small { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; font-variant-numeric: tabular-nums; }
.notes { border-left: 4px solid var(--warn); }
.notes ul { margin: 0; padding-left: 18px; }
.nothing { font-size: 18px; margin: 0 0 14px; }
.note { margin: 6px 0 0; color: var(--soft); font-size: 13px; }
.chart { display: block; width: 100%; height: auto; }
.chart text { font-size: 11px; fill: var(--soft); }
.chart .level { text-anchor: end; }
.chart .time { text-anchor: middle; }
.chart .grid { stroke: var(--rule); }
.chart .base { stroke: var(--base); }
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
.key { width: 28px; height: 8px; margin-right: 6px; vertical-align: middle; }
.keys { margin: 6px 0 10px; color: var(--soft); font-size: 13px; }
.keys span { margin-right: 18px; white-space: nowrap; }
.words td { white-space: normal; }
.words td:first-child { min-width: 110px; }
.beside td:first-child { white-space: normal; min-width: 90px; }
.halt { color: var(--down); font-weight: 600; }
.identity td:last-child { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.identity td:first-child { color: var(--soft); width: 24%; }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
@media (max-width: 700px) {
  main { padding: 16px 12px 40px; }
  section { padding: 12px; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .tiles dd { font-size: 19px; }
  .chart { overflow: visible; }
  .chart text { font-size: 19px; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #ccc; --base: #888;
    --line: #1f6f9f; --other: #a8560a; --third: #6c4ab6; --up: #1b7f5c; --down: #b4452f; --warn: #c98a14;
  }
  body { font-size: 12px; }
  main { max-width: none; padding: 0; }
  section, .tiles div { break-inside: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 11px; }
}
"""
