"use strict";
const form = document.forms.filter;
const body = document.querySelector("#findings tbody");
const rows = body ? [...body.rows] : [];
const heads = [...document.querySelectorAll("#findings th")];
const picture = document.querySelector("svg");
let order = { column: "severity", down: true };

function filter() {
  const words = form.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = new Set([...form.querySelectorAll("input[name=severity]:checked")].map((box) => box.value));
  const status = form.status.value;
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const fits = wanted.has(row.dataset.severity) && (!status || row.dataset.status === status)
      && words.every((word) => text.includes(word));
    row.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  document.querySelector("#shown").textContent = shown + " of " + rows.length + " shown";
}

function sort() {
  const at = heads.findIndex((head) => head.dataset.column === order.column);
  const text = (row) => row.cells[at].dataset.key ?? row.cells[at].textContent;
  const sorted = [...rows].sort((a, b) => text(a).localeCompare(text(b), "en", { numeric: true }));
  if (order.down) sorted.reverse();
  body.append(...sorted);
  heads.forEach((head, index) => {
    if (index === at) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

// What is chosen stands in the address, so that a link to it can be sent.
function remember() {
  const state = new URLSearchParams();
  if (form.search.value) state.set("search", form.search.value);
  const off = [...form.querySelectorAll("input[name=severity]:not(:checked)")].map((box) => box.value);
  if (off.length) state.set("without", off.join(","));
  if (form.status.value) state.set("status", form.status.value);
  state.set("sort", (order.down ? "-" : "") + order.column);
  history.replaceState(null, "", "#" + state);
}

function recall() {
  const aim = location.hash && !location.hash.includes("=") && document.getElementById(location.hash.slice(1));
  if (aim) {
    aim.open = true;
    aim.scrollIntoView();
    return;
  }
  const state = new URLSearchParams(location.hash.slice(1));
  form.search.value = state.get("search") ?? "";
  const off = (state.get("without") ?? "").split(",");
  for (const box of form.querySelectorAll("input[name=severity]")) box.checked = !off.includes(box.value);
  form.status.value = state.get("status") ?? "";
  const sorting = state.get("sort") ?? "-severity";
  const column = sorting.replace(/^-/, "");
  if (heads.some((head) => head.dataset.column === column)) order = { column, down: sorting.startsWith("-") };
  filter();
  if (body) sort();
}

// Everything that leads to a node and everything that it leads to.
function follow(node) {
  const edges = [...picture.querySelectorAll(".edge")];
  const on = new Set([node.dataset.node]);
  const walk = (from, to) => {
    const ends = [node.dataset.node];
    while (ends.length) {
      const end = ends.pop();
      for (const edge of edges) {
        if (edge.dataset[from] !== end || edge.classList.contains("on")) continue;
        edge.classList.add("on");
        on.add(edge.dataset[to]);
        ends.push(edge.dataset[to]);
      }
    }
  };
  walk("from", "to");
  walk("to", "from");
  for (const other of picture.querySelectorAll(".node")) other.classList.toggle("on", on.has(other.dataset.node));
  picture.classList.add("chosen");
}

function leave() {
  for (const one of picture.querySelectorAll(".on")) one.classList.remove("on");
  picture.classList.remove("chosen");
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => { filter(); remember(); });
form.addEventListener("reset", () => setTimeout(() => { filter(); remember(); }));
for (const head of heads) {
  const button = head.querySelector("button");
  button.disabled = false;
  button.addEventListener("click", () => {
    const column = head.dataset.column;
    order = { column, down: order.column === column ? !order.down : column === "severity" };
    sort();
    remember();
  });
}
if (picture) {
  for (const node of picture.querySelectorAll(".node")) {
    const choose = () => {
      form.search.value = node.dataset.search;
      filter();
      remember();
      form.scrollIntoView();
    };
    node.addEventListener("mouseenter", () => { leave(); follow(node); });
    node.addEventListener("mouseleave", leave);
    node.addEventListener("focus", () => { leave(); follow(node); });
    node.addEventListener("blur", leave);
    node.addEventListener("click", choose);
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); }
    });
  }
}
addEventListener("hashchange", recall);
recall();
filter();
