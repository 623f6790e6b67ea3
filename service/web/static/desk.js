// The desk on top of its plain form: every keystroke is kept in this browser and saved as revisions; choosing a sentence
// shows what it rests on. Without this file the same form works by its buttons.
(() => {
  "use strict";
  const form = document.getElementById("edit");
  const beside = document.getElementById("beside");
  const narrow = matchMedia("(max-width: 60rem)");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const pieceOf = (element) => element?.closest?.(".piece[data-piece]") ?? null;

  // ---- what a sentence rests on
  let chosen = null;
  const choose = (piece) => {
    if (!piece || piece === chosen) return;
    chosen?.classList.remove("chosen");
    chosen = piece;
    piece.classList.add("chosen");
    all(".rests").forEach((section) => {
      section.hidden = section.dataset.for !== piece.dataset.piece;
      if (!section.hidden && narrow.matches) piece.append(section);
      else if (section.parentElement !== beside) beside.insertBefore(section, beside.querySelector("details"));
    });
    const hint = document.getElementById("choose");
    const found = all(".rests").some((section) => !section.hidden);
    hint.hidden = found;
    hint.textContent = found ? "" : `Sentence ${piece.dataset.number} rests on no source.`;
  };
  if (beside && document.querySelector(".piece")) {
    all(".rests").forEach((section) => { section.hidden = true; });
    document.getElementById("choose").hidden = false;
    beside.classList.remove("waiting");
    document.addEventListener("focusin", (e) => choose(pieceOf(e.target)));
    document.addEventListener("click", (e) => {
      const piece = pieceOf(e.target);
      if (piece) choose(piece);
      if (e.target.closest("a[data-row][href^='#src-']")) e.preventDefault();
    });
  }

  // ---- sentences as they are written
  all("[data-live]").forEach((list) => {
    if (!window.EventSource) return;
    const stream = new EventSource(list.dataset.live);
    addEventListener("pagehide", () => stream.close());
    stream.addEventListener("sentence", (event) => {
      const item = document.createElement("li");
      item.textContent = JSON.parse(event.data).text;
      item.dir = "auto";
      list.append(item);
    });
    stream.addEventListener("withdrawn", () => list.replaceChildren());
    for (const end of ["ready", "abstained", "failed", "published", "discarded"]) {
      stream.addEventListener(end, () => { stream.close(); whenSaved(() => location.reload()); });
    }
  });

  let whenSaved = (go) => go();
  if (!form || !form.querySelector("[data-autosave]") && !form.querySelector("#new")) return;

  // ---- the draft as the form has it
  const status = document.getElementById("saved");
  const blockers = document.getElementById("blockers");
  const note = document.getElementById("kept-here");
  const draft = form.dataset.draft;
  const textView = form.dataset.view === "text";
  let version = Number(form.dataset.version);
  const plain = (text) => text.trim().split(/\s+/).join(" ");
  const pieces = () => all(".piece[data-piece]", form);
  const field = (piece) => piece.querySelector("textarea");
  const actOf = (piece) => piece.querySelector("input[name^='act:']:checked")?.value ?? "";

  const editOf = (piece) => {
    const id = piece.dataset.piece, area = field(piece);
    if (piece.dataset.kind === "own") {
      if (!area || !area.value.trim()) return null;
      const edit = { id, action: "add", text: area.value.trim() };
      if (piece.dataset.after !== undefined) edit.after = piece.dataset.after;
      if (piece.dataset.passage) edit.passage_id = piece.dataset.passage;
      return edit;
    }
    if (actOf(piece) === "cut" || !area.value.trim()) return { id, action: "cut" };
    if (plain(area.value) !== plain(piece.dataset.machine)) return { id, action: "change", text: area.value.trim() };
    return actOf(piece) === "keep" ? { id, action: "keep" } : null;
  };
  const typedAside = () => {
    const area = form.querySelector("#new");
    if (!area || !area.value.trim()) return null;
    const place = form.querySelector("#new_after").value;
    const edit = { id: asideId(), action: "add", text: area.value.trim() };
    if (place !== "end") edit.after = place === "top" ? "" : place;
    return edit;
  };
  const asideId = () => { const ids = pieces().map((p) => p.dataset.piece); let n = 1; while (ids.includes(`own-${n}`)) n += 1; return `own-${n}`; };
  const state = () => {
    if (textView) return { text: form.querySelector("#text").value, confirmed: all("input[name^='act:']:checked", form).map((box) => box.name.slice(4)) };
    return { sentences: [...pieces().map(editOf), typedAside()].filter(Boolean) };
  };

  // ---- kept in this browser until the service has it: IndexedDB writes reach the disk when they commit
  const here = (() => {
    const open = new Promise((resolve, reject) => {
      const wanted = indexedDB.open("answerloop-desk", 1);
      wanted.onupgradeneeded = () => wanted.result.createObjectStore("unsent");
      wanted.onsuccess = () => resolve(wanted.result);
      wanted.onerror = () => reject(wanted.error);
    });
    const run = (mode, act) => open.then((database) => new Promise((resolve, reject) => {
      const change = database.transaction("unsent", mode, { durability: "strict" });
      const asked = act(change.objectStore("unsent"));
      change.oncomplete = () => resolve(asked.result);
      change.onerror = () => reject(change.error);
    })).catch(() => null);
    // Every load of the page keeps its own entry, so that none is written over before somebody said what becomes of it.
    const mine = `${draft}:${form.dataset.view}:${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
    return {
      put: (value) => run("readwrite", (store) => store.put({ ...value, key: mine }, mine)),
      drop: (key = mine) => run("readwrite", (store) => store.delete(key)),
      others: async () => {
        const found = await run("readonly", (store) => store.getAll(IDBKeyRange.bound(draft, `${draft}:\uffff`)));
        return (found ?? []).map((kept) => ({ key: draft, ...kept })).filter((kept) => kept.key !== mine);
      },
    };
  })();

  const fields = () => Object.fromEntries(all("textarea[name]", form).map((area) => [area.name, area.value]));
  const acts = () => Object.fromEntries(all("input[name^='act:']:checked", form).map((box) => [box.name, box.value]));
  const own = () => pieces().filter((p) => p.dataset.kind === "own").map((p) => ({ id: p.dataset.piece, after: p.dataset.after, passage: p.dataset.passage }));
  const keepHere = () => here.put({ version, at: new Date().toISOString(), view: form.dataset.view, fields: fields(), acts: acts(), own: own() });

  // ---- saving
  let saved = JSON.stringify(state());
  let timer = null, first = 0, saving = null, stopped = false, apart = false;
  const say = (text, wrong = false) => { status.textContent = text; status.classList.toggle("alert", wrong); };
  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

  const changed = () => {
    if (JSON.stringify(state()) === saved && !saving) { here.drop(); return; }
    keepHere();
    if (JSON.stringify(state()) === saved) return;
    if (!stopped && !apart) say("Saving …");
    first = first || Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.min(1000, Math.max(0, first + 5000 - Date.now())));
  };

  const send = async (now) => {
    const answer = await fetch(`/v1/drafts/${encodeURIComponent(draft)}/revisions`, {
      method: "POST", body: now,
      headers: { "Content-Type": "application/json", "X-CSRF-Token": form.dataset.csrf, "If-Match": `"${version}"` },
    });
    const told = await answer.json().catch(() => ({}));
    return { status: answer.status, told };
  };

  async function save() {
    clearTimeout(timer);
    if (saving) { await saving; }
    const now = JSON.stringify(state());
    if (now === saved || stopped) return !stopped;
    saving = (async () => {
      try {
        const { status: code, told } = await send(now);
        apart = false;
        if (code === 201) {
          saved = now; first = 0; version = told.version;
          form.dataset.version = String(version);
          form.querySelector("[name=version]").value = String(version);
          say(`Saved ${clock()}, revision ${told.revision.seq}`);
          show(told.blockers);
          if (JSON.stringify(state()) === saved) await here.drop(); else changed();
          return true;
        }
        if (code === 412) { refuse(told); return false; }
        say(`Not saved, kept in this browser: ${told.detail ?? code}`, true);
        if (code !== 422) timer = setTimeout(save, 5000);
        return false;
      } catch {
        apart = true;
        say("Not connected: kept in this browser.", true);
        timer = setTimeout(save, 3000);
        return false;
      } finally { saving = null; }
    })();
    return saving;
  }
  addEventListener("online", save);

  // Somebody or something changed the draft since it was read: nothing is sent over it unasked.
  const refuse = (told) => {
    stopped = true;
    keepHere();
    say("Not saved: the draft has changed.", true);
    offer(`The draft has changed since you opened it (version ${version}, now ${told.version}). What you wrote is kept in this browser.`, [
      ["Put mine on top", async (done) => { version = told.version; stopped = false; done(); saved = ""; await save(); }],
      ["Show what changed", () => { open(`/desk/${draft}/changes`, "_blank", "noopener"); }],
      ["Load theirs", async () => { await here.drop(); location.reload(); }],
    ]);
  };
  const offer = (text, choices) => {
    const one = document.createElement("div");
    const words = document.createElement("p");
    words.textContent = text;
    const row = document.createElement("p");
    row.className = "row";
    const done = () => { one.remove(); note.hidden = !note.children.length; };
    for (const [label, act] of choices) {
      const button = document.createElement("button");
      button.type = "button"; button.className = "small"; button.textContent = label;
      button.addEventListener("click", () => act(done, one));
      row.append(button);
    }
    one.append(words, row);
    note.append(one);
    note.hidden = false;
  };

  // ---- what stands in the way, in place
  const TOLD = {
    judgement: "No source says this. Keep it if you stand behind it, change it, or cut it.", gap: "Write this yourself, or cut it.",
    source: "Where this was taken from was withdrawn. Take it out.", stale: "The draft is stale: have it written anew.", empty: "There is no text.",
  };
  const show = (found) => {
    pieces().forEach((piece) => {
      const mine = found.find((b) => b.sentence_id === piece.dataset.piece);
      const line = piece.querySelector(".resolve");
      if (line) { line.hidden = !mine; line.textContent = mine ? TOLD[mine.kind] ?? mine.kind : ""; }
    });
    const items = found.map((b) => {
      const item = document.createElement("li");
      item.className = "alert";
      const piece = pieces().find((p) => p.dataset.piece === b.sentence_id);
      if (piece) {
        const link = document.createElement("a");
        link.href = `#${piece.id}`; link.textContent = `Sentence ${piece.dataset.number}`;
        item.append(link, ": ");
      }
      item.append(b.kind === "placeholder" ? `Fill in or take out: ${b.text}` : TOLD[b.kind] ?? b.kind);
      return item;
    });
    if (!items.length) {
      const item = document.createElement("li");
      item.className = "good"; item.textContent = "Nothing stands in the way.";
      items.push(item);
    }
    blockers.replaceChildren(...items);
  };

  // ---- sentences: the choice follows the text, the text follows the choice
  const reflect = (piece) => {
    if (piece.dataset.kind !== "machine" || textView) return;
    const edit = editOf(piece);
    piece.dataset.act = edit ? edit.action : "";
    all("input[type=radio]", piece).forEach((radio) => { radio.checked = edit !== null && radio.value === edit.action; });
  };
  form.addEventListener("input", (e) => {
    const piece = pieceOf(e.target);
    if (piece && e.target.tagName === "TEXTAREA") {
      const cut = piece.querySelector("input[value=cut]:checked");
      if (cut) cut.checked = false;
      reflect(piece);
    }
    changed();
  });
  form.addEventListener("change", (e) => {
    const piece = pieceOf(e.target);
    if (piece && e.target.type === "radio") {
      const area = field(piece);
      if (e.target.value === "keep") area.value = piece.dataset.machine;
      piece.dataset.act = e.target.value;
      if (e.target.value === "change") area.focus();
      else reflect(piece);
    }
    changed();
  });

  // ---- a sentence of one's own after any other
  const addAfter = (after, id = asideId(), text = "", passage = "") => {
    const item = document.createElement("li");
    item.className = "piece";
    Object.assign(item.dataset, { piece: id, kind: "own", act: "add", number: "+" });
    if (after !== undefined) item.dataset.after = after;
    if (passage) item.dataset.passage = passage;
    item.id = `s-${id}`;
    const head = document.createElement("div");
    head.className = "piece-head";
    const small = document.createElement("small");
    small.className = "ground"; small.textContent = "yours";
    head.append(small);
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name: `after:${id}`, value: after === "" ? "top" : after ?? "end" });
    const area = document.createElement("textarea");
    Object.assign(area, { name: `own:${id}`, rows: 2, maxLength: 5000, dir: "auto", value: text });
    area.setAttribute("aria-label", "A sentence of your own");
    area.dataset.autosave = "";
    const line = document.createElement("p");
    line.className = "resolve alert"; line.hidden = true;
    item.append(head, line, hidden, area);
    const list = form.querySelector(".pieces");
    const before = pieces().find((p) => p.dataset.piece === after);
    if (before) before.after(item); else if (after === "") list.prepend(item); else list.append(item);
    return area;
  };
  form.querySelector("[data-add]")?.addEventListener("click", (e) => {
    e.preventDefault();
    const area = form.querySelector("#new"), place = form.querySelector("#new_after").value;
    if (!area.value.trim()) { area.focus(); return; }
    const text = area.value;
    area.value = "";
    addAfter(place === "end" ? undefined : place === "top" ? "" : place, asideId(), text).focus();
    changed();
  });

  // ---- keys on a chosen sentence; j, k and Escape are the page's own
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && e.target.tagName === "TEXTAREA") { pieceOf(e.target)?.querySelector("a[data-row]")?.focus(); return; }
    if ((e.ctrlKey || e.metaKey) && e.key === "s") { e.preventDefault(); save(); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
    const piece = pieceOf(e.target);
    if (!piece) return;
    const radio = (value) => piece.querySelector(`input[type=radio][value=${value}]`)?.click();
    if (e.key === "y") { radio("keep"); piece.querySelector("input[type=checkbox]")?.click(); }
    else if (e.key === "x") radio("cut");
    else if (e.key === "g") piece.querySelector("button[name=sentence]")?.click();
    else if (e.key === "a" && !textView) addAfter(piece.dataset.piece).focus();
    else if (e.key === "Enter" && e.target.matches("a[data-row]")) field(piece)?.focus();
    else return;
    e.preventDefault();
  });

  // ---- a button of the form: first what was typed is saved, then it is sent
  whenSaved = async (go) => { if (await save()) go(); };
  document.addEventListener("click", (e) => {
    const link = e.target.closest("main a[href^='/desk/']");
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey || link.target || JSON.stringify(state()) === saved) return;
    e.preventDefault();
    save().then((done) => { if (done) location.assign(link.href); });
  });
  let sending = false;
  form.addEventListener("submit", async (e) => {
    if (sending) return;
    e.preventDefault();
    const button = e.submitter;
    if (!(await save())) return;
    await here.drop();
    const aside = form.querySelector("#new");
    if (aside) aside.value = "";
    if (!button || button.matches(".hidden, [data-key=s]")) return;
    form.querySelector("[name=edited]").value = "";
    sending = true;
    form.requestSubmit(button);
    sending = false;
  });

  // ---- coming back: what this browser kept and the service never got
  const putBack = (kept) => {
    for (const one of kept.own) {
      if (!pieces().some((p) => p.dataset.piece === one.id) && (kept.fields[`own:${one.id}`] ?? "").trim()) addAfter(one.after, one.id, "", one.passage);
    }
    all("textarea[name]", form).forEach((area) => { if (kept.fields[area.name] !== undefined) area.value = kept.fields[area.name]; });
    all("input[name^='act:']", form).forEach((box) => { box.checked = kept.acts[box.name] === box.value; });
    pieces().forEach(reflect);
    keepHere().then((put) => { if (put) here.drop(kept.key); });
    changed();
  };
  const wordsOf = (kept) => Object.values(kept.fields).filter((text) => text.trim()).join("\n\n");
  const showWords = (kept, block) => {
    if (block.querySelector("textarea")) return;
    const area = document.createElement("textarea");
    Object.assign(area, { readOnly: true, rows: 8, dir: "auto", value: wordsOf(kept) });
    area.setAttribute("aria-label", "What was kept");
    block.append(area);
    area.focus();
  };
  const throwAway = (kept) => ["Throw it away", (done) => { here.drop(kept.key); done(); }];
  const when = (kept) => new Date(kept.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

  // What was typed in the other view can only be put back there; where that view is gone, its words are shown.
  const offerElsewhere = (kept) => {
    const asText = kept.view === "text";
    const there = `/desk/${draft}${asText ? "?as=text" : ""}`;
    const choices = [["Show it", (_done, block) => showWords(kept, block)], throwAway(kept)];
    if (asText || form.dataset.free === undefined) {
      choices.unshift([asText ? "Open as one text" : "Open as sentences", async () => { if (await save()) location.assign(there); }]);
    }
    offer(`What you wrote ${asText ? "as one text" : "sentence by sentence"} (${when(kept)}) was not saved.`, choices);
  };
  const bringBack = (kept) => {
    putBack(kept);
    if (JSON.stringify(state()) !== saved) offer(`What you wrote here (${when(kept)}) had not been saved; it is back.`, [["Good", (done) => done()]]);
    else here.drop();
  };
  const offerHere = (kept) => offer(
    kept.version === version
      ? `More that you wrote here (${when(kept)}) was not saved.`
      : `What you wrote here (${when(kept)}) was not saved, and the draft has changed since.`,
    [
      ["Put it back", (done) => { putBack(kept); done(); }],
      ["Show it", (_done, block) => showWords(kept, block)],
      throwAway(kept),
    ],
  );
  here.others().then((found) => {
    found.sort((a, b) => b.at.localeCompare(a.at));
    const untouched = JSON.stringify(state()) === saved;
    const back = untouched ? found.find((kept) => kept.view === form.dataset.view && kept.version === version) : undefined;
    if (back) bringBack(back);
    for (const kept of found) {
      if (kept === back) continue;
      if (kept.view === form.dataset.view) offerHere(kept);
      else offerElsewhere(kept);
    }
  });
})();
