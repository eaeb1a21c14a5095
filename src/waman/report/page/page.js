"use strict";
// The page of Waman. State: `doc` (read only), `view` (language, filters, time, picked flight), `map`.
// No text of the data ever becomes markup: everything is set as text.
(async () => {
const $ = id => document.getElementById(id);
const view = {language: document.documentElement.lang, picked: -1, time: 0, whole: true, playing: false, sort: 2, down: false};
const still = matchMedia("(prefers-reduced-motion: reduce)");
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const VERDICTS = ["explained", "insufficient", "not_yet_explained", "unexplained"];
const SPEEDS_MIN = [1, 5, 15, 60];
const TRAIL_S = 1200;

async function unpack(id) {
  const raw = Uint8Array.from(atob($(id).textContent), c => c.charCodeAt(0));
  return new Response(new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip")));
}
async function moduleUrl(id) {
  return URL.createObjectURL(new Blob([await (await unpack(id)).arrayBuffer()], {type: "text/javascript"}));
}
const doc = await (await unpack("w-data")).json();
const flights = doc.flights;
const seconds = text => Date.parse(text) / 1000;
for (const f of flights) { f.s = seconds(f.start); f.e = seconds(f.end); f.gaps = new Set(f.path.gap_after); }
const begin = doc.period ? seconds(doc.period.start) : 0, finish = doc.period ? seconds(doc.period.end) : 1;
view.time = begin;
const oneDay = new Set([begin, finish].map(s => new Intl.DateTimeFormat("sv-SE", {timeZone: doc.timezone}).format(new Date(s * 1000)))).size === 1;

// ---- words
function t(key, values = {}) {
  const table = doc.strings[view.language];
  const text = table[values.n === 1 && key + "_one" in table ? key + "_one" : key];
  return text.replace(/\{(\w+)\}/g, (whole, name) => name in values ? values[name] : whole);
}
const number = (value, digits = 0) => new Intl.NumberFormat(view.language, {maximumFractionDigits: digits}).format(value);
const percent = value => new Intl.NumberFormat(view.language, {style: "percent"}).format(value);
const clockFormat = zone => new Intl.DateTimeFormat("sv-SE", {timeZone: zone, dateStyle: "short", timeStyle: "medium"});
const zoned = clockFormat(doc.timezone), utc = clockFormat("UTC");
const localTime = s => zoned.format(new Date(s * 1000));
const bothTimes = s => doc.timezone === "UTC" ? localTime(s) + " UTC" : `${localTime(s)} (${utc.format(new Date(s * 1000)).slice(11)} UTC)`;
function el(tag, text = "", more = {}) {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  return node;
}
function mark(kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [k, v] of [["class", "mark " + kind], ["aria-hidden", "true"], ["viewBox", "0 0 34 12"]]) svg.setAttribute(k, v);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#g-" + kind);
  svg.append(use);
  return svg;
}
function translate() {
  document.documentElement.lang = view.language;
  document.title = t("page_title", {title: doc.title});
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t, JSON.parse(node.dataset.a || "{}"));
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-t-placeholder]")) node.placeholder = t(node.dataset.tPlaceholder);
  for (const node of document.querySelectorAll("[data-t-title]")) node.title = t(node.dataset.tTitle);
  $("audience").textContent = t("audience", {audience: t("audience_" + doc.audience)});
  $("headline").textContent = doc.headline[view.language];
  $("speed").replaceChildren(...SPEEDS_MIN.map(m => el("option", t("speed_value", {n: m}), {value: m})));
  $("speed").value = view.speed || 5;
  $("play").textContent = t(view.playing ? "pause" : "play");
  for (const option of $("layer").options) {
    const layer = doc.layers.find(x => x.id === option.value);
    if (layer) option.textContent = layer.caption[view.language];
  }
  for (const row of rows) row.querySelector("button").setAttribute("aria-label", t("open_why", {flight: flights[row.dataset.i].flight}));
  about();
  filter();
  clock();
  layerCaveat();
  if (view.picked >= 0) reasons(flights[view.picked]);
  if (map) relabelMap();
}
function about() {
  const help = [];
  for (const v of [...VERDICTS].reverse()) if (doc.summary.verdicts[v]) {
    const term = el("dt");
    term.append(mark(v), " " + t("verdict_" + v));
    help.push(term, el("dd", t(`verdict_${v}_help`)));
  }
  const gap = el("dt");
  gap.append(mark("gap"), " " + t("legend_gap"));
  help.push(gap, el("dd", t("landing_not_observed")));
  $("verdict-help").replaceChildren(...help);
  const parts = doc.notes.map(n => el("p", n[view.language] || Object.values(n)[0]));
  if (doc.strips_delayed) parts.push(el("p", t("strips_delayed", {n: doc.strips_delayed})));
  if (doc.layers_withheld) parts.push(el("p", t("layers_withheld", {n: doc.layers_withheld})));
  if (doc.sources.length) parts.push(el("h3", t("sources")), list(doc.sources));
  parts.push(el("p", doc.problems.count ? t("problems", {n: number(doc.problems.count)}) : t("problems_none")));
  if (doc.problems.count) parts.push(list(doc.problems.first.map(p => [p.where, p.what, p.value].filter(Boolean).join(": ")), "en"));
  parts.push(el("p", t("made_by", {version: doc.waman})));
  $("about").replaceChildren(...parts);
}
function list(texts, language) {
  const ul = el("ul", "", language ? {lang: language} : {});
  ul.append(...texts.map(x => el("li", x)));
  return ul;
}

