"""Training, validation and test items: a question with its passages, and the sentences of one passage that answer it.

Split by focus (topic), never by row. Every random choice comes from a generator seeded by the row's identifier.
"""

import collections
import hashlib
import json
import random
import re
from pathlib import Path

import numpy as np

from .errors import DataError
from .text import clean_sentences, collapse, passages, shingles, split_sentences, words

SECTIONS = {
    "information": "Overview", "symptoms": "Symptoms", "treatment": "Treatment", "inheritance": "Inheritance",
    "frequency": "How common it is", "genetic changes": "Genetic changes", "causes": "Causes", "exams and tests": "Diagnosis",
    "research": "Research", "outlook": "Outlook", "susceptibility": "Risk factors", "considerations": "Living with it",
    "prevention": "Prevention", "stages": "Stages", "complications": "Complications", "support groups": "Support",
}
# Many wordings per question type, so that the model is not bound to the source's single template.
TEMPLATES = {
    "information": ["What is {f}?", "What is {f} ?", "Tell me about {f}.", "What does {f} mean?", "Can you explain {f}?", "Define {f}.",
                    "{f}: what is it?", "Give me a short overview of {f}.", "My patient asks what {f} is.", "{f}"],
    "symptoms": ["What are the symptoms of {f}?", "What are the signs of {f}?", "How does {f} present?", "How do I recognise {f}?",
                 "Symptoms of {f}", "Which signs and symptoms does {f} cause?", "What does {f} look like clinically?"],
    "treatment": ["What are the treatments for {f}?", "How is {f} treated?", "How do you treat {f}?", "What is the treatment for {f}?",
                  "Treatment of {f}", "Which treatments are available for {f}?", "What can be done about {f}?", "How should {f} be managed?"],
    "inheritance": ["Is {f} inherited?", "How is {f} inherited?", "What is the inheritance pattern of {f}?", "Does {f} run in families?",
                    "Can {f} be passed on to children?"],
    "frequency": ["How many people are affected by {f}?", "How common is {f}?", "What is the prevalence of {f}?", "How often does {f} occur?",
                  "Is {f} rare?"],
    "genetic changes": ["What are the genetic changes related to {f}?", "Which gene causes {f}?", "Which mutations are linked to {f}?",
                        "What is the genetic cause of {f}?", "What genes are involved in {f}?"],
    "causes": ["What causes {f}?", "What is the cause of {f}?", "Why does {f} happen?", "Why do people get {f}?", "Causes of {f}", "What leads to {f}?"],
    "exams and tests": ["How to diagnose {f}?", "How is {f} diagnosed?", "Which tests are used for {f}?", "How do you test for {f}?",
                        "Diagnosis of {f}", "What exams confirm {f}?"],
    "research": ["What research is being done for {f}?", "Is there research on {f}?", "Which studies of {f} are under way?"],
    "outlook": ["What is the outlook for {f}?", "What is the prognosis of {f}?", "What can patients with {f} expect?", "Prognosis for {f}"],
    "susceptibility": ["Who is at risk for {f}?", "Who gets {f}?", "What are the risk factors for {f}?", "Who is likely to develop {f}?",
                       "What raises the risk of {f}?"],
    "considerations": ["What to do for {f}?", "What should patients with {f} do?", "What advice helps with {f}?", "How can one live with {f}?",
                       "What should I eat or avoid with {f}?"],
    "prevention": ["How to prevent {f}?", "How can {f} be prevented?", "What helps to prevent {f}?", "Can {f} be avoided?", "Prevention of {f}"],
    "stages": ["What are the stages of {f}?", "How is {f} staged?", "Which stages does {f} have?"],
    "complications": ["What are the complications of {f}?", "What problems can {f} lead to?", "Which complications does {f} cause?"],
    "support groups": ["Where can people with {f} find support?"],
}
ANSWER_WORDS = 44          # about 56 pieces
ANSWER_ENOUGH = 22         # another sentence is added below this
NEAR_DUPLICATE = 0.8


def read_jsonl(path: Path, fields: tuple[str, ...]) -> list[dict]:
    """Rows of a JSON Lines file; each must have `fields`."""
    if not path.is_file():
        raise DataError(f"{path} does not exist; give the folder with the data files by --data")
    rows = []
    with path.open(encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path} line {number} is not JSON ({error}); the file is damaged, copy it again") from error
            missing = [f for f in fields if f not in row]
            if missing:
                raise DataError(f"{path} line {number} lacks the fields {', '.join(missing)}; expected {', '.join(fields)}")
            rows.append(row)
    if not rows:
        raise DataError(f"{path} has no rows; copy it again")
    return rows


