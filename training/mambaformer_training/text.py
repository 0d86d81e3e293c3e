"""Cleaning of public medical text: white space, headings and bullets become plain sentences, sentences become passages.

The same functions prepare the training items and the shipped knowledge base, so that what the model reads in the
product has the form it was trained on.
"""

import re

# A full stop after these does not end a sentence.
_ABBREVIATIONS = {
    "dr", "mr", "mrs", "ms", "prof", "st", "vs", "e.g", "i.e", "etc", "fig", "no", "approx", "u.s", "jr", "sr", "inc",
    "al", "cf", "dept", "ed", "est", "vol", "spp", "sp", "subsp", "var", "ph.d", "m.d", "d.d.s", "a.m", "p.m",
}
_SENTENCE_END = re.compile(r"([.!?][\"')\]\u2019\u201d]*)\s+(?=[\"'(\[\u2018\u201c]?[A-Z0-9])")
_BULLET_INSIDE = re.compile(r"(?:(?<=[.:;)!?])\s+|\s{2,})[-\u2022*o]\s+(?=\S)")
_FRAGMENT = re.compile(r"[\n\r]+|\s{3,}")
_BULLET_START = re.compile(r"^[-\u2022*]\s+")
_GLUED = re.compile(r"([a-z)\]])([.!?])([A-Z][a-z])")
_LEADING_LABEL = re.compile(r"^\s*(?:Summary\s*:|Overview\s*:|Description\s*:|Definition\s*:)\s*", re.I)
_QUESTION_HEAD = re.compile(r"^(?:What|How|Is|Are|Who|Why|When|Where|Can|Does|Do|Which|Should|Will|Could)\b[^.!?]{0,160}\?\s*")
_BOILERPLATE = re.compile(
    r"Human Phenotype Ontology|MedlinePlus Medical Dictionary|table below includes|^These resources (?:address|from)"
    r"|resources from MedlinePlus|Signs and Symptoms Approximate|clinicaltrials\.gov|ClinicalTrials\.gov|^See the\b|^For more"
    r"|^Check the list|^More information|^Click|^Read more|^To learn more|^\(?Watch the video|^If the information is available"
    r"|^Get tips|Centers for Disease Control and Prevention$|https?://|www\.|list of cancer clinical trials|links? below|^Please (?:see|visit|contact)"
    r"|Online Mendelian|We want you to be aware|(?:listed|provided) below|resource list|^Key Points|^Note\s*:|^See also",
)
MAX_SENTENCE_WORDS = 70


def collapse(text: str) -> str:
    """White space runs become one space; zero-width and control characters go."""
    text = text.replace("\u00a0", " ").replace("\u200b", "").replace("\ufeff", "").replace("\x00", "")
    return re.sub(r"\s+", " ", text).strip()


def split_sentences(text: str) -> list[str]:
    """Sentences of a text whose white space is collapsed; joining them with one space gives the text back."""
    out, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end(1)
        before = text[start:end]
        last = before.rstrip("\"')]\u2019\u201d").split(" ")[-1].lower()
        if last.endswith("."):
            word = last[:-1].lstrip("(\"'")
            if word in _ABBREVIATIONS or re.fullmatch(r"[a-z]", word) or re.fullmatch(r"(?:[a-z]\.)+[a-z]", word):
                continue
        if not before.strip():
            continue
        out.append(before.strip())
        start = match.end()
    tail = text[start:].strip()
    if tail:
        out.append(tail)
    return out


def sentence_places(text: str) -> list[tuple[str, int, int]]:
    """The sentences with their places in the text (characters), whose white space is collapsed."""
    out, at = [], 0
    for sentence in split_sentences(text):
        if (start := text.find(sentence, at)) >= 0:
            at = start + len(sentence)
            out.append((sentence, start, at))
    return out


def _close(sentence: str) -> str:
    """A sentence ends with a full stop if it has no end of its own."""
    sentence = collapse(sentence).rstrip(" ,;:-")
    if sentence and sentence[-1] not in ".!?" and not re.search(r"[.!?][\"')\]]$", sentence):
        sentence += "."
    return sentence


