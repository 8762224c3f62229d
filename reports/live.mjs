// Unpacks Vega, then replaces each drawn chart by a live one with tooltips, once it comes near the screen. Runs as a script in
// the page. Whatever fails here leaves the drawn chart in its place.
(() => {
  /** The text of an element that reports/libraries.ts packed. */
  function unpacked({ textContent }) {
    const bytes = Uint8Array.from(atob(textContent), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  }

  /** The page's policy allows this very text as a script, and no other. */
  async function loadLibraries() {
    const script = document.createElement("script");
    script.textContent = await unpacked(document.querySelector("#libraries"));
    document.body.append(script);
  }

  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);

  /** Text only: whatever names and notes hold stays text. */
  const showTip = (_handler, event, _item, text) => {
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = String(text);
    const { clientX, clientY } = event.touches?.[0] ?? event;
    const { offsetWidth, offsetHeight } = tip;
    const fitsBelow = clientY + 18 + offsetHeight < innerHeight;
    tip.style.left = `${Math.max(8, Math.min(clientX + 14, innerWidth - offsetWidth - 8))}px`;
    tip.style.top = `${fitsBelow ? clientY + 18 : Math.max(8, clientY - offsetHeight - 12)}px`;
  };
  const hideTip = () => {
    tip.hidden = true;
  };
  addEventListener("keydown", ({ key }) => key === "Escape" && hideTip());
  addEventListener("scroll", hideTip, { passive: true });

  /** Policies that are not shown. They stand in the address, so that a link or a bookmark shows the same. */
  const hidden = new Set(new URLSearchParams(location.search).getAll("hide"));
  const views = [];
  const filter = document.querySelector("#filter");

  function showPolicies() {
    for (const element of document.querySelectorAll("[data-policy]")) {
      element.hidden = hidden.has(element.dataset.policy);
    }
    for (const view of views) view.signal("hidden", [...hidden]).runAsync();
    const boxes = [...filter.querySelectorAll("input")];
    for (const box of boxes) box.checked = !hidden.has(box.value);
    const shown = boxes.filter(({ checked }) => checked).length;
    filter.querySelector("output").textContent =
      shown < boxes.length
        ? `${shown} of ${boxes.length} policies shown; the answer, ranks, p values and captions are still those of all.`
        : "";
  }

  function startFilter() {
    filter.hidden = false;
    filter.addEventListener("change", ({ target }) => {
      if (target.checked) hidden.delete(target.value);
      else hidden.add(target.value);
      const address = new URL(location.href);
      address.searchParams.delete("hide");
      for (const policy of hidden) address.searchParams.append("hide", policy);
      history.replaceState(null, "", address);
      showPolicies();
    });
    showPolicies();
  }

  /** What a table shows, row by row: its text, which may hold anything. */
  const cellsOf = (table) =>
    [...table.rows]
      .filter((row) => !row.hidden)
      .map((row) =>
        [...row.cells].filter((cell) => !cell.hidden).map((cell) => cell.innerText.replace(/\s+/g, " ").trim()),
      );
  /** A text that a spreadsheet would run as a formula is quoted; a number is none. */
  const csvCell = (text) => {
    const inert = /^[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  };
  const csv = (table) =>
    `${cellsOf(table)
      .map((row) => row.map(csvCell).join(","))
      .join("\n")}\n`;
  const markdown = (table) => {
    const escaped = (text) => text.replace(/[\\|<>`*_[\]]/g, "\\$&");
    const line = (cells) => `| ${cells.join(" | ")} |`;
    const [head, ...rows] = cellsOf(table).map((row) => row.map(escaped));
    return `${[head, head.map(() => "---"), ...rows].map(line).join("\n")}\n`;
  };

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", async () => {
      const done = await act();
      if (!done) return;
      made.textContent = done;
      setTimeout(() => {
        made.textContent = label;
      }, 2000);
    });
    return made;
  }

  /** Every table can be taken along as CSV or Markdown, every chart as SVG. */
  function startTaking() {
    for (const [i, box] of [...document.querySelectorAll(".scroll")].entries()) {
      const table = box.querySelector("table");
      const tools = document.createElement("p");
      tools.className = "tools";
      tools.append(
        button("Download CSV", () => save(`table-${i + 1}.csv`, "text/csv", csv(table))),
        button("Copy as Markdown", async () => {
          const copied = navigator.clipboard?.writeText(markdown(table));
          return copied?.then(
            () => "Copied",
            () => "The browser forbids it",
          );
        }),
      );
      box.after(tools);
    }
    for (const figure of document.querySelectorAll("figure.chart")) {
      const tools = document.createElement("p");
      tools.className = "tools";
      tools.append(button("Download SVG", () => save(`${figure.id}.svg`, "image/svg+xml", standalone(figure))));
      figure.querySelector("figcaption").after(tools);
    }
  }

  /** The chart as it is drawn now, in the colours that it has on the screen. */
  function standalone(figure) {
    const drawn = figure.querySelector(".stage svg");
    const copy = drawn.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.removeAttribute("aria-hidden");
    const shown = [...drawn.querySelectorAll("*")];
    for (const [i, element] of [...copy.querySelectorAll("*")].entries()) {
      const { fill, stroke, opacity } = getComputedStyle(shown[i]);
      for (const [name, value] of Object.entries({ fill, stroke })) if (value !== "") element.setAttribute(name, value);
      if (opacity !== "1") element.setAttribute("opacity", opacity);
    }
    return new XMLSerializer().serializeToString(copy);
  }

  async function enliven(figure) {
    const stage = figure.querySelector(".stage");
    const picture = stage.querySelector("[role=img]");
    const { vega, expressionInterpreter } = globalThis;
    const program = JSON.parse(await unpacked(figure.querySelector("script.program")));
    const live = document.createElement("div");
    const view = new vega.View(vega.parse(program, undefined, { ast: true }), {
      expr: expressionInterpreter,
      renderer: "svg",
      container: live,
      hover: false,
      tooltip: showTip,
      logLevel: vega.Error,
    });
    let width = stage.clientWidth;
    await view
      .signal("hidden", [...hidden])
      .width(width)
      .runAsync();
    views.push(view);
    for (const attribute of ["role", "aria-label", "aria-roledescription"]) live.removeAttribute(attribute);
    live.querySelector("svg").setAttribute("aria-hidden", "true");
    picture.replaceChildren(live);
    figure.dataset.live = "";
    stage.removeAttribute("tabindex"); // it fits its width now: nothing to scroll
    new ResizeObserver(async () => {
      if (stage.clientWidth === width || stage.clientWidth === 0) return;
      width = stage.clientWidth;
      await view.width(width).runAsync();
    }).observe(stage);
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        enliven(target).catch((error) => console.error(`chart ${target.id} stays as drawn:`, error));
      }
    },
    { rootMargin: "300px" },
  );
  if (filter !== null) startFilter();
  startTaking();
  loadLibraries().then(
    () => {
      for (const figure of document.querySelectorAll("figure.chart")) near.observe(figure);
    },
    (error) => console.error("charts stay as drawn:", error),
  );
})();
