// The questions of readiness: each answer goes to the server when it is given; scores come back.
(function () {
  "use strict";
  const waiting = new Map();

  function tell(question) {
    const chosen = question.querySelector("input[type=radio]:checked");
    emitEvent("answer", {
      question: question.dataset.questionId,
      level: chosen ? chosen.value : "",
      evidence: question.querySelector("[data-evidence]").value,
      because: question.querySelector("[data-because]").value,
    });
  }

  document.addEventListener("input", (event) => {
    const question = event.target.closest("[data-question-id]");
    if (!question) return;
    clearTimeout(waiting.get(question));
    waiting.set(question, setTimeout(() => tell(question), event.target.matches("[data-because]") ? 500 : 60));
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open-question]");
    if (!link) return;
    event.preventDefault();
    const question = document.getElementById(`q-${link.dataset.openQuestion}`);
    question.closest("details").open = true;
    question.scrollIntoView({ block: "start" });
    question.querySelector("input").focus({ preventScroll: true });
  });

  window.millwright.readiness = {
    status(words) {
      document.getElementById("readiness-status").textContent = words;
    },
  };
})();
