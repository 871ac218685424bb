// The playground: a request is made ready, sent to /invocations, and its answer shown.
const { facts, samples, suffixes, columns, url, infer } = window.TOLD;
const $ = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};
const MOST_ROWS = 200; // of an answer that the table shows
const PAUSE_MS = 200;
const TEXTS = /^text\/|json/;

let file = null; // a dropped file that is no text: {name, bytes}
let waiting = 0; // the timer of what is asked of the server when typing pauses
let last = null; // the last answers: {answers, sent}

// ---- the request ----
function options() {
  const found = {};
  for (const one of facts.options) {
    const value = readOption(one);
    if (value !== null && JSON.stringify(value) !== JSON.stringify(one.default)) found[one.name] = value;
  }
  return found;
}

function request() {
  const chosen = samples.find((one) => one.name === $("sample").value);
  const name = file?.name ?? chosen?.name ?? `rows${Object.keys(suffixes).find((end) => suffixes[end] === $("type").value) ?? ""}`;
  return { name, type: $("type").value, body: file ? file.bytes : $("body").value, options: options() };
}

function refreshCalls() {
  const now = request();
  $("curl").textContent = curlOf(url, now);
  $("boto3").textContent = boto3Of(now);
  $("sdk").textContent = sdkOf(now);
  clearTimeout(waiting);
  waiting = setTimeout(refreshTensors, PAUSE_MS, now);
}

async function refreshTensors(now) {
  const table = await sentTable(now).catch(() => null);
  if (now.body === request().body) $("oip").textContent = oipOf(infer, table, now.options);
}

function setText(text, type) {
  file = null;
  $("body").hidden = false;
  $("file").hidden = true;
  $("body").value = text;
  if (type) $("type").value = type;
  refreshCalls();
}

async function take(dropped) {
  const name = dropped.name.toLowerCase();
  const type = Object.entries(suffixes).find(([end]) => name.endsWith(end))?.[1];
  if (!type) return fail(`${dropped.name}: expected a file that ends in one of ${Object.keys(suffixes).join(", ")}`);
  const bytes = await dropped.arrayBuffer();
  $("sample").value = "";
  fail("");
  if (TEXTS.test(type)) return setText(new TextDecoder().decode(bytes), type);
  file = { name: dropped.name, bytes };
  $("type").value = type;
  $("body").hidden = true;
  const clear = make("button", { type: "button", className: "plain", textContent: "Take it out" });
  clear.addEventListener("click", () => setText("", "text/csv"));
  $("file").replaceChildren(`${dropped.name}, ${bytes.byteLength.toLocaleString("en")} bytes `, clear);
  $("file").hidden = false;
  return refreshCalls();
}

// ---- options, as a form made of their schemas ----
const schemaOf = (one) => one.values.anyOf?.find((each) => each.type !== "null") ?? one.values;

function optionField(one) {
  const schema = schemaOf(one);
  const id = `option-${one.name}`;
  const text = make("p", { id: `${id}-text`, textContent: one.description });
  const shared = { id, name: one.name };
  let field;
  if (schema.type === "boolean") {
    field = make("input", { ...shared, type: "checkbox", checked: Boolean(one.default) });
    const label = make("label", {}, field, one.name);
    field.setAttribute("aria-describedby", text.id);
    return make("div", { className: "option" }, label, text);
  }
  if (schema.type === "array" && schema.items?.enum) {
    const boxes = schema.items.enum.map((value) => make("label", {},
      make("input", { type: "checkbox", name: one.name, value, checked: (one.default ?? []).includes(value) }), value));
    const group = make("div", { className: "many" }, ...boxes);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", one.name);
    return make("div", { className: "option" }, make("span", { className: "name", textContent: one.name }), group, text);
  }
  if (schema.enum) {
    field = make("select", shared, ...schema.enum.map((value) => make("option", { value, textContent: value, selected: value === one.default })));
  } else if (["integer", "number"].includes(schema.type)) {
    field = make("input", { ...shared, type: "number", step: schema.type === "integer" ? 1 : "any", value: one.default ?? "" });
    if (schema.minimum !== undefined) field.min = schema.minimum;
    if (schema.maximum !== undefined) field.max = schema.maximum;
  } else {
    field = make("input", { ...shared, type: "text", value: [one.default ?? []].flat().join(", ") });
    if (schema.type === "array") field.placeholder = "several, with commas between";
  }
  field.setAttribute("aria-describedby", text.id);
  return make("div", { className: "option" }, make("label", { htmlFor: id, textContent: one.name }), field, text);
}

