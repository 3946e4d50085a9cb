"use strict";
(() => {
  const form = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("[data-row]"), (row) => ({ row, text: row.textContent.toLowerCase() }));
  const words = (row, name) => (row.dataset[name] || "").split(" ");
  // A row says what each subject came to, a line each: "failed=host".
  const pairs = (row) => (row.dataset.subject || "").split("\n").filter(Boolean).map((pair) => {
    const at = pair.indexOf("=");
    return { verdict: pair.slice(0, at), subject: pair.slice(at + 1) };
  });
  const fits = ({ row, text }, wanted) => {
    if (wanted.text && !wanted.text.split(/\s+/).every((word) => text.includes(word))) return false;
    if (wanted.level && row.dataset.level && !words(row, "level").includes(wanted.level)) return false;
    if (wanted.area && row.dataset.area && !words(row, "area").includes(wanted.area)) return false;
    const said = pairs(row);
    if (said.length === 0) return !wanted.verdict || words(row, "verdict").includes(wanted.verdict);
    return said.some((pair) => (!wanted.verdict || pair.verdict === wanted.verdict) && (!wanted.subject || pair.subject === wanted.subject));
  };
  const filter = () => {
    const wanted = Object.fromEntries(new FormData(form));
    wanted.text = wanted.text.trim().toLowerCase();
    let shown = 0, all = 0;
    for (const one of rows) {
      one.row.hidden = !fits(one, wanted);
      if (one.row.dataset.row === "requirement") { all += 1; shown += one.row.hidden ? 0 : 1; }
    }
    document.getElementById("shown").textContent = `${shown} of ${all} requirements`;
  };
  if (form) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    filter();
  }
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.hidden = false; target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
  if (navigator.clipboard) {
    for (const command of document.querySelectorAll(".command")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(command.querySelector("code").textContent);
        button.textContent = "Copied";
      });
      command.append(button);
    }
  }
})();
