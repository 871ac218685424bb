// Answers as a picture, by what the image's `chart` declares; Observable Plot draws it.
// https://observablehq.com/plot/
const COLOURS = ["var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)", "var(--c4)", "var(--c5)"];
const MOST_BARS = 40;
const ROOM = { marginLeft: 56, marginTop: 28, marginBottom: 46 }; // for the names of the axes
const STYLE = { fontSize: "12px", background: "none", color: "var(--ink)" };

const isNumber = (cell) => typeof cell === "number" && Number.isFinite(cell);
const toNumber = (cell) => (cell === null || cell === "" ? NaN : Number(cell));
const hasColumn = (rows, name) => Boolean(name) && rows.some((row) => row[name] !== undefined && row[name] !== null);
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

// Returns {node, caption}, or null where there is nothing to draw.
function drawChart(chart, answers, sent, width, axes) {
  const draw = { points: drawPoints, fan: drawFan, bars: drawBars }[chart?.kind];
  const drawn = chart?.kind === "cells" ? null : draw?.(chart, answers, sent, width, axes) ?? drawBars({}, answers, sent, width);
  if (drawn) {
    drawn.node.setAttribute("role", "img");
    drawn.node.setAttribute("aria-label", drawn.caption);
    // Plot names its parts to screen readers, where one name for the whole picture says more.
    drawn.node.querySelectorAll("[aria-label], [aria-description]").forEach((part) => {
      part.removeAttribute("aria-label");
      part.removeAttribute("aria-description");
    });
  }
  return drawn;
}

function plot(options, width) {
  const node = Plot.plot({ width, style: STYLE, ...options });
  if (node.tagName.toLowerCase() === "svg") return node;
  const holder = document.createElement("div"); // with a legend Plot makes a figure of its own
  holder.append(...node.childNodes);
  return holder;
}

function drawPoints(chart, answers, sent, width, axes) {
  if (!sent || answers.length !== sent.height || !hasColumn(answers, chart.colour)) return null;
  const [x, y] = axes;
  if (!x || !y) return null;
  const rows = answers.map((answer, place) => ({
    x: toNumber(sent.records[place]?.[x]), y: toNumber(sent.records[place]?.[y]), group: String(answer[chart.colour]),
  })).filter((row) => isNumber(row.x) && isNumber(row.y));
  const groups = [...new Set(rows.map((row) => row.group))].sort();
  const node = plot({
    height: Math.min(420, width * 0.6), grid: true, inset: 12, ...ROOM,
    x: { label: x, labelOffset: 42, nice: true }, y: { label: y, nice: true },
    color: { type: "ordinal", domain: groups, range: groups.map((_, place) => COLOURS[place % COLOURS.length]), legend: false },
    symbol: { type: "ordinal", domain: groups, legend: true, label: chart.colour },
    marks: [Plot.dot(rows, { x: "x", y: "y", stroke: "group", symbol: "group", r: 6, strokeWidth: 2.2 })],
  }, width);
  return { node, caption: `${count(rows.length, "row")} by ${x} and ${y}; ${chart.colour} is ${groups.join(", ")}.` };
}

