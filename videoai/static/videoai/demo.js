/* The page of live prices: what can be chosen, what it costs, and what was heard of changes. */

import { livePrice } from "./live-price.js";

const page = document.querySelector(".demo");
const api = page.dataset.api;
const find = (name) => page.querySelector(`[data-demo="${name}"]`);
const [picker, told, price, was, facts, heard, notice] = [
    "model", "told", "price", "was", "facts", "heard", "notice",
].map(find);
const choices = { duration: find("durations"), quality: find("qualities") };
const badge = document.querySelector(".live-state");
const MOST_HEARD = 5;
const MOMENT = 4000; // without live streams, a server ends each connection at once

const models = new Map();
let shown = null; // the last price: of what, and how many credits
let wanted = "";
let gone = ""; // the model that was chosen and left
let lateness = 0;

// --- What there is ------------------------------------------------------------------------------------

async function fetched(address) {
    const response = await fetch(address);
    return response.ok ? response.json() : null;
}

async function loadAll() {
    const found = [];
    for (let next = `${api}models/?page_size=200`; next; ) {
        const answer = await fetched(next);
        if (!answer) return;
        found.push(...answer.results);
        next = answer.next;
    }
    models.clear();
    for (const model of found) models.set(model.model_id, model);
}

async function loadOne(id) {
    const response = await fetch(`${api}models/${id}/`);
    const model = response.ok ? await response.json() : null;
    if (model?.status === "active") models.set(id, model);
    else if (model || response.status === 404) models.delete(id);
}

async function hear(news) {
    const others = news.changed.filter((id) => id !== picker.value);
    const before = others.map((id) => models.get(id)?.name);
    await (news.reload ? loadAll() : Promise.all(news.changed.map(loadOne))).catch(() => {});
    offer();
    const names = others.map((id, place) => models.get(id)?.name ?? before[place] ?? id);
    if (names.length) note(`${names.join(", ")} changed.`);
}

// --- What can be chosen -------------------------------------------------------------------------------

function offer() {
    const before = picker.value;
    const name = picker.selectedOptions[0]?.text; // its price may not have come yet
    const groups = Map.groupBy ? Map.groupBy(models.values(), (model) => model.provider) : grouped();
    const providers = [...groups.keys()].sort((one, other) => one.localeCompare(other));
    const hint = new Option("Choose a model", "", true, false);
    hint.disabled = hint.hidden = true;
    picker.replaceChildren(hint, ...providers.map((name) => providerGroup(name, groups.get(name))));
    const first = [...models.values()].find((model) => model.is_default) ?? models.values().next().value;
    if (models.has(gone)) tell(gone = "");
    if (before && !models.has(before)) leave(before, name);
    else picker.value = before || (shown === null && first?.model_id) || "";
    offerCapabilities();
}

function grouped() {
    const groups = new Map();
    for (const model of models.values()) {
        groups.set(model.provider, [...(groups.get(model.provider) ?? []), model]);
    }
    return groups;
}

function providerGroup(name, offered) {
    const group = document.createElement("optgroup");
    group.label = name;
    group.append(...offered.map((model) => new Option(model.name, model.model_id)));
    return group;
}

function leave(id, name) {
    picker.value = wanted = "";
    gone = id;
    tell(`${name} is no longer on offer. Choose another model.`);
    showNothing();
}

function offerCapabilities() {
    const model = models.get(picker.value);
    fill("duration", model?.supported_durations ?? [], (seconds) => `${seconds} s`);
    fill("quality", model?.supported_qualities ?? [], (quality) => quality);
    if (model) want();
}

function fill(name, values, worded) {
    const box = choices[name];
    const chosen = picked(name);
    if (box.dataset.values === JSON.stringify(values)) return;
    box.dataset.values = JSON.stringify(values);
    box.replaceChildren(...values.map((value) => radio(name, value, worded(value))));
    const kept = box.querySelector(`[value="${CSS.escape(chosen ?? "")}"]`);
    if (chosen && values.length && !kept) tell(`${worded(chosen)} is not offered here. Something else was chosen.`);
    const control = kept ?? box.querySelector("input");
    if (control) control.checked = true;
}

function radio(name, value, text) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name, value });
    const word = Object.assign(document.createElement("span"), { textContent: text });
    label.append(input, word);
    return label;
}

const picked = (name) => choices[name].querySelector("input:checked")?.value ?? null;

function want() {
    const choice = { model_id: picker.value, duration: picked("duration"), quality: picked("quality") };
    if (Object.values(choice).join() === wanted) return;
    wanted = Object.values(choice).join();
    live.want(choice);
}

// --- What it costs ------------------------------------------------------------------------------------

function show(answer) {
    if (!picker.value || (answer.model_id ?? picker.value) !== picker.value) return;
    if (answer.credits === undefined) {
        tell(answer.detail);
        showNothing();
        return;
    }
    const of = [answer.model_id, answer.duration, answer.quality].join();
    const name = models.get(answer.model_id)?.name ?? answer.model_id;
    const before = shown?.of === of ? shown.credits : answer.credits;
    if (shown?.of !== of) was.textContent = "";
    if (before !== answer.credits) mark(name, before, answer.credits);
    shown = { of, credits: answer.credits };
    price.textContent = answer.credits.toLocaleString("en");
    facts.textContent = `credits, or ${dollars(answer.price_usd)}, for ${answer.duration} seconds of ${name} in ${answer.quality}`;
    if (before === answer.credits && told.dataset.of !== of) tell("");
    told.dataset.of = of;
}

function dollars(text) {
    const [whole, cents = ""] = text.split(".");
    return `$${whole}.${cents.padEnd(2, "0")}`;
}

function showNothing() {
    price.textContent = "–";
    was.textContent = facts.textContent = "";
    shown = { of: null, credits: null };
}

function mark(name, before, now) {
    was.dataset.way = now > before ? "up" : "down";
    was.textContent = `was ${before.toLocaleString("en")}`;
    note(`${name}: ${before.toLocaleString("en")} → ${now.toLocaleString("en")} credits.`);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
        price.animate([{ scale: 1.12, color: "var(--link-fg)" }, { scale: 1 }], { duration: 600, easing: "ease-out" });
    }
}

function tell(text) {
    told.textContent = text;
    notice.hidden = !text;
}

// --- What was heard -----------------------------------------------------------------------------------

function note(text) {
    const time = Object.assign(document.createElement("time"), { textContent: new Date().toLocaleTimeString() });
    const item = document.createElement("li");
    item.append(time, ` ${text}`);
    heard.querySelector("[data-none]")?.remove();
    heard.prepend(item);
    while (heard.children.length > MOST_HEARD) heard.lastElementChild.remove();
}

function turn(state) {
    if (state === "live") {
        clearTimeout(lateness);
        lateness = 0;
        say(state, "Live");
    } else {
        lateness ||= setTimeout(() => say(state, "Reconnecting…"), MOMENT);
    }
}

function say(state, text) {
    badge.dataset.state = state;
    if (badge.textContent !== text) badge.textContent = text;
}

// --- The script to copy -------------------------------------------------------------------------------

const copy = document.querySelector(".copy-script");
copy.hidden = !navigator.clipboard;
copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(".script-to-copy code").textContent);
    copy.textContent = "Copied";
});

page.hidden = false;
const live = livePrice(api, { onPrice: show, onNews: hear, onState: turn });
picker.addEventListener("change", () => { tell(""); offerCapabilities(); });
for (const box of Object.values(choices)) box.addEventListener("change", want);
