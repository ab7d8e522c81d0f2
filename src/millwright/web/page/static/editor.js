// The scenario editor: form and text side by side. The text is the truth; the form shows and changes its keys.
(function () {
  "use strict";
  const words = window.millwright.words;
  const text = () => document.getElementById("yaml");
  let waiting = null;

  let begun = false;
  const keep = () => window.millwright.keepDraft(text().value, location.pathname);

  function send(event, more) {
    keep();
    emitEvent(event, { text: text().value, ...more });
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "yaml") return;
    clearTimeout(waiting);
    waiting = setTimeout(() => send("yaml", {}), 350);
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.dataset.field) send("field", { field: field.dataset.field, value: field.value });
    if (field.dataset.example !== undefined && field.value) emitEvent("example", { name: field.value });
  });

  document.addEventListener("click", (event) => {
    const line = event.target.dataset?.line;
    if (line) goTo(Number(line));
    const act = event.target.dataset?.act;
    if (act === "write") {
      const answers = {};
      document.querySelectorAll("[data-question]").forEach((each) => (answers[each.dataset.question] = each.value));
      emitEvent("questions", answers);
    }
    if (act === "plan-it") send("plan-it-with", {});
    if (act === "save") send("save-with", {});
  });

  function goTo(line) {
    const area = text();
    const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(before, before + (area.value.split("\n")[line - 1] || "").length);
    area.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(area).lineHeight));
  }

  function element(tag, content, more) {
    return Object.assign(document.createElement(tag), { textContent: content }, more);
  }

  window.millwright.editor = {
    // What the server found: the text (where it has changed it), values for the form, faults, and what is assumed.
    show(found) {
      const area = text();
      if (!begun) {
        begun = true;
        const draft = window.millwright.draft();
        if (location.hash === "#draft" && draft && draft.text !== area.value) {
          this.put(draft.text);
          return;
        }
        keep();
      }
      if (found.replace && area.value !== found.text) area.value = found.text;
      if (found.replace) keep();
      const values = new Map(found.values.map(([path, value]) => [path.join("."), value]));
      document.querySelectorAll("[data-field]").forEach((field) => {
        if (document.activeElement === field && field.tagName === "INPUT") return;
        const value = values.get(field.dataset.field);
        field.value = value === undefined || value === null ? "" : String(value);
        const assumed = found.placeholders[field.dataset.field];
        if (field.tagName === "INPUT") field.placeholder = assumed ?? "";
        else if (field.options[0]) field.options[0].textContent = assumed ?? "";
      });
      document.querySelectorAll("[data-fault]").forEach((place) => {
        const fault = found.faults.find((each) => `${each.path.join(".")}.`.startsWith(`${place.dataset.fault}.`));
        place.hidden = !fault;
        place.textContent = fault ? `${fault.what}. ${fault.remedy}` : "";
        const field = document.querySelector(`[data-field="${CSS.escape(place.dataset.fault)}"]`);
        field?.toggleAttribute("aria-invalid", Boolean(fault));
        if (fault) field?.setAttribute("aria-invalid", "true");
      });
      const list = document.getElementById("yaml-faults");
      list.replaceChildren(element("p", found.summary, { className: found.faults.length ? "fault" : "quiet" }));
      if (found.faults.length) {
        const items = element("ul", "", { className: "faults" });
        for (const fault of found.faults) {
          const item = element("li", `${fault.what}. ${fault.remedy} `);
          if (fault.line) {
            const button = element("button", words.go_to_line.replace("{line}", fault.line), { type: "button", className: "num" });
            button.dataset.line = fault.line;
            item.append(button);
          }
          items.append(item);
        }
        list.append(items);
      }
      document
        .getElementById("assumed")
        .replaceChildren(...found.assumed.map((each) => element("li", `${each.path}: ${each.value} (${each.note})`)));
    },
    put(content) {
      text().value = content;
      send("yaml", {});
    },
    status(words_) {
      document.getElementById("editor-status").textContent = words_;
    },
    job(state) {
      document.getElementById("job").hidden = !state;
      if (!state) return;
      document.getElementById("job-what").textContent = state.what;
      const bar = document.getElementById("job-progress");
      if (state.of) bar.value = state.done / state.of;
      else bar.removeAttribute("value");
    },
  };
  document.addEventListener("millwright-ready", () => send("yaml", {}));
})();
