// Copies numbers, counts down, and shows the page anew when the order has changed: it is told by a
// stream of events, and asks now and then where there is none. The page is whole without it.
(function () {
  "use strict";
  var POLL_MS = 3000, POLL_BESIDE_STREAM_MS = 20000, POLL_MAX_MS = 60000;
  var news = document.getElementById("news");
  var stream = null, polling = 0, wait = POLL_MS, drawing = false;
  var card = function () { return document.querySelector("main"); };

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    navigator.clipboard.writeText(button.dataset.copy).then(function () {
      var label = button.firstElementChild, text = label.textContent;
      if (text === button.dataset.done) { return; }
      label.textContent = news.textContent = button.dataset.done;
      setTimeout(function () { label.textContent = text; news.textContent = ""; }, 2000);
    });
  });

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
    if (navigator.clipboard) {
      document.querySelectorAll("[data-copy]").forEach(function (button) { button.hidden = false; });
    }
    began = Date.now();
    over = false;
    tick();
  }

  // Takes the new page's main part: no flash, and those who listen to the page are told what it says now.
  function draw() {
    if (drawing) { return; }
    drawing = true;
    fetch(location.href, { cache: "no-store" })
      .then(function (reply) { return reply.ok ? reply.text() : Promise.reject(reply.status); })
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
    fetch(url, { cache: "no-store" })
      .then(function (reply) { return reply.ok ? reply.json() : Promise.reject(reply.status); })
      .then(function (now) { wait = stream ? POLL_BESIDE_STREAM_MS : POLL_MS; heard(now); })
      .catch(function () { wait = Math.min(wait * 2, POLL_MAX_MS); })
      .then(function () { polling = setTimeout(ask, wait); });
  }

  function listen() {
    if (stream || !self.EventSource) { return; }
    stream = new EventSource(card().dataset.events);
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
    polling = setTimeout(ask, stream ? POLL_BESIDE_STREAM_MS : wait);
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
