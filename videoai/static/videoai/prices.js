"use strict";

// Shows what customers would pay while prices are typed. The server works it all out; without it, the
// button "Preview prices" does the same.

const WAIT = 250; // milliseconds after the last key
const UNREACHABLE = "The prices can't be shown now: they are those of a moment ago.";
const PRICED = /^(cost_per_second|supported_|max_duration|fixed_duration|rate_)/;

const prices = document.getElementById("prices");
const form = prices?.closest("form");

if (form && form.elements.namedItem("_preview")) {
    const preview = document.getElementById("price-preview");
    const status = document.getElementById("price-status");
    let waiting = 0;
    let asking = new AbortController();

    prices.classList.add("live");

    const figuresOf = (place) =>
        new Map([...place.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));

    // A cell that can't be told shows, in grey, the last figure that could.
    const keepLast = (fresh) => {
        const before = figuresOf(preview);
        for (const [key, cell] of figuresOf(fresh)) {
            const last = cell.querySelector(".last");
            const good = before.get(key);
            const figure = good?.querySelector(".last, .credits");
            if (last && figure) {
                last.replaceChildren(...(figure.matches(".last") ? figure.childNodes : [figure, " credits, before"]));
            }
        }
        // Without any shape of its own, the answer says what is wrong beside the table that was there.
        const table = preview.querySelector(".price-scroll");
        if (table && !fresh.querySelector(".price-scroll")) {
            table.classList.add("outdated");
            fresh.append(table);
        }
    };

    // In the order of the qualities, which is that of the answer.
    const order = [...prices.querySelectorAll("[data-result]")].map((result) => result.dataset.result);
    const moveTo = (body, row) => {
        const place = order.indexOf(row.dataset.rate);
        const next = [...body.rows].find((other) => order.indexOf(other.dataset.rate) > place);
        body.insertBefore(row, next ?? null);
    };

    const showResults = (fresh) => {
        for (const result of fresh.querySelectorAll("[data-result]")) {
            const row = prices.querySelector(`[data-rate="${CSS.escape(result.dataset.result)}"]`);
            const table = prices.querySelector(result.dataset.offered === "yes" ? ".rates-offered" : ".rates-others");
            if (row) {
                row.querySelector(".result").textContent = result.textContent;
                if (!table.contains(row)) {
                    moveTo(table.querySelector("tbody"), row);
                }
            }
        }
    };

    const show = (html) => {
        const fresh = new DOMParser().parseFromString(html, "text/html").body;
        showResults(fresh);
        keepLast(fresh);
        preview.replaceChildren(...fresh.childNodes);
        const problems = [...preview.querySelectorAll(".price-problem")].map((said) => said.textContent.trim());
        const summary = preview.querySelector(".price-summary")?.textContent ?? "";
        status.textContent = `Prices updated. ${summary} ${[...new Set(problems)].join(" ")}`;
    };

    const ask = async () => {
        asking.abort();
        asking = new AbortController();
        const { signal } = asking;
        preview.setAttribute("aria-busy", "true");
        try {
            const body = new URLSearchParams(new FormData(form));
            const answer = await fetch(prices.dataset.preview, { method: "POST", body, signal });
            if (!answer.ok || answer.redirected) {
                throw new Error(`The server answered ${answer.status}`);
            }
            show(await answer.text());
            preview.classList.remove("outdated");
        } catch (error) {
            if (error.name === "AbortError") {
                return; // a newer one is under way
            }
            preview.classList.add("outdated");
            const summary = preview.querySelector(".price-summary");
            summary.textContent = status.textContent = UNREACHABLE;
            summary.classList.remove("changes");
        }
        preview.removeAttribute("aria-busy");
    };

    const askSoon = () => {
        clearTimeout(waiting);
        waiting = setTimeout(ask, WAIT);
    };

    const listen = (event) => {
        if (PRICED.test(event.target.name ?? "")) {
            askSoon();
        }
    };
    form.addEventListener("input", listen);
    form.addEventListener("change", listen);
    form.addEventListener("reset", askSoon);

    // Browsers fill in what was typed before the page was left or loaded again.
    const isRefilled = (field) =>
        PRICED.test(field.name ?? "") &&
        (field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
    addEventListener("pageshow", () => [...form.elements].some(isRefilled) && askSoon());
}