def fold(focus: str) -> str:
    """`train`, `validation` or `test`, by a hash of the normalised focus."""
    key = " ".join(words(re.sub(r"\([^)]*\)", " ", focus))) or focus.lower()
    bucket = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 1000
    return "validation" if bucket < 30 else "test" if bucket < 70 else "train"


def generator(*key: object) -> random.Random:
    """A random generator fixed by `key`, the same on every machine."""
    digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def take_answer(sentences: list[str]) -> list[str]:
    """The first sentences that together answer: one if it is long enough, at most three, about 56 pieces."""
    out, count = [], 0
    for sentence in sentences[:3]:
        n = len(sentence.split())
        if out and (count >= ANSWER_ENOUGH or count + n > ANSWER_WORDS):
            break
        out.append(sentence)
        count += n
    return out if 5 <= count <= 56 else []


def load_medquad(path: Path) -> list[dict]:
    """Cleaned MedQuAD rows: focus, qtype, sentences, answer; garbage and near-duplicate answers left out."""
    rows, seen = [], collections.Counter()
    for row in read_jsonl(path, ("id", "question", "answer", "focus", "qtype", "source")):
        sentences = clean_sentences(row["answer"])
        if not sentences:
            continue
        answer = take_answer(sentences)
        focus = collapse(row["focus"]).rstrip(" ?")
        if not answer or not focus:
            continue
        # Templated answers ("This condition is inherited in …") differ only in a name: a few suffice.
        key = (row["qtype"], " ".join(w for w in words(" ".join(answer)) if w not in set(words(focus))))
        seen[key] += 1
        if seen[key] > 3:
            continue
        rows.append({"id": row["id"], "focus": focus, "qtype": row["qtype"], "question": collapse(row["question"]), "sentences": sentences[:40],
                     "answer": answer, "source": row["source"], "url": row.get("url", ""), "dental": bool(row.get("dental"))})
    return rows


class Near:
    """Nearest other rows by weighted overlap of rare words, for hard distractors."""

    def __init__(self, texts: list[str]):
        postings: dict[str, list[int]] = collections.defaultdict(list)
        self.terms = []
        for i, text in enumerate(texts):
            terms = {w for w in words(text) if len(w) > 2}
            self.terms.append(terms)
            for term in terms:
                postings[term].append(i)
        self.size = len(texts)
        self.postings = {t: np.array(p) for t, p in postings.items() if 1 < len(p) <= 1500}

    def neighbours(self, i: int, count: int) -> list[int]:
        """Indices of the `count` rows that share the rarest words with row `i`."""
        scores = np.zeros(self.size, dtype=np.float32)
        terms = sorted((t for t in self.terms[i] if t in self.postings), key=lambda t: (len(self.postings[t]), t))[:10]
        for term in terms:
            scores[self.postings[term]] += np.log(self.size / len(self.postings[term]))
        scores[i] = 0
        best = np.argsort(-scores, kind="stable")[:count]
        return [int(b) for b in best if scores[b] > 0]


def drop_leaks(rows: list[dict]) -> dict[str, int]:
    """Marks near-duplicates between held-out and training rows: few copies leave the training set, templates leave the held-out sets."""
    index: dict[tuple, list[int]] = collections.defaultdict(list)
    sets = []
    for i, row in enumerate(rows):
        s = shingles(" ".join(row["answer"]))
        sets.append(s)
        if row["fold"] == "train":
            for shingle in s:
                index[shingle].append(i)
    dropped = collections.Counter()
    for i, row in enumerate(rows):
        if row["fold"] in ("train", "dropped"):
            continue
        hits: collections.Counter = collections.Counter()
        for shingle in sets[i]:
            hits.update(index.get(shingle, ()))
        close = [j for j, n in hits.items() if n / max(1, min(len(sets[i]), len(sets[j]))) > NEAR_DUPLICATE]
        if len(close) > 3:
            dropped[row["fold"]] += 1
            row["fold"] = "dropped"
        else:
            for j in close:
                if rows[j]["fold"] == "train":
                    rows[j]["fold"] = "dropped"
                    dropped["train"] += 1
    return dict(dropped)


def ask(row: dict, rng: random.Random) -> str:
    """The row's question in one of several wordings; now and then in lower case or with two letters swapped."""
    if rng.random() < 0.3:
        text = collapse(row["question"]).replace(" (are)", "").replace(" ?", "?")
    else:
        focus = row["focus"]
        if rng.random() < 0.3:
            focus = re.sub(r"\s*\([^)]*\)", "", focus) or focus
        text = rng.choice(TEMPLATES.get(row["qtype"], ["What is known about {f}?"])).format(f=focus)
    if rng.random() < 0.12:
        text = text.lower()
    if rng.random() < 0.03:
        i = rng.randrange(len(text) - 1)
        if text[i : i + 2].isalpha():
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return collapse(text)


