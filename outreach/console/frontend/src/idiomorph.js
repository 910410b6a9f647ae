// htmx's extension asks for a global; this gives it one before it runs.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph" || style === "morph:outerHTML",
  handleSwap: (style, target, fragment) => {
    if (!style.startsWith("morph")) return false;
    const morphStyle = style === "morph:innerHTML" ? "innerHTML" : "outerHTML";
    // What somebody is typing, and what is marked so, stays.
    return Idiomorph.morph(target, fragment.children, {
      morphStyle,
      ignoreActiveValue: true,
      callbacks: { beforeNodeMorphed: (old) => !old.dataset || old.dataset.keep === undefined },
    });
  },
});
