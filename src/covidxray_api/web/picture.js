// What can be drawn of a file: by the browser, else by the service, which also reads DICOM and TIFF.

// Resolves to the picture's URL, its ratio of width to height, its width in pixels and, where a DICOM
// file states it, its spacing; or to null. `preview` tells its argument how to read the answer's header.
export async function pictureOf(file, preview) {
  const drawn = await loaded(file);
  if (drawn) return drawn;
  let spacing = null;
  const image = await preview((header) => (spacing = spacingIn(header))).catch(() => null);
  const shown = image && (await loaded(image));
  return shown && { ...shown, spacing };
}

// How far the picture's rows and columns are apart, in millimetres, and in which plane.
function spacingIn(header) {
  const stated = header("X-Pixel-Spacing");
  if (!stated) return null;
  const [row, column] = stated.split(",").map(Number);
  return { row, column, plane: header("X-Pixel-Spacing-Plane") };
}

async function loaded(blob) {
  const picture = URL.createObjectURL(blob);
  const image = new Image();
  image.src = picture;
  try {
    await image.decode();
  } catch {
    URL.revokeObjectURL(picture);
    return null;
  }
  const { naturalWidth: pixels, naturalHeight: height } = image;
  return { picture, ratio: pixels / height, pixels };
}