// ---- the table
const rows = [...document.querySelectorAll("#table tbody tr")];
const visible = new Set();
function filter() {
  const verdicts = new Set([...document.querySelectorAll("[name=verdict]:checked")].map(x => x.value));
  const word = $("search").value.trim().toLocaleLowerCase();
  visible.clear();
  for (const row of rows) {
    const f = flights[row.dataset.i];
    const names = [f.flight, f.origin?.id, f.origin?.name, f.destination?.id, f.destination?.name];
    const fits = verdicts.has(f.verdict) && (!word || names.some(x => x && x.toLocaleLowerCase().includes(word)));
    row.hidden = !fits;
    if (fits) visible.add(+row.dataset.i);
  }
  $("shown").textContent = t("shown", {n: number(visible.size), total: number(rows.length)});
  draw();
}
function sort(column, down) {
  view.sort = column; view.down = down;
  const key = row => { const cell = row.cells[column]; return cell.dataset.k ?? cell.textContent; };
  const collator = new Intl.Collator(view.language, {numeric: true});
  rows.sort((a, b) => (down ? -1 : 1) * collator.compare(key(a), key(b)) || a.dataset.i - b.dataset.i);
  document.querySelector("#table tbody").append(...rows);
  document.querySelectorAll("#table thead th").forEach((th, i) => th.setAttribute("aria-sort", i !== column ? "none" : down ? "descending" : "ascending"));
}
document.querySelectorAll(".sort").forEach((button, i) => button.addEventListener("click", () => sort(i, view.sort === i && !view.down)));
document.querySelector("#table tbody").addEventListener("click", event => {
  const row = event.target.closest("tr");
  if (row && !String(getSelection())) pick(+row.dataset.i);
});
document.querySelectorAll("[name=verdict]").forEach(x => x.addEventListener("change", filter));
$("search").addEventListener("input", filter);

// ---- the reasons of one flight
function pick(i, focus = true) {
  view.picked = i;
  for (const row of rows) row.classList.toggle("picked", +row.dataset.i === i);
  $("why").hidden = i < 0;
  $("list").hidden = i >= 0;
  location.replace(i < 0 ? "#" : "#flight=" + encodeURIComponent(flights[i].flight));
  if (i >= 0) { reasons(flights[i]); if (focus) $("h-why").focus(); }
  draw();
}
function back() {
  const row = rows.find(r => +r.dataset.i === view.picked);
  pick(-1);
  if (row && !row.hidden) { row.querySelector("button").focus(); row.scrollIntoView({block: "nearest"}); } else $("table").focus();
}
function step(by) {
  const shown = rows.filter(r => !r.hidden), at = shown.findIndex(r => +r.dataset.i === view.picked);
  if (shown.length) pick(+shown[(at + by + shown.length) % shown.length].dataset.i, false);
}
$("back").addEventListener("click", back);
$("next").addEventListener("click", () => step(1));
$("previous").addEventListener("click", () => step(-1));
$("locate").addEventListener("click", () => fit([view.picked]));
addEventListener("keydown", event => { if (event.key === "Escape" && view.picked >= 0) back(); });

