// The search page: MiniSearch over window.ENTRIES, which works without a server.
const FIELDS = ["title", "part", "text"];
const index = new MiniSearch({
  fields: FIELDS,
  storeFields: [...FIELDS, "url"],
  searchOptions: { prefix: true, fuzzy: (term) => (term.length > 4 ? 0.2 : false), boost: { title: 4, part: 2 }, combineWith: "AND",
    boostDocument: (_id, _term, stored) => (stored.url.startsWith("documents/") ? 1 : 3) }, // an image is looked for more often
});
index.addAll(window.ENTRIES);

const box = document.querySelector("#query");
const list = document.querySelector(".found");
const count = document.querySelector("#count");
const AROUND = 90; // characters of text either side of what was found
const MOST = 30;

function piece(text, terms) {
  const low = text.toLowerCase();
  const places = terms.map((term) => low.indexOf(term)).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(...places, text.length) - AROUND);
  const from = places.length ? start : 0;
  const shown = document.createElement("p");
  const part = text.slice(from, from + 2 * AROUND);
  const pattern = new RegExp(`(${terms.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "i");
  shown.append(from > 0 ? "… " : "");
  part.split(pattern).forEach((bit, number) => {
    shown.append(number % 2 ? Object.assign(document.createElement("mark"), { textContent: bit }) : bit);
  });
  shown.append(from + part.length < text.length ? " …" : "");
  return shown;
}

function show() {
  const query = box.value.trim();
  const found = query ? index.search(query) : [];
  list.replaceChildren(...found.slice(0, MOST).map((one) => {
    const item = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href: one.url, textContent: one.title });
    const part = Object.assign(document.createElement("span"), { className: "soft", textContent: ` · ${one.part}` });
    item.append(link, part, piece(one.text, one.terms));
    return item;
  }));
  const places = found.length === 1 ? "1 place" : `${found.length} places`;
  count.textContent = query ? (found.length ? places : `Nothing found for “${query}”.`) : "";
}

box.value = new URLSearchParams(location.search).get("q") || "";
box.addEventListener("input", () => {
  history.replaceState(null, "", `?q=${encodeURIComponent(box.value)}`);
  show();
});
show();
