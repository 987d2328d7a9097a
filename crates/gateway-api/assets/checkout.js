// Copies numbers, counts down, and shows the page anew when the order has changed: it is told by a
// stream of events, and asks now and then where there is none. The page is whole without it. What a
// browser refuses has a second way: numbers are selected by hand, and a link asks for the page anew.
(function () {
  "use strict";
  var POLL_MS = 3000, POLL_BESIDE_STREAM_MS = 20000, POLL_MAX_MS = 60000, RELOAD_MS = 15000;
  var news = document.getElementById("news");
  var stream = null, polling = 0, wait = POLL_MS, drawing = false;
  var card = function () { return document.querySelector("main"); };

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    var done = function () { tell(button, button.dataset.done); };
    attempt(function () { return navigator.clipboard.writeText(button.dataset.copy); }).then(done, function () {
      // In-app browsers refuse it: the old way, else the payer's own hand on what is marked.
      getSelection().selectAllChildren(button.parentNode.querySelector(".number"));
      attempt(function () { return copyTheOldWay(button.dataset.copy); }).then(done, function () {
        tell(button, button.dataset.hold);
      });
    });
  });

  function copyTheOldWay(text) {
    var give = function (event) { event.clipboardData.setData("text/plain", text); event.preventDefault(); };
    document.addEventListener("copy", give);
    try { return document.execCommand("copy") || Promise.reject(); }
    finally { document.removeEventListener("copy", give); }
  }

  function tell(button, word) {
    var label = button.firstElementChild;
    label.dataset.was = label.dataset.was || label.textContent;
    label.textContent = news.textContent = word;
    setTimeout(function () { label.textContent = label.dataset.was; news.textContent = ""; }, 2000);
  }

  // What a browser lacks or forbids may throw at once: a refusal like any other.
  function attempt(act) { return new Promise(function (resolve) { resolve(act()); }); }

  function get(url) {
    return attempt(function () { return fetch(url, { cache: "no-store" }); })
      .then(function (reply) { return reply.ok ? reply : Promise.reject(reply.status); });
  }

  document.addEventListener("submit", function (event) {
    var button = event.target.querySelector("[data-busy]");
    if (!button) { return; }
    button.textContent = news.textContent = button.dataset.busy;
    // Once the form is on its way: one choice at a time.
    setTimeout(function () {
      document.querySelectorAll(".choice").forEach(function (choice) { choice.disabled = true; });
    });
  });

  // By the server's clock: a phone's may be wrong.
  var began = Date.now(), over = false;
  var tick = function () {
    var span = document.querySelector("[data-left]");
    if (!span) { return; }
    var left = Math.max(0, Math.ceil(span.dataset.left - (Date.now() - began) / 1000));
    var two = function (number) { return String(number).padStart(2, "0"); };
    var hours = Math.floor(left / 3600);
    span.lastElementChild.textContent = (hours ? hours + ":" : "") + two(Math.floor(left / 60) % 60) + ":" + two(left % 60);
    span.hidden = hours > 48;
    span.classList.toggle("soon", left < 120);
    if (left === 0 && !over) { over = true; setTimeout(draw, 1000); }
  };
  setInterval(tick, 1000);

  function dress() {
    document.querySelectorAll("[data-copy]").forEach(function (button) { button.hidden = false; });
    began = Date.now();
    over = false;
    tick();
  }

  // Takes the new page's main part: no flash, and those who listen to the page are told what it says now.
  function draw() {
    if (drawing) { return; }
    drawing = true;
    get(location.href)
      .then(function (reply) { return reply.text(); })
      .then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        var next = page.querySelector("main"), old = card();
        var title = function (part) { return part.querySelector("h1").textContent; };
        var changed = next.dataset.version !== old.dataset.version || title(next) !== title(old);
        if (!changed) { over = false; return; }
        var focused = old.contains(document.activeElement);
        old.replaceWith(document.importNode(next, true));
        document.title = page.title;
        var heading = document.querySelector("h1");
        news.textContent = title(next);
        if (focused) { heading.tabIndex = -1; heading.focus(); }
        dress();
        scrollTo(0, 0);
      })
      .catch(function () {})
      .then(function () { drawing = false; follow(); });
  }

  function heard(now) {
    if (String(now.version) !== card().dataset.version) { draw(); }
  }

  function ask() {
    clearTimeout(polling);
    var url = card().dataset.status;
    if (!url) { return; }
    if (!self.fetch) { location.reload(); return; }
    get(url)
      .then(function (reply) { return reply.json(); })
      .then(function (now) { wait = stream ? POLL_BESIDE_STREAM_MS : POLL_MS; heard(now); })
      .catch(function () { wait = Math.min(wait * 2, POLL_MAX_MS); })
      .then(function () { polling = setTimeout(ask, wait); });
  }

  function listen() {
    if (stream) { return; }
    try { stream = new EventSource(card().dataset.events); } catch (refused) { return; }
    stream.addEventListener("status", function (event) { heard(JSON.parse(event.data)); });
    stream.addEventListener("error", function () {
      if (stream && stream.readyState === EventSource.CLOSED) { stream = null; wait = POLL_MS; follow(); }
    });
  }

  // Until there is nothing more to hear.
  function follow() {
    clearTimeout(polling);
    if (!card().dataset.status) {
      if (stream) { stream.close(); stream = null; }
      return;
    }
    polling = setTimeout(ask, !self.fetch ? RELOAD_MS : stream ? POLL_BESIDE_STREAM_MS : wait);
  }

  // Phones let a page sleep while its reader is in another app.
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) { draw(); }
  });
  addEventListener("pageshow", function (event) { if (event.persisted) { location.reload(); } });

  dress();
  if (card().dataset.events) { listen(); }
  follow();
})();
