/* Lists as chips: `<input data-chips="seconds|texts">` holds a text such as `5, 9`, and keeps holding it. */
"use strict";

(() => {
    /* How a kind of list is read and written; what `read` does not take stays as it was typed. */
    const KINDS = {
        seconds: {
            read: (text) => text.split(",").map((item) => item.trim()).filter(Boolean),
            takes: (item) => /^[0-9]{1,6}$/.test(item),
            plain: (item) => String(Number(item)),
            write: (item) => item,
            say: (item) => `${item} s`,
            order: (one, other) => one - other,
            wrong: "Write whole seconds, as in 5.",
        },
        texts: {
            read: readQuoted,
            takes: (item) => item.length <= 50,
            plain: (item) => item,
            write: (item) => (/[,"\n]/.test(item) ? `"${item.replaceAll('"', '""')}"` : item),
            say: (item) => item,
            order: null,
            wrong: "Quote a whole tag, as in “a, b”; it has at most 50 characters.",
        },
    };

    /* Items between commas, some in double quotes; null where a quote stands alone. */
    function readQuoted(text) {
        const items = [];
        const next = /\s*(?:"((?:[^"]|"")*)"\s*|([^,"]*))(,|$)/y;
        while (next.lastIndex < text.length) {
            const found = next.exec(text);
            if (!found) return null;
            const item = (found[1] === undefined ? found[2] : found[1].replaceAll('""', '"')).trim();
            if (item) items.push(item);
            if (!found[3]) break;
        }
        return items;
    }

    const make = (tag, attributes, ...inside) => {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        element.append(...inside);
        return element;
    };

    function enhance(input) {
        const kind = KINDS[input.dataset.chips];
        const label = input.labels[0]?.textContent.replace(/:\s*$/, "") ?? input.name;
        let items = [];

        // The field that is sent; the one that is typed into takes its place, its label and its id.
        const kept = make("input", {type: "hidden", name: input.name});
        const chips = make("ul", {class: "chip-list", "aria-label": label});
        const usual = make("div", {class: "usual"});
        const status = make("p", {class: "visually-hidden", role: "status"});
        const box = make("div", {class: "chips"});
        input.removeAttribute("name");
        input.replaceWith(box);
        box.append(chips, input, kept);
        box.after(usual, status);

        /* Make chips of what can be read of `text`; the rest is left to be typed on. */
        function take(text) {
            const found = kind.read(text);
            if (found === null) return text;
            for (const item of found.filter(kind.takes).map(kind.plain)) if (!items.includes(item)) items.push(item);
            if (kind.order) items.sort(kind.order);
            return found.filter((item) => !kind.takes(item)).map(kind.write).join(", ");
        }

        function keep() {
            const before = kept.value;
            kept.value = [...items.map(kind.write), input.value.trim()].filter(Boolean).join(", ");
            if (kept.value !== before) kept.dispatchEvent(new Event("input", {bubbles: true}));
        }

        function show() {
            chips.replaceChildren(...items.map((item) => {
                const button = make("button", {type: "button", "aria-label": `Remove ${kind.say(item)}`}, "×");
                button.addEventListener("click", () => remove(item));
                return make("li", {class: "chip"}, make("span", {}, kind.say(item)), button);
            }));
            for (const button of usual.querySelectorAll("button")) {
                button.setAttribute("aria-pressed", items.includes(button.value));
            }
            keep();
        }

        function remove(item) {
            const at = items.indexOf(item);
            items.splice(at, 1);
            show();
            const buttons = chips.querySelectorAll("button");
            (buttons[Math.min(at, buttons.length - 1)] ?? input).focus();
            status.textContent = `${kind.say(item)} removed.`;
        }

        function commit() {
            if (!input.value.trim()) return;
            const before = items.length;
            input.value = take(input.value);
            input.toggleAttribute("data-wrong", Boolean(input.value));
            status.textContent = input.value ? kind.wrong : items.length > before ? "Added." : "It is there already.";
            show();
        }

        input.addEventListener("keydown", (event) => {
            const last = [...chips.querySelectorAll("button")].at(-1);
            if (event.key === "Enter" && input.value.trim()) {
                event.preventDefault();
                commit();
            } else if (["Backspace", "ArrowLeft"].includes(event.key) && last && !input.value) {
                event.preventDefault();
                last.focus();
            }
        });
        input.addEventListener("input", (event) => {
            // A comma inside quotes belongs to the tag.
            const is_closed = (input.value.match(/"/g) ?? []).length % 2 === 0;
            if (event.data === "," && is_closed) commit();
            keep();
        });
        input.addEventListener("change", commit);
        chips.addEventListener("keydown", (event) => {
            const buttons = [...chips.querySelectorAll("button")];
            const at = buttons.indexOf(event.target);
            if (["Delete", "Backspace"].includes(event.key)) {
                event.preventDefault();
                remove(items[at]);
            } else if (event.key === "ArrowRight") (buttons[at + 1] ?? input).focus();
            else if (event.key === "ArrowLeft") buttons[Math.max(at - 1, 0)].focus();
        });
        box.addEventListener("click", (event) => {
            if (event.target === box || event.target === chips) input.focus();
        });

        for (const item of (input.dataset.usual ?? "").split(" ").filter(Boolean)) {
            const button = make("button", {type: "button", value: item}, kind.say(item));
            button.addEventListener("click", () => {
                if (items.includes(item)) items.splice(items.indexOf(item), 1);
                else take(item);
                show();
                button.focus();
            });
            usual.append(button);
        }
        if (usual.children.length) {
            usual.setAttribute("role", "group");
            usual.setAttribute("aria-label", `Usual ${label.toLowerCase()}`);
        } else usual.remove();

        const found = input.value;
        input.placeholder = "Add…";
        input.value = take(input.defaultValue);
        show();
        kept.dataset.default = kept.value;
        if (found !== input.defaultValue) { // the browser has filled it in again
            items = [];
            input.value = take(found);
            show();
        }
    }

    for (const input of document.querySelectorAll("input[data-chips]")) enhance(input);
})();
