"""The looks of a report: one sheet for desktop, phone and paper."""

STYLE = """
:root { --ink:#22252b; --soft:#6a6f78; --line:#dcd8cf; --paper:#fbfaf6; --card:#ffffff;
  --made:#c2571a; --made-soft:#eec9ab; --real:#2c5f8a; --real-soft:#b9cfe2; --good:#2f7d4f;
  --off:#a8501c; color-scheme:light }
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink); line-height:1.5;
  font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif }
main { max-width:1080px; margin:0 auto; padding:32px 20px 64px }
h1,h2 { font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,serif;
  font-weight:600; line-height:1.2; text-wrap:balance }
h1 { font-size:2.1rem; margin:0 0 4px }
h2 { font-size:1.4rem; margin:44px 0 4px; padding-top:14px; border-top:1px solid var(--line) }
h3 { font-size:1rem; margin:22px 0 6px }
p { margin:4px 0 12px; max-width:70ch }
.lead, .how { color:var(--soft) }
.how { font-size:.9rem }
small, .small { font-size:.78rem; color:var(--soft) }
.legend { font-size:.85rem; color:var(--soft) }
.legend span { white-space:nowrap; margin-right:14px }
.key { display:inline-block; width:12px; height:12px; border-radius:3px; margin-right:5px;
  vertical-align:-1px }
.key.made, .bar.made, .column.made, .made .dot, rect.made { background:var(--made);
  fill:var(--made) }
.key.real, .bar.real, .column.real, .real .dot, rect.real { background:var(--real);
  fill:var(--real) }
.made .span { background:var(--made-soft) } .real .span { background:var(--real-soft) }
.warn { background:#fdf1df; border:1px solid #ecc98f; border-radius:8px; padding:10px 14px;
  margin:16px 0; font-size:.92rem }
.warn p { margin:2px 0; max-width:none }
.cards { display:grid; grid-template-columns:repeat(auto-fit,minmax(200px,1fr)); gap:14px;
  margin:22px 0 8px }
.card { background:var(--card); border:1px solid var(--line); border-radius:10px;
  padding:14px 16px }
.card .name { font-size:.85rem; color:var(--soft) }
.card .figure { font-size:1.9rem; font-weight:650; line-height:1.25;
  font-variant-numeric:tabular-nums }
.card .beside { font-size:.85rem; color:var(--soft) }
.row { display:grid; grid-template-columns:minmax(170px,1.2fr) minmax(180px,2fr) 176px 80px;
  gap:4px 18px; align-items:center; padding:9px 0; border-bottom:1px solid var(--line) }
.row.three { grid-template-columns:minmax(170px,1.2fr) minmax(180px,2.4fr) 190px }
.row:last-child { border-bottom:0 }
.row .name small { display:block }
.row .figures { font-size:.86rem; font-variant-numeric:tabular-nums; line-height:1.35 }
.row .figures .made { color:var(--made) } .row .figures .real { color:var(--real) }
.verdict { font-size:.82rem; font-weight:600; color:var(--soft) }
.verdict.good { color:var(--good) } .verdict.off { color:var(--off) }
.strip { background:var(--card); border:1px solid var(--line); border-radius:6px; padding:3px 0 }
.lane { position:relative; height:15px }
.lane .span { position:absolute; top:4px; height:7px; border-radius:4px }
.lane .dot { position:absolute; top:2px; width:11px; height:11px; margin-left:-5.5px;
  border-radius:50%; border:1.5px solid var(--card) }
.auc { margin:14px 0 26px; max-width:760px }
.auc .track { position:relative; background:var(--card); border:1px solid var(--line);
  border-radius:6px; height:34px; padding-top:9px }
.auc .band { position:absolute; top:0; bottom:0; background:var(--real-soft); opacity:.75 }
.ticks { position:relative; height:18px; font-size:.78rem; color:var(--soft) }
.ticks span { position:absolute; transform:translateX(-50%) }
.ticks span:first-child { transform:none } .ticks span:last-child { transform:translateX(-100%) }
.bars { position:relative; padding:2px 0 }
.bars.full { background:#efece4; border-radius:4px; padding:0 }
.bar { display:block; height:9px; border-radius:2px 4px 4px 2px; margin:2px 0; min-width:2px }
.bars.full .bar { height:13px; margin:0 }
.bars .mark { position:absolute; top:-3px; bottom:-3px; width:3px; margin-left:-1.5px;
  background:var(--real); border-radius:2px }
.two { display:grid; grid-template-columns:1fr 1fr; gap:8px 36px }
.histogram { display:flex; align-items:flex-end; height:170px; padding-bottom:2px }
.histogram > div { flex:1 1 0; min-width:0; height:100%; display:flex; flex-direction:column;
  text-align:center }
.histogram .pair { flex:1; display:flex; align-items:flex-end; justify-content:center; gap:1px;
  border-bottom:1px solid var(--line) }
.column { display:block; width:38%; max-width:18px; border-radius:3px 3px 0 0 }
.solos { position:relative; height:170px; margin:14px 0 12px 30px;
  border-bottom:1px solid var(--line) }
.solos span { position:absolute; left:-30px; right:0; font-size:.72rem; color:var(--soft);
  border-bottom:1px solid #ece8df; line-height:1.1 }
.solos i { position:absolute; width:9px; height:9px; margin:0 0 -4.5px -4.5px; border-radius:50%;
  background:var(--real); border:1px solid var(--card) }
.solos b { position:absolute; left:0; right:0; border-top:2px dashed var(--made) }
table { border-collapse:collapse; font-size:.9rem; width:100%; font-variant-numeric:tabular-nums }
th { text-align:left; font-weight:600; color:var(--soft); font-size:.82rem }
th,td { padding:6px 14px 6px 0; border-bottom:1px solid var(--line); vertical-align:top }
td.n, th.n { text-align:right }
.scroll { overflow-x:auto }
.systems { display:grid; grid-template-columns:repeat(4,1fr); gap:10px 0; margin:2px 0 8px }
.system { position:relative; min-width:0; padding-bottom:14px; break-inside:avoid }
.system svg { display:block; width:100% }
.chords { position:relative; height:17px; font-size:.72rem; font-weight:600; overflow:hidden }
.chords span { position:absolute; padding-left:3px; white-space:nowrap }
.bar-number { position:absolute; left:2px; bottom:-3px; font-size:.68rem }
.roll { height:112px; background:var(--card) } .curve { height:40px; background:#f3f0e8 }
.roll line { vector-effect:non-scaling-stroke; stroke:#e7e3d9; stroke-width:1 }
.roll .bar-line { stroke:#b9b4a8 }
footer { margin-top:48px; padding-top:12px; border-top:1px solid var(--line); font-size:.82rem;
  color:var(--soft) }
@media (max-width:900px) { .systems { grid-template-columns:repeat(2,1fr) } }
@media (max-width:680px) {
  main { padding:20px 14px 40px } h1 { font-size:1.6rem } h2 { font-size:1.22rem }
  .row, .row.three { grid-template-columns:1fr auto; gap:4px 12px }
  .row > :nth-child(2) { grid-column:1 / -1; order:3 }
  .row .name { grid-column:1 } .row .verdict { grid-column:1; order:4 }
  .row .figures { text-align:right }
  .two { grid-template-columns:1fr } .systems { grid-template-columns:1fr }
  .cards { grid-template-columns:1fr 1fr; gap:10px } .card .figure { font-size:1.5rem }
  .histogram { height:130px } .histogram small { font-size:.62rem }
}
@media print {
  * { print-color-adjust:exact; -webkit-print-color-adjust:exact }
  body { background:#fff; font-size:10pt } main { max-width:none; padding:0 }
  h2 { margin-top:26px } .cards { grid-template-columns:repeat(4,1fr) }
  h2, h3 { break-after:avoid } .row, .card, .solos, .histogram, .auc, tr { break-inside:avoid }
  .systems { grid-template-columns:repeat(2,1fr) } .roll { height:70px } .curve { height:26px }
}
"""
