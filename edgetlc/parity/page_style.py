"""How the verification page looks, beyond what every page of edgetlc does."""

STYLE = """\
.PASS { color: var(--genuine) }
.FAIL { color: var(--counterfeit) }
.INSUFFICIENT { color: var(--not-sure) }
.overall { display: flex; gap: 5mm; align-items: center; border: 1mm solid; padding: 2mm 5mm;
  margin-bottom: 3mm }
.overall.FAIL { border-style: double; border-width: 2mm }
.overall.INSUFFICIENT { border-style: dashed }
.overall .sign { width: 18mm; height: 18mm; flex: none }
.large { font-size: 20pt; line-height: 1.15; font-weight: 700; margin: 0 }
.simulated { border: 0.6mm solid; padding: 1mm 3mm; font-weight: 700 }
.stated { font-size: 13pt; font-weight: 700 }
.small, .small table { font-size: 8.5pt }
.wide { overflow-x: auto; overflow-wrap: normal }
.mark .sign { width: 1.3em; height: 1.3em; vertical-align: -0.25em }
.matrix { font-size: 8.5pt; line-height: 1.15 }
.matrix table { width: auto }
.matrix td { white-space: nowrap }
.matrix th, .matrix td { padding: 1mm 3mm 1mm 0 }
.matrix td:first-child { position: sticky; left: 0; background: var(--sheet) }
.matrix th:nth-child(n+3), .matrix td:nth-child(n+3) { text-align: center }
.matrix .mark .sign { width: 1.7em; height: 1.7em }
.forest { font-size: 8.5pt; line-height: 1.2; table-layout: fixed }
.forest td, .forest th { vertical-align: middle; padding-right: 1mm }
.forest thead th { vertical-align: bottom }
.forest .camera { width: 22% }
.forest .plot { width: 36%; padding: 0 1mm }
.forest tfoot td { border: 0 }
.intervals { display: block; width: 100%; height: 26px }
.intervals line { stroke-width: 1.2 }
.intervals .bound { stroke-width: 2.6 }
.intervals .zero { color: var(--line) }
.intervals .margin { color: var(--ink); stroke-dasharray: 4 3 }
.axis { position: relative; height: 1.3em; font-size: 7.5pt; color: var(--pale) }
.axis > span { position: absolute; transform: translateX(-50%); white-space: nowrap }
.axis > .right { transform: none }
.axis > .left { transform: translateX(-100%) }
.whole { white-space: nowrap }
.calibration { display: flex; gap: 5mm; align-items: center; flex-wrap: wrap }
.calibration p { flex: 1 1 60mm }
.reliability { width: 240px; flex: none; fill: none; stroke: currentColor }
.reliability .frame { stroke: var(--line) }
.reliability .ideal { stroke: var(--line); stroke-dasharray: 4 3 }
.reliability .reference { color: var(--pale); stroke: currentColor }
.reliability .candidate { color: var(--answer); stroke: currentColor }
.reliability .candidate rect { fill: currentColor }
.reliability text { font-size: 10px; fill: var(--pale); stroke: none }
.flip { border-top: 2px solid var(--ink); padding-top: 2mm; margin-top: 4mm }
.flip p { margin: 1mm 0 }
.pictures { display: flex; gap: 3mm }
figure { margin: 0; flex: 1 1 0; min-width: 0 }
figure img { max-height: 62mm }
figcaption { font-size: 8.5pt; color: var(--pale) }
.missing { border: 1px dashed var(--line); padding: 3mm; color: var(--pale) }
code { font-size: 7.5pt }
.small code { font-size: 6.5pt }
@media screen and (max-width: 600px) {
  .wide table { font-size: 8.5pt }
  .matrix th, .matrix td { padding-right: 1.5mm }
  .matrix .more { display: block }
  .matrix td:first-child { white-space: normal }
  .pictures { flex-wrap: wrap }
  .pictures figure:first-child { flex-basis: 100% }
  .forest, .forest tbody, .forest tfoot, .forest thead { display: block }
  .forest thead .camera, .forest thead .count, .forest tfoot td:first-child { display: none }
  .forest thead .plot, .forest tfoot .plot { display: block; width: 100% }
  .forest tr { display: flex; flex-wrap: wrap; align-items: center; gap: 0 3mm }
  .forest tbody tr { border-bottom: 1px solid var(--line) }
  .forest tbody th, .forest tbody td { border: 0; padding: 0.5mm 0 }
  .forest tbody .camera { flex-basis: 100% }
  .forest tbody .plot { order: 1; flex-basis: 100%; width: 100% }
  .forest .count::before { content: attr(data-key) " "; color: var(--pale) }
}
@media print {
  .overall .sign { width: 14mm; height: 14mm }
  .matrix th, .matrix td { padding: 0.4mm 3mm 0.4mm 0 }
  .intervals { height: 20px }
  figure img { max-height: 45mm }
}
"""
