// What can be drawn of a file: by the browser, else by the service, which also reads DICOM and TIFF.

// Resolves to the picture's URL, its ratio of width to height and its width in pixels, or to null.
export async function pictureOf(file, preview) {
  const drawn = await loaded(file);
  if (drawn) return drawn;
  const image = await preview().catch(() => null);
  return image && loaded(image);
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
