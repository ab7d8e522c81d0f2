// What the page does by itself: the paper's colour, the what-if form, what is compared, the demand slider, filters.
// Numbers are worked out by the server; here they are only asked for and shown.
(function () {
  "use strict";
  const root = document.documentElement;
  const config = JSON.parse(document.getElementById("millwright-page").textContent);
  let vegaLoad = null;

  function theme(name) {
    if (name) localStorage.setItem("millwright-theme", name);
    root.dataset.theme = localStorage.getItem("millwright-theme") || "auto";
    window.dispatchEvent(new Event("millwright-theme"));
  }

  const millwright = (window.millwright = {
    words: config.words,
    isDark: () =>
      root.dataset.theme === "dark" ||
      (root.dataset.theme !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches),
    // The charts' library is large; it is fetched when the first chart comes into sight.
    vega() {
      vegaLoad ??= new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = config.vega;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      });
      return vegaLoad;
    },
    setForm(changes) {
      const form = document.getElementById("what-if");
      if (form) fill(form, changes);
    },
    link(query) {
      history.replaceState(null, "", query ? `?${query}` : location.pathname);
    },
    busy(is) {
      root.dataset.busy = is ? "yes" : "no";
      const status = document.getElementById("what-if-status");
      if (status) status.textContent = is ? config.words.recomputing : config.words.up_to_date;
    },
    // The scenario that is being edited in this tab, for pages that write into it.
    draft() {
      return JSON.parse(sessionStorage.getItem("millwright-draft") || "null");
    },
    keepDraft(text, path) {
      sessionStorage.setItem("millwright-draft", JSON.stringify({ text, path }));
    },
    focus(id) {
      document.getElementById(id)?.focus();
    },
  });
  theme();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme());

  // --- what if ---

  const ranges = { log: (x) => Math.pow(10, x), plain: (x) => x };

  function valueOf(field) {
    if (field.type === "radio") return field.checked ? field.value : null;
    if (field.value === "") return null;
    if (field.dataset.kind === "text") return field.value;
    const scale = Number(field.dataset.scale || 1);
    return Number((ranges[field.dataset.range || "plain"](Number(field.value)) * scale).toPrecision(6));
  }

  function changesOf(form) {
    const changes = {};
    for (const field of form.querySelectorAll("[data-change]")) {
      const name = field.dataset.change;
      if (name === "precisions") {
        if (!field.checked) continue;
        (changes.precisions ??= []).push(field.value);
        continue;
      }
      const value = valueOf(field);
      const base = field.dataset.base;
      if (value === null || (typeof value === "number" ? base !== "" && value === Number(base) : value === base)) continue;
      changes[name] = value;
    }
    const all = form.querySelectorAll('[data-change="precisions"]').length;
    if (changes.precisions && form.dataset.precisions === changes.precisions.join(" ")) delete changes.precisions;
    if (all && !changes.precisions) delete changes.precisions;
    if (Object.keys(changes).length === 1 && "workload" in changes) return {};
    return changes;
  }

  function tell(field) {
    const output = field.closest("label, .field")?.querySelector("output");
    if (output) {
      const value = valueOf(field);
      output.textContent = value === null ? "" : `${Number(value.toPrecision(3)).toLocaleString("en")} ×`;
      field.setAttribute("aria-valuetext", output.textContent);
    }
  }

  function fill(form, changes) {
    for (const field of form.querySelectorAll("[data-change]")) {
      const name = field.dataset.change;
      const base = field.dataset.base;
      const value = changes[name];
      if (name === "precisions") {
        const chosen = value ?? (form.dataset.precisions || "").split(" ");
        field.checked = chosen.includes(field.value);
        continue;
      }
      if (field.dataset.kind === "text") {
        field.value = value ?? base;
        continue;
      }
      const scale = Number(field.dataset.scale || 1);
      const shown = value === undefined || value === null ? base : value;
      if (shown === "" || shown === undefined) field.value = "";
      else if (field.dataset.range === "log") field.value = Math.log10(Number(shown) / scale);
      else field.value = Number((Number(shown) / scale).toPrecision(9));
      tell(field);
    }
  }

  let waiting = null;
  function changed(event) {
    const form = event.target.closest("#what-if");
    if (!form || !event.target.dataset.change) return;
    tell(event.target);
    if (!event.target.checkValidity()) return;
    millwright.busy(true);
    clearTimeout(waiting);
    waiting = setTimeout(() => emitEvent("what-if", changesOf(form)), 80);
  }
  document.addEventListener("input", changed);
  document.addEventListener("submit", (event) => event.target.dataset.plain === undefined && event.preventDefault());

  // --- buttons, boxes, filters ---

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const act = button.dataset.act;
    if (act === "theme") theme(millwright.isDark() ? "light" : "dark");
    else if (act === "print") window.print();
    else if (act === "copy-link") {
      navigator.clipboard?.writeText(location.href);
      document.getElementById("what-if-status").textContent = config.words.link_copied;
    } else emitEvent(act, { ...button.dataset });
  });

  document.addEventListener("change", (event) => {
    if (event.target.dataset.axes !== undefined) emitEvent("axes", { pair: event.target.value });
    if (event.target.dataset.compare === undefined) return;
    const chosen = [...document.querySelectorAll("[data-compare]:checked")].map((box) => box.dataset.compare);
    const unique = [...new Set(chosen)];
    document.querySelectorAll("[data-compare]").forEach((box) => {
      box.disabled = unique.length >= 3 && !box.checked;
    });
    emitEvent("compare", { options: unique });
  });

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.dataset.filter) {
      const wanted = field.value.toLowerCase();
      document.querySelectorAll(field.dataset.filter).forEach((row) => {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
    }
    if (field.id === "demand-slider") demand(field);
  });

  // The demand slider reads the curves that the plan holds; between their points it draws straight lines.
  function demand(field) {
    const multiple = Math.pow(10, Number(field.value));
    const shown = Number(multiple.toPrecision(2)).toLocaleString("en");
    document.getElementById("demand-at").textContent = `${shown} ×`;
    field.setAttribute("aria-valuetext", `${shown} ×`);
    for (const row of document.querySelectorAll("[data-curve]")) {
      const points = JSON.parse(row.dataset.curve);
      row.querySelector("output").textContent = at(points, multiple).toPrecision(3);
    }
    const rows = [...document.querySelectorAll("[data-curve]")];
    const costs = rows.map((row) => Number(row.querySelector("output").textContent));
    rows.forEach((row, index) => (row.dataset.least = costs[index] === Math.min(...costs) ? "yes" : "no"));
  }

  function at(points, multiple) {
    const last = points.length - 1;
    if (multiple <= points[0][0]) return points[0][1];
    if (multiple >= points[last][0]) return points[last][1];
    const k = points.findIndex((point) => point[0] >= multiple);
    const [x0, y0] = points[k - 1];
    const [x1, y1] = points[k];
    return y0 + ((y1 - y0) * (Math.log(multiple) - Math.log(x0))) / (Math.log(x1) - Math.log(x0));
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.prints:not([open])")];
    closed.forEach((one) => (one.open = true));
  });
  window.addEventListener("afterprint", () => closed.forEach((one) => (one.open = false)));
})();
