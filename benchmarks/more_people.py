"""Labelled persons of many kinds of tables, from a seed and an error rate; their names are written here, not taken from what the package knows."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from benchmarks import noise

VOTER_KINDS = {"given": "given_name", "surname": "surname", "suburb": "city", "postcode": "postcode"}
ROLL_KINDS = {**VOTER_KINDS, "middle": "text", "birth_year": "birth_date", "sex": "category"}
MAIL_KINDS = {"name": "full_name", "email": "email"}
CALL_KINDS = {"name": "full_name", "phone": "phone"}
WORLD_KINDS = {"given": "given_name", "surname": "surname", "born": "birth_date", "city": "city", "email": "email"}
CLIENT_KINDS = {"given": "given_name", "surname": "surname", "street": "address", "city": "city", "postcode": "postcode", "phone": "phone"}  # fmt: skip

_GIVEN = """james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph jessica thomas karen
christopher sarah charles lisa daniel nancy matthew sandra anthony betty mark ashley donald emily steven kimberly andrew margaret paul donna
joshua michelle kenneth carol kevin amanda brian melissa timothy deborah ronald stephanie jason rebecca george sharon edward laura jeffrey
cynthia ryan dorothy jacob amy nicholas kathleen gary angela eric shirley jonathan emma stephen brenda larry pamela justin nicole scott anna
brandon samantha benjamin katherine samuel christine gregory debra alexander rachel patrick carolyn frank janet raymond maria jack olivia
dennis heather jerry helen tyler catherine aaron diane jose julie adam victoria nathan joyce henry lauren zachary kelly douglas christina
peter ruth kyle joan noah virginia ethan judith jeremy evelyn tariq priya wei ngozi siobhan yusuf ingrid dmitri aiko rosalind thandiwe""".split()
_SURNAMES = """smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas taylor
moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson walker young allen king wright scott torres nguyen
hill flores green adams nelson baker hall rivera campbell mitchell carter roberts gomez phillips evans turner diaz parker cruz edwards collins
reyes stewart morris morales murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed kelly howard ramos kim cox ward richardson
watson brooks chavez wood james bennett gray mendoza ruiz hughes price alvarez castillo sanders patel myers long ross foster jimenez""".split()
_SHORT = {"robert": "bob", "william": "bill", "richard": "dick", "elizabeth": "betsy", "margaret": "peggy", "michael": "mike", "james": "jim", "katherine": "kate",
          "christopher": "chris", "jennifer": "jen", "thomas": "tom", "edward": "ted", "charles": "chuck", "deborah": "deb", "patricia": "trish",
          "joseph": "joe", "alexander": "sasha", "anthony": "tony", "susan": "sue", "daniel": "danny", "matthew": "matt", "samuel": "sam"}  # fmt: skip
_PROVIDERS = "gmail.com yahoo.com hotmail.com outlook.com icloud.com aol.com comcast.net".split()
_SYLLABLE = "bra cle dun fer gil hol ker lan mor nes par quin rad sel ton vas wel yar zim ash ber cot del".split()
_ENDS = "son ton ley man ski er field worth wood by ford well".split()
_WORLD = {
    "spanish": ("María José Lucía Álvaro Íñigo Begoña Jesús Concepción Andrés Martín Sofía Rubén Inés Óscar".split(), "García Fernández Muñoz Ibáñez Núñez Peña Rodríguez Sánchez Gutiérrez Domínguez Vázquez Castaño".split()),
    "german": ("Jürgen Günther Käthe Björn Sören Ursula Heinz Brigitte Jörg Änne Lukas Greta Wolfgang Sabine".split(), "Müller Schäfer Köhler Groß Weiß Schröder Krüger Böhm Jäger Vogel Kühn Größmann Löwe Becker".split()),
    "polish": ("Łukasz Małgorzata Paweł Agnieszka Michał Zofia Stanisław Grażyna Wojciech Elżbieta Krzysztof Ewa".split(), "Kowalski Wójcik Dąbrowski Kozłowski Jabłoński Wiśniewski Zając Król Wróbel Pawłowski Sikora Mróz".split()),
    "chinese": ("Wei Xiaoming Jing Li Haoran Yuxin Zhen Meiling Jun Qiang Xiuying Ruoxi Minghao Ying".split(), "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Hsu Tsai".split()),
    "french": ("François Hélène Chloé Jérôme Anaïs Benoît Gaëlle Thérèse Raphaël Zoé Étienne Noémie".split(), "Lefèvre Gagné Bélanger Côté Lévesque Bergeron Fortin Gauthier Pelletier Hébert Bouchard Roy".split()),
}  # fmt: skip
_ROMANISED = {"Zhang": "Chang", "Zhao": "Chao", "Zhou": "Chou", "Xu": "Hsu", "Wang": "Wong", "Chen": "Chan", "Li": "Lee", "Xiaoming": "Xiao Ming", "Meiling": "Mei-Ling", "Minghao": "Ming Hao"}  # fmt: skip


def _made_surnames(rng: np.random.Generator, count: int) -> list[str]:
    made = {
        str(rng.choice(_SYLLABLE)) + str(rng.choice(_SYLLABLE)) * int(rng.random() < 0.4) + str(rng.choice(_ENDS))
        for _ in range(count * 3)
    }
    return [*_SURNAMES, *sorted(made)[:count]]


def _names(rng: np.random.Generator, count: int) -> pd.DataFrame:
    surnames = _made_surnames(rng, min(max(count // 10, 100), 3000))
    return pd.DataFrame({"given": noise.drawn(rng, _GIVEN, count), "surname": noise.drawn(rng, surnames, count)})


def _places(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    towns = [f"{a}{b}" for a in _SYLLABLE for b in ("ville", " creek", "burg", " beach", "port")]
    at = rng.choice(len(towns), count, p=_zipf(len(towns)))
    return np.array(towns, dtype=object)[at], np.array([str(27000 + 7 * int(i)) for i in at], dtype=object)


def _zipf(count: int) -> np.ndarray:
    share = 1 / np.arange(2, count + 2) ** 0.6
    return share / share.sum()


def _shortened(rng: np.random.Generator, name: str) -> str:
    return _SHORT.get(name, name)


def _swapped(rng: np.random.Generator, table: pd.DataFrame, share: float) -> None:
    hit = rng.random(len(table)) < share
    table.loc[hit, ["given", "surname"]] = table.loc[hit, ["surname", "given"]].to_numpy()


def _relatives(rng: np.random.Generator, base: pd.DataFrame, share: float) -> pd.DataFrame:
    """Other people of the same surname and place, twins among them where a birth year is known."""
    kin = base.sample(int(len(base) * share), random_state=int(rng.integers(1 << 30))).copy()
    own = kin["given"].to_numpy()
    kin["given"] = np.where((other := noise.drawn(rng, _GIVEN, len(kin))) == own, "zebedee", other)
    if "birth_year" in kin:
        apart = np.where(rng.random(len(kin)) < 0.15, 0, rng.integers(-30, 31, len(kin)))
        kin["birth_year"] = [str(int(year) + int(by)) for year, by in zip(kin["birth_year"], apart, strict=True)]
        kin["middle"], kin["sex"] = noise.drawn(rng, _GIVEN, len(kin)), rng.choice(["F", "M"], len(kin))
    return pd.concat([base, kin], ignore_index=True)


def voters(count: int, seed: int = 21, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Given name, surname, suburb, postcode, and nothing else: snapshots of a register, relatives beside each other."""
    rng = np.random.default_rng(seed)
    base = _names(rng, max(count // 2, 4))
    base["suburb"], base["postcode"] = _places(rng, len(base))
    table = noise.copies(rng, _relatives(rng, base, 0.1).drop_duplicates(), count)
    for column, how in {
        "given": noise.mistyped,
        "surname": noise.mistyped,
        "suburb": noise.mistyped,
        "postcode": noise.digit,
    }.items():
        table[column] = noise.spoil(rng, table[column], rate, how)
    _swapped(rng, table, rate / 8)
    return noise.shuffled(noise.blank(rng, table, {"suburb": rate / 8, "postcode": rate / 8}), seed)


def roll(count: int, seed: int = 22, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """A roll with middle name, birth year and sex: relatives and twins, moves, marriages, initials."""
    rng = np.random.default_rng(seed)
    base = _names(rng, max(count // 2, 4))
    base["suburb"], base["postcode"] = _places(rng, len(base))
    base["middle"], base["sex"] = noise.drawn(rng, _GIVEN, len(base)), rng.choice(["F", "M"], len(base))
    base["birth_year"] = rng.integers(1920, 2003, len(base)).astype(str)
    table = noise.copies(rng, _relatives(rng, base, 0.15), count)
    married = rng.random(len(table)) < rate / 8
    table.loc[married, "surname"] = noise.drawn(rng, _SURNAMES, int(married.sum()))
    moved = rng.random(len(table)) < rate / 4
    table.loc[moved, "suburb"], table.loc[moved, "postcode"] = _places(rng, int(moved.sum()))
    table["given"] = noise.spoil(rng, table["given"], rate / 2, _shortened)
    table["middle"] = noise.spoil(rng, table["middle"], 0.4, noise.initial)
    for column, how in {
        "given": noise.mistyped,
        "surname": noise.mistyped,
        "middle": noise.mistyped,
        "suburb": noise.mistyped,
        "postcode": noise.digit,
    }.items():
        table[column] = noise.spoil(rng, table[column], rate, how)
    table["birth_year"] = noise.spoil(rng, table["birth_year"], rate / 4, noise.digit)
    _swapped(rng, table, rate / 10)
    return noise.shuffled(
        noise.blank(
            rng,
            table,
            {"middle": 0.3, "suburb": rate / 4, "postcode": rate / 4, "birth_year": rate / 4, "sex": rate / 4},
        ),
        seed,
    )


def _written(rng: np.random.Generator, given: str, surname: str, rate: float) -> str:
    kind = rng.random()
    given, surname = given.title(), surname.title()
    if kind < 0.15:
        return f"{surname}, {given}"
    if kind < 0.15 + rate / 4:
        return f"{given[0]}. {surname}"
    if kind < 0.30 + rate / 4:
        return f"{given} {chr(65 + int(rng.integers(26)))}. {surname}"
    return f"{given} {surname}".upper() if kind > 0.9 else f"{given} {surname}"


def _address(rng: np.random.Generator, given: str, surname: str) -> str:
    local = (f"{given}.{surname}", f"{given[0]}{surname}", f"{given}{surname[0]}{rng.integers(10, 99)}", f"{surname}{given[0]}", f"{given}_{surname}{rng.integers(1, 99)}")[int(rng.integers(5))]  # fmt: skip
    return f"{local}@{rng.choice(_PROVIDERS) if rng.random() < 0.6 else str(rng.choice(_SYLLABLE)) + str(rng.choice(_ENDS)) + '.com'}"


def mails(count: int, seed: int = 23, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """A name in one cell and an e-mail address: second addresses, typing errors in both, blanks."""
    rng = np.random.default_rng(seed)
    base = _names(rng, max(count // 2, 4))
    base["email"] = [
        _address(rng, given, surname) for given, surname in zip(base["given"], base["surname"], strict=True)
    ]
    table = noise.copies(rng, base, count, 6)
    other = rng.random(len(table)) < rate / 4
    table.loc[other, "email"] = [_address(rng, *pair) for pair in table.loc[other, ["given", "surname"]].to_numpy()]
    table["given"] = noise.spoil(rng, table["given"], rate / 2, _shortened)
    for column in ("given", "surname", "email"):
        table[column] = noise.spoil(rng, table[column], rate / 2, noise.keyed)
    table["name"] = [
        _written(rng, given, surname, rate) for given, surname in zip(table["given"], table["surname"], strict=True)
    ]
    return noise.shuffled(
        noise.blank(rng, table, {"name": rate / 5, "email": rate / 2})[["name", "email", "truth"]], seed
    )


def calls(count: int, seed: int = 24, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """A name in one cell and a phone number in many formats: couples behind one line, wrong digits, blanks."""
    rng = np.random.default_rng(seed)
    base = _names(rng, max(count // 2, 4))
    base["phone"] = [f"{rng.integers(201, 989)}{rng.integers(2_000_000, 9_999_999)}" for _ in range(len(base))]
    table = noise.copies(rng, _relatives(rng, base, 0.12), count, 6)
    table["given"] = noise.spoil(rng, table["given"], rate / 2, _shortened)
    for column, how in {"given": noise.keyed, "surname": noise.keyed, "phone": noise.digit}.items():
        table[column] = noise.spoil(rng, table[column], rate / 2, how)
    forms = ("{0}{1}{2}", "({0}) {1}-{2}", "+1 {0} {1} {2}", "{0}.{1}.{2}", "1-{0}-{1}-{2}", "{0}-{1}-{2} x12")
    table["phone"] = [forms[int(rng.integers(6))].format(text[:3], text[3:6], text[6:]) for text in table["phone"]]
    table["name"] = [
        _written(rng, given, surname, rate) for given, surname in zip(table["given"], table["surname"], strict=True)
    ]
    return noise.shuffled(
        noise.blank(rng, table, {"name": rate / 5, "phone": rate / 2})[["name", "phone", "truth"]], seed
    )


def _plain(rng: np.random.Generator, text: str) -> str:
    """Without accents, umlauts written out, another romanisation, now and then."""
    if text in _ROMANISED:
        return _ROMANISED[text]
    if rng.random() < 0.4:
        text = (
            text.replace("ü", "ue")
            .replace("ö", "oe")
            .replace("ä", "ae")
            .replace("ß", "ss")
            .replace("Ä", "Ae")
            .replace("Ö", "Oe")
        )
    text = text.replace("ł", "l").replace("Ł", "L")
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def world(count: int, seed: int = 25, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Spanish double surnames, umlauts, Polish and French accents, Chinese romanisations, married and double-barrelled names."""
    rng = np.random.default_rng(seed)
    size = max(count // 2, 4)
    tongue = rng.choice(sorted(_WORLD), size)
    base = pd.DataFrame(
        {
            "given": [str(rng.choice(_WORLD[t][0])) for t in tongue],
            "surname": [str(rng.choice(_WORLD[t][1])) for t in tongue],
        }
    )
    second = [str(rng.choice(_WORLD["spanish"][1])) for _ in range(size)]
    base["surname"] = [
        f"{name} {more}" if t == "spanish" else name
        for name, more, t in zip(base["surname"], second, tongue, strict=True)
    ]
    base["tongue"] = tongue
    base["born"] = [
        f"{rng.integers(1940, 2005)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}" for _ in range(size)
    ]
    base["city"], _ = _places(rng, size)
    base["email"] = [
        _address(rng, _plain(rng, g).lower().replace(" ", ""), _plain(rng, s).lower().replace(" ", ""))
        for g, s in zip(base["given"], base["surname"], strict=True)
    ]
    table = noise.copies(rng, base, count, 8)
    spanish = (table["tongue"] == "spanish") & (rng.random(len(table)) < 0.4)
    table.loc[spanish, "surname"] = table.loc[spanish, "surname"].str.partition(" ")[0]
    married = (table["tongue"] != "spanish") & (rng.random(len(table)) < rate / 4)
    table.loc[married, "surname"] = [
        f"{own}-{new}" if rng.random() < 0.6 else new
        for own, new in zip(table.loc[married, "surname"], noise.drawn(rng, _SURNAMES, int(married.sum())), strict=True)
    ]
    for column in ("given", "surname"):
        table[column] = noise.spoil(rng, table[column], 0.4, _plain)
        table[column] = noise.spoil(rng, table[column], rate / 2, noise.mistyped)
    _swapped(rng, table, 0.06)
    table["born"] = noise.spoil(rng, table["born"], rate / 3, noise.date_wrong)
    table["email"] = noise.spoil(rng, table["email"], rate / 3, noise.keyed)
    return noise.shuffled(
        noise.blank(rng, table, {"born": 0.25, "city": 0.2, "email": 0.4}).drop(columns="tongue"), seed
    )


def clients(count: int, seed: int = 26, rate: float = 0.2) -> tuple[pd.DataFrame, pd.Series]:
    """Clients of a shop by post and phone: households, moves, mobile and landline, errors everywhere."""
    rng = np.random.default_rng(seed)
    base = _names(rng, max(count // 2, 4))
    base["street"] = [
        f"{rng.integers(1, 400)} {str(rng.choice(_SYLLABLE)).title()}{rng.choice(_ENDS)} {rng.choice(['Street', 'Avenue', 'Road', 'Lane', 'Drive'])}"
        for _ in range(len(base))
    ]
    base["city"], base["postcode"] = _places(rng, len(base))
    base["phone"] = [f"{rng.integers(201, 989)}{rng.integers(2_000_000, 9_999_999)}" for _ in range(len(base))]
    table = noise.copies(rng, _relatives(rng, base, 0.15), count)
    moved = rng.random(len(table)) < rate / 5
    table.loc[moved, "street"] = [
        f"{rng.integers(1, 400)} {str(rng.choice(_SYLLABLE)).title()} Road" for _ in range(int(moved.sum()))
    ]
    table.loc[moved, "city"], table.loc[moved, "postcode"] = _places(rng, int(moved.sum()))
    mobile = rng.random(len(table)) < rate / 4
    table.loc[mobile, "phone"] = [f"7{rng.integers(10**8, 10**9)}" for _ in range(int(mobile.sum()))]
    table["given"] = noise.spoil(rng, table["given"], rate / 2, _shortened)
    table["street"] = noise.spoil(
        rng,
        table["street"],
        0.3,
        lambda _, text: (
            text.replace("Street", "St.").replace("Avenue", "Ave").replace("Road", "Rd").replace("Drive", "Dr")
        ),
    )
    for column, how in {
        "given": noise.mistyped,
        "surname": noise.mistyped,
        "street": noise.mistyped,
        "city": noise.mistyped,
        "postcode": noise.digit,
        "phone": noise.digit,
    }.items():
        table[column] = noise.spoil(rng, table[column], rate / 2, how)
    _swapped(rng, table, rate / 10)
    return noise.shuffled(
        noise.blank(rng, table, {"street": rate / 2, "city": rate / 3, "postcode": rate / 3, "phone": rate}), seed
    )
