// The ways a picture comes in: chosen, dropped, pasted, or taken with the camera.

import { $, say } from "./dom.js";

export function start({ look, example, surprise }) {
  $("drop").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    if ($("file").files.length) look($("file").files[0]);
    $("file").value = "";
  });
  document.addEventListener("paste", (event) => first(event.clipboardData, look, event));
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  for (const end of ["dragleave", "drop"])
    document.addEventListener(end, () => document.body.classList.remove("dragging"));
  document.addEventListener("drop", (event) => first(event.dataTransfer, look, event));
  $("surprise").addEventListener("click", surprise);
  $("example").addEventListener("click", example);
  $("camera").addEventListener("click", aim);
  $("camera-close").addEventListener("click", () => $("camera-dialog").close());
  $("camera-dialog").addEventListener("close", release);
  $("shoot").addEventListener("click", () => shoot(look));
}

function first({ files }, look, event) {
  if (!files.length) return;
  event.preventDefault();
  look(files[0]);
}

async function aim() {
  try {
    $("viewfinder").srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    $("camera-dialog").showModal();
  } catch {
    // Browsers lend a camera only to this computer's own pages and to https.
    say("No camera can be used here: there is none, or the browser does not allow it.");
  }
}

function shoot(look) {
  const video = $("viewfinder");
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => {
    $("camera-dialog").close();
    look(blob);
  }, "image/jpeg", 0.92);
}

function release() {
  for (const track of $("viewfinder").srcObject?.getTracks() ?? []) track.stop();
  $("viewfinder").srcObject = null;
}
