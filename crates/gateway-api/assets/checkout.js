// Copies numbers, counts down, and reloads when the order has changed. The page is whole without it.
(function () {
  "use strict";
  var card = document.querySelector("main");

  document.querySelectorAll("[data-copy]").forEach(function (button) {
    if (!navigator.clipboard) { return; }
    var label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(button.dataset.copy).then(function () {
        button.textContent = button.dataset.done;
        setTimeout(function () { button.textContent = label; }, 2000);
      });
    });
  });

  document.querySelectorAll("[data-countdown]").forEach(function (span) {
    var end = Date.parse(span.dataset.countdown);
    var two = function (n) { return String(n).padStart(2, "0"); };
    var tick = function () {
      var left = Math.max(0, Math.floor((end - Date.now()) / 1000));
      var hours = Math.floor(left / 3600);
      var rest = two(Math.floor(left / 60) % 60) + ":" + two(left % 60);
      span.textContent = hours > 48 ? "" : span.dataset.text + " " + (hours ? hours + ":" : "") + rest;
    };
    tick();
    setInterval(tick, 1000);
  });

  if (!card.dataset.status) { return; }
  var wait = 3000;
  var ask = function () {
    fetch(card.dataset.status, { cache: "no-store" })
      .then(function (reply) { return reply.ok ? reply.json() : Promise.reject(reply.status); })
      .then(function (now) {
        if (String(now.version) !== card.dataset.version) { location.reload(); return; }
        wait = 3000;
        setTimeout(ask, wait);
      })
      .catch(function () {
        wait = Math.min(wait * 2, 60000);
        setTimeout(ask, wait);
      });
  };
  setTimeout(ask, wait);
})();
