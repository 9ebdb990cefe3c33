// The ways a picture comes in: chosen, dropped, pasted, or taken with the camera.

import { html } from "../vendor/lit.js";
import { say } from "../attempt.js";
import { look } from "../conductor.js";
import { t } from "../words.js";
import { isTyping } from "./card.js";
import { Part } from "./part.js";

class Drop extends Part {
  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("paste", pasted);
    document.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      document.body.classList.add("dragging");
    });
    for (const end of ["dragleave", "drop"])
      document.addEventListener(end, () => document.body.classList.remove("dragging"));
    document.addEventListener("drop", (event) => first(event.dataTransfer, event));
  }

  render() {
    return html`<button type="button" id="drop" @click=${() => this.find("#file")?.click()}>${t("drop")}</button>
      <input type="file" id="file" accept="image/*" aria-label=${t("drop.file")} tabindex="-1" hidden @change=${chosen} />
      <dialog id="camera-dialog" aria-label=${t("camera")} @close=${release}>
        <video id="viewfinder" autoplay muted playsinline></video>
        <p class="actions">
          <button type="button" id="shoot" class="accent" @click=${shoot}>${t("camera.use")}</button>
          <button type="button" id="camera-close" @click=${() => dialog().close()}>${t("close")}</button>
        </p>
      </dialog>`;
  }
}

/** @param {Event} event */
function chosen({ target }) {
  const input = /** @type {HTMLInputElement} */ (target);
  const file = input.files?.[0];
  if (file) look(file);
  input.value = "";
}

// Rich text brings a picture of itself: where one types, its text is meant.
/** @param {ClipboardEvent} event */
function pasted(event) {
  if (!isTyping(event) || !event.clipboardData?.types.includes("text/plain")) first(event.clipboardData, event);
}

/** @param {DataTransfer | null} carrier @param {Event} event */
function first(carrier, event) {
  const file = carrier?.files[0];
  if (!file) return;
  event.preventDefault();
  look(file);
}

const dialog = () => /** @type {HTMLDialogElement} */ (document.getElementById("camera-dialog"));
const viewfinder = () => /** @type {HTMLVideoElement} */ (document.getElementById("viewfinder"));

let asking = false; // whether the visitor is to say if the camera may be used

export async function openCamera() {
  if (asking) return; // a second stream would go on for ever
  asking = true;
  try {
    viewfinder().srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    dialog().showModal();
  } catch {
    // Browsers lend a camera only to this computer's own pages and to https.
    say(t("camera.none"));
  } finally {
    asking = false;
  }
}

function shoot() {
  const video = viewfinder();
  if (!video.videoWidth) return; // nothing is to be seen yet
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  const take = (/** @type {Blob | null} */ picture) => {
    dialog().close();
    if (picture) look(picture);
  };
  canvas.toBlob(take, "image/jpeg", 0.92);
}

function release() {
  const stream = /** @type {MediaStream | null} */ (viewfinder().srcObject);
  for (const track of stream?.getTracks() ?? []) track.stop();
  viewfinder().srcObject = null;
}

customElements.define("ah-drop", Drop);
