// Runs before the page paints: the colours and the size of controls that this reader chose (app/src/parts/display.rs keeps them), so that
// a dark room sees no flash of white while the page loads. The page itself checks the values; here an unknown one means nothing.
try {
  for (const name of ['theme', 'targets']) {
    const kept = localStorage.getItem(`mambaformer.${name}`);
    if (kept) document.documentElement.setAttribute(`data-${name}`, kept);
  }
} catch {
  // A browser that keeps nothing shows the page as the device is set.
}
