// A Vega-Lite chart in the page: drawn when it comes into sight, drawn anew when its specification or the paper changes.
// Its words stand beside it for those who do not see it.
export default {
  template: `<figure class="chart"><div ref="paper" class="paper"></div><figcaption v-if="caption">{{ caption }}</figcaption></figure>`,
  props: { spec: Object, configs: Object, words: String, caption: String },
  mounted() {
    this.seen = false;
    this.watcher = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) {
          this.seen = true;
          this.draw();
        }
      },
      { rootMargin: "400px" },
    );
    this.watcher.observe(this.$refs.paper);
    this.redraw = () => this.seen && this.draw();
    this.show = () => {
      this.seen = true;
      this.draw();
    };
    window.addEventListener("millwright-theme", this.redraw);
    window.addEventListener("beforeprint", this.show);
  },
  unmounted() {
    this.watcher.disconnect();
    window.removeEventListener("millwright-theme", this.redraw);
    window.removeEventListener("beforeprint", this.show);
    this.view?.finalize();
  },
  watch: {
    spec() {
      this.redraw();
    },
  },
  methods: {
    async draw() {
      await window.millwright.vega();
      const paper = this.$refs.paper;
      if (!paper || !this.spec) return;
      const spec = structuredClone(Vue.toRaw(this.spec));
      spec.config = structuredClone(Vue.toRaw(this.configs[window.millwright.isDark() ? "dark" : "light"]));
      spec.width = "container";
      spec.autosize = { type: "fit-x", contains: "padding" };
      if (paper.clientWidth < 560) narrow(spec);
      const options = {
        ast: true,
        renderer: "svg",
        tooltip: { theme: window.millwright.isDark() ? "dark" : "light" },
        actions: { export: true, source: false, compiled: false, editor: false },
      };
      const drawn = await window.vegaEmbed(paper, spec, options);
      this.view?.finalize();
      this.view = drawn;
      paper.querySelectorAll("svg [role]").forEach((part) => part.removeAttribute("role"));
      paper.querySelectorAll("svg [aria-label], svg [aria-roledescription]").forEach((part) => {
        part.removeAttribute("aria-label");
        part.removeAttribute("aria-roledescription");
      });
      paper.querySelector("svg")?.setAttribute("role", "img");
      paper.querySelector("svg")?.setAttribute("aria-label", this.words);
      paper.querySelector("summary")?.setAttribute("aria-label", window.millwright.words.chart_menu);
      paper.dataset.drawn = "yes";
    },
  },
};

// On a phone the legends' entries stand in fewer columns, so that none is cut off.
function narrow(part) {
  if (part === null || typeof part !== "object") return;
  if (part.legend && part.legend.columns > 1) part.legend.columns = 2;
  Object.values(part).forEach(narrow);
}
