"""Stand-ins of the public checkpoints, and beginning a run with what the conversion makes of them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mambaformer_training import stand_in as made
from mambaformer_training.__main__ import main
from mambaformer_training.config import Config
from mambaformer_training.errors import CheckpointError, DataError
from mambaformer_training.model import MambaFormer
from mambaformer_training.start import add_heads, config_of, load_export, parent_of
from mambaformer_training.tokens import MARKS, Marks, add_marks, encode_items, load_tokenizer, marks_of

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "training" / "checkpoints" / "chairside-1" / "tokenizer.json"
TOOLS = ROOT / "target" / "release" / "model-tools"
CONVERTED = {"gate": {"hidden": 64, "window": 4, "prototypes": 16, "temperature": 1.0}, "stem_conv": None, "combine": "expert", "heads": {"copy": None, "decision": False, "answerable": False, "embedding": None}}
LICENCE = {"name": "T5", "licence": "Apache-2.0", "attribution": "Raffel et al."}


@pytest.mark.parametrize("shapes, parameters", [(made.BASE, (247_577_856, 129_135_360)), (made.TINY, None)], ids=["base", "tiny"])
def test_names_and_shapes_are_those_of_transformers(shapes, parameters):
    transformers = pytest.importorskip("transformers")
    with torch.device("meta"):
        ours = made.t5_tensors(shapes), made.mamba_tensors(shapes)
        theirs = (transformers.T5ForConditionalGeneration(transformers.T5Config(**made.t5_config(shapes))).state_dict(),
                  transformers.MambaForCausalLM(transformers.MambaConfig(**made.mamba_config(shapes))).state_dict())
    # Names of the same table, which files hold once.
    copies = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}, {"lm_head.weight"}
    for own, their, same in zip(ours, theirs, copies):
        assert {n: t.shape for n, t in own.items()} == {n: t.shape for n, t in their.items() if n not in same}
    if parameters:
        assert tuple(sum(t.numel() for t in own.values()) for own in ours) == parameters


def test_stand_ins_are_seeded_finite_and_small(tmp_path):
    counts = made.stand_in(tmp_path / "a", TOKENIZER, True, 3)
    assert counts == made.stand_in(tmp_path / "b", TOKENIZER, True, 3)
    for name in ("t5", "mamba"):
        first, second = (load_file(tmp_path / side / name / "model.safetensors") for side in "ab")
        assert sum(t.numel() for t in first.values()) == counts[name] and json.loads((tmp_path / "a" / name / "config.json").read_text())["model_type"] == name
        for key, tensor in first.items():
            assert tensor.equal(second[key]) and torch.isfinite(tensor).all(), key
            assert tensor.dtype == (torch.float32 if key.endswith(("A_log", ".D", "dt_proj.bias")) else torch.bfloat16), key
    steps = torch.nn.functional.softplus(first["backbone.layers.0.mixer.dt_proj.bias"])
    assert 0.0009 < steps.min() and steps.max() < 0.11
    with pytest.raises(DataError, match="--tokenizer"):
        made.stand_in(tmp_path, tmp_path / "nowhere.json", True, 1)


def converted(folder: Path, **changes) -> Path:
    """A model folder as `convert` makes it of tiny stand-ins: by `convert` where it is built, else by hand."""
    public = folder / "public"
    made.stand_in(public, TOKENIZER, True, 3)
    out = folder / "model"
    if TOOLS.is_file() and not changes:
        subprocess.run([TOOLS, "convert", "--t5", public / "t5", "--mamba", public / "mamba", "--out", out, "--name", "tiny"], check=True, capture_output=True)
        manifest = json.loads((out / "manifest.json").read_text())
    else:
        s = made.TINY
        config = {"name": "tiny", "vocab_size": s.t5_vocab, "d_model": s.d_model, "max_tokens": 1024, "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, "decoder_prefix": 0, "et5": vars(s.et5), "emamba": vars(s.emamba), **CONVERTED}
        model = MambaFormer(Config.from_dict(config))
        tensors = {f"et5.{n}": t for n, t in load_file(public / "t5" / "model.safetensors").items()} | {n.replace("backbone.", "emamba."): t for n, t in load_file(public / "mamba" / "model.safetensors").items()}
        tensors = {"shared.weight" if n == "et5.shared.weight" else n: t.float() for n, t in tensors.items() if n != "emamba.embeddings.weight"}
        out.mkdir()
        save_file(model.state_dict() | tensors, str(out / "model.safetensors"))
        shutil.copyfile(public / "t5" / "tokenizer.json", out / "tokenizer.json")
        manifest = {"format": 1, "name": "tiny", "version": "0.1.0", "config": config, "quantization": {"default": "f32", "tensors": {}}, "files": {}, "provenance": {}}
    (out / "manifest.json").write_text(json.dumps(manifest | {"licences": [LICENCE]} | changes))
    return out


def items(folder: Path) -> Path:
    folder.mkdir()
    text = "The dose is five mg. It is given once a day."
    rows = [{"id": f"q{n}", "question": f"What is dose {n}?", "answer": "The dose is five mg.", "passages": [{"id": "p", "title": "Dose", "text": text, "cosines": [0.7, 0.2], "lines": [0, 1]}], "gold": "p", "decision": None, "answerable": 1,
             "sentences": [{"text": "The dose is five mg.", "spans": [{"source": "p", "start": 0, "end": 20}]}]} for n in range(6)]
    for name in ("train", "validation"):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def run(monkeypatch, *args) -> int:
    monkeypatch.setattr(sys, "argv", ["mambaformer_training", *map(str, args)])
    return main()


@pytest.mark.parametrize("heads", [[], ["--new-heads", "--copy-width", "16"]], ids=["as converted", "new heads"])
def test_a_run_starts_from_converted_checkpoints(tmp_path, monkeypatch, heads):
    model = converted(tmp_path)
    common = ["--run", tmp_path / "run", "--items", items(tmp_path / "items"), "--tokenizer", model, "--log-every", 1, "--tokens-per-batch", 60, "--dtype", "f32", "--threads", 1]
    assert run(monkeypatch, "train", *common, "--start", model, *heads, "--max-steps", 2) == 0
    assert run(monkeypatch, "train", *common, "--resume", "--max-steps", 4, "--export") == 0
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").open()]
    assert [r["step"] for r in log if "loss" in r] == [1, 2, 3, 4] and log[0]["parent"]["name"] == "model" and log[0]["device"] == "cpu"
    exported = load_file(tmp_path / "run" / "export" / "model.safetensors")
    before = load_file(model / "model.safetensors")
    assert {n for n in exported if n not in before} == ({n for n in exported if n.startswith("heads.")}) and bool(heads) == any(n.startswith("heads.") for n in exported)
    # Ten thousandths at most: these are the converted weights, moved by four small steps.
    assert 0 < (exported["emamba.layers.0.mixer.in_proj.weight"] - before["emamba.layers.0.mixer.in_proj.weight"]).abs().max() < 1e-3
    told = json.loads((tmp_path / "run" / "export" / "training.json").read_text())
    assert LICENCE in told["licences"] and told["licences"].count(LICENCE) == 1
    if TOOLS.is_file():
        subprocess.run([TOOLS, "pack", "--from", tmp_path / "run" / "export", "--out", tmp_path / "packed", "--quantise", "q8"], check=True, capture_output=True)
        # The licence goes on with a second stage; a quantised folder begins none.
        assert LICENCE in parent_of(tmp_path / "run" / "export", model / "tokenizer.json")["licences"]
        with pytest.raises(CheckpointError, match="is quantised .* --quantise f32"):
            config_of(tmp_path / "packed")


@pytest.mark.parametrize("changes, message", [
    ({"quantization": {"default": "q8", "tensors": {"shared.weight": {"dtype": "q8", "relative_rms_error": 0.005}}}}, "1 tensors, such as shared.weight in q8"),
    ({"kind": "sentence_encoder"}, "holds a sentence_encoder of format 1"), ({"format": 2}, "format 2"), ({"quantization": None}, "no manifest of a model folder")])
def test_other_model_folders_are_refused(tmp_path, changes, message):
    model = converted(tmp_path, **changes)
    for read in (config_of, lambda folder: parent_of(folder, folder / "tokenizer.json")):
        with pytest.raises(CheckpointError, match=message):
            read(model)


def test_new_heads_alone_may_be_missing(tmp_path):
    model = converted(tmp_path, version="0.1.0")
    config = config_of(model)
    new = add_heads(config, 16)
    assert new == ("heads.copy.", "heads.decision.", "heads.answerable.", "heads.embedding.") and add_heads(config, 16) == ()
    fresh = MambaFormer(config)
    own = fresh.heads.copy.query.weight.detach().clone()
    load_export(fresh, model, new)
    assert fresh.heads.copy.query.weight.equal(own) and fresh.shared.weight.equal(load_file(model / "model.safetensors")["shared.weight"])
    with pytest.raises(CheckpointError, match="missing: heads.answerable"):
        load_export(fresh, model)


def test_new_heads_need_a_start(tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "train", "--run", tmp_path, "--new-heads") == 2 and "--new-heads" in capsys.readouterr().err


def test_marks_are_added_behind_a_tokenizers_pieces_and_used(tmp_path):
    # Like T5's: </s> at 1, other pieces where ours has its marks.
    state = json.loads(TOKENIZER.read_text())
    state["added_tokens"] = [t for t in state["added_tokens"] if t["content"] not in MARKS]
    state["model"]["vocab"] = {f"mark{i}" if piece in MARKS else piece: i for piece, i in state["model"]["vocab"].items()}
    plain = tmp_path / "tokenizer.json"
    plain.write_text(json.dumps(state))
    folder = items(tmp_path / "items")
    with pytest.raises(DataError, match="add-marks"):
        encode_items(load_tokenizer(plain), folder / "train.jsonl", 512)
    assert add_marks(plain, tmp_path / "marked", 8_320) == {"<q>": 8192, "<p>": 8193, "<t>": 8194, "<n>": 8195}
    marked = load_tokenizer(tmp_path / "marked" / "tokenizer.json")
    assert marks_of(marked) == Marks(8192, 8193, 8194, 8195, 1) and marks_of(load_tokenizer(TOKENIZER)) == Marks()
    source = encode_items(marked, folder / "train.jsonl", 512)[0]["source"].tolist()
    assert source[0] == 8192 and source[-1] == 1 and source.count(8193) == source.count(8194) == 1
    ours = encode_items(load_tokenizer(TOKENIZER), folder / "train.jsonl", 512)[0]["source"].tolist()
    assert [{8192: 3, 8193: 4, 8194: 5}.get(i, i) for i in source] == ours
    # What a user types stays text.
    assert 8192 not in marked.encode("<q> gum", add_special_tokens=False).ids
    with pytest.raises(DataError, match="8196 pieces, the model's table 8192 rows"):
        add_marks(plain, tmp_path / "marked", 8_192)
