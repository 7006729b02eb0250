"""How the report looks: system fonts, two colours, light and dark, from phone to desk."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #faf9f6; --card: #ffffff; --ink: #1e252b; --soft: #616b74; --line: #e6e2da;
  --model: #0d6f70; --base: #8d969e; --bar: #b8531a; --shade: #f2efe9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181b; --card: #1a1f23; --ink: #e7e4de; --soft: #a0a9b1; --line: #2d343a;
    --model: #56c4bb; --base: #7f8992; --bar: #ea9257; --shade: #20262b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1, h2, h3 { font-family: ui-serif, "Iowan Old Style", Palatino, Georgia, serif;
  font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: clamp(1.7rem, 5vw, 2.5rem); margin: .2rem 0 1rem; }
h2 { font-size: 1.4rem; margin: 3.2rem 0 .6rem; }
h3 { font-size: 1.12rem; margin: 0 0 .1rem; }
p, ul { margin: .5rem 0; max-width: 42rem; }
li { margin: .25rem 0; }
.eyebrow { color: var(--soft); font-size: .8rem; letter-spacing: .09em;
  text-transform: uppercase; margin: 0; }
.lead { font-size: 1.12rem; }
.soft, .question { color: var(--soft); }
.question { margin: 0 0 .9rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr));
  gap: 1px; margin: 1.6rem 0; padding: 0; background: var(--line);
  border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
.facts div { background: var(--card); padding: .65rem .9rem; }
.facts dt { color: var(--soft); font-size: .8rem; line-height: 1.35; }
.facts dd { margin: .1rem 0 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1.2rem 1.25rem; margin: 1rem 0; }
@media (min-width: 52rem) {
  .pair { display: grid; grid-template-columns: 1.45fr 1fr; gap: 0 2.2rem; }
  .pair .head { grid-column: 1 / -1; }
  .pair .plot + .words { margin-top: 0; }
}
.words { font-size: .95rem; line-height: 1.55; }
.plot + .words { margin-top: 1.2rem; }
.words p:first-child { margin-top: 0; }

.plot { font-size: .82rem; line-height: 1.25; }
.row { display: grid; grid-template-columns: minmax(6.6rem, 11rem) 1fr 2.9rem;
  column-gap: .6rem; align-items: stretch; }
.row > * { display: flex; align-items: center; min-height: 1.7rem; }
.row .name { padding: .18rem 0; }
.row .number { justify-content: flex-end; font-variant-numeric: tabular-nums; }
.row.model .name { font-weight: 600; }
.row.baseline .name, .row.baseline .number { color: var(--soft); }
.gap > * { min-height: .6rem; }
.track { position: relative; }
.track svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.axis .name { color: var(--soft); }
.axis .track { min-height: 1.3rem; }
svg text { fill: var(--soft); font-size: .72rem; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); }
.half { stroke: var(--soft); stroke-dasharray: 2 3; }
.best { stroke: var(--bar); stroke-width: 1.5; }
.model .span { stroke: var(--model); } .baseline .span { stroke: var(--base); }
.span { stroke-width: 3; stroke-linecap: round; opacity: .45; }
.model .dot { fill: var(--model); } .baseline .dot { fill: var(--base); }
.ring { fill: var(--card); stroke: var(--model); stroke-width: 1.5; }
.key { color: var(--soft); font-size: .78rem; margin: .7rem 0 0; display: flex;
  flex-wrap: wrap; gap: .15rem 1.1rem; }
.key span { white-space: nowrap; }
.key svg { width: 1.1rem; height: .8rem; vertical-align: -.08rem; margin-right: .3rem; }

.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.3; }
th, td { text-align: right; padding: .42rem .45rem; vertical-align: baseline;
  border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th:first-child { text-align: left; font-weight: 400; padding-left: 0; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: .8rem;
  vertical-align: bottom; }
td small { display: block; color: var(--soft); font-size: .72rem; font-weight: 400;
  white-space: nowrap; }
tr.model th { font-weight: 600; }
tr.swapped th { padding-left: .9rem; }
tr.swapped th, tr.swapped td, tr.baseline th { color: var(--soft); }
tr.swapped th, tr.swapped td { border-top: 0; padding-top: 0; }
tr.group th { color: var(--soft); font-size: .75rem; letter-spacing: .06em;
  text-transform: uppercase; padding-top: 1rem; border-top: 0; }
td.ahead { color: var(--model); font-weight: 650; }
td.bar { color: var(--bar); font-weight: 600; }
details { margin: .4rem 0; }
summary { cursor: pointer; color: var(--model); }
pre { background: var(--shade); border-radius: .5rem; padding: .8rem 1rem;
  overflow-x: auto; font: .85rem/1.5 ui-monospace, Menlo, Consolas, monospace; }
dl.small { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem;
  font-size: .88rem; }
dl.small dt { color: var(--soft); }
dl.small dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  main { padding: 1.6rem 1rem 3rem; }
  .card { padding: 1rem .9rem; }
  .row { grid-template-columns: 6.6rem 1fr 2.7rem; }
  table { font-size: .84rem; }
  th, td { padding: .4rem .2rem; }
  td small { font-size: .64rem; }
  thead th { font-size: .72rem; }
}
@media print { .card { break-inside: avoid; } details > * { display: block; } }
"""