function drawFan(chart, answers, sent, width) {
  if (!hasColumn(answers, chart.x) || !hasColumn(answers, chart.y)) return null;
  const levels = Object.keys(answers[0]).filter((name) => /^0?\.\d+$/.test(name)).sort((a, b) => a - b);
  const [low, high] = levels.length > 1 ? [levels[0], levels.at(-1)] : [null, null];
  const dated = answers.every((row) => !Number.isNaN(Date.parse(row[chart.x])));
  const at = (cell) => (dated ? new Date(cell) : toNumber(cell));
  const rows = answers.map((row) => ({
    x: at(row[chart.x]), y: row[chart.y], low: row[low], high: row[high], series: String(row[chart.series] ?? ""),
  })).filter((row) => isNumber(row.y));
  const past = (sent?.records ?? []).map((row) => ({
    x: at(row[chart.x]), y: toNumber(row[chart.past]), series: String(row[chart.series] ?? ""),
  })).filter((row) => isNumber(row.y) && !Number.isNaN(Number(row.x)));
  const names = [...new Set(rows.map((row) => row.series))];
  const shape = { x: "x", z: "series" };
  const node = plot({
    height: Math.min(420, width * 0.6), grid: true, ...ROOM, insetLeft: 8, insetRight: 8,
    x: { label: chart.x, labelOffset: 42, type: dated ? "utc" : "linear" }, y: { label: chart.y, nice: true },
    color: { type: "ordinal", domain: names, range: names.map((_, place) => COLOURS[place % COLOURS.length]), legend: names.length > 1 },
    marks: [
      low && Plot.areaY(rows, { ...shape, y1: "low", y2: "high", fill: "series", fillOpacity: 0.18 }),
      low && Plot.ruleX(rows, { ...shape, y1: "low", y2: "high", stroke: "series", strokeOpacity: 0.35, strokeWidth: 1.5 }),
      past.length > 0 && Plot.lineY(past, { ...shape, y: "y", stroke: "series", strokeOpacity: 0.65, strokeWidth: 1.5 }),
      Plot.lineY(rows, { ...shape, y: "y", stroke: "series", strokeWidth: 2.4 }),
      Plot.dot(rows, { ...shape, y: "y", fill: "series", r: 3.2 }),
    ].filter(Boolean),
  }, width);
  const band = low ? `, with a band from ${low} to ${high}` : "";
  const before = past.length ? ` After ${count(past.length, "point")} of the past.` : "";
  return { node, caption: `${chart.y} of ${count(names.length, "series").replace(/seriess$/, "series")} by ${chart.x}${band}.${before}` };
}

function drawBars(chart, answers, sent, width) {
  const rows = answers.slice(0, MOST_BARS);
  const more = answers.length > rows.length ? `, the first ${rows.length} of ${answers.length}` : "";
  const base = { height: rows.length * 26 + 60, ...ROOM, marginTop: 8, y: { label: "row", tickSize: 0 } };
  if (rows.every((row) => row[chart.parts] && typeof row[chart.parts] === "object")) {
    const parts = rows.flatMap((row, place) => Object.entries(row[chart.parts]).map(([name, share]) => ({ row: place + 1, name, share })));
    const names = [...new Set(parts.map((part) => part.name))];
    const node = plot({
      ...base, x: { label: chart.parts, labelOffset: 42, domain: [0, 1], grid: true, tickFormat: "%" },
      color: { type: "ordinal", domain: names, range: names.map((_, place) => COLOURS[place % COLOURS.length]), legend: true },
      marks: [Plot.barX(parts, { x: "share", y: "row", fill: "name", insetTop: 2, insetBottom: 2 })],
    }, width);
    return { node, caption: `${chart.parts} of ${names.join(" and ")}, a bar a row${more}.` };
  }
  const value = hasColumn(rows, chart.value) ? chart.value : Object.keys(rows[0] ?? {}).find((name) => rows.every((row) => isNumber(row[name])));
  if (!value) return null;
  const shares = rows.every((row) => row[value] >= 0 && row[value] <= 1);
  const label = hasColumn(rows, chart.label) && chart.label !== value ? chart.label : null;
  const bars = rows.map((row, place) => ({ row: place + 1, value: row[value], name: label ? String(row[label]) : value }));
  const names = [...new Set(bars.map((bar) => bar.name))].sort();
  const few = names.length <= COLOURS.length;
  const node = plot({
    ...base, x: { label: value, labelOffset: 42, grid: true, ...(shares ? { domain: [0, 1], tickFormat: "%" } : { nice: true }) },
    color: few ? { domain: names, range: names.map((_, place) => COLOURS[place % COLOURS.length]), legend: Boolean(label), label } : undefined,
    marks: [Plot.barX(bars, { x: "value", y: "row", fill: few ? "name" : COLOURS[0], insetTop: 3, insetBottom: 3, rx: 3 }), Plot.ruleX([0])],
  }, width);
  return { node, caption: `${value}${label ? ` by ${label}` : ""}, a bar a row${more}.` };
}