function readOption(one) {
  const schema = schemaOf(one);
  const field = $(`option-${one.name}`);
  if (schema.type === "array" && schema.items?.enum) {
    return [...document.querySelectorAll(`input[name="${one.name}"]:checked`)].map((box) => box.value);
  }
  if (schema.type === "boolean") return field.checked;
  const text = field.value.trim();
  if (["integer", "number"].includes(schema.type)) return text === "" ? null : Number(text);
  if (schema.type === "array") {
    const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
    return ["integer", "number"].includes(schema.items?.type) ? parts.map(Number) : parts;
  }
  return text;
}

// ---- the answer ----
function fail(message) {
  $("error").hidden = !message;
  $("error").textContent = message;
  if (message) {
    $("status").textContent = "";
    ["chart", "raw"].forEach((id) => { $(id).hidden = true; });
    $("table").replaceChildren();
  }
}

async function post(path, now, more = {}) {
  return fetch(path, { method: "POST", body: now.body, headers: { "Content-Type": now.type, ...more } });
}

async function sentTable(now) {
  const reply = await post("/table", now);
  if (!reply.ok) return null;
  const table = await reply.json();
  const number = (place) => ["number", "integer"].includes(table.kinds[place]);
  return {
    ...table,
    numeric: table.names.filter((_, place) => number(place)),
    records: table.rows.map((row) => Object.fromEntries(row.map((cell, place) => [table.names[place], cell]))),
  };
}

const rowsOf = (document) => (Array.isArray(document) ? document : Object.values(document ?? {}).find(Array.isArray) ?? []);

async function ask(event) {
  event?.preventDefault();
  const now = request();
  const attributes = attributesOf(now.options);
  $("go").disabled = true;
  $("status").textContent = "Asking …";
  try {
    const started = performance.now();
    const reply = await post("/invocations", now, {
      Accept: "application/json", ...(attributes && { "X-Amzn-SageMaker-Custom-Attributes": attributes }),
    });
    const text = await reply.text();
    const took = performance.now() - started;
    if (reply.status === 204) return fail("204: the request holds no rows");
    if (!reply.ok) return fail(`${reply.status}: ${messageOf(text)}`);
    fail("");
    const answers = rowsOf(JSON.parse(text)).map((row) => (row && typeof row === "object" && !Array.isArray(row) ? row : { answer: row }));
    last = { answers, sent: await sentTable(now) };
    $("status").textContent = `${answers.length.toLocaleString("en")} ${answers.length === 1 ? "answer" : "answers"} in ${Math.max(1, Math.round(took))} ms.`;
    $("raw").hidden = false;
    $("raw").querySelector("pre").textContent = text.length > 20000 ? `${text.slice(0, 20000)} …` : text;
    offerAxes();
    showTable();
    drawAnswer();
  } catch (error) {
    fail(`the page cannot reach its server: ${error.message}`);
  } finally {
    $("go").disabled = false;
  }
  return undefined;
}

function messageOf(text) {
  try { return JSON.parse(text).message ?? text; } catch { return text.slice(0, 300); }
}

function offerAxes() {
  const names = last.sent?.numeric ?? [];
  const offered = facts.chart?.kind === "points" && names.length > 1;
  $("axes").hidden = !offered;
  if (!offered) return;
  [["x", 0], ["y", 1]].forEach(([id, place]) => {
    const kept = names.includes($(id).value) ? $(id).value : names[place];
    $(id).replaceChildren(...names.map((name) => make("option", { value: name, textContent: name, selected: name === kept })));
  });
}

function drawAnswer() {
  if (!last) return;
  $("chart").hidden = false;
  const width = Math.max(280, Math.min(760, $("drawing").clientWidth || 640));
  const drawn = drawChart(facts.chart, last.answers, last.sent, width, [$("x").value, $("y").value]);
  $("chart").hidden = !drawn;
  if (!drawn) return;
  $("drawing").replaceChildren(drawn.node);
  $("chart").querySelector("figcaption").textContent = drawn.caption;
}

