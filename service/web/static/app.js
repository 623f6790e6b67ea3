// Comfort on top of plain links and forms: single keys, live numbers, a heartbeat. Every page works without it.
(() => {
  "use strict";
  const typing = (e) => e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) || e.target.isContentEditable;

  // An element with data-key="a" is followed, pressed or focused by that key.
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && typing(e)) { e.target.blur(); return; }
    if (typing(e) || e.repeat) return;
    const wanted = [...document.querySelectorAll("[data-key]")].find((el) => el.dataset.key === e.key && !el.disabled && el.offsetParent !== null);
    if (!wanted) return;
    e.preventDefault();
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(wanted.tagName)) wanted.focus(); else wanted.click();
  });

  // In a form marked data-no-enter, Enter in a field never presses a button.
  document.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && /^(INPUT|SELECT)$/.test(e.target.tagName) && e.target.closest("[data-no-enter]")) e.preventDefault();
  });

  // j and k walk through a list marked data-rows.
  document.addEventListener("keydown", (e) => {
    if (typing(e) || (e.key !== "j" && e.key !== "k")) return;
    const rows = [...document.querySelectorAll("[data-rows] a[data-row]")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at + (e.key === "j" ? 1 : -1)))].focus();
  });

  // data-events="/address": server-sent events; each event fills the elements with data-event="its name".
  const source = document.querySelector("[data-events]");
  if (source && window.EventSource) {
    const stream = new EventSource(source.dataset.events);
    document.querySelectorAll("[data-event]").forEach((el) => {
      stream.addEventListener(el.dataset.event, (event) => { if (el.textContent !== event.data) el.textContent = event.data; });
    });
    addEventListener("pagehide", () => stream.close());
  }

  // data-heartbeat="/address": renews a lease while the page is open and visible.
  const lease = document.querySelector("[data-heartbeat]");
  if (lease) {
    const beat = () => {
      if (document.hidden) return;
      fetch(lease.dataset.heartbeat, { method: "POST", headers: { "X-CSRF-Token": lease.dataset.csrf } }).then((answer) => {
        if (answer.status === 409) { lease.hidden = false; lease.textContent = "You hold this no longer: it was given back, or somebody else took it. Reload before you go on."; }
      }).catch(() => {});
    };
    setInterval(beat, 30000);
  }

  // data-copy="#id": copies what that element shows.
  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-copy]");
    if (!button) return;
    const text = document.querySelector(button.dataset.copy);
    navigator.clipboard?.writeText(text.value ?? text.textContent).then(() => { button.textContent = "Copied"; });
  });
})();
