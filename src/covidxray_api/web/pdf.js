// Puts reports into one PDF: the page tree of each becomes a branch of a new one (ISO 32000-1, 7.7.3.2).
// Reads what the service writes: files with one cross-reference table and no object streams.

const [CATALOG, TREE] = [1, 2];

export async function joined(reports, language) {
  const parts = [];
  const places = []; // where each object begins, by its number
  let written = 0;
  const put = (...pieces) => {
    for (const piece of pieces) {
      const bytes = typeof piece === "string" ? encoded(piece) : piece;
      parts.push(bytes);
      written += bytes.length;
    }
  };
  const object = (number, ...content) => {
    places[number] = written;
    put(`${number} 0 obj`, ...content);
  };
  const branches = [];
  let [pages, last, info] = [0, TREE, null];
  put("%PDF-1.4\n%\xe9\xeb\xf1\xbf\n");
  for (const report of reports) {
    const { objects, about } = read(new Uint8Array(await report.arrayBuffer()));
    const before = last;
    const renumbered = (text) => text.replace(/\b(\d+) 0 R\b/g, (_, number) => `${Number(number) + before} 0 R`);
    info ??= about + before;
    for (const { head, rest } of objects) {
      last += 1;
      let content = renumbered(head);
      if (/\/Type \/Pages\b/.test(head)) {
        branches.push(`${last} 0 R`);
        pages += Number(head.match(/\/Count (\d+)/)[1]);
        content = content.replace("/Type /Pages", `/Type /Pages\n/Parent ${TREE} 0 R`);
      }
      object(last, content, rest);
    }
  }
  object(TREE, `\n<<\n/Type /Pages\n/Count ${pages}\n/Kids [${branches.join(" ")}]\n>>\nendobj\n`);
  object(CATALOG, `\n<<\n/Type /Catalog\n/Lang (${language})\n/Pages ${TREE} 0 R\n>>\nendobj\n`);
  const table = written;
  put(`xref\n0 ${last + 1}\n0000000000 65535 f \n`);
  for (const place of places.slice(1)) put(`${String(place).padStart(10, "0")} 00000 n \n`);
  put(`trailer\n<<\n/Size ${last + 1}\n/Root ${CATALOG} 0 R\n/Info ${info} 0 R\n>>\nstartxref\n${table}\n%%EOF\n`);
  return new Blob(parts, { type: "application/pdf" });
}

// The objects of a file in the order of their numbers, from 1 on: what stands before a stream, and the rest.
function read(bytes) {
  const text = new TextDecoder("x-user-defined").decode(bytes); // a character for each byte
  const table = Number(text.match(/startxref\s+(\d+)\s+%%EOF\s*$/)[1]);
  const places = [...text.slice(table).matchAll(/(\d{10}) \d{5} n/g)].map(([, place]) => Number(place));
  const ends = [...places, table].sort((one, other) => one - other);
  const objects = places.map((place) => {
    const end = ends[ends.indexOf(place) + 1];
    const start = text.indexOf("obj", place) + "obj".length;
    const stream = text.slice(start, end).search(/\bstream\r?\n/);
    const rest = stream < 0 ? end : start + stream;
    return { head: text.slice(start, rest), rest: bytes.subarray(rest, end) };
  });
  return { objects, about: Number(text.slice(table).match(/\/Info (\d+) 0 R/)[1]) };
}

function encoded(text) {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0xff);
}
