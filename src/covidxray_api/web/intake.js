// How images come in: chosen, photographed, dropped or pasted; alone, in folders, or in ZIP archives.

import { make } from "./dom.js";
import { isImage, isZip } from "./formats.js";
import { words } from "./language.js";

const MOST_FILES = 2000;
const report = document.querySelector("#intake-report");

// `add` is told the files in their order, in as many calls as they take to be found.
export function takeIn(add) {
  const take = (files) => taken(files, add);
  for (const input of document.querySelectorAll("#intake input[type=file]")) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      // Choosing the same file again shall be noticed too.
      input.value = "";
      if (input.webkitdirectory) fromFolder(files, add);
      else take(files);
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData.files.length) take([...clipboardData.files]);
  });
  takeDrops(add);
}

// The whole page takes drops: a file dropped beside the field would otherwise replace the page.
function takeDrops(add) {
  const mark = (over) => document.querySelector("#intake").classList.toggle("over", over);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const { items, files } = event.dataTransfer;
    // Entries can be asked for during the event only.
    const folders = [...items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
    if (!folders.length) return taken([...files], add);
    fromEntries([...items].map((item) => item.webkitGetAsEntry()), add);
  });
}

async function taken(files, add) {
  // Whatever is no archive is added at once; nothing is read that is not by its name suspicious.
  const archives = files.filter(({ name, type }) => /\.zip$/i.test(name) || /zip/.test(type));
  say(null);
  add(files.filter((file) => !archives.includes(file)));
  for (const archive of archives) await fromArchive(archive, add);
}

async function fromArchive(archive, add) {
  if (!(await isZip(archive).catch(() => false))) return add([archive]);
  const { TooMuch, unzipped } = await import("./zip.js");
  try {
    await added(unzipped(archive, MOST_FILES), add);
  } catch (error) {
    say(error instanceof TooMuch ? words.archiveTooLarge(archive.name) : words.archiveUnread(archive.name));
  }
}

function fromFolder(files, add) {
  say(null);
  return added(files, add);
}

async function fromEntries(entries, add) {
  say(null);
  await added(filesIn(entries.filter(Boolean)), add);
}

// All files in folders, and in the folders in them.
async function* filesIn(entries) {
  for (const entry of entries) {
    if (entry.isFile) yield await new Promise((resolve, reject) => entry.file(resolve, reject));
    else yield* filesIn(await children(entry));
  }
}

async function children(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    // A browser lists a hundred at a time.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return found.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}

// Adds what is an image of what a folder or an archive holds, and says how much is not.
async function added(files, add) {
  let [left, count, some] = [0, 0, []];
  for await (const file of files) {
    if (file.name.startsWith(".") || !(await isImage(file).catch(() => false))) left += 1;
    else if (count === MOST_FILES) {
      say(words.tooMany(MOST_FILES));
      break;
    } else {
      count += 1;
      some.push(file);
    }
    // The first ones are asked about while the others are still looked for.
    if (some.length === 20 || (count === 1 && some.length)) add(some.splice(0));
  }
  add(some);
  if (!count) say(words.noImages);
  else if (left) say(words.leftOut(left));
}

function say(text) {
  report.replaceChildren(...(text ? [make("p", { className: "box doubt" }, text)] : []));
}