function reasons(f) {
  const head = $("h-why");
  head.replaceChildren(el("span", f.flight), mark(f.verdict), el("span", t("verdict_" + f.verdict)));
  const out = [el("p", t(`verdict_${f.verdict}_help`))];
  out.push(el("p", `${t("basis")}: ${t("basis_" + (f.basis || "none"))}`));
  out.push(el("p", `${bothTimes(f.s)} – ${bothTimes(f.e)}. ${t("from")}: ${place(f.origin)}. ${t("to")}: ${place(f.destination)}. ${t("ended")}: ${t("ended_" + f.ended)}.`));
  if (f.weight_db !== null) out.push(el("p", t("balance", {db: signed(f.weight_db)})), el("p", t("balance_help")));
  for (const [stance, title] of [["for", "for"], ["against", "against"], ["unknown", "unweighed"]]) {
    const found = f.findings.filter(x => x.stance === stance).sort((a, b) => Math.abs(b.weight_db || 0) - Math.abs(a.weight_db || 0));
    out.push(el("h3", `${t(title)} (${found.length})`), found.length ? evidence(found, stance) : el("p", t("nothing_found")));
  }
  out.push(el("h3", t("unseen")), unseen(f), ...checks(f), el("h3", t("where_seen")), ...seen(f));
  if (f.identity) out.push(el("p", `${t("identity")}: ${[...f.identity.icao24, ...f.identity.callsign].join(", ")}`));
  if (f.revision) out.push(el("p", t("revision", {n: number(f.revision)})));
  $("reasons").replaceChildren(...out);
  $("reasons").parentNode.scrollTop = 0;
}
const place = p => p ? p.name === p.id ? p.id : `${p.id} ${p.name}` : t("unknown_place");
const signed = db => (db > 0 ? "+" : db < 0 ? "−" : "") + number(Math.abs(db), 1);
function evidence(found, stance) {
  const ul = el("ul", "", {class: "evidence"});
  for (const x of found) {
    const li = el("li");
    li.append(el("span", stance === "unknown" || x.weight_db === null ? "–" : t("finding_weight", {db: signed(x.weight_db)}), {class: "db"}));
    li.append(el("span", x.text[view.language]));
    if (x.absence || x.searchable !== null) li.append(el("small", x.searchable === null ? t("searchable_unknown") : t("searchable", {p: percent(x.searchable)})));
    ul.append(li);
  }
  return ul;
}
function unseen(f) {
  const gaps = f.path.gap_after.length;
  const texts = [f.seen_fraction === null ? t("seen_share_unknown") : t("seen_share", {p: percent(f.seen_fraction)})];
  texts.push(gaps ? t("gaps", {n: gaps}) : t("gaps_none"));
  texts.push(t(f.landed === null ? "landing_not_observed" : f.landed ? "landing_observed" : "landing_none"));
  texts.push(f.min_agl_low_m === null ? t("height_unknown") : t("height_interval", {low: number(f.min_agl_low_m), high: number(f.min_agl_high_m)}));
  if (f.ground_time_s) texts.push(t("ground_time", {min: number(f.ground_time_s / 60, 1)}));
  if (f.blurred) texts.push(t("blurred"));
  return list(texts);
}
function checks(f) {
  const words = c => c.answer && c.answer.replaceAll("[withheld]", `[${t("person_withheld")}]`);
  const said = c => c.done ? words(c) || t("check_done") : c.time ? words(c) || t("check_not_done") : t("check_open");
  const line = c => `${c.text[view.language]} – ${said(c)}`;
  const open = f.checks.filter(c => !c.done), done = f.checks.filter(c => c.done);
  const out = f.doubts.length ? [el("h3", `${t("doubts")} (${f.doubts.length})`), list(f.doubts.map(d => `${d.text[view.language]} – ${words(d) || t("check_not_done")}`))] : [];
  if (f.stands_in_the_way.length) out.push(el("p", t("stands_in_the_way", {n: f.stands_in_the_way.length})));
  out.push(el("h3", `${t("checks")} (${open.length})`), open.length ? list(open.map(line)) : el("p", t("checks_none")));
  if (done.length) out.push(el("h3", `${t("checks_done")} (${done.length})`), list(done.map(line)));
  return out;
}
function seen(f) {
  return [["first_seen", f.first_seen], ["last_seen", f.last_seen]].map(([key, at]) => {
    const line = el("div", "", {class: "where-seen"});
    line.append(el("span", t(key) + ":"));
    if (!at) { line.append(el("span", t("position_unknown"))); return line; }
    const text = `${at.lat_deg.toFixed(4)}, ${at.lon_deg.toFixed(4)}`;
    line.append(el("span", bothTimes(seconds(at.time))), el("code", text));
    if (at.altitude_msl_m !== null) line.append(el("span", t("altitude_msl", {m: number(at.altitude_msl_m)})));
    const button = el("button", t("copy"), {type: "button"});
    button.addEventListener("click", () => copy(text, button));
    line.append(button);
    return line;
  });
}
async function copy(text, button) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = el("textarea", text); document.body.append(area); area.select(); document.execCommand("copy"); area.remove(); button.focus();
  }
  $("shown").textContent = t("copied");
  button.textContent = t("copied");
}

