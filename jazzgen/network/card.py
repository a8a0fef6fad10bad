"""The model card: what a model is, what it learned from, how good it is, what it cannot do."""

from collections.abc import Mapping
from typing import Any

from jazzgen.network.model_folder import StoredModel
from jazzgen.network.training import History


def model_card(model: StoredModel, history: History) -> str:
    """The `README.md` of a model folder, in Markdown."""
    info = model.info
    training, data = info["training"], info["dataset"]
    network = model.network
    sources = ", ".join(f"`{source['name']}`" for source in data["sources"])
    layers = " + ".join(str(n) for n in network.units)
    lines = [
        f"# {model.name}",
        "",
        f"A network that improvises jazz solos, made by jazzgen {info['jazzgen']}.",
        "",
        "## What it is",
        "",
        f"- preset `{info['preset']}`, encoding `{info['encoding']}`, "
        f"{info['parameters']:,} weights",
        f"- LSTM units: {layers}; "
        + ("chords, beat and register beside each value" if network.context else "no context"),
        f"- fingerprint: `{model.sha256[:16]}`",
        "",
        "## What it learned from",
        "",
        f"- {sources}: {data['split']['train']} pieces ({data['train_notes']:,} notes) to learn "
        f"from, {data['split']['validation']} ({data['validation_notes']:,} notes) held out",
        *(f"- {source['licence']}" for source in data["sources"] if source["licence"]),
        "",
        "## How it was trained",
        "",
        *(f"- {name}: {value}" for name, value in training.items()),
        f"- dropout: {network.dropout}, of values {network.value_dropout}, of the context "
        f"{network.context_dropout}, of recurrent weights {network.weight_dropout}",
        f"- seed: {info['seed']}",
        *_origin(info),
        "- config.json names the pieces that were held out",
    ]
    if history.epochs:
        trained = info["trained"]
        held_out = trained["measured_on"] == "validation"
        where = "held-out pieces" if held_out else "training pieces (nothing was held out)"
        lines += [
            f"- {trained['epochs']} epochs in {trained['seconds']:.0f} s; epoch "
            f"{trained['best_epoch']} is kept",
            "",
            "## How good it is",
            "",
            f"- **{history.best.nats_per_note:.3f} nats per sounding note** on the {where}: the "
            "summed cross-entropy of all values (notes, rests, lengths, ends) of whole pieces, "
            "divided by the sounding notes; lower is better",
            *_with_memory(trained),
            "",
            "![Training curves](curves.png)",
        ]
    lines += [
        "",
        "## Limits",
        "",
        "- It has learned lines, not form: it does not know the chorus it is in.",
        "- It writes one note at a time, without dynamics or articulation.",
        "- What it plays is as free or as bound as what it learned from: mind the licences.",
        "",
        "## Playing it",
        "",
        "```",
        f"jazzgen generate --model {model.name} -o solo.mid",
        "```",
        "",
    ]
    return "\n".join(lines)


def _origin(info: Mapping[str, Any]) -> list[str]:
    """How to make it again, or what it was made from."""
    lines = []
    if begun := info.get("from"):
        lines.append(f"- begun with the weights of `{begun['name']}` ({begun['sha256'][:16]})")
    if lessons := info.get("lessons"):
        lines.append(
            "- learned what its teachers expect (distillation) along the pieces and along solos "
            + ", ".join(s for s in lessons["sources"] if s.startswith("improvised"))
        )
    if not lines:
        lines.append(
            f"- made with `jazzgen train DATASET --preset {info['preset']} --epochs "
            f"{info['training']['epochs']} --seed {info['seed']}`"
        )
    return lines


def _with_memory(trained: Mapping[str, Any]) -> list[str]:
    nats = trained.get("nats_per_note_with_memory")
    if nats is None:
        return []
    return [
        f"- **{nats:.3f}** with its memory of the solo so far, whose gates were fitted to training "
        "pieces"
    ]
