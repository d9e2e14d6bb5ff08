/**
 * What the page of a watch does: listens to `/events`, shows what is down first, says when it hears
 * nothing. Text for a browser; tested in one (tests/interop/watch_page_test.ts).
 * @module
 */

/** The script. Thousands of targets are known, and the first few hundred shown: down comes first. */
export const pageScript = String.raw`"use strict";
const order = ["down", "suspect", "unknown", "up"];
const mostRows = 300;
const staleMs = 12000;
const lostMs = 2000;
const byId = (id) => document.getElementById(id);
const list = byId("targets");
let targets = new Map();
let counts = { down: 0, suspect: 0, unknown: 0, up: 0 };
let heardMs = performance.now();
let serverAheadMs = 0;
let isLost = false;
let isWanted = false;

function connect() {
  const source = new EventSource("/events");
  const take = (event, isFirst) => {
    const data = JSON.parse(event.data);
    if (isFirst) targets = new Map();
    for (const target of data.targets) targets.set(target.name, target);
    counts = data.counts;
    serverAheadMs = Date.parse(data.time) - Date.now();
    heardMs = performance.now();
    isLost = false;
    show();
  };
  source.addEventListener("all", (event) => take(event, true));
  source.addEventListener("some", (event) => take(event, false));
  source.addEventListener("error", () => {
    isLost = true;
    showStale();
    // It tries again by itself, but not after an answer that was no stream of events.
    if (source.readyState !== EventSource.CLOSED) return;
    source.close();
    setTimeout(connect, 3000);
  });
}

function show() {
  if (isWanted) return;
  isWanted = true;
  requestAnimationFrame(() => {
    isWanted = false;
    showStale();
    showCounts();
    showRows();
  });
}

function showStale() {
  const quietMs = performance.now() - heardMs;
  const isStale = quietMs > staleMs || (isLost && quietMs > lostMs);
  document.body.classList.toggle("is-stale", isStale);
  byId("stale").hidden = !isStale;
  if (!isStale) return;
  setText(byId("stale"), "No news for " + age(quietMs) + ": what is shown is old. Trying again.");
}

function showCounts() {
  const shown = order.filter((state) => counts[state] > 0 || state === "down" || state === "up");
  const box = byId("counts");
  while (box.childElementCount > shown.length || box.firstChild?.nodeType === Node.TEXT_NODE) {
    box.removeChild(box.firstChild);
  }
  while (box.childElementCount < shown.length) box.append(document.createElement("span"));
  shown.forEach((state, at) => {
    const part = box.children[at];
    part.className = counts[state] === 0 ? "none" : state + " state";
    setText(part, counts[state] + " " + state);
  });
  const bad = order.slice(0, 2).filter((state) => counts[state] > 0);
  const title = bad.length === 0
    ? counts.up + " up"
    : bad.map((state) => counts[state] + " " + state).join(", ");
  if (document.title !== title + " - plumb watch") document.title = title + " - plumb watch";
}

function showRows() {
  const wanted = byId("filter").value.toLowerCase();
  const matches = [...targets.values()].filter((target) => wanted === "" ||
    (target.name + " " + target.address + " " + target.state + " " + target.reason)
      .toLowerCase().includes(wanted));
  const sorted = order.flatMap((state) => matches.filter((target) => target.state === state));
  const rows = new Map([...list.children].map((row) => [row.dataset.name, row]));
  sorted.slice(0, mostRows).forEach((target, at) => {
    const row = rows.get(target.name) ?? newRow(target.name);
    rows.delete(target.name);
    fill(row, target);
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
  for (const row of rows.values()) row.remove();
  const more = sorted.length - mostRows;
  setText(byId("more"), more > 0 ? "and " + more + " more" : "");
}

function newRow(name) {
  const row = document.createElement("li");
  row.dataset.name = name;
  for (const part of ["state", "name", "trip", "since", "address"]) {
    const cell = document.createElement("span");
    cell.className = part;
    row.append(cell);
  }
  const chart = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  chart.setAttribute("viewBox", "0 0 64 16");
  chart.setAttribute("preserveAspectRatio", "none");
  chart.setAttribute("aria-hidden", "true");
  const reason = document.createElement("span");
  reason.className = "reason";
  row.append(chart, reason);
  return row;
}

function fill(row, target) {
  const [state, name, trip, since, address, chart, reason] = row.children;
  row.className = target.state;
  setText(state, target.state);
  setText(name, target.name);
  setText(trip, target.roundTripMs === null ? "" : duration(target.roundTripMs));
  setText(since, age(Date.now() + serverAheadMs - Date.parse(target.since)));
  setText(address, target.address === target.name ? "" : target.address);
  setText(reason, target.reason);
  draw(chart, target.history);
}

function draw(chart, history) {
  const key = history.join();
  if (chart.dataset.key === key) return;
  chart.dataset.key = key;
  const most = Math.max(...history.filter((trip) => trip !== null), 0.001);
  const parts = [];
  let line = [];
  const endLine = () => {
    if (line.length > 0) parts.push(shape("polyline", { points: line.join(" ") }));
    line = [];
  };
  history.forEach((trip, at) => {
    const x = 64 - 2 * (history.length - at);
    if (trip !== null) return void line.push(x + "," + (15 - 13 * trip / most));
    endLine();
    parts.push(shape("rect", { class: "miss", x, y: 2, width: 1.5, height: 13 }));
  });
  endLine();
  chart.replaceChildren(...parts);
}

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function duration(ms) {
  if (ms < 999.5) return ms.toPrecision(ms < 99.5 ? 2 : 3) + " ms";
  return (ms / 1000).toFixed(2) + " s";
}

function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return seconds + " s";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min";
  if (seconds < 86400) return Math.floor(seconds / 3600) + " h";
  return Math.floor(seconds / 86400) + " d";
}

byId("filter").addEventListener("input", show);
setInterval(show, 1000);
connect();
`;
