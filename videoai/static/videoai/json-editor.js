/* JSON in a text area: says while typing what is wrong with it, and where; puts it in order when asked. */
"use strict";

(() => {
    const PAUSE = 400; // milliseconds
    const DEEPEST = 32;
    const PLAIN_KEY = /^[A-Za-z0-9_-]{1,60}$/;
    const SPACE = /[ \t\n\r]*/y;
    const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

    class Wrong extends Error {}

    /* The object in `text`, written in lines; numbers stay as they were typed. Throws Wrong. */
    function inOrder(text) {
        let at = 0;
        const path = [];
        const pathText = () => "$" + path.map(stepText).join("");
        const stepText = (step) => {
            if (typeof step === "number") return `[${step}]`;
            return PLAIN_KEY.test(step) ? `.${step}` : `.${JSON.stringify(step)}`;
        };

        function fail(message, position = at) {
            const lines = text.slice(0, position).split("\n");
            throw new Wrong(`${message} at ${pathText()}, line ${lines.length}, column ${lines.at(-1).length + 1}.`);
        }

        function match(pattern) {
            pattern.lastIndex = at;
            const found = pattern.exec(text);
            if (found) at = pattern.lastIndex;
            return found?.[0] ?? "";
        }

        function symbol(...wanted) {
            match(SPACE);
            if (wanted.includes(text[at])) return text[at++];
            return fail(`${wanted.join(" or ")} is missing`);
        }

        function next() {
            match(SPACE);
            return text[at];
        }

        function string() {
            const start = at;
            const found = match(TEXT);
            if (!found) fail("A text in double quotes is missing, or holds what it may not");
            const read = JSON.parse(found);
            if (read.isWellFormed && !read.isWellFormed()) fail("The text holds half a surrogate pair", start);
            if (read.includes("\0")) fail("The text holds a NUL", start);
            return [found, read];
        }

        function value(margin) {
            const first = next();
            if (path.length >= DEEPEST) fail(`JSON may be nested at most ${DEEPEST} deep`);
            if (first === "{") return inside("{", "}", margin, member);
            if (first === "[") return inside("[", "]", margin, (deeper, number) => {
                path.push(number);
                return value(deeper);
            });
            if (first === '"') return string()[0];
            const found = match(SCALAR);
            if (!found || /[A-Za-z0-9_.+-]/.test(text[at] ?? " ")) fail("This is no JSON value");
            return found;
        }

        function member(deeper, number, seen) {
            next();
            const start = at;
            const [written, key] = string();
            path.push(key);
            if (seen.has(key)) fail("This key stands twice", start);
            seen.add(key);
            symbol(":");
            return `${written}: ${value(deeper)}`;
        }

        function inside(opening, closing, margin, item) {
            symbol(opening);
            if (next() === closing) return opening + text[at++];
            const deeper = `${margin}  `;
            const items = [];
            const seen = new Set();
            do {
                items.push(deeper + item(deeper, items.length, seen));
                path.pop();
            } while (symbol(",", closing) === ",");
            return `${opening}\n${items.join(",\n")}\n${margin}${closing}`;
        }

        if (next() !== "{") fail("A JSON object in braces, as in {}, is missing");
        const written = value("");
        if (next() !== undefined) fail("Nothing may follow the object");
        return written;
    }

    /* Replace the text so that the browser can still undo it. */
    function write(area, text) {
        area.focus();
        area.select();
        if (!document.execCommand("insertText", false, text)) area.value = text;
    }

    function enhance(area) {
        const name = area.labels[0]?.textContent.replace(/:\s*$/, "") ?? area.name;
        const bar = document.createElement("div");
        const button = document.createElement("button");
        const status = document.createElement("p");
        bar.className = "json-bar";
        button.type = "button";
        button.textContent = "Format";
        button.setAttribute("aria-label", `Format ${name}`);
        status.setAttribute("role", "status");
        status.className = "json-status";
        bar.append(button, status);
        area.after(bar);
        let timer;

        function check() {
            clearTimeout(timer);
            let told = "";
            try {
                if (area.value.trim()) inOrder(area.value);
            } catch (error) {
                if (!(error instanceof Wrong)) throw error;
                told = error.message;
            }
            area.toggleAttribute("data-wrong", Boolean(told));
            const said = told || (area.value.trim() ? "Good JSON." : "Empty stands for {}.");
            if (status.textContent !== said) status.textContent = said;
            status.classList.toggle("is-wrong", Boolean(told));
            return !told;
        }

        area.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(check, PAUSE);
        });
        area.addEventListener("change", check);
        button.addEventListener("click", () => {
            if (check() && area.value.trim()) write(area, inOrder(area.value));
        });
    }

    for (const area of document.querySelectorAll("textarea[data-json]")) enhance(area);
})();
