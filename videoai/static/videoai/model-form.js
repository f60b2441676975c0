/* A model's form: its parts as tabs, a word before unsaved edits are lost, what to know before a model leaves. */
"use strict";

(() => {
    const form = document.getElementById("aimodel_form");
    const list = form?.querySelector("nav.tabs");
    if (!list) return;
    const tabs = [...list.querySelectorAll("a")];
    const parts = new Map(tabs.map((tab) => [tab, document.getElementById(tab.hash.slice(1))]));
    const partOf = (tab) => parts.get(tab);

    // --- Tabs: the links of the page without script, made into tabs ------------------------------------

    function begin() {
        list.setAttribute("role", "tablist");
        for (const tab of tabs) {
            const part = partOf(tab);
            tab.id = `tab-${part.id}`;
            // The hash names the tab; there is nothing to scroll to.
            part.id = `part-${part.id}`;
            tab.setAttribute("role", "tab");
            tab.setAttribute("aria-controls", part.id);
            part.setAttribute("role", "tabpanel");
            part.setAttribute("aria-labelledby", tab.id);
            // The browser's search finds what is hidden like this, and opens it.
            part.addEventListener("beforematch", () => select(tab));
        }
        form.classList.add("tabbed");
        const wrong = tabs.find((tab) => tab.querySelector(".count"));
        select(wrong ?? named(location.hash) ?? tabs[0]);
        if (tabs.some((tab) => tab.hash === location.hash)) scrollTo(0, 0);
    }

    function select(chosen) {
        for (const tab of tabs) {
            const is_chosen = tab === chosen;
            const part = partOf(tab);
            tab.setAttribute("aria-selected", is_chosen);
            tab.tabIndex = is_chosen ? 0 : -1;
            if (is_chosen) part.removeAttribute("hidden");
            else part.setAttribute("hidden", "until-found");
        }
        chosen.scrollIntoView({block: "nearest", inline: "nearest"});
    }

    function open(tab) {
        select(tab);
        history.replaceState(history.state, "", tab.hash);
    }

    /* The tab that `hash` names, or in whose part the named element stands. */
    function named(hash) {
        const exactly = tabs.find((tab) => tab.hash === hash);
        if (exactly) return exactly;
        const target = hash.length > 1 && document.getElementById(hash.slice(1));
        return target ? tabs.find((tab) => partOf(tab).contains(target)) : undefined;
    }

    list.addEventListener("click", (event) => {
        const tab = event.target.closest("a");
        if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        open(tab);
    });

    list.addEventListener("keydown", (event) => {
        const at = tabs.indexOf(document.activeElement);
        const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1}[event.key];
        if (event.key === " " && at >= 0) {
            event.preventDefault();
            open(tabs[at]);
        }
        if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        const tab = tabs.at(to % tabs.length);
        open(tab);
        tab.focus();
    });

    addEventListener("hashchange", () => {
        const tab = named(location.hash);
        if (tab) select(tab);
    });

    // From a mistake to its field.
    form.querySelector(".mistakes")?.addEventListener("click", (event) => {
        const target = event.target.closest("a") && document.getElementById(event.target.closest("a").hash.slice(1));
        if (!target) return;
        event.preventDefault();
        const tab = named(`#${target.id}`);
        if (tab) open(tab);
        (target.matches("input, select, textarea") ? target : target.querySelector("input") ?? target).focus();
        target.scrollIntoView({block: "center"});
    });

    // --- Unsaved edits ------------------------------------------------------------------------------------

    let is_leaving_to_save = false;

    /* `field` holds something else than the page came with; Back fills in again what was typed before. */
    function differs(field) {
        if (!field.name) return false;
        if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
        if (field.options) {
            const chosen = [...field.options].findIndex((option) => option.defaultSelected);
            return field.selectedIndex !== Math.max(chosen, 0);
        }
        // The default of a hidden field follows its value; the chips leave theirs beside it.
        return field.value !== (field.dataset.default ?? field.defaultValue ?? field.value);
    }

    const is_edited = () => [...form.elements].some(differs) || Boolean(form.querySelector(".errornote"));

    addEventListener("beforeunload", (event) => {
        if (!is_leaving_to_save && is_edited()) event.preventDefault();
    });

    form.addEventListener("submit", (event) => {
        is_leaving_to_save = true;
        // Whoever continues editing comes back to the same tab.
        const chosen = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
        const stays = event.submitter?.name === "_continue";
        form.action = location.pathname + location.search + (stays ? chosen.hash : "");
    });

    addEventListener("pageshow", () => {
        is_leaving_to_save = false;
    });

    // --- Before it goes off sale ---------------------------------------------------------------------------

    const active = document.getElementById("id_is_active");
    const deprecated = document.getElementById("id_is_deprecated");
    const leaving = document.getElementById("leaving");

    function tell() {
        const flags = `${Number(active.checked)}${Number(deprecated.checked)}`;
        for (const row of form.querySelectorAll(".standings tr[data-flags]")) {
            row.classList.toggle("is-chosen", row.dataset.flags === flags);
        }
        if (!leaving) return;
        const leaves_sale = !active.checked;
        const leaves_default = leaving.dataset.default === "yes" && (leaves_sale || deprecated.checked);
        const is_asked = leaving.dataset.used === "yes" && leaves_sale;
        leaving.hidden = !(is_asked || leaves_default);
        for (const question of leaving.querySelectorAll(".field-take_off_sale")) question.hidden = !is_asked;
    }

    if (active?.type === "checkbox" && deprecated) {
        form.addEventListener("change", tell);
        tell();
    }

    begin();
})();