def clip(sentences: list[str], limit: int) -> list[str]:
    """Whole sentences up to `limit` words, at least one."""
    out, count = [], 0
    for sentence in sentences:
        count += len(sentence.split())
        if out and count > limit:
            break
        out.append(sentence)
    return out


def title_of(row: dict, rng: random.Random) -> str:
    """The focus, most of the time with its section."""
    return row["focus"] + (": " + SECTIONS.get(row["qtype"], "Overview") if rng.random() < 0.6 else "")


def assemble(row: dict, rows: list[dict], same: dict[str, list[int]], kinds: dict[str, list[int]], pool: list[int], near: Near, seed: int, variant: int) -> dict:
    """One item of a MedQuAD row: question, shuffled passages with hard and random distractors, and the answer."""
    rng = generator("item", seed, variant, row["id"])
    limit = rng.choice([35, 50, 65, 80, 100, 130])
    answerable = rng.random() >= 0.10
    total = rng.choices([1, 2, 3, 4], [0.08, 0.30, 0.37, 0.25])[0]
    siblings = [i for i in same[row["focus"].lower()] if rows[i]["id"] != row["id"] and rows[i]["qtype"] != row["qtype"]]
    own = set(row["answer"])
    chosen: list[tuple[str, str, str]] = []
    gold_title, gold_sentences = title_of(row, rng), clip(row["sentences"], limit)
    # Some golds begin with sentences of another section, so that the answer is not always a passage's first sentence.
    if siblings and rng.random() < 0.3:
        other = rows[rng.choice(siblings)]
        lead = [s for s in other["sentences"][:2] if s not in own][: rng.choice([1, 2])]
        gold_title, gold_sentences = row["focus"], lead + clip(row["sentences"], max(40, limit - 30))
    if len(gold_sentences) < len(row["answer"]) or not own <= set(gold_sentences):
        gold_sentences = list(row["answer"]) if not own <= set(gold_sentences) else gold_sentences
    if answerable:
        chosen.append((row["id"], gold_title, " ".join(gold_sentences)))
    taken = {row["id"]}
    neighbours = [i for i in row["near"] if rows[i]["focus"].lower() != row["focus"].lower()]
    guard = 0
    while len(chosen) < total and guard < 30:
        guard += 1
        draw = rng.random()
        if draw < 0.35 and siblings:
            other = rows[rng.choice(siblings)]
        elif draw < 0.75 and neighbours:
            other = rows[rng.choice(neighbours)]
        elif draw < 0.9:
            other = rows[rng.choice(kinds[row["qtype"]])]
        else:
            other = rows[rng.choice(pool)]
        if other["id"] in taken or other["focus"].lower() == row["focus"].lower() and other["qtype"] == row["qtype"]:
            continue
        start = 0 if rng.random() < 0.75 or len(other["sentences"]) < 4 else rng.randrange(0, len(other["sentences"]) - 2)
        text = clip(other["sentences"][start:], rng.choice([limit, limit, 50, 90]))
        if own & set(text):
            continue
        taken.add(other["id"])
        chosen.append((other["id"], title_of(other, rng), " ".join(text)))
    rng.shuffle(chosen)
    return {"id": f"{row['id']}#{variant}", "kind": "medquad", "question": ask(row, rng),
            "passages": [{"id": c[0], "title": c[1], "text": c[2], "source": "MedQuAD"} for c in chosen],
            "answer": " ".join(row["answer"]) if answerable else "", "gold": row["id"] if answerable else None,
            "answerable": int(answerable), "decision": None, "dental": row["dental"]}


def load_ohd(path: Path) -> list[dict]:
    """Definitions of the Oral Health and Disease Ontology as rows like MedQuAD's."""
    rows = []
    for row in read_jsonl(path, ("id", "term", "answer")):
        text = collapse(row["answer"])
        if text and text[-1] not in ".!?":
            text += "."
        sentences = [s for s in split_sentences(text) if 3 <= len(s.split()) <= 70]
        answer = take_answer(sentences)
        if answer and len(row["term"]) < 90:
            rows.append({"id": row["id"], "focus": collapse(row["term"]), "qtype": "information", "question": f"What is {collapse(row['term'])}?",
                         "sentences": sentences, "answer": answer, "source": "OHD", "url": "", "dental": True})
    return rows


DECISIONS = {"yes": 0, "no": 1, "maybe": 2}


