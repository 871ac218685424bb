// What every page can do: remember light or dark, copy code.
const root = document.documentElement;

function setTheme(theme) {
  root.dataset.theme = theme;
  const button = document.querySelector(".theme");
  button?.setAttribute("aria-pressed", String(theme === "dark"));
}

document.querySelector(".theme")?.addEventListener("click", () => {
  const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  setTheme(next);
  localStorage.setItem("theme", next);
});
if (root.dataset.theme) setTheme(root.dataset.theme);

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page that was opened as a file may not use the clipboard
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function offerCopies(within = document) {
  for (const code of within.querySelectorAll("pre[data-copy]:not(.copied > pre)")) {
    const frame = Object.assign(document.createElement("div"), { className: "copied" });
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
    button.setAttribute("aria-label", `Copy: ${code.getAttribute("aria-label") || "code"}`);
    button.addEventListener("click", async () => {
      await copy(code.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    code.replaceWith(frame);
    frame.append(code, button);
  }
}
offerCopies();

// On a narrow page the list of parts starts closed.
if (matchMedia("(max-width: 62rem)").matches) document.querySelector(".toc")?.removeAttribute("open");
