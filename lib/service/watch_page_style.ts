/**
 * The look of the page of a watch: one column on a phone, one line for each target where there is
 * room; light or dark as the machine is.
 * @module
 */

/** The style sheet. States are told by word and by colour, never by colour alone. */
export const pageStyle = `
:root {
  --back: #fff; --text: #1a1a1a; --quiet: #666; --line: #ddd;
  --down: #c62828; --suspect: #b26a00; --unknown: #666; --up: #2e7d32;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #141414; --text: #eee; --quiet: #999; --line: #333;
    --down: #ff6b6b; --suspect: #ffb74d; --unknown: #999; --up: #81c784;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 75rem; padding: 0 .75rem 2rem; background: var(--back);
  color: var(--text); font: 1rem/1.4 system-ui, sans-serif;
}
header { position: sticky; top: 0; background: var(--back); padding: .5rem 0; }
h1 { font-size: .9rem; font-weight: 400; color: var(--quiet); margin: 0; }
#counts { font-size: 1.5rem; font-weight: 600; margin: .1rem 0 .4rem; }
#counts span { margin-right: .8rem; white-space: nowrap; }
#counts .none { color: var(--quiet); font-weight: 400; }
#filter {
  width: 100%; padding: .4rem .6rem; font: inherit; color: inherit; background: none;
  border: 1px solid var(--line); border-radius: .4rem;
}
#stale { margin: .5rem 0 0; padding: .4rem .6rem; background: var(--down); color: var(--back); }
.is-stale #targets, .is-stale #counts { opacity: .45; }
ul { list-style: none; margin: 0; padding: 0; }
li {
  display: grid; grid-template-columns: 5rem 1fr auto; gap: 0 .75rem; padding: .5rem 0 .5rem .6rem;
  border-bottom: 1px solid var(--line); border-left: .3rem solid var(--mark);
}
.down { --mark: var(--down); } .suspect { --mark: var(--suspect); }
.unknown { --mark: var(--unknown); } .up { --mark: var(--up); }
.state { color: var(--mark); font-weight: 600; }
.name { overflow-wrap: anywhere; }
.trip { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.since, .address, .reason { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
.address:empty, .reason:empty { display: none; }
.since { grid-column: 1; }
.address { grid-column: 2; } .reason { grid-column: 2 / -1; }
svg { grid-column: 3; width: 6rem; height: 1.2rem; justify-self: end; }
polyline { fill: none; stroke: var(--up); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.miss { fill: var(--down); }
#more { color: var(--quiet); }
@media (min-width: 48rem) {
  li { grid-template-columns: 5rem 5rem minmax(0, 2fr) minmax(0, 2fr) 6rem 5.5rem; }
  li > * { grid-row: 1; align-self: baseline; }
  .state { grid-column: 1; } .since { grid-column: 2; } .name { grid-column: 3; }
  .address { grid-column: 4; } svg { grid-column: 5; align-self: center; }
  .trip { grid-column: 6; }
  .reason { grid-row: 2; grid-column: 3 / -1; }
}
`;