// ---- time
const slider = $("time");
slider.max = Math.max(1, Math.ceil(finish - begin));
slider.step = Math.max(1, Math.round((finish - begin) / 400));
function clock() {
  $("clock").textContent = view.whole ? "" : oneDay ? bothTimes(view.time).replace(/\d{4}-\d\d-\d\d /, "") : bothTimes(view.time);
  slider.setAttribute("aria-valuetext", view.whole ? t("whole_period") : bothTimes(view.time));
  for (const row of rows) {
    const f = flights[row.dataset.i], flying = !view.whole && f.s <= view.time && view.time <= f.e;
    row.classList.toggle("flying", flying);
    row.title = flying ? t("in_the_air") : "";
  }
}
function setTime(s) {
  view.time = Math.min(finish, Math.max(begin, s));
  view.whole = $("whole").checked = false;
  slider.value = view.time - begin;
  clock();
  drawTime();
}
slider.addEventListener("input", () => setTime(begin + +slider.value));
$("whole").addEventListener("change", () => { view.whole = $("whole").checked; play(false); clock(); draw(); });
$("speed").addEventListener("change", () => { view.speed = +$("speed").value; });
let last = 0;
function play(on) {
  view.playing = on;
  $("play").setAttribute("aria-pressed", on);
  $("play").textContent = t(on ? "pause" : "play");
  if (!on) return;
  if (view.time >= finish || view.whole) setTime(view.time >= finish ? begin : view.time);
  last = performance.now();
  requestAnimationFrame(tick);
}
function tick(now) {
  if (!view.playing) return;
  const passed = (now - last) / 1000;
  if (passed >= (still.matches ? 1 : 0.08)) {
    last = now;
    setTime(view.time + passed * 60 * +$("speed").value);
    if (view.time >= finish) return play(false);
  }
  requestAnimationFrame(tick);
}
$("play").addEventListener("click", () => play(!view.playing));

