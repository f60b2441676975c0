"use strict";

// What was shown belongs to what was typed when it was: with anything else typed, it can't be confirmed.

(() => {
    const form = document.getElementById("deed-form");
    const how = form?.querySelector(".price-change .how");
    if (!how) return;
    const effect = document.getElementById("effect");
    const note = document.getElementById("outdated-note");
    const confirm = form.querySelector("[name=confirmed]");
    const fields = [...how.querySelectorAll("input")];

    const isChanged = (field) =>
        field.type === "text" ? field.value !== field.defaultValue : field.checked !== field.defaultChecked;

    const compare = () => {
        const isOutdated = Boolean(confirm) && fields.some(isChanged);
        effect.classList.toggle("outdated", isOutdated);
        note.textContent = isOutdated ? "This was shown for something else: preview again before you confirm." : "";
        if (confirm) confirm.disabled = isOutdated;
    };

    how.addEventListener("input", compare);
    addEventListener("pageshow", compare);
})();
