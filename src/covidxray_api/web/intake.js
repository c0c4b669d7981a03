// How films come in: chosen, photographed, dropped or pasted.

export function takeIn(add) {
  for (const input of document.querySelectorAll("#intake input[type=file]")) {
    input.addEventListener("change", () => {
      add([...input.files]);
      // Choosing the same file again shall be noticed too.
      input.value = "";
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData.files.length) add([...clipboardData.files]);
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
    add([...event.dataTransfer.files]);
  });
}
