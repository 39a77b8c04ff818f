"""Labelled organisations and things of many kinds of tables, from a seed and an error rate: places, sites, firms with web sites, applicants, papers, offers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import noise

RESTAURANT_KINDS = {
    "name": "organisation",
    "address": "address",
    "city": "city",
    "phone": "phone",
    "cuisine": "category",
}
SITE_KINDS = {"site": "organisation", "address": "address", "zip": "postcode", "phone": "phone"}
FIRM_KINDS = {"name": "organisation", "website": "domain", "city": "city", "phone": "phone"}
APPLICANT_KINDS = {"name": "organisation", "town": "city", "coauthors": "text", "classes": "text"}
NAME_KINDS = {"name": "organisation"}
PAPER_KINDS = {"authors": "text", "title": "text", "venue": "text", "year": "date"}
OFFER_KINDS = {"title": "text", "maker": "organisation", "price": "category"}

_FOOD = "golden dragon garden palace little italy corner bistro harbor grill sunset cantina olive tree blue river lotus jade maple brasserie smoke house pearl oyster vine copper kettle royal tandoor".split()
_CUISINES = "american italian chinese mexican french indian seafood steakhouse thai japanese".split()
_NEAR_CUISINE = {"american": "american (new)", "seafood": "fish", "steakhouse": "steakhouses", "mexican": "tex-mex", "chinese": "asian", "french": "continental"}  # fmt: skip
_STREETS = "ventura wilshire melrose sunset broadway park lexington peachtree piedmont columbus geary mission valencia harrison lincoln ocean grand spring hudson bleecker".split()
_KINDS_OF_STREET = (("street", "st."), ("avenue", "ave."), ("boulevard", "blvd."), ("road", "rd"), ("place", "pl."))
_TOWNS = [
    "los angeles,l.a.",
    "new york,new york city,manhattan",
    "atlanta",
    "san francisco,sf",
    "pasadena",
    "chicago",
    "studio city",
    "boston",
]
"""Spellings of each town, the usual one first."""
_FORMS = [
    "Inc",
    "Inc.",
    "LLC",
    "Ltd",
    "Limited",
    "Corp",
    "Corporation",
    "GmbH",
    "AG",
    "S.A.",
    "B.V.",
    "SpA",
    "K.K.",
    "Co., Ltd.",
    "",
    "",
    "",
]
_TRADES = "Systems Logistics Foods Pharma Motors Chemicals Software Energy Steel Textiles Optics Plastics Dental Engineering Instruments Electronics Packaging Insurance Travel Media".split()
_SHORT_TRADE = {"Engineering": "Eng", "Chemicals": "Chem", "Instruments": "Instr", "Electronics": "Elec", "Systems": "Sys", "Insurance": "Ins", "Pharma": "Pharmaceuticals", "Packaging": "Pkg"}  # fmt: skip
_PARTS = "al bor cin dra ex fon gra hel ivo jun kal lum max nor opt pri qua ros sol tek uni ver wix yor zan tri vio mer".split()
_TOPICS = "learning inference networks retrieval planning induction boosting reasoning clustering parsing kernels genetic bayesian reinforcement neural decision temporal markov probabilistic relational sequence feature selection estimation approximation gradient wrapper pruning theory hidden models text image query database index stream cache".split()
_AUTHORS = "Aldous Brandt Castell Dunne Eriksen Fontaine Grieg Hollis Ivanov Jansson Keller Lindqvist Moreau Nakamura Okafor Petrov Quist Rossi Schmid Tanaka Ueda Varga Weston Yilmaz Zeller".split()
_VENUES = (("Proceedings of the International Conference on Machine Learning", "ICML", "Proc. Int. Conf. Machine Learning"), ("Artificial Intelligence", "AI Journal"), ("Neural Computation", "Neural Comp."), ("Advances in Neural Information Processing Systems", "NIPS"), ("Machine Learning", "ML"))  # fmt: skip


def _coined(rng: np.random.Generator, count: int) -> list[str]:
    return sorted({"".join(rng.choice(_PARTS, int(rng.integers(2, 4)))) for _ in range(count * 2)})[:count]


def _street(rng: np.random.Generator) -> str:
    side = str(rng.choice(["", "", "n. ", "s. ", "w. "]))
    return f"{rng.integers(1, 9999)} {side}{rng.choice(_STREETS)} {_KINDS_OF_STREET[int(rng.integers(5))][0]}"


def _street_short(rng: np.random.Generator, text: str) -> str:
    for full, short in _KINDS_OF_STREET:
        text = text.replace(full, short)
    return text if rng.random() < 0.8 else text + " " + str(rng.choice(["between 1st and 2nd", "at main", "suite 4"]))


def _phone(rng: np.random.Generator) -> str:
    return f"{rng.integers(201, 989)}{rng.integers(2_000_000, 9_999_999)}"


def _phone_form(rng: np.random.Generator, text: str) -> str:
    return ("{0}/{1}-{2}", "{0}-{1}-{2}", "({0}) {1}-{2}", "{0}{1}{2}")[int(rng.integers(4))].format(
        text[:3], text[3:6], text[6:]
    )


def restaurants(count: int, seed: int = 31, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Two guides' lists: one row in seven has a fellow in the other; chains with several branches; cuisines disagree."""
    rng = np.random.default_rng(seed)
    size = int(count * 0.87)
    names = [" ".join(rng.choice(_FOOD, int(rng.integers(1, 3)), replace=False)) for _ in range(size)]
    names = [
        f"{n} {rng.choice(['cafe', 'restaurant', 'grill', 'kitchen', ''])}".strip()
        if rng.random() < 0.6
        else f"{rng.choice(_coined_pool)}'s"
        for n in names
    ]
    at = rng.integers(0, len(_TOWNS), size)
    base = pd.DataFrame({"name": names, "address": [_street(rng) for _ in range(size)], "city": [_TOWNS[i].split(",")[0] for i in at],
                         "phone": [_phone(rng) for _ in range(size)], "cuisine": rng.choice(_CUISINES, size), "at": at, "truth": np.arange(size)})  # fmt: skip
    twin = base.sample(count - size, random_state=seed).copy()
    twin["address"] = noise.spoil(rng, twin["address"], 0.6, _street_short)
    twin["city"] = [str(rng.choice(_TOWNS[i].split(","))) for i in twin["at"]]
    twin["cuisine"] = noise.spoil(rng, twin["cuisine"], 0.5, lambda _, text: _NEAR_CUISINE.get(text, text))
    twin["name"] = noise.spoil(
        rng, twin["name"], rate, lambda r, text: text + str(r.choice([" (the)", " bar", " of town", " restaurant"]))
    )
    for column, how in {"name": noise.mistyped, "address": noise.mistyped, "phone": noise.digit}.items():
        twin[column] = noise.spoil(rng, twin[column], rate / 2, how)
    table = pd.concat([base, twin], ignore_index=True).drop(columns="at")
    table["phone"] = noise.spoil(rng, table["phone"], 1.0, _phone_form)
    return noise.shuffled(table, seed)


