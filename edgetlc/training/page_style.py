"""How a run's page looks, beyond what every page of edgetlc does."""

STYLE = """\
.simulated { border: 0.6mm solid; padding: 1mm 3mm; font-weight: 700 }
.stated { font-size: 13pt; font-weight: 700 }
.finding { border-left: 1mm solid var(--line); padding-left: 3mm }
.finding.attention { border-left: 1.6mm double var(--not-sure) }
.wide { overflow-x: auto; overflow-wrap: normal }
.wide td, .wide th { white-space: nowrap }
.wide td:first-child { white-space: normal; min-width: 9em }
.wide td:not(:first-child), .wide thead th:not(:first-child) { text-align: right }
.small { font-size: 8.5pt }
.charts { display: flex; flex-wrap: wrap; gap: 4mm }
.charts figure { width: 320px; max-width: 100% }
figure { margin: 0; break-inside: avoid }
figcaption { font-size: 8.5pt; color: var(--pale) }
svg text { font: 11px system-ui, "Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
  fill: var(--pale) }
.curves { display: block; max-width: 100%; height: auto; fill: none }
.curves .grid { stroke: var(--line); stroke-opacity: 0.35 }
.curves .kept { stroke: var(--ink); stroke-dasharray: 1 3; stroke-width: 1.5 }
.curves polyline { stroke-width: 1.8 }
.curves .train { stroke: var(--not-sure) }
.curves .train polyline { stroke-dasharray: 6 3 }
.curves .val { stroke: var(--answer) }
.curves .val circle { fill: var(--answer) }
.curves .train circle { fill: var(--sheet) }
.confusion { display: block }
.confusion rect { stroke: var(--line); stroke-opacity: 0.5 }
.confusion .right { fill: var(--genuine) }
.confusion .wrong { fill: var(--counterfeit) }
.confusion .count { fill: var(--ink); font-weight: 600 }
code { font-size: 7.5pt }
@media print { .confusion rect { print-color-adjust: exact } }
"""
