/* The list of models: marks what was edited and not saved, counts it, and takes it back. All works without. */
"use strict";

{
    const form = document.getElementById("changelist-form");
    const save = form.querySelector("input[name=_save]");
    const body = document.querySelector("#result_list tbody");
    const told = document.createElement("p");
    let isSaving = false;

    // What each field of a row held when it was read from the database, by the field's name.
    const fields = new Map();
    for (const seen of form.querySelectorAll("input[type=hidden][name^=initial-form-]")) {
        const field = form.elements[seen.name.replace("initial-", "")];
        if (field) {
            fields.set(field, seen.value);
        }
    }

    const plain = (text) => {
        const number = /^\s*0*(\d+)(?:\.(\d*?)0*)?\s*$/.exec(text);
        return number ? `${number[1]}.${number[2] || ""}` : text;
    };

    const isEdited = (field) => {
        const seen = fields.get(field);
        return field.type === "checkbox"
            ? field.checked !== (seen === "True")
            : plain(field.value) !== plain(seen);
    };

    const fieldsOf = (row) => [...fields.keys()].filter((field) => row.contains(field));

    function undo(row) {
        for (const field of fieldsOf(row)) {
            const seen = fields.get(field);
            if (field.type === "checkbox") {
                field.checked = seen === "True";
            } else {
                field.value = seen;
            }
        }
        look(row);
    }

    // The word, and the way back.
    function note(row) {
        const note = document.createElement("span");
        const button = document.createElement("button");
        note.className = "edited-note";
        button.type = "button";
        button.textContent = "Undo";
        button.setAttribute("aria-label", `Undo the edits of ${row.querySelector(".field-model_id").textContent}`);
        button.addEventListener("click", () => {
            undo(row);
            fieldsOf(row)[0].focus();
        });
        note.append("edited ", button);
        return note;
    }

    function look(row) {
        const edited = fieldsOf(row).filter(isEdited);
        fieldsOf(row).forEach((field) => field.classList.toggle("edited", edited.includes(field)));
        row.classList.toggle("edited", edited.length > 0);
        const noted = row.querySelector(".edited-note");
        if (edited.length && !noted) {
            row.querySelector("th").append(note(row));
        } else if (!edited.length && noted) {
            noted.remove();
        }
        count();
    }

    const number = () => [...fields.keys()].filter(isEdited).length;

    function count() {
        const edits = number();
        save.value = edits ? `Save ${edits} ${edits === 1 ? "change" : "changes"}` : "Save";
        save.classList.toggle("pending", edits > 0);
        const words = edits ? `${edits} unsaved ${edits === 1 ? "change" : "changes"}` : "";
        if (told.textContent !== words) {
            told.textContent = words;
        }
    }

    // To the same field of the next row that has it.
    function move(field, step) {
        const column = field.name.replace(/^form-\d+-/, "-");
        const all = [...fields.keys()].filter((other) => other.name.endsWith(column));
        const next = all[all.indexOf(field) + step];
        if (next) {
            next.focus();
            next.select();
        }
    }

    function press(event) {
        const row = event.target.closest("tr");
        if (event.key === "Escape" && row.classList.contains("edited")) {
            event.preventDefault();
            undo(row);
        } else if (fields.has(event.target) && event.target.type === "text") {
            const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
            if (step) {
                event.preventDefault();
                move(event.target, step);
            }
        }
    }

    // Where a question keeps the rows from being saved, it may stand far below.
    function openQuestion() {
        const box = body.querySelector(".said [name$=confirm_price_change], .said [name$=anyway]");
        if (box) {
            box.focus({ preventScroll: true });
            box.closest("tr").scrollIntoView({ block: "center" });
        }
    }

    if (save && body) {
        told.className = "visually-hidden";
        told.setAttribute("role", "status");
        form.append(told);
        body.addEventListener("input", (event) => fields.has(event.target) && look(event.target.closest("tr")));
        body.addEventListener("change", (event) => fields.has(event.target) && look(event.target.closest("tr")));
        body.addEventListener("keydown", press);
        form.addEventListener("submit", () => { isSaving = true; });
        window.addEventListener("beforeunload", (event) => {
            if (!isSaving && number()) {
                event.preventDefault();
            }
        });
        openQuestion();
        // Browsers fill in again what was typed when one comes back to a page.
        window.addEventListener("pageshow", () => {
            isSaving = false;
            body.querySelectorAll("tr").forEach((row) => fieldsOf(row).length && look(row));
        });
    }
}
