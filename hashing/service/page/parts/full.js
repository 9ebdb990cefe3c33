// All of the screen for one part of the page, where the browser lends it.

export const isFullScreen = () => document.fullscreenElement !== null;

/** @param {HTMLElement | null} room */
export function fullScreen(room) {
  if (isFullScreen()) document.exitFullscreen();
  else room?.requestFullscreen?.().catch(() => {}); // then it stays as large as the window
}
