// Draws the charts live over their still pictures, opens what is closed before printing, and filters tables.
// Without scripts the page is complete: the still pictures stay.
(function () {
  "use strict";
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const darkPaper = window.matchMedia("(prefers-color-scheme: dark)");
  const actions = { export: true, source: false, compiled: false, editor: false };

  // On a phone the legends' entries stand in fewer columns, so that none is cut off.
  function narrow(part) {
    if (part === null || typeof part !== "object") return;
    if (part.legend && part.legend.columns > 1) part.legend.columns = 2;
    Object.values(part).forEach(narrow);
  }

  function draw(figure) {
    const spec = structuredClone(charts.specs[figure.dataset.chart]);
    const live = figure.querySelector(".live");
    spec.config = charts.configs[darkPaper.matches ? "dark" : "light"];
    spec.width = "container";
    spec.autosize = { type: "fit-x", contains: "padding" };
    live.hidden = false;
    if (live.clientWidth < 560) narrow(spec);
    // `ast` has expressions interpreted, not compiled: the page's policy forbids eval.
    return vegaEmbed(live, spec, { ast: true, renderer: "svg", actions: actions }).then(
      () => figure.classList.add("drawn"),
      (error) => {
        live.hidden = true;
        console.error(figure.dataset.chart, error);
      },
    );
  }

  function drawAll() {
    document.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  if (charts.specs && window.vegaEmbed) {
    drawAll();
    darkPaper.addEventListener("change", drawAll);
  }

  document.querySelectorAll(".tools").forEach((tools) => (tools.hidden = false));
  document.querySelectorAll("[data-open], [data-close]").forEach((button) => {
    const opens = "open" in button.dataset;
    button.addEventListener("click", () => {
      document.querySelectorAll(opens ? button.dataset.open : button.dataset.close).forEach((one) => (one.open = opens));
    });
  });
  document.querySelectorAll("input[data-filter]").forEach((field) => {
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      document.querySelectorAll(field.dataset.filter).forEach((row) => {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
      if (wanted) field.closest("section").querySelectorAll("details").forEach((one) => (one.open = true));
    });
  });

  function openTarget() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  }
  window.addEventListener("hashchange", openTarget);
  openTarget();

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.option:not([open])")];
    closed.forEach((one) => (one.open = true));
  });
  window.addEventListener("afterprint", () => closed.forEach((one) => (one.open = false)));
})();
