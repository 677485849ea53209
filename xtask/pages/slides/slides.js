// A page of 16:9; the browser scales it to the screen.
Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0.02,
  center: false,
  hash: true,
  slideNumber: "h.v",
  transition: "none",
  plugins: [RevealNotes],
});

// What is a little too long is drawn a little smaller; what is longer is scrolled.
const SMALLEST = 0.85;
const fit = () => {
  const slide = Reveal.getCurrentSlide();
  const zoom = slide.clientHeight / slide.scrollHeight;
  if (zoom < 1 && zoom >= SMALLEST) {
    for (const part of slide.children) {
      part.style.zoom = zoom;
    }
  }
};
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
