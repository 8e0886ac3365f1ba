// The dot is green only while this page hears its server, which counts its beat up with every look at the session.
(() => {
  const SILENT_MS = 10_000;
  let beat = "";
  let heardAt = Date.now();
  setInterval(() => {
    const dot = document.querySelector(".tw-top .tw-dot");
    if (!dot) return;
    if (dot.dataset.beat !== beat) {
      beat = dot.dataset.beat;
      heardAt = Date.now();
    }
    const lost = window.socket?.connected === false || Date.now() - heardAt > SILENT_MS;
    document.documentElement.toggleAttribute("data-unheard", lost);
  }, 1000);
})();
