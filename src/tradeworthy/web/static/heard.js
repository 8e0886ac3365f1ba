// The dot is green only while this page hears its server, which counts its beat up with every look at the session.
(() => {
  const SILENT_MS = 10_000;
  let beat = "";
  let heardAt = Date.now();

  // What a screen reader hears, since the dot's own words are covered.
  const said = document.createElement("span");
  said.className = "unseen";
  said.setAttribute("role", "status");

  const tell = (lost) => {
    document.documentElement.toggleAttribute("data-unheard", lost);
    document.querySelectorAll(".tw-dot").forEach((dot) => {
      if (lost) dot.setAttribute("aria-hidden", "true");
      else dot.removeAttribute("aria-hidden");
    });
    const words = lost ? "No connection" : "";
    if (said.textContent !== words) said.textContent = words;
  };

  setInterval(() => {
    const dot = document.querySelector(".tw-top .tw-dot");
    if (!dot) return;
    if (!said.isConnected) dot.after(said);
    if (dot.dataset.beat !== beat) {
      beat = dot.dataset.beat;
      heardAt = Date.now();
    }
    // A page that says itself that it is not followed any more is silent by right.
    const silent = !("ended" in dot.dataset) && Date.now() - heardAt > SILENT_MS;
    tell(window.socket?.connected === false || silent);
  }, 1000);
})();