_coined_pool = [f"{a}{b}" for a in _PARTS for b in ("ino", "elli", "etti", "ard", "on", "ez")]


def sites(count: int, seed: int = 32, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Sites of organisations that have several, each listed up to ten times by as many offices; blanks and abbreviations."""
    rng = np.random.default_rng(seed)
    size = max(count // 3, 4)
    owners = [
        f"{name.title()} {rng.choice(['Child Care', 'Community Center', 'Family Services', 'Learning Center', 'Head Start', 'Academy', 'Day Care'])}"
        for name in _coined(rng, max(size // 2, 3))
    ]
    base = pd.DataFrame({"owner": rng.choice(np.array(owners, dtype=object), size)})
    base["site"] = [
        f"{owner} {rng.choice(['', '', 'North', 'South', 'II', 'Annex', 'Lakeview', 'Englewood'])}".strip()
        for owner in base["owner"]
    ]
    base["address"], base["zip"], base["phone"] = (
        [_street(rng) for _ in range(size)],
        rng.integers(60600, 60660, size).astype(str),
        [_phone(rng) for _ in range(size)],
    )
    base = base.drop_duplicates("site")
    table = noise.copies(rng, base, count)
    table["site"] = noise.spoil(
        rng,
        table["site"],
        rate,
        lambda _, text: text.replace("Center", "Ctr").replace("Community", "Comm").replace("Child Care", "Childcare"),
    )
    table["site"] = noise.spoil(rng, table["site"], rate / 2, noise.word_lost)
    head_office = rng.random(len(table)) < rate / 4
    table.loc[head_office, "site"] = table.loc[head_office, "owner"]
    table["address"] = noise.spoil(rng, table["address"], 0.4, _street_short)
    for column, how in {
        "site": noise.mistyped,
        "address": noise.mistyped,
        "zip": noise.digit,
        "phone": noise.digit,
    }.items():
        table[column] = noise.spoil(rng, table[column], rate / 3, how)
    return noise.shuffled(
        noise.blank(rng, table, {"address": rate / 4, "zip": 0.35, "phone": 0.2}).drop(columns="owner"), seed
    )


def firms(count: int, seed: int = 33, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Companies with web sites: groups, franchises and universities behind one domain, pages of builders, addresses at freemail hosts."""
    rng = np.random.default_rng(seed)
    size = max(count // 2, 4)
    brands = [name.title() for name in _coined(rng, size)]
    rows = []
    for number, brand in enumerate(brands):
        trade, kind = str(rng.choice(_TRADES)), rng.random()
        if kind < 0.05:
            rows += [
                (f"{brand} {item}", f"{brand.lower()}group.com", f"{number}.{at}")
                for at, item in enumerate(rng.choice(_TRADES, 3, replace=False))
            ]
        elif kind < 0.08:
            rows += [
                (f"{brand} {town.split(',')[0].title()}", f"{brand.lower()}.com", f"{number}.{town}")
                for town in rng.choice(_TOWNS, 4, replace=False)
            ]
        elif kind < 0.10:
            rows += [
                (f"{brand} University {item}", f"{brand.lower()}.edu", f"{number}.{item}")
                for item in ("Library", "Hospital", "Law School")
            ]
        elif kind < 0.18:
            rows.append(
                (
                    f"{brand} {trade}",
                    str(rng.choice(["facebook.com/", "https://sites.google.com/view/", "http://"]))
                    + brand.lower()
                    + str(rng.choice(["", ".wixsite.com/home"])),
                    str(number),
                )
            )
        else:
            rows.append(
                (
                    f"{brand} {trade}",
                    f"{brand.lower()}{rng.choice(['', trade.lower()])}.{rng.choice(['com', 'co.uk', 'de', 'ca', 'net'])}",
                    str(number),
                )
            )
    base = pd.DataFrame(rows, columns=["name", "website", "truth"])
    base["city"] = [_TOWNS[int(i)].split(",")[0].title() for i in rng.integers(0, len(_TOWNS), len(base))]
    base["phone"] = [_phone(rng) for _ in range(len(base))]
    key = base["truth"]
    table = noise.copies(rng, base, count)
    table["truth"] = key.to_numpy()[table["truth"].to_numpy()]
    table["name"] = noise.spoil(
        rng, table["name"], rate, lambda _, text: " ".join(_SHORT_TRADE.get(word, word) for word in text.split())
    )
    table["name"] = noise.spoil(rng, table["name"], rate / 2, noise.mistyped)
    table["name"] = [f"{name} {rng.choice(_FORMS)}".strip() for name in table["name"]]
    table["name"] = noise.spoil(rng, table["name"], 0.2, lambda _, text: text.upper())
    table["website"] = noise.spoil(
        rng,
        table["website"],
        0.5,
        lambda r, text: (
            text
            if "/" in text
            else str(r.choice(["https://www.", "http://", "www."])) + text + str(r.choice(["", "/", "/contact"]))
        ),
    )
    table["phone"] = noise.spoil(rng, table["phone"], 1.0, _phone_form)
    return noise.shuffled(noise.blank(rng, table, {"website": 0.3, "phone": 0.35, "city": 0.2}), seed)


def names_alone(count: int, seed: int = 34, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Nothing but organisations' names: legal forms of many countries, abbreviations, errors, sister companies of one brand."""
    rng = np.random.default_rng(seed)
    base = pd.DataFrame(
        {
            "brand": noise.drawn(rng, [n.title() for n in _coined(rng, max(count // 6, 5))], max(count // 4, 4)),
            "trade": rng.choice(_TRADES, max(count // 4, 4)),
        }
    ).drop_duplicates()
    table = noise.copies(rng, base.reset_index(drop=True), count)
    table["brand"] = noise.spoil(rng, table["brand"], rate / 2, noise.mistyped)
    table["trade"] = noise.spoil(rng, table["trade"], rate, lambda _, text: _SHORT_TRADE.get(text, text))
    table["name"] = [
        f"{b} {t} {rng.choice(_FORMS)}".strip() for b, t in zip(table["brand"], table["trade"], strict=True)
    ]
    table["name"] = noise.spoil(rng, table["name"], 0.3, lambda _, text: text.upper())
    return noise.shuffled(table[["name", "truth"]], seed)


def applicants(count: int, seed: int = 35, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Applicants of patents, companies and persons mixed, with the people they filed with and the classes they filed in."""
    rng = np.random.default_rng(seed)
    size = max(count // 4, 4)
    coined = [name.title() for name in _coined(rng, size)]
    person = rng.random(size) < 0.3
    names = [
        f"{a.upper()}, {rng.choice(_AUTHORS)}" if p else f"{a} {rng.choice(_TRADES)}"
        for a, p in zip(coined, person, strict=True)
    ]
    fellows = [list(rng.choice(coined, 6, replace=False)) for _ in range(size)]
    classes = [
        list(rng.choice([f"{a}{b:02}" for a in "ABCGH" for b in range(30)], 4, replace=False)) for _ in range(size)
    ]
    base = pd.DataFrame(
        {
            "name": names,
            "person": person,
            "town": [_TOWNS[int(i)].split(",")[0] for i in rng.integers(0, len(_TOWNS), size)],
        }
    )
    table = noise.copies(rng, base, count)
    table["coauthors"] = [
        "**".join(rng.choice(fellows[i], int(rng.integers(1, 4)), replace=False)) for i in table["truth"]
    ]
    table["classes"] = [
        "**".join(rng.choice(classes[i], int(rng.integers(1, 4)), replace=False)) for i in table["truth"]
    ]
    table["name"] = noise.spoil(
        rng, table["name"], rate, lambda _, text: " ".join(_SHORT_TRADE.get(word, word) for word in text.split())
    )
    table["name"] = noise.spoil(rng, table["name"], rate / 3, noise.mistyped)
    table["name"] = [
        name if p else f"{name} {rng.choice(_FORMS)}".strip()
        for name, p in zip(table["name"], table["person"], strict=True)
    ]
    table["name"] = noise.spoil(rng, table["name"], 0.3, lambda _, text: text.upper())
    return noise.shuffled(
        noise.blank(rng, table, {"town": 0.4, "coauthors": 0.3, "classes": 0.1}).drop(columns="person"), seed
    )


def papers(count: int, seed: int = 36, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Citations: authors, title, venue, year in as many styles as there are citing authors; up to ten of a paper."""
    rng = np.random.default_rng(seed)
    size = max(count // 3, 4)
    base = pd.DataFrame(
        {"title": [" ".join(rng.choice(_TOPICS, int(rng.integers(3, 7)), replace=False)) for _ in range(size)]}
    )
    base["people"] = [
        list(
            zip(
                rng.choice(_AUTHORS, k := int(rng.integers(1, 4)), replace=False),
                rng.choice(list("ABCDEFGHJKLM"), k),
                strict=True,
            )
        )
        for _ in range(size)
    ]
    base["venue"], base["year"] = rng.integers(0, len(_VENUES), size), rng.integers(1985, 2000, size).astype(str)
    table = noise.copies(rng, base, count)
    table["authors"] = [
        " and ".join(f"{i}. {s}" if style else f"{s}, {i}." for s, i in people)
        for people, style in zip(table["people"], rng.random(len(table)) < 0.5, strict=True)
    ]
    table["venue"] = [str(rng.choice(_VENUES[at])) for at in table["venue"]]
    table["title"] = noise.spoil(
        rng, noise.spoil(rng, table["title"], rate / 2, noise.word_lost), rate / 2, noise.mistyped
    )
    table["authors"] = noise.spoil(rng, table["authors"], rate / 3, noise.mistyped)
    table["year"] = noise.spoil(rng, table["year"], rate / 6, noise.digit)
    return noise.shuffled(
        noise.blank(rng, table, {"venue": rate / 2, "year": rate / 2, "authors": rate / 8}).drop(columns="people"), seed
    )


def offers(count: int, seed: int = 37, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Goods that two shops offer: titles with model numbers, words in another order or left out, makers often missing."""
    rng = np.random.default_rng(seed)
    size = max(int(count * 0.65), 4)
    makers = [name.title() for name in _coined(rng, 40)]
    things = "speaker camera printer monitor router keyboard headset scanner projector charger".split()
    base = pd.DataFrame({"maker": noise.drawn(rng, makers, size), "thing": rng.choice(things, size)})
    base["model"] = [f"{''.join(rng.choice(list('ABCDKLMPRSTX'), 2))}{rng.integers(10, 9999)}" for _ in range(size)]
    base["words"] = [
        " ".join(
            rng.choice(
                "black white silver wireless compact digital portable hd pro 16gb usb series with cable".split(),
                3,
                replace=False,
            )
        )
        for _ in range(size)
    ]
    base["price"] = (rng.integers(10, 900, size) + 0.99).astype(str)
    base["truth"] = np.arange(size)
    other = base.sample(count - size, random_state=seed).copy()
    base["title"] = base["maker"] + " " + base["words"] + " " + base["thing"] + " " + base["model"]
    other["words"] = noise.spoil(rng, other["words"], 0.6, noise.word_lost)
    other["title"] = [
        f"{m} {model} {t} {w}" if rng.random() < 0.6 else f"{m} {t} {model} - {w}"
        for m, model, t, w in other[["maker", "model", "thing", "words"]].to_numpy()
    ]
    other["title"] = noise.spoil(rng, other["title"], rate / 2, noise.mistyped)
    other["price"] = noise.spoil(rng, other["price"], 0.5, noise.digit)
    table = pd.concat([base, other], ignore_index=True)[[*OFFER_KINDS, "truth"]]
    return noise.shuffled(noise.blank(rng, table, {"maker": 0.4, "price": 0.2}), seed)
