"""What a training step of each setting costs, measured apart from the runs: all settings take turns on the same batches."""

import json
import time
from pathlib import Path

from .run import Comparison, rounded
from .settings import Setting


def seconds(comparison: Comparison, settings: list[Setting], out: Path, batches: int = 6, rounds: int = 8) -> None:
    """Best of `rounds` steps on each of the first batches, their mean; a line for each setting."""
    seed = comparison.plan["seeds"][0]
    trainers = {s.name: comparison.trainer(s, seed) for s in settings}
    best: dict[tuple, float] = {}
    for _ in range(rounds):
        for position in range(batches):
            for name, trainer in trainers.items():
                trainer.order.restore({"epoch": 0, "position": position})
                begin = time.perf_counter()
                trainer.train_step()
                taken = time.perf_counter() - begin
                best[name, position] = min(best.get((name, position), taken), taken)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as handle:
        for name in trainers:
            record = {"setting": name, "plan": comparison.plan_sha, "seconds_a_step": sum(best[name, p] for p in range(batches)) / batches, "batches": batches, "rounds": rounds}
            handle.write(json.dumps(rounded(record)) + "\n")
            print(json.dumps(rounded(record)), flush=True)
