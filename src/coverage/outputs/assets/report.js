(function () {
  "use strict";
  var page = document.documentElement;
  function show(language) {
    page.lang = language === "en" ? "en" : "zh-CN";
  }
  function read() {
    show(location.hash === "#en" ? "en" : "zh");
  }
  document.getElementById("language").addEventListener("click", function () {
    var other = page.lang === "en" ? "zh" : "en";
    show(other);
    // A link to the page keeps the reader's language.
    history.replaceState(null, "", "#" + other);
  });
  window.addEventListener("hashchange", read);
  read();
})();
