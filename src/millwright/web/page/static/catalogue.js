// The catalogue: a figure of one's own goes into the scenario that is being edited in this tab, or into a saved one.
(function () {
  "use strict";
  const form = () => document.getElementById("override");
  const field = () => document.getElementById("override-value");
  const into = () => document.getElementById("override-into");

  function offerDraft() {
    const choice = document.getElementById("override-draft");
    if (!window.millwright.draft()) {
      choice.remove();
      document.querySelector('[data-act="override-it"]').disabled = into().options.length === 0;
      return;
    }
    if (!new URLSearchParams(location.search).get("into")) choice.selected = true;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-override]");
    if (button) {
      field().value = button.dataset.now;
      field().dataset.field = button.dataset.override;
      document.getElementById("override-field").textContent = form().dataset.words.replace(
        "{field}",
        button.dataset.override.replaceAll("_", " "),
      );
      field().focus();
      field().select();
    }
    if (event.target.dataset?.act === "override-it") {
      const draft = into().value === "" ? window.millwright.draft() : null;
      emitEvent("override-with", {
        kind: form().dataset.kind,
        entry: form().dataset.entry,
        field: field().dataset.field,
        value: field().value,
        scenario: into().value,
        text: draft ? draft.text : "",
      });
    }
  });

  window.millwright.catalogue = {
    // What came of it: words, and where the scenario is; the text is that of the draft with the figure in it.
    overridden(words, text, link, name) {
      const draft = window.millwright.draft();
      if (text && draft) {
        window.millwright.keepDraft(text, draft.path);
        link = `${draft.path}#draft`;
      }
      const status = document.getElementById("override-status");
      status.replaceChildren(document.createTextNode(`${words} `));
      if (!link) return;
      status.append(Object.assign(document.createElement("a"), { href: link, textContent: name }));
    },
  };
  // The page's content comes after this script; the form is looked for until it is there.
  const looking = setInterval(() => {
    if (!form()) return;
    clearInterval(looking);
    offerDraft();
  }, 50);
  setTimeout(() => clearInterval(looking), 5000);
})();
