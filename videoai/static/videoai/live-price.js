// The price of one generation, kept current. Copy this file: it needs nothing else.
//
//     const price = livePrice("/api/v1/", { onPrice: (answer) => show(answer.credits ?? answer.detail) });
//     price.want({ model_id: "google/veo-3", duration: 5, quality: "high" }); // and price.stop() at the end
export function livePrice(api, { onPrice, onNews = () => {}, onState = () => {} }) {
    let [wanted, stream, isOver, asked] = [null, null, false, 0];
    async function ask() {
        if (!wanted) return;
        const mine = ++asked;
        const answer = await fetch(`${api}pricing/quote/?${new URLSearchParams(wanted)}`)
            .then((response) => response.json())
            .catch(() => ({ status: 503 }));
        if (mine !== asked) return; // something else was asked for meanwhile
        const isBusy = answer.status === 429 || answer.status >= 500;
        if (isBusy) setTimeout(() => mine === asked && ask(), 2000);
        else onPrice(answer); // a quote, or a problem whose `code` and `detail` say why there is none
    }
    function hear(news) {
        if (news.reload || news.changed.includes(wanted?.model_id)) ask();
        onNews(news);
    }

    function listen() {
        stream?.close();
        if (isOver || document.hidden) return; // a browser has few connections: hidden pages give theirs back
        stream = new EventSource(`${api}events/`);
        stream.addEventListener("catalogue", (event) => hear(JSON.parse(event.data)));
        stream.addEventListener("open", () => hear({ changed: [], reload: true }), { once: true });
        stream.addEventListener("open", () => onState("live"));
        stream.addEventListener("error", (event) => {
            onState("reconnecting");
            // After a lost connection a browser comes back by itself; after a refusal it has to be told.
            if (event.target.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
        });
    }

    document.addEventListener("visibilitychange", listen);
    listen();
    return { want: (choice) => ((wanted = choice), ask()), stop: () => ((isOver = true), listen()) };
}