def _fragments(raw: str) -> list[tuple[bool, str]]:
    """(is a bullet, text) for each line, paragraph or bullet of the raw text."""
    out = []
    for piece in _FRAGMENT.split(raw):
        piece = piece.strip()
        if not piece:
            continue
        bullet = bool(_BULLET_START.match(piece)) or piece in "-\u2022"
        piece = _BULLET_START.sub("", piece)
        if piece in ("-", "\u2022", "*"):
            out.append((True, ""))
            continue
        for i, part in enumerate(_BULLET_INSIDE.split(piece)):
            if part.strip():
                # A bullet sign alone on its line marks the next fragment.
                if out and out[-1] == (True, ""):
                    out.pop()
                    bullet = True
                out.append((bullet or i > 0, part.strip()))
    return [f for f in out if f[1]]


def clean_sentences(raw: str) -> list[str]:
    """The sentences of a source answer: headings, question headers, boilerplate and tables dropped, bullets joined."""
    raw = _LEADING_LABEL.sub("", raw)
    raw = re.sub(r"^\s*Key Points\b.*?\n\s*\n\s*(?=\S)", "", raw, count=1, flags=re.S)
    raw = _GLUED.sub(r"\1\2 \3", raw)
    pieces: list[str] = []
    intro: str | None = None
    items: list[str] = []

    def flush() -> None:
        nonlocal intro, items
        if intro is not None and items:
            head = intro.rstrip(" :;,")
            line = f"{head}: " + "; ".join(items)
            while items and len(line.split()) > 48:
                items = items[:-1]
                line = f"{head}: " + "; ".join(items)
            if items:
                pieces.append(_close(line))
        elif intro is not None:
            if len(intro.split()) > 10:
                pieces.append(_close(intro))
        intro, items = None, []

    for bullet, text in _fragments(raw):
        text = collapse(text)
        text = _QUESTION_HEAD.sub("", text)
        if not text:
            continue
        ended = bool(re.search(r"[.!?][\"')\]]*$", text))
        if bullet:
            if intro is not None and not re.search(r"[.!?]\s", text) and len(text.split()) <= 18:
                items.append(text.rstrip(" .;,"))
            else:
                if intro is not None and not items:
                    text = intro.rstrip(" :;,") + ": " + text
                    intro = None
                flush()
                pieces.append(_close(text))
        else:
            flush()
            if ended:
                pieces.append(text)
            else:
                # The last unfinished sentence may introduce a list; what stands before it is whole.
                parts = split_sentences(text)
                pieces.extend(parts[:-1])
                intro = parts[-1]
    flush()

    sentences: list[str] = []
    for piece in pieces:
        for sentence in split_sentences(piece):
            words = sentence.split()
            if sentence.endswith("?") or _BOILERPLATE.search(sentence):
                continue
            if len(words) < 4 or len(words) > MAX_SENTENCE_WORDS or not re.search(r"[.!?][\"')\]\u2019\u201d]*$", sentence):
                continue
            if sum(c.isdigit() or c == "%" for c in sentence) > 0.25 * len(sentence):
                continue
            if sentence.count("%") > 6 or sentences and sentence == sentences[-1]:
                continue
            sentences.append(sentence)
    return sentences


def passages(sentences: list[str], low: int = 50, high: int = 130) -> list[list[str]]:
    """Groups of whole sentences of about `low`..`high` words each; a short rest joins the passage before it."""
    out: list[list[str]] = []
    current: list[str] = []
    count = 0
    for sentence in sentences:
        n = len(sentence.split())
        if current and count + n > high:
            out.append(current)
            current, count = [], 0
        current.append(sentence)
        count += n
    if current:
        if out and count < low // 2 and sum(len(s.split()) for s in out[-1]) + count <= high + low // 2:
            out[-1] = out[-1] + current
        else:
            out.append(current)
    return out


def words(text: str) -> list[str]:
    """Lower-cased alphanumeric words, for overlap measures."""
    return re.findall(r"[a-z0-9]+", text.lower())


def shingles(text: str, width: int = 5) -> set[tuple[str, ...]]:
    """Sets of `width` consecutive words; shorter texts give one shingle."""
    w = words(text)
    return {tuple(w[i : i + width]) for i in range(max(1, len(w) - width + 1))}
