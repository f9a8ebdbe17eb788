// Parts of a page that are kept up to date by the server: <div data-live="address">. Without scripts, load the page again.
"use strict";
for (const part of document.querySelectorAll("[data-live]")) {
  const said = document.getElementById("said");
  const source = new EventSource(part.dataset.live);
  source.addEventListener("update", (event) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const scrolled = [...part.querySelectorAll("[id][data-scroll]")].map((each) => [each.id, each.scrollLeft]);
    part.innerHTML = event.data;
    for (const [id, left] of scrolled) {
      const each = document.getElementById(id);
      if (each) each.scrollLeft = left;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    const summary = part.querySelector("[data-said]");
    if (said && summary && said.textContent !== summary.dataset.said) said.textContent = summary.dataset.said;
  });
  source.addEventListener("over", () => {
    source.close();
    location.reload();
  });
}
