// What kind of file it is, by how it begins: the table of docs/formats.md.

import { Unsent } from "./request.js";
import { settings } from "./settings.js";

const HEAD = 132;
// A smaller file of a kind that is not known is for the service to judge.
const SMALL = 1_000_000;

// DICOM has its letters after a preamble (PS3.10, section 7.1), or begins with group 0002 or 0008.
const DICOM = [/^.{128}DICM/s, /^[\x02\x08]\0.\0/s];
const IMAGES = [
  ...DICOM, /^\xff\xd8\xff/, /^\x89PNG/, /^RIFF.{4}WEBP/s, /^II[*+]\0/, /^MM\0[*+]/, /^BM/,
  /^GIF8/, /^P[2356][\s#]/, /^\0\0\0\x0cjP /, /^\xff\x4f\xff\x51/,
]; // prettier-ignore
const ZIP = /^PK(\x03\x04|\x05\x06)/;

async function head(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  return String.fromCharCode(...bytes);
}

export async function isImage(file) {
  const beginning = await head(file);
  return IMAGES.some((kind) => kind.test(beginning));
}

export async function isDicom(file) {
  const beginning = await head(file);
  return DICOM.some((kind) => kind.test(beginning));
}

export async function isZip(file) {
  return ZIP.test(await head(file));
}

// Throws what the service would answer only after the whole upload.
export async function checkBeforeUpload(file) {
  const { max_body_bytes: most } = await settings();
  if (most && file.size > most) throw new Unsent("body-too-large", { size: file.size, most });
  if (file.size < SMALL) return;
  const known = await isImage(file).catch(() => {
    throw new Unsent("unreadable-file");
  });
  if (!known) throw new Unsent("unsupported-format");
}
