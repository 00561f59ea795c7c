"""Records what a private Open vSwitch does to packets: scenarios of corpus/recordings/packets, drawn from a seed.

    record.py SOCKET OUT.jsonl.gz [--seed N] [--scenarios N] [--theme NAME] [KEY=PERCENT ...]

Frames are those of the recordings that somebody else made. Run it through ci/record-packets.
"""
import argparse
import collections
import gzip
import json
import pathlib
import random

import draw
import switch

HERE = pathlib.Path(__file__).resolve().parent
RECORDINGS = HERE.parent.parent / "corpus" / "recordings" / "packets"
FRAMES = [RECORDINGS / f"packets-{theme}.jsonl.gz" for theme in ("actions10", "match10", "nx", "parse")]


def frames_of(files):
    frames = collections.defaultdict(list)
    for file in files:
        for line in gzip.open(file, "rt"):
            for packet in json.loads(line)["packets"]:
                frame = bytes.fromhex(packet["frame"])
                frames[draw.layer_of(frame)].append(frame)
    return frames


def play(connection, scenario, theme):
    answers = connection.set_up(scenario["table_id_ext"], scenario["rules"])
    packets = []
    for i, (in_port, frame) in enumerate(scenario["packets"]):
        hits, error = connection.probe(in_port, frame, 5000 + i)
        packets.append({"in_port": in_port, "frame": frame.hex(), "hits": hits})
        if error:
            packets[-1]["error"] = error.hex()
    return {"id": scenario["id"], "theme": theme, "table_id_ext": scenario["table_id_ext"],
            "rules": [rule.hex() for rule in scenario["rules"]],
            "rule_results": [answer.hex() or "ok" for answer in answers],
            "packets": packets, "final_flows": connection.flows().hex()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("socket")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenarios", type=int, default=200)
    parser.add_argument("--theme", default="errors")
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_intermixed_args()
    options = {"odd": 6, "wrong": 12, "unwritable": 0, "unknown": (0, 3, 200, 0x7777)}
    options.update((key, int(value)) for key, value in (word.split("=") for word in arguments.options))
    drawing = draw.Draw(random.Random(arguments.seed), frames_of(FRAMES), options)
    connection = switch.Switch(arguments.socket)
    with open(arguments.out, "wb") as file, gzip.GzipFile("", "wb", mtime=0, fileobj=file) as out:
        for n in range(arguments.scenarios):
            scenario = drawing.scenario(f"{arguments.theme}-{n:04}")
            out.write((json.dumps(play(connection, scenario, arguments.theme), separators=(",", ":")) + "\n").encode())


if __name__ == "__main__":
    main()
