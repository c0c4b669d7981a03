// A radiograph's values before a window, in the unit of its file: more than the 256 greys of a picture.

// Resolves to the values, or to null where the file is shown by a table of its own.
export async function levelsOf(radiograph, signal) {
  let header = null;
  const onanswer = (read) => (header = read);
  const blob = await radiograph.more("levels", "application/octet-stream", { onanswer, signal });
  const windows = header("X-Windows");
  if (!windows) return null;
  const facts = numbers(header("X-Samples"), ", ");
  return {
    ...facts,
    samples: new Uint16Array(await blob.arrayBuffer()),
    windows: windows.split(", ").map((window) => ({ ...numbers(window, ";"), function: window.split("function=")[1] })),
  };
}

function numbers(stated, separator) {
  return Object.fromEntries(stated.split(separator).map((part) => part.split("=")).map(([name, value]) => [name, Number(value)]));
}

// Draws the values as a window shows them (DICOM PS3.3, section C.11.2).
export function drawLevels(canvas, levels, window, inverted) {
  Object.assign(canvas, { width: levels.columns, height: levels.rows });
  const greys = greysOf(levels, window, inverted !== Boolean(levels.inverted));
  const pixels = new Uint32Array(levels.samples.length);
  levels.samples.forEach((sample, place) => (pixels[place] = greys[sample]));
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), levels.columns, levels.rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The colour of each sample, its bytes equal but for that of opacity; what is no image is black.
function greysOf({ least, step }, window, inverted) {
  const greys = new Uint32Array(2 ** 16).fill(0xff000000);
  for (let sample = 1; sample < greys.length; sample += 1) {
    const share = Math.min(1, Math.max(0, shareOf(least + (sample - 1) * step, window)));
    const grey = Math.round(255 * (inverted ? 1 - share : share));
    greys[sample] = 0xff000000 + grey * 0x010101;
  }
  return greys;
}

function shareOf(value, { center, width, function: kind }) {
  if (kind === "SIGMOID") return 1 / (1 + Math.exp((-4 * (value - center)) / width));
  if (kind === "LINEAR") return (value - (center - 0.5)) / Math.max(width - 1, 1e-9) + 0.5;
  return (value - center) / width + 0.5;
}
