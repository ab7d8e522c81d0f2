// Playing a simulation: the form, the moment on show, and one request looked at closely.
(function () {
  "use strict";
  const words = window.millwright.words;
  let playing = null;

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.dataset?.act === "simulate-form") {
      const asked = {};
      document.querySelectorAll("[data-sim]").forEach((field) => {
        asked[field.dataset.sim] = field.type === "number" || field.dataset.sim === "tp" ? Number(field.value) : field.value;
      });
      emitEvent("simulate", asked);
    }
    if (target.dataset?.actPlay !== undefined) toggle();
    if (target.dataset?.request) zoom(target);
  });

  document.addEventListener("input", (event) => {
    if (event.target.id === "play-at") show(Number(event.target.value));
  });

  function show(index) {
    const line = document.getElementById("play-now");
    const moments = JSON.parse(line.dataset.moments);
    const now = moments[index];
    if (!now) return;
    const capacity = Number(line.dataset.capacity);
    const kv = capacity ? `${Math.round((100 * now.context_tokens) / capacity)} %` : `${Math.round(now.context_tokens)} tokens`;
    const time = `${now.time_s.toFixed(1)} s`;
    const told = { time, waiting: now.waiting, running: now.running, kv };
    line.textContent = line.dataset.words.replace(/\{(\w+)\}/g, (_, key) => told[key]);
    document.getElementById("play-time").textContent = time;
    document.getElementById("play-at").setAttribute("aria-valuetext", line.textContent);
  }

  function toggle() {
    if (playing) {
      clearInterval(playing);
      playing = null;
      return;
    }
    playing = setInterval(() => {
      const slider = document.getElementById("play-at");
      if (!slider || Number(slider.value) >= Number(slider.max)) {
        clearInterval(playing);
        playing = null;
        return;
      }
      slider.value = Number(slider.value) + 1;
      show(Number(slider.value));
    }, 60);
  }

  function zoom(button) {
    const [arrival, started, first, finish] = JSON.parse(button.dataset.times);
    const whole = finish - arrival || 1;
    const parts = [
      [words.sim_wait, started - arrival, "#7A7F87"],
      [words.sim_prompt, first - started, "#D98200"],
      [words.sim_write, finish - first, "#0072B2"],
    ];
    const place = document.getElementById("one-request");
    place.replaceChildren();
    const title = document.createElement("h3");
    title.textContent = button.textContent;
    const bar = document.createElement("div");
    bar.className = "spans";
    const list = document.createElement("ul");
    for (const [name, took, colour] of parts) {
      const span = document.createElement("span");
      span.style.width = `${(100 * took) / whole}%`;
      span.style.background = colour;
      bar.append(span);
      const item = document.createElement("li");
      item.textContent = `${name}: ${took.toFixed(3)} s`;
      list.append(item);
    }
    place.append(title, bar, list);
    place.scrollIntoView({ block: "nearest" });
  }

  window.millwright.simulation = {
    status(text) {
      document.getElementById("simulation-status").textContent = text;
    },
    ready() {
      show(0);
    },
  };
})();