function shown(cell) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return Number.isInteger(cell) ? String(cell) : Math.abs(cell) >= 1e5 || Math.abs(cell) < 1e-3 ? cell.toPrecision(4) : String(Number(cell.toFixed(4)));
  if (typeof cell === "object") {
    return Array.isArray(cell) ? cell.map(shown).join(", ") : Object.entries(cell).map(([name, each]) => `${name}: ${shown(each)}`).join("; ");
  }
  return String(cell);
}

function showTable() {
  const { answers, sent } = last;
  const { kind, marked } = facts.chart ?? {};
  const told = [...new Set(answers.flatMap((row) => Object.keys(row)))];
  const ends = kind === "cells" && told.some((name) => name.endsWith(marked));
  const own = ends ? told.filter((name) => told.includes(name + marked) || !told.some((other) => name.startsWith(other + marked))) : told;
  const beside = !ends && sent && sent.height === answers.length ? sent.names.filter((name) => !told.includes(name)) : [];
  const filled = (row, name) => ends && row[name + marked] !== null && row[name + marked] !== undefined;
  const head = make("tr", {}, ...[...own, ...beside].map((name, place) => {
    const cell = make("th", { textContent: name, className: !ends && place < own.length ? "told" : "" });
    cell.scope = "col";
    return cell;
  }));
  const body = answers.slice(0, MOST_ROWS).map((row, place) => make("tr", {},
    ...own.map((name) => {
      const cell = make("td", { textContent: shown(row[name]), className: `${typeof row[name] === "number" ? "number" : ""} ${ends ? "" : "told"}` });
      if (filled(row, name)) {
        cell.classList.add("filled");
        cell.append(make("span", { className: "unseen", textContent: " (filled)" }));
      }
      return cell;
    }),
    ...beside.map((name) => make("td", { textContent: shown(sent.records[place]?.[name]), className: sent.numeric.includes(name) ? "number" : "" }))));
  const scroll = make("div", { className: "scroll", tabIndex: 0 }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "The answers as a table");
  const notes = [];
  if (ends) {
    const cells = answers.reduce((sum, row) => sum + own.filter((name) => filled(row, name)).length, 0);
    notes.push(`${cells} ${cells === 1 ? "cell was" : "cells were"} filled; they are marked.`);
  } else if (beside.length) notes.push("First what was answered, then what was sent.");
  if (answers.length > MOST_ROWS) notes.push(`The first ${MOST_ROWS} of ${answers.length.toLocaleString("en")} rows.`);
  $("table").replaceChildren(scroll, make("p", { className: "under", textContent: notes.join(" ") }));
}

// ---- set up ----
$("type").append(...facts.content_types.map((type) => make("option", { value: type, textContent: type })));
$("sample").append(make("option", { value: "", textContent: "rows of your own" }), ...samples.map((one) => make("option", { value: one.name, textContent: `sample/${one.name}` })));
if (facts.options.length) {
  $("options").hidden = false;
  $("options").lastElementChild.append(...facts.options.map(optionField));
}
$("body").placeholder = columns.join(",");
$("sample").addEventListener("change", () => {
  const chosen = samples.find((one) => one.name === $("sample").value);
  setText(chosen?.text ?? "", chosen?.type ?? "text/csv");
});
$("body").addEventListener("input", () => { $("sample").value = ""; refreshCalls(); });
$("type").addEventListener("change", refreshCalls);
$("options").addEventListener("input", refreshCalls);
$("choose").addEventListener("change", (event) => { if (event.target.files[0]) take(event.target.files[0]); event.target.value = ""; });
["dragover", "dragleave", "drop"].forEach((name) => $("drop").addEventListener(name, (event) => {
  event.preventDefault();
  $("drop").classList.toggle("over", name === "dragover");
  if (name === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
}));
["x", "y"].forEach((id) => $(id).addEventListener("change", drawAnswer));
$("ask").addEventListener("submit", ask);
addEventListener("resize", drawAnswer);
$("sample").value = samples[0]?.name ?? "";
setText(samples[0]?.text ?? "", samples[0]?.type ?? "text/csv");
if (samples.length) ask();