def pubmedqa_item(row: dict, others: list[dict], seed: int, variant: int) -> dict | None:
    """Question + abstract in passages -> "Yes." / "No." / "Maybe." + the context sentence nearest to the long answer."""
    rng = generator("pubmed", seed, variant, row["id"])
    groups = [passages([s for s in split_sentences(collapse(part)) if len(s.split()) <= 90], 50, 150) for part in row["context"].split("\n")]
    texts = [" ".join(p) for group in groups for p in group][:5]
    if not texts:
        return None
    target = set(words(row["answer"]))
    best, gold, score = "", 0, -1.0
    for i, text in enumerate(texts):
        for sentence in split_sentences(text):
            w = set(words(sentence))
            overlap = len(w & target) / (len(w) + len(target)) if w else 0.0
            if re.match(r"(?:To |We aim|The (?:aim|purpose|objective|goal)|Our (?:aim|purpose|objective))", sentence):
                overlap *= 0.3  # an aim shares the question's words and answers nothing
            if overlap > score and 6 <= len(sentence.split()) <= 56:
                best, gold, score = sentence, i, overlap
    if not best:
        return None
    items = [(f"{row['id']}-{i}", "Abstract" if rng.random() < 0.5 else collapse(row["question"]).rstrip("?"), t) for i, t in enumerate(texts)]
    gold_id = items[gold][0]
    keep = {gold_id}
    for entry in items:
        if rng.random() < 0.7:
            keep.add(entry[0])
    items = [e for e in items if e[0] in keep]
    if len(items) < 3 and others and rng.random() < 0.5:
        other = rng.choice(others)
        part = split_sentences(collapse(other["context"].split("\n")[0]))
        if other["id"] != row["id"] and part:
            items.append((other["id"] + "-x", "Abstract", " ".join(clip(part, 80))))
    rng.shuffle(items)
    word = row["final_decision"].capitalize() + "."
    return {"id": f"{row['id']}#{variant}", "kind": "pubmedqa", "question": collapse(row["question"]),
            "passages": [{"id": i, "title": t, "text": x, "source": "PubMedQA"} for i, t, x in items], "answer": f"{word} {best}", "gold": gold_id,
            "answerable": 1, "decision": DECISIONS[row["final_decision"]], "dental": False}


def prepare(data: Path, out: Path, seed: int, variants: int, log=print) -> dict:
    """Writes train.jsonl, validation.jsonl, test.jsonl and pubmedqa_test.jsonl to `out`; returns the counts."""
    rows = load_medquad(data / "medquad.jsonl") + load_ohd(data / "ohd_definitions.jsonl")
    for row in rows:
        row["fold"] = fold(row["focus"])
    dropped = drop_leaks(rows)
    rows = [r for r in rows if r["fold"] != "dropped"]
    log(f"{len(rows)} cleaned rows; near-duplicates across the splits dropped: {dropped}")
    out.mkdir(parents=True, exist_ok=True)
    counts: dict = {"rows": len(rows), "near_duplicates_dropped": dropped}
    pubmed = read_jsonl(data / "pubmedqa_pqal.jsonl", ("id", "question", "context", "answer", "final_decision", "split"))
    for name in ("train", "validation", "test"):
        # Training items take their distractors from the training rows alone; held-out items may meet any row as a distractor.
        visible = [r for r in rows if name != "train" or r["fold"] == "train"]
        near = Near([r["focus"] + " " + " ".join(r["sentences"][:3]) for r in visible])
        same: dict[str, list[int]] = collections.defaultdict(list)
        kinds: dict[str, list[int]] = collections.defaultdict(list)
        for i, row in enumerate(visible):
            same[row["focus"].lower()].append(i)
            kinds[row["qtype"]].append(i)
        pool = list(range(len(visible)))
        items = []
        for i, row in enumerate(visible):
            if row["fold"] != name:
                continue
            row["near"] = near.neighbours(i, 12)
            repeats = variants * (2 if row["dental"] and row["source"] != "OHD" else 1) if name == "train" else 1
            for variant in range(repeats):
                items.append(assemble(row, visible, same, kinds, pool, near, seed, variant))
        # Only the published training half; the official test half is never trained on. Its own small validation share is cut by identifier.
        train_half = [r for r in pubmed if r["split"] == "train"]
        part = [r for r in train_half if (fold(r["id"]) == name)]
        for row in part:
            for variant in range(variants + 1 if name == "train" else 1):
                item = pubmedqa_item(row, part, seed, variant)
                if item:
                    items.append(item)
        generator("order", seed, name).shuffle(items)
        with (out / f"{name}.jsonl").open("w", encoding="utf-8") as handle:
            for item in items:
                handle.write(json.dumps(item, ensure_ascii=False) + "\n")
        counts[name] = len(items)
        log(f"{name}: {len(items)} items")
    official = [pubmedqa_item(r, [], seed, 0) for r in pubmed if r["split"] == "test"]
    with (out / "pubmedqa_test.jsonl").open("w", encoding="utf-8") as handle:
        for item in filter(None, official):
            handle.write(json.dumps(item, ensure_ascii=False) + "\n")
    counts["pubmedqa_test"] = sum(1 for i in official if i)
    (out / "counts.json").write_text(json.dumps(counts, indent=1))
    return counts
