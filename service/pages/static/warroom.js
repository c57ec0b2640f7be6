// What pages do beyond links and forms: times that stay right, evidence beside its claim, and a
// stream that says when it is lost. Everything works without it.
"use strict";
(() => {
  const BEAT_MS = 12000; // without a sign of life for so long, the stream is taken for lost
  const one = (id) => document.getElementById(id);

  // Times: the words the server wrote, and how long ago or until when that is now.
  function span(seconds) {
    if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min`;
    return seconds < 129600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
  }
  function left(seconds) {
    if (seconds <= 0) return "expired";
    const minutes = Math.floor(seconds / 60);
    return minutes >= 60 ? `${span(seconds)} left` : `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, "0")} left`;
  }
  function times() {
    for (const time of document.querySelectorAll("time[data-ago], time[data-left]")) {
      time.dataset.at ||= time.textContent;
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      const ago = seconds < 45 ? "now" : `${span(seconds)} ago`;
      const said = time.matches("[data-left]") ? left(-seconds) : ago;
      const text = time.dataset.at + (seconds > 5184000 ? "" : ` (${said})`); // of 60 days the date tells
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // The stream.
  let source = null;
  let heard = Date.now();
  let lost = false;
  function tell() {
    const link = one("link");
    if (!link) return;
    const silent = Date.now() - heard;
    const now = silent > BEAT_MS;
    if (now && source && source.readyState !== EventSource.CONNECTING) again();
    link.classList.toggle("lost", now);
    link.textContent = now ? `Last update ${Math.round(silent / 1000)} s ago, reconnecting` : "Live";
    if (now !== lost) one("announce").textContent = now ? "Live updates are lost, reconnecting" : "Live again";
    lost = now;
  }
  function again() {
    source.close();
    source.dispatchEvent(new Event("error"));
  }
  htmx.createEventSource = (url) => {
    source = new EventSource(url);
    source.addEventListener("beat", () => { heard = Date.now(); tell(); });
    return source;
  };
  for (const name of ["online", "pageshow", "visibilitychange"]) addEventListener(name, () => tell());

  // What a swap would change: nothing where it says the same; folds stay as they were; new lines of
  // the timeline wait until they are wanted.
  const shown = new Map();
  let waiting = null;
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const part = event.target;
    const html = event.detail.data;
    if (shown.get(part.id) === html) return event.preventDefault();
    shown.set(part.id, html);
    part.opened = new Map([...part.querySelectorAll("details[id]")].map((each) => [each.id, each.open]));
    if (part.id === "timeline") {
      const fresh = keys(parsed(html)).filter((key) => !keys(part).includes(key)).length;
      if (fresh) {
        event.preventDefault();
        waiting = html;
        one("pill").textContent = `${fresh} new ${fresh === 1 ? "line" : "lines"}`;
        one("pill").hidden = false;
      }
    }
    return undefined;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const [id, open] of event.target.opened || []) if (one(id)) one(id).open = open;
    if (event.target.id === "beside") one("h-evidence")?.focus();
    settle();
  });
  // The list asks anew by itself: what it says changes in place; where rows would move, it waits
  // until that is wanted.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, detail } = event;
    if (target.id !== "list") return;
    const list = parsed(detail.serverResponse).querySelector("#list");
    detail.shouldSwap = Boolean(list);
    if (detail.xhr.responseURL.includes("/sign-in")) location.reload();
    if (list || detail.xhr.status === 204) heard = Date.now();
    const fresh = list ? keys(list).filter((key) => !keys(target).includes(key)).length : 0;
    if (!fresh || !keys(target).length) return;
    detail.shouldSwap = false;
    waiting = list.outerHTML;
    one("pill").textContent = `Show ${fresh} ${fresh === 1 ? "change" : "changes"}`;
    one("announce").textContent = one("pill").textContent;
    one("pill").hidden = false;
  });
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body;
  const keys = (node) => [...node.querySelectorAll("[data-key]")].map((line) => line.dataset.key);
  function wanted() {
    if (one("list")) {
      one("list").replaceWith(...parsed(waiting).childNodes);
      htmx.process(one("list"));
      one("pill").hidden = true;
      return settle();
    }
    const known = keys(one("timeline"));
    one("timeline").replaceChildren(...parsed(waiting).childNodes);
    for (const line of one("timeline").querySelectorAll("[data-key]")) {
      if (!known.includes(line.dataset.key)) line.classList.add("new");
    }
    htmx.process(one("timeline"));
    one("pill").hidden = true;
    return settle();
  }

  // Words that judge somebody are marked in the field itself, by the same text behind it.
  function mirror() {
    const field = one("text");
    const behind = field?.previousElementSibling;
    if (!behind) return;
    const words = [...document.querySelectorAll("#marks [data-words]")].map((mark) => mark.dataset.words);
    const plain = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const parts = words.length ? field.value.split(new RegExp(`(${words.map(plain).join("|")})`, "gi")) : [];
    behind.replaceChildren(...parts.map((part, place) => {
      if (place % 2 === 0) return part;
      const mark = document.createElement("mark");
      mark.textContent = part;
      return mark;
    }), "\n");
    behind.scrollTop = field.scrollTop;
  }
  document.addEventListener("scroll", (event) => { if (event.target.id === "text") mirror(); }, true);

  // Charts: a stretch is drawn anew by dragging over it, or by + and - where one has the focus; the
  // links above them do the same.
  let drag = null;
  const plot = (picture) => picture.dataset.plot.split(" ").map(Number);
  function place(picture, event) {
    const [left, right, width] = plot(picture);
    const box = picture.querySelector("svg").getBoundingClientRect();
    return Math.min(right, Math.max(left, (event.clientX - box.left) / box.width * width));
  }
  document.addEventListener("pointerdown", (event) => {
    const picture = event.target.closest(".zooms");
    if (!picture || event.button || event.pointerType === "touch" || !event.target.closest("svg")) return;
    event.preventDefault();
    drag = { picture, from: place(picture, event), band: document.createElementNS("http://www.w3.org/2000/svg", "rect") };
    drag.band.setAttribute("class", "band");
    drag.band.setAttribute("height", "100%");
    picture.querySelector("svg").append(drag.band);
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const now = place(drag.picture, event);
    drag.band.setAttribute("x", Math.min(now, drag.from));
    drag.band.setAttribute("width", Math.abs(now - drag.from));
  });
  document.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { picture, from: began, band } = drag;
    drag = null;
    band.remove();
    const [left, right] = plot(picture);
    const ends = [began, place(picture, event)].sort((one, other) => one - other);
    if (ends[1] - ends[0] < 8) return;
    const [start, end] = [Number(picture.dataset.start), Number(picture.dataset.end)];
    const [first, last] = ends.map((x) => (start + (x - left) / (right - left) * (end - start)).toFixed(2));
    htmx.ajax("GET", `${picture.dataset.place}?start=${first}&end=${last}`, "#charts");
  });
  document.addEventListener("keydown", (event) => {
    const word = { "+": "Zoom in", "-": "Zoom out" }[event.key];
    if (word && event.target.closest(".zooms")) document.querySelector(`[data-way="${word}"]`)?.click();
  });

  // Evidence: opened from a claim, closed back to it.
  let from = null;
  function close() {
    one("beside").replaceChildren();
    from?.removeAttribute("aria-current");
    from?.focus();
    from = null;
  }
  document.addEventListener("click", (event) => {
    const cite = event.target.closest(".cite");
    if (cite && one("beside") && !cite.closest("#beside")) {
      from?.removeAttribute("aria-current");
      from = cite;
      cite.setAttribute("aria-current", "true");
    }
    if (event.target.closest("#beside .close")) { event.preventDefault(); close(); }
    if (event.target.id === "pill") wanted();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(one(copy.dataset.copy).textContent).then(() => { copy.textContent = "Copied"; });
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && one("beside")?.childElementCount) close();
  });

  function settle() {
    for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
    times();
    mirror();
  }
  settle();
  tell();
  setInterval(() => { times(); tell(); }, 1000);
})();
