"use strict";

// Sorting, copying, and what printing needs. Without this script the page only loses its buttons.

const order = new Intl.Collator(document.documentElement.lang, { numeric: true });

function sortValue(row, column) {
  const cell = row.cells[column];
  if (cell.classList.contains("missing")) return null;
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  return cell.textContent.trim() || null;
}

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b);
}

function sortRows(rows, column, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = rows.map((row) => [sortValue(row, column), row]);
  // What is missing is neither high nor low: it stands last in both directions.
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * compare(a, b);
  });
  return keyed.map(([, row]) => row);
}

function makeSortable(table) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const headers = [...table.querySelectorAll("th[data-first]")];
  for (const header of headers) {
    const first = header.dataset.first;
    const second = first === "ascending" ? "descending" : "ascending";
    header.querySelector("button").addEventListener("click", () => {
      const now = header.getAttribute("aria-sort");
      const next = now === null ? first : now === first ? second : null;
      for (const other of headers) other.removeAttribute("aria-sort");
      if (next) header.setAttribute("aria-sort", next);
      // Lines between groups of rows mean nothing once the rows are in another order.
      table.classList.toggle("sorted", next !== null);
      body.append(...(next ? sortRows(original, header.cellIndex, next) : original));
    });
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page from a file or a mail may have no such interface, or may be refused it.
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "away";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (focused) focused.focus({ preventScroll: true });
  return done;
}

function makeCopyable(head) {
  const tools = head.querySelector(".tools");
  const status = tools.querySelector(".status");
  for (const button of tools.querySelectorAll("button")) {
    const template = head.querySelector(`template[data-copy="${button.dataset.copy}"]`);
    button.addEventListener("click", async () => {
      const done = await copy(template.content.textContent);
      status.textContent = done ? "Copied" : "This browser does not let a page copy";
      clearTimeout(status.timer);
      status.timer = setTimeout(() => (status.textContent = ""), 4000);
    });
  }
  tools.hidden = false;
}

function openDetailsForPrinting() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
}

// What does not scroll needs no stop on the way of the tab key.
function stopOnlyWhereItScrolls(regions) {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight) {
        target.tabIndex = 0;
      } else {
        target.removeAttribute("tabindex");
      }
    }
  });
  for (const region of regions) observer.observe(region);
}

function markWhereTheReaderIs(links) {
  const byId = new Map(links.map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const link = byId.get(target.id);
        if (isIntersecting) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-15% 0px -75% 0px" },
  );
  for (const id of byId.keys()) observer.observe(document.getElementById(id));
}

document.documentElement.classList.add("scripted");
for (const table of document.querySelectorAll(".table table")) makeSortable(table);
for (const head of document.querySelectorAll(".table .head")) makeCopyable(head);
openDetailsForPrinting();
stopOnlyWhereItScrolls(document.querySelectorAll(".scroll"));
markWhereTheReaderIs([...document.querySelectorAll("nav a")]);
// On a small screen the list of contents would fill the first page.
if (matchMedia("(max-width: 70rem)").matches) document.querySelector("nav details").open = false;
