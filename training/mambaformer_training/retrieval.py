"""BM25 as the product finds passages (clinical/src/retrieval): the same folding, stop words, stems, weights, correction and ties.

Training items must hold what the product's retrieval brings, its mistakes included.
"""

import collections
import math
import re
import unicodedata

import snowballstemmer

TITLE_WEIGHT = 3.0
K1, B = 1.2, 0.75
MIN_CORRECTED_LETTERS = 6
CORRECTED_WEIGHT = 0.8
STOP_WORDS = set(
    "a about after again all also although am an and any are arent as at be because been before being between both but by can cannot cant could did didnt do does "
    "doesnt doing dont during each either else etc for from further get give given go had has have having he hello help her here hers him his how however i if im in "
    "into is isnt it its ive just know let may me mean might must my of off on once or other our out over own per please same shall she should shouldnt since so some "
    "such tell than that the their them then there these they thing this those through to too under until up upon us very via want was we were what when where whether "
    "which while who whom whose why will with within would yet you your".split())
IRREGULAR = {"children": "child", "feet": "foot", "gingivae": "gingiva", "maxillae": "maxilla", "men": "man", "teeth": "tooth", "women": "woman"}
UNITS = {"cm", "dl", "g", "h", "hr", "hrs", "iu", "kg", "l", "mcg", "mg", "min", "ml", "mm", "mmol", "ppm", "units"}
_FOLDS = str.maketrans({"æ": "ae", "œ": "oe", "ß": "ss", "ø": "o", "ł": "l", "ﬁ": "fi", "ﬂ": "fl"})
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_APOSTROPHE = re.compile(r"['\u2019](?=\w)")
_COMPOUND = re.compile(r"(?:[^\W_]|['\u2019](?=[^\W_])|(?<=\d)\.(?=\d)|(?<=[^\W_])[-\u2010\u2011\u00ad](?=[^\W_]))+")
_NUMBER_WITH_UNIT = re.compile(r"([0-9.]+)([a-z]+)")
_STEMMER = snowballstemmer.stemmer("english")


def compounds(text: str) -> list[list[str]]:
    """The words of `text`, folded; a compound ("non-steroidal", "500mg") as its parts."""
    text = "".join(c for c in unicodedata.normalize("NFD", text.lower().translate(_FOLDS)) if not unicodedata.combining(c))
    text = _THOUSANDS.sub("", text)
    out = []
    for match in _COMPOUND.finditer(text):
        parts: list[str] = []
        for part in re.split(r"[-\u2010\u2011\u00ad]", match.group()):
            part = _APOSTROPHE.sub("", re.sub(r"['\u2019]s$", "", part)).replace("'", "").replace("\u2019", "")
            unit = _NUMBER_WITH_UNIT.fullmatch(part)
            parts += list(unit.groups()) if unit and unit[2] in UNITS else [part] if part else []
        if parts:
            out.append(parts)
    return out


class Stems:
    """Stems of folded words, each worked out once; None for a stop word."""

    def __init__(self):
        self.known: dict[str, str | None] = {}

    def __call__(self, word: str) -> str | None:
        if word not in self.known:
            self.known[word] = self._stem(word)
        return self.known[word]

    @staticmethod
    def _stem(word: str) -> str | None:
        if word in STOP_WORDS:
            return None
        if len(word) < 3 or not (word.isascii() and word.isalpha()):
            return word
        if word in IRREGULAR:
            return IRREGULAR[word]
        # diagnosis/diagnoses: the plural's stem serves both.
        return _STEMMER.stemWord(word[:-2] + "es" if len(word) >= 6 and word.endswith("sis") else word)


def one_slip_apart(a: str, b: str) -> bool:
    """Whether one letter was changed, left out, added, or swapped with its neighbour."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(long) - len(short) > 1:
        return False
    same = next((i for i, (x, y) in enumerate(zip(short, long)) if x != y), len(short))
    short, long = short[same:], long[same:]
    if len(short) < len(long):
        return short == long[1:]
    return short[1:] == long[1:] or (len(short) > 1 and short[0] == long[1] and short[1] == long[0] and short[2:] == long[2:])


class Bm25:
    """The index over (title, text) pairs; a hit is the place in this order."""

    def __init__(self, documents: list[tuple[str, str]]):
        self.stems = Stems()
        counts: list[collections.Counter] = []
        lengths = []
        seen: set[str] = set()
        for title, text in documents:
            counter: collections.Counter = collections.Counter()
            length = 0.0
            for field, weight in ((title, TITLE_WEIGHT), (text, 1.0)):
                for parts in compounds(field):
                    for part in parts:
                        if stem := self.stems(part):
                            counter[stem] += weight
                            length += weight
                            seen.add(part)
                    # An extra way to be found, not an extra word.
                    if len(parts) > 1 and (stem := self.stems("".join(parts))):
                        counter[stem] += weight
                        seen.add("".join(parts))
            counts.append(counter)
            lengths.append(length)
        average = max(1.0, sum(lengths) / max(1, len(lengths)))
        postings: dict[str, list[tuple[int, float]]] = collections.defaultdict(list)
        for i, counter in enumerate(counts):
            for stem, f in counter.items():
                postings[stem].append((i, f * (K1 + 1) / (f + K1 * (1 - B + B * lengths[i] / average))))
        n = len(documents)
        self.postings = {t: [(i, s * math.log(1 + (n - len(p) + 0.5) / (len(p) + 0.5))) for i, s in p] for t, p in postings.items()}
        self.by_length: dict[int, list[str]] = collections.defaultdict(list)
        for word in sorted(seen):
            self.by_length[len(word)].append(word)
        self.corrections: dict[str, str | None] = {}

    def _corrected(self, word: str) -> str | None:
        """The stem of the most frequent known word one slip of the finger away."""
        if len(word) < MIN_CORRECTED_LETTERS or not (word.isascii() and word.isalpha()):
            return None
        if word not in self.corrections:
            near = [k for n in (len(word) - 1, len(word), len(word) + 1) for k in self.by_length[n] if one_slip_apart(word, k)]
            best = min(near, key=lambda k: (-len(self.postings[self.stems(k)]), k), default=None)
            self.corrections[word] = best and self.stems(best)
        return self.corrections[word]

    def search(self, question: str, limit: int) -> list[tuple[int, float]]:
        """(document, score), best first; ties go to the document that comes first."""
        terms: dict[str, float] = {}
        for parts in compounds(question):
            joined = self.stems("".join(parts)) if len(parts) > 1 else None
            joined = joined if joined in self.postings else None
            for part in parts:
                stem = self.stems(part)
                if stem in self.postings:
                    terms.setdefault(stem, 1.0)
                elif stem is not None and joined is None and (guess := self._corrected(part)):
                    terms.setdefault(guess, CORRECTED_WEIGHT)
            if joined:
                terms.setdefault(joined, 1.0)
        scores: dict[int, float] = collections.defaultdict(float)
        for term, weight in terms.items():
            for i, score in self.postings[term]:
                scores[i] += weight * score
        return sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))[:limit]
