// Reads and writes ZIP archives (PKWARE APPNOTE 6.3.10), as far as images and reports need it.

const END = { signature: 0x06054b50, bytes: 22, longestComment: 0xffff };
const ENTRY = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const [STORED, DEFLATED] = [0, 8];
const ENCRYPTED = 1;
const UTF8 = 0x0800;

// What is unpacked into memory at most.
const MOST_BYTES = 2 ** 30;

export class TooMuch extends Error {}

// Yields the files of an archive one after the other. Throws `TooMuch` where there are more than
// `most`, or they hold more than fits into memory, and an error where the archive is damaged, encrypted or of a kind (ZIP64) that is not read.
export async function* unzipped(archive, most) {
  let total = 0;
  for (const entry of await directory(archive, most)) {
    if (entry.name.endsWith("/")) continue;
    total += entry.size;
    if (total > MOST_BYTES) throw new TooMuch();
    yield await extracted(archive, entry);
  }
}

async function directory(archive, most) {
  const tail = await view(archive, Math.max(0, archive.size - END.bytes - END.longestComment), archive.size);
  let at = tail.byteLength - END.bytes;
  while (at >= 0 && tail.getUint32(at, true) !== END.signature) at -= 1;
  if (at < 0) throw new Error("no end of central directory");
  const count = tail.getUint16(at + 10, true);
  if (count > most) throw new TooMuch();
  const begin = tail.getUint32(at + 16, true);
  const entries = await view(archive, begin, begin + tail.getUint32(at + 12, true));
  const found = [];
  for (let place = 0; found.length < count; ) {
    if (entries.getUint32(place, true) !== ENTRY.signature) throw new Error("broken central directory");
    const [name, extra, comment] = [28, 30, 32].map((offset) => entries.getUint16(place + offset, true));
    found.push({
      flags: entries.getUint16(place + 8, true),
      method: entries.getUint16(place + 10, true),
      packed: entries.getUint32(place + 20, true),
      size: entries.getUint32(place + 24, true),
      at: entries.getUint32(place + 42, true),
      name: text(entries, place + ENTRY.bytes, name),
    });
    place += ENTRY.bytes + name + extra + comment;
  }
  return found;
}

async function extracted(archive, { name, flags, method, packed, size, at }) {
  const local = await view(archive, at, at + LOCAL.bytes);
  if (local.getUint32(0, true) !== LOCAL.signature || flags & ENCRYPTED) throw new Error("unreadable entry");
  const begin = at + LOCAL.bytes + local.getUint16(26, true) + local.getUint16(28, true);
  const data = archive.slice(begin, begin + packed);
  const base = name.split("/").at(-1);
  if (method === STORED) return new File([data], base);
  if (method !== DEFLATED) throw new Error("unknown method");
  const inflated = data.stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new File(await atMost(size, inflated), base);
}

// An archive may hold more than it states.
async function atMost(bytes, stream) {
  const chunks = [];
  let left = bytes;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    left -= value.byteLength;
    if (left < 0) {
      reader.cancel();
      throw new TooMuch();
    }
    chunks.push(value);
  }
}

async function view(blob, from, to) {
  return new DataView(await blob.slice(from, to).arrayBuffer());
}

function text({ buffer, byteOffset }, at, length) {
  return new TextDecoder().decode(new Uint8Array(buffer, byteOffset + at, length));
}

// An archive of blobs by their names, stored as they are: PDF is compressed already.
export async function zipped(files) {
  const [body, index] = [[], []];
  let at = 0;
  for (const [name, blob] of files) {
    const label = new TextEncoder().encode(name);
    const fields = (signature, version) => [
      [4, signature], ...version.map((part) => [2, part]), [2, UTF8], [2, STORED], [4, EPOCH],
      [4, sum], [4, blob.size], [4, blob.size], [2, label.length], [2, 0],
    ]; // prettier-ignore
    const sum = crc32(new Uint8Array(await blob.arrayBuffer()));
    body.push(packed(fields(LOCAL.signature, [20])), label, blob);
    index.push(packed([...fields(ENTRY.signature, [20, 20]), [2, 0], [2, 0], [2, 0], [4, 0], [4, at]]), label);
    at += LOCAL.bytes + label.length + blob.size;
  }
  const length = index.reduce((sum, part) => sum + part.byteLength, 0);
  const end = packed([[4, END.signature], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, at], [2, 0]]);
  return new Blob([...body, ...index, end], { type: "application/zip" });
}

// Midnight of 1 January 1980, the first that an archive can state.
const EPOCH = 0x0021_0000;

function packed(fields) {
  const bytes = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 4) bytes.setUint32(at, value, true);
    else bytes.setUint16(at, value, true);
    at += size;
  }
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

// ISO 3309.
function crc32(bytes) {
  let rest = -1;
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  return ~rest >>> 0;
}
