
"use strict";
// Shows the network interfaces of the data above, a page at a time. Text of the fleet becomes text nodes, never markup.
requestAnimationFrame(() => setTimeout(() => {
  const at = (id) => document.getElementById(id);
  const { texts, rows } = JSON.parse(at("data").textContent);
  const t = (number) => texts[number];
  const WORDS = { ok: "✓ Mirrored", bad: "✕ Not mirrored", unknown: "? Unknown", na: "– Not applicable" };
  const RANK = { bad: 3, unknown: 2, ok: 1, na: 0 };
  const PRINTED = 2000;
  const interfaces = rows.map((r) => ({
    id: r[0], kind: t(r[1]), status: t(r[2]), reason: t(r[3]), detail: t(r[4]), advice: t(r[5]), instance: t(r[6]),
    name: t(r[7]), type: t(r[8]), vpc: t(r[9]), subnet: t(r[10]), zone: t(r[11]), region: t(r[12]),
    targets: r[13].map(t), sessions: r[14], vni: r[15],
  }));
  const state = { words: [], kinds: new Set(), reason: "", region: "", vpc: "", zone: "", target: "", sort: "status", up: false, page: 0, size: 50 };
  // The column is there when the audit is of several regions.
  const regional = at("table").querySelector("[data-sort=region]") !== null;
  let found = interfaces;

  const haystack = (i) => (i.text ??= [i.id, i.status, i.reason, i.detail, i.advice, i.instance, i.name, i.type, i.vpc, i.subnet,
    i.zone, i.region, ...i.targets, ...i.sessions, i.vni ?? ""].join("\n").toLowerCase());
  const wanted = (i) =>
    (state.kinds.size === 0 || state.kinds.has(i.kind)) &&
    (!state.reason || i.reason === state.reason) &&
    (!state.region || i.region === state.region) &&
    (!state.vpc || i.vpc === state.vpc) &&
    (!state.zone || i.zone === state.zone) &&
    (!state.target || i.targets.includes(state.target)) &&
    state.words.every((word) => haystack(i).includes(word));
  const KEYS = {
    status: (i) => RANK[i.kind], id: (i) => i.id, name: (i) => i.name || i.instance, reason: (i) => i.reason,
    region: (i) => i.region, vpc: (i) => i.vpc + "\n" + i.zone + "\n" + i.subnet, target: (i) => i.targets.join("\n"),
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  function select() {
    const key = KEYS[state.sort], sign = state.up ? 1 : -1;
    found = interfaces.filter(wanted).sort((a, b) => sign * compare(key(a), key(b)) || compare(a.id, b.id));
    state.page = 0;
    show();
  }

  function make(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function cell(label, ...content) {
    const td = make("td", content.some((part) => part.textContent) ? "" : "empty"), box = make("div");
    td.setAttribute("role", "cell");
    td.dataset.label = label;
    box.append(...content.filter((part) => part.textContent));
    td.append(box);
    return td;
  }

  function row(i) {
    const tr = make("tr");
    tr.setAttribute("role", "row");
    tr.append(
      cell("Status", make("span", "badge " + i.kind, WORDS[i.kind])),
      cell("Interface", make("span", "code", i.id)),
      cell("Instance", make("strong", "", i.name), make("span", "sub code", i.instance), make("span", "sub", i.type)),
      cell("Reason", make("span", "code", i.reason), make("p", "", i.detail), make("p", "sub", i.advice)),
      ...(regional ? [cell("Region", make("span", "", i.region))] : []),
      cell("Place", make("span", "code", i.vpc), make("span", "sub", i.zone), make("span", "sub code", i.subnet)),
      cell("Mirrored to", ...[...new Set(i.targets)].map((id) => make("span", "code", id + " ")),
        ...i.sessions.map((id) => make("span", "sub code", id)),
        make("span", "sub", i.vni === null ? "" : "VNI " + i.vni)),
    );
    return tr;
  }

  function show(all) {
    const size = all ? PRINTED : state.size, last = Math.max(0, Math.ceil(found.length / state.size) - 1);
    const from = all ? 0 : state.page * state.size, to = Math.min(found.length, from + size);
    at("rows").replaceChildren(...found.slice(from, to).map(row));
    const n = (count) => count.toLocaleString("en-US");
    const total = found.length === interfaces.length ? n(found.length) : n(found.length) + " found, of " + n(interfaces.length);
    at("shown").textContent = found.length === 0 ? "No network interface matches." : n(from + 1) + " to " + n(to) + " of " + total
      + (all && to < found.length ? "; the other " + n(found.length - to) + " are not printed: filter them" : "");
    at("table").hidden = found.length === 0;
    at("page").textContent = "Page " + n(state.page + 1) + " of " + n(last + 1);
    at("pages").hidden = interfaces.length <= 25;
    for (const button of at("pages").querySelectorAll("button"))
      button.disabled = ["first", "previous"].includes(button.dataset.page) ? state.page === 0 : state.page === last;
  }

  const form = at("filters");
  for (const menu of form.querySelectorAll("select")) {
    const column = menu.dataset.column, counts = new Map();
    for (const i of interfaces)
      for (const value of column === "target" ? new Set(i.targets) : [i[column]])
        if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
    menu.append(new Option("All", ""));
    for (const value of [...counts.keys()].sort()) menu.append(new Option(value + " (" + counts.get(value) + ")", value));
    menu.parentElement.hidden = counts.size < 2;
  }

  function read() {
    state.words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    state.kinds = new Set([...form.querySelectorAll("[name=status]:checked")].map((box) => box.value));
    for (const menu of form.querySelectorAll("select")) state[menu.dataset.column] = menu.value;
    select();
  }

  let waiting;
  at("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(read, 120); });
  form.addEventListener("change", read);
  form.addEventListener("reset", () => setTimeout(read));
  form.addEventListener("submit", (event) => { event.preventDefault(); read(); });

  at("table").tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const again = state.sort === button.dataset.sort;
    state.up = again ? !state.up : button.dataset.sort !== "status";
    state.sort = button.dataset.sort;
    for (const th of at("table").tHead.querySelectorAll("th")) th.removeAttribute("aria-sort");
    button.parentElement.setAttribute("aria-sort", state.up ? "ascending" : "descending");
    select();
  });

  at("pages").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const last = Math.max(0, Math.ceil(found.length / state.size) - 1);
    state.page = { first: 0, previous: Math.max(0, state.page - 1), next: Math.min(last, state.page + 1), last }[button.dataset.page];
    show();
    at("interfaces").scrollIntoView({ block: "start" });
    // A button that has become disabled would lose the focus of the keyboard.
    if (button.disabled) at("interfaces").focus({ preventScroll: true });
  });
  at("size").addEventListener("change", () => { state.size = Number(at("size").value); state.page = 0; show(); });

  for (const link of document.querySelectorAll("[data-filter]"))
    link.addEventListener("click", () => {
      form.reset();
      const menu = at(link.dataset.filter);
      menu.value = link.dataset.value;
      setTimeout(read);
    });

  let open = [];
  addEventListener("beforeprint", () => {
    open = [...document.querySelectorAll("details:not([open])")];
    for (const details of open) details.open = true;
    show(true);
  });
  addEventListener("afterprint", () => {
    for (const details of open) details.open = false;
    show();
  });

  form.hidden = interfaces.length === 0;
  select();
  document.documentElement.dataset.ready = "true";
}));