// ---- the map
let map = null, faded = "";
const collection = features => ({type: "FeatureCollection", features});
const line = (coordinates, properties) => ({type: "Feature", properties, geometry: {type: "LineString", coordinates}});
const point = (coordinates, properties) => ({type: "Feature", properties, geometry: {type: "Point", coordinates}});
function runs(f, from = -Infinity, to = Infinity) {
  // observed runs between two times, and the straight joins over gaps
  const {time_s, lon_deg, lat_deg} = f.path, seenRuns = [], gaps = [];
  let run = [];
  for (let k = 0; k < time_s.length; k++) {
    const at = f.s + time_s[k], here = [lon_deg[k], lat_deg[k]];
    if (at >= from && at <= to) run.push(here);
    if (k + 1 < time_s.length && at < to && f.s + time_s[k + 1] > to && at >= from && !f.gaps.has(k)) run.push(between(f, k, to));
    if (f.gaps.has(k) || k + 1 === time_s.length) {
      if (run.length > 1) seenRuns.push(run);
      run = [];
      if (k + 1 < time_s.length && at >= from && f.s + time_s[k + 1] <= to) gaps.push([here, [lon_deg[k + 1], lat_deg[k + 1]]]);
    }
  }
  return [seenRuns, gaps];
}
function between(f, k, s) {
  const {time_s, lon_deg, lat_deg} = f.path, share = (s - f.s - time_s[k]) / Math.max(1, time_s[k + 1] - time_s[k]);
  return [lon_deg[k] + share * (lon_deg[k + 1] - lon_deg[k]), lat_deg[k] + share * (lat_deg[k + 1] - lat_deg[k])];
}
function whereAt(f, s) {
  // the observed position at a time, or null where nothing was observed
  const times = f.path.time_s, at = s - f.s;
  if (!times.length || at < times[0] || at > times[times.length - 1]) return null;
  let low = 0, high = times.length - 1;
  while (high - low > 1) { const middle = (low + high) >> 1; if (times[middle] <= at) low = middle; else high = middle; }
  if (f.gaps.has(low) && at > times[low] && at < times[high]) return null;
  return high > low ? between(f, low, s) : [f.path.lon_deg[low], f.path.lat_deg[low]];
}
const theme = () => { const chosen = $("theme").value; return chosen === "dark" || (chosen === "system" && darkSystem.matches) ? "dark" : "light"; };
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const BASE = {light: {sea: "#dbe6ec", land: "#f7f6f2", border: "#8a8f93", label: "#5b6166"}, dark: {sea: "#0c1114", land: "#1a2024", border: "#68737a", label: "#9aa5ab"}};
const DASHES = {explained: null, insufficient: [0.8, 1.6], not_yet_explained: [3, 1.4, 0.8, 1.4], unexplained: [3.2, 1.4]};
function mapStyle(basemap) {
  const kind = (value, more = {}) => ({filter: ["==", ["get", "kind"], value], source: "base", ...more});
  const layers = [{id: "sea", type: "background", paint: {}},
    {id: "land", type: "fill", ...kind("land"), paint: {}},
    {id: "border", type: "line", ...kind("border"), paint: {"line-width": 1.2, "line-dasharray": [4, 2]}},
    {id: "cells", type: "line", source: "cells", paint: {"line-width": 1.5, "line-dasharray": [1, 1]}},
    {id: "gaps", type: "line", source: "gaps", layout: {"line-cap": "round"}, paint: {"line-width": 1.2, "line-dasharray": [0.2, 3]}}];
  layers.push({id: "picked", type: "line", source: "picked", layout: {"line-join": "round", "line-cap": "round"}, paint: {"line-width": 9, "line-opacity": 0.22}});
  for (const source of ["tracks", "trail"]) for (const v of VERDICTS) {
    const paint = {"line-width": v === "unexplained" ? 3 : 2};
    if (DASHES[v]) paint["line-dasharray"] = DASHES[v];
    layers.push({id: `${source}-${v}`, type: "line", source, filter: ["==", ["get", "verdict"], v], layout: {"line-join": "round"}, paint});
  }
  layers.push({id: "now", type: "symbol", source: "now", layout: {"icon-image": ["get", "verdict"], "icon-allow-overlap": true}},
    {id: "places", type: "symbol", source: "places", layout: {"icon-image": "place", "icon-allow-overlap": true, "text-field": ["get", "name"], "text-size": 11, "text-offset": [0, 1], "text-anchor": "top", "text-optional": true}, paint: {}},
    {id: "label", type: "symbol", ...kind("label"), layout: {"text-field": ["get", "name"], "text-size": 12, "text-transform": "uppercase", "text-letter-spacing": 0.1}, paint: {}});
  const sources = {base: {type: "geojson", data: basemap}};
  for (const name of ["tracks", "trail", "gaps", "picked", "now", "cells", "places"]) sources[name] = {type: "geojson", data: collection([])};
  return {version: 8, sources, layers};
}
function icon(kind, ink, paper) {
  const size = 26, canvas = el("canvas");
  canvas.width = canvas.height = size;
  const c = canvas.getContext("2d");
  c.translate(size / 2, size / 2); c.lineWidth = 3; c.strokeStyle = ink; c.fillStyle = kind === "insufficient" || kind === "not_yet_explained" ? paper : ink;
  c.beginPath();
  if (kind === "unexplained") { c.moveTo(0, -10); c.lineTo(10, 0); c.lineTo(0, 10); c.lineTo(-10, 0); c.closePath(); }
  else if (kind === "not_yet_explained") c.rect(-7, -7, 14, 14);
  else if (kind === "place") { c.lineWidth = 2; c.moveTo(0, -6); c.lineTo(6, 6); c.lineTo(-6, 6); c.closePath(); }
  else c.arc(0, 0, 7, 0, 7);
  c.fill(); c.stroke();
  return c.getImageData(0, 0, size, size);
}
function paint() {
  const base = BASE[theme()];
  map.setPaintProperty("sea", "background-color", base.sea);
  map.setPaintProperty("land", "fill-color", base.land);
  map.setPaintProperty("border", "line-color", base.border);
  for (const id of ["label", "places"]) {
    map.setPaintProperty(id, "text-color", id === "label" ? base.label : colour("ink"));
    map.setPaintProperty(id, "text-halo-color", base.land);
    map.setPaintProperty(id, "text-halo-width", 1.5);
  }
  for (const source of ["tracks", "trail"]) for (const v of VERDICTS) map.setPaintProperty(`${source}-${v}`, "line-color", colour(v));
  map.setPaintProperty("gaps", "line-color", colour("gap"));
  map.setPaintProperty("cells", "line-color", colour("ink"));
  map.setPaintProperty("picked", "line-color", colour("ink"));
  for (const kind of [...VERDICTS, "place"]) {
    const image = icon(kind, kind === "place" ? colour("dim") : colour(kind), base.land);
    if (map.hasImage(kind)) map.updateImage(kind, image); else map.addImage(kind, image, {pixelRatio: 1.5});
  }
}
function draw() {
  if (!map) return;
  const lines = [], gaps = [], cells = [], order = v => VERDICTS.indexOf(v);
  for (const i of [...visible].sort((a, b) => order(flights[a].verdict) - order(flights[b].verdict))) {
    const f = flights[i], [seenRuns, silent] = runs(f);
    for (const run of seenRuns) lines.push(line(run, {i, verdict: f.verdict}));
    for (const join of silent) gaps.push(line(join, {i}));
    for (const c of f.cells) cells.push(line(square(c), {i}));
  }
  map.getSource("tracks").setData(collection(lines));
  map.getSource("gaps").setData(collection(gaps));
  map.getSource("cells").setData(collection(cells));
  const chosen = view.picked >= 0 ? runs(flights[view.picked])[0].map(run => line(run, {i: view.picked})) : [];
  map.getSource("picked").setData(collection(chosen));
  drawTime();
}
function fade() {
  // a picked flight, or else what flies at the time shown, stands out from the rest
  const chosen = ["==", ["get", "i"], view.picked];
  for (const v of VERDICTS) {
    const plain = view.picked >= 0 ? 0.14 : !view.whole ? 0.22 : v === "explained" ? 0.8 : 1;
    map.setPaintProperty("tracks-" + v, "line-opacity", view.picked >= 0 ? ["case", chosen, 1, plain] : plain);
  }
}
function drawTime() {
  if (!map) return;
  const trail = [], now = [];
  if (!view.whole) for (const i of visible) {
    const f = flights[i];
    if (f.s > view.time || f.e < view.time - TRAIL_S) continue;
    for (const run of runs(f, view.time - TRAIL_S, view.time)[0]) trail.push(line(run, {i, verdict: f.verdict}));
    const at = whereAt(f, view.time);
    if (at) now.push(point(at, {i, verdict: f.verdict}));
  }
  map.getSource("trail").setData(collection(trail));
  map.getSource("now").setData(collection(now));
  const state = `${view.picked} ${view.whole}`;
  if (state !== faded) fade();
  faded = state;
}
function square(c) {
  const half = 2.5 / 111.195, wide = half / Math.cos(c.lat_deg * Math.PI / 180);
  return [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]].map(([x, y]) => [c.lon_deg + x * wide, c.lat_deg + y * half]);
}
function fit(indices) {
  if (!map) return;
  let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity;
  const add = (x, y) => { west = Math.min(west, x); east = Math.max(east, x); south = Math.min(south, y); north = Math.max(north, y); };
  for (const i of indices) {
    const p = flights[i].path;
    p.lon_deg.forEach((x, k) => add(x, p.lat_deg[k]));
    for (const c of flights[i].cells) add(c.lon_deg, c.lat_deg);
  }
  if (west > east) [west, south, east, north] = doc.area.bbox;
  map.fitBounds([[west, south], [east, north]], {padding: 30, maxZoom: 12, animate: false});
}
function layerCaveat() {
  const layer = doc.layers.find(x => x.id === $("layer").value);
  $("layer-caveat").hidden = !layer;
  $("layer-caveat").textContent = layer ? layer.caveat[view.language] : "";
  return layer;
}
function showLayer() {
  const layer = layerCaveat();
  if (!map) return;
  if (map.getLayer("overlay")) { map.removeLayer("overlay"); map.removeSource("overlay"); }
  if (!layer) return;
  const [west, south, east, north] = layer.bounds;
  map.addSource("overlay", {type: "image", url: "data:image/png;base64," + layer.png, coordinates: [[west, north], [east, north], [east, south], [west, south]]});
  map.addLayer({id: "overlay", type: "raster", source: "overlay", paint: {"raster-opacity": 0.55, "raster-fade-duration": 0}}, "border");
}
function relabelMap() {
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", t("map_label"));
  const places = doc.places.filter(p => p.lon_deg !== undefined);
  map.getSource("places").setData(collection(places.map(p => point([p.lon_deg, p.lat_deg], {name: p.kind === "strip" ? p.id : p.name || p.id}))));
}
$("zoom-in").addEventListener("click", () => map?.zoomIn({animate: !still.matches}));
$("zoom-out").addEventListener("click", () => map?.zoomOut({animate: !still.matches}));
$("fit").addEventListener("click", () => fit(visible));
$("layer").addEventListener("change", showLayer);
async function startMap() {
  const gl = await import(await moduleUrl("w-map"));
  gl.setWorkerUrl(await moduleUrl("w-worker"));
  gl.setWorkerCount(1);
  const basemap = await (await unpack("w-basemap")).json();
  const started = new gl.Map({container: "map", style: mapStyle(basemap), attributionControl: false, dragRotate: false, pitchWithRotate: false, fadeDuration: 0, bounds: doc.area.bbox, canvasContextAttributes: {preserveDrawingBuffer: true}});
  await new Promise((done, fail) => { started.once("load", done); started.once("error", e => fail(e.error)); });
  started.touchZoomRotate.disableRotation();
  started.keyboard.disableRotation();
  map = started;
  paint();
  for (const v of VERDICTS) for (const id of ["tracks-" + v, "trail-" + v]) {
    map.on("click", id, event => pick(event.features[0].properties.i, false));
    map.on("mouseenter", id, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", id, () => { map.getCanvas().style.cursor = ""; });
  }
  relabelMap();
  draw();
  showLayer();
  fit(flights.map((_, i) => i));
  $("map-note").hidden = true;
  map.once("idle", () => { document.documentElement.dataset.map = "drawn"; });
}

// ---- start
for (const layer of doc.layers) $("layer").append(el("option", layer.caption[view.language], {value: layer.id}));
$("layer-label").hidden = !doc.layers.length;
$("language").addEventListener("change", () => { view.language = $("language").value; translate(); });
const setTheme = () => { document.documentElement.dataset.theme = theme(); if (map) paint(); };
$("theme").addEventListener("change", setTheme);
darkSystem.addEventListener("change", setTheme);
setTheme();
// the reader's own language first, where the page has it
const own = (navigator.language || "").slice(0, 2);
if (doc.strings[own]) { view.language = own; $("language").value = own; }
translate();
const asked = new URLSearchParams(location.hash.slice(1)).get("flight");
const wanted = flights.findIndex(f => f.flight === asked);
if (wanted >= 0) pick(wanted, false);
document.documentElement.dataset.page = "ready";
try { await startMap(); } catch (why) { map = null; $("map-note").textContent = t("map_missing"); document.documentElement.dataset.map = "missing"; console.warn(String(why)); }
})();
