"""One page on what a node does on this machine: every benchmark, the targets, what is alarming.

`./dev bench` builds what this needs and calls it. Everything on the page comes from the commands
it lists, so a reader can repeat any figure alone.
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from plot import SLOWER_MAX, throughput_svg

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("RESTANTE_BIN", ROOT / "build" / "release" / "bin"))
OTHERS_MAX = 0.10  # above this share of the machine, used by others, a figure says little
CRASH_DIFFERENCES = "lost", "changed", "duplicated", "undeleted", "refused"
SMALL, LARGE = "--size 1024", "--size 40000"
CURVE = "--transport tcp --security curve"
HALF_LOAD_SECONDS = 10
EXAMPLES = """examples:
  ./dev bench                              everything with 1,000,000 mailboxes: ten minutes
  ./dev bench card --mailboxes 20000       two and a half minutes
  ./dev bench card --json > card.json      for programs
  ./dev bench deposit --help               one benchmark alone
"""


# --- what is run ----------------------------------------------------------------------------------

class Runs:
    """The commands and what they answered, in order."""

    def __init__(self, directory):
        self.directory = ["--directory", directory] if directory else []
        self.all = []

    def bench(self, arguments):
        command = ["restante-bench", *arguments.split(), *self.directory]
        return self.keep(command, [BIN / command[0], *command[1:], "--json"])

    def crash(self, cycles):
        """The crash test's figures; after a failure those until then, with `failure`: the page is
        there for that above all."""
        command = ["tests/end_to_end/crash_test.py", "--cycles", str(cycles), *self.directory]
        return self.keep(command, [sys.executable, ROOT / command[0], *command[1:]], last_line=True)

    def keep(self, shown, command, last_line=False):
        print("==", *shown, file=sys.stderr, flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, RESTANTE_BIN=str(BIN)))
        told = done.stdout.splitlines()[-1:] if last_line else [done.stdout]
        try:
            figures = json.loads("".join(told))
        except ValueError:
            if not last_line:
                sys.exit(f"{' '.join(shown)} failed; its words are above")
            figures = {"failure": f"status {done.returncode} and no figures; its words are above"}
        self.all.append({"command": " ".join(shown), "figures": figures})
        return figures


def run_everything(given):
    runs, got = Runs(given.directory), {}
    against = "deposit --against-floor --count"
    got["deposits"] = [
        ("1 KiB", "ipc", runs.bench(f"{against} 50000 {SMALL}")),
        ("1 KiB", "tcp, CURVE", runs.bench(f"{against} 50000 {SMALL} {CURVE}")),
        ("40,000 bytes", "ipc", runs.bench(f"{against} 10000 {LARGE}")),
        ("40,000 bytes", "tcp, CURVE", runs.bench(f"{against} 10000 {LARGE} {CURVE}")),
    ]
    half = max(1, round(got["deposits"][0][2]["acked_per_second"] / 2))
    got["half_load"] = runs.bench(f"deposit --rate {half} --count {half * HALF_LOAD_SECONDS}")
    got["retrieve"] = [("1 KiB", runs.bench(f"retrieve --count 20000 {SMALL}")),
                       ("40,000 bytes", runs.bench(f"retrieve --count 10000 {LARGE}"))]
    got["scale"] = runs.bench(f"scale --mailboxes {given.mailboxes}")
    got["crash"] = runs.crash(given.crash_cycles)
    return got, runs.all


def system_value(path, name):
    """The value of a line such as `name: value` or `name="value"`."""
    found = re.search(rf'^{name}\s*[:=]\s*"?(.*?)"?$', Path(path).read_text(encoding="utf-8"),
                      re.MULTILINE)
    return found[1] if found else "unknown"


def sync_milliseconds(directory, times=200):
    """Median of writing 4 KiB at the end of a file and waiting for the disk."""
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def file_system(directory):
    """Type and device of what holds the directory."""
    where = os.stat(directory or tempfile.gettempdir()).st_dev
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        device, point, kind = line.split()[:3]
        try:
            if os.stat(point).st_dev == where:
                return f"{kind} on {device}"
        except OSError:
            continue
    return "unknown file system"


def git(*arguments):
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, *arguments],
                          capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def machine(directory):
    version = subprocess.run([BIN / "restanted", "--version"], capture_output=True, text=True,
                             check=True).stdout.strip()
    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return {
        "cpu": system_value("/proc/cpuinfo", "model name"),
        "cpus": os.cpu_count(),
        "memory_gib": round(int(system_value("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "system": f"{system_value('/etc/os-release', 'PRETTY_NAME')}, "
                  f"Linux {platform.release()}",
        "disk": file_system(directory),
        "sync_ms": sync_milliseconds(directory),
        "program": f"{version}, commit {git('rev-parse', '--short', 'HEAD') or 'unknown'}{changed}",
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


# --- how it is told -------------------------------------------------------------------------------

def verdict(holds, others=0, sound=True):
    """`holds`: a target of speed, about which nothing can be said when others used the machine;
    None: nothing is asked. `sound`: whatever is alarming at any speed, a refusal for example."""
    noisy = " ?" if round(others, 2) > OTHERS_MAX else ""
    if not sound:
        return "ALARM" + noisy
    return noisy or ("" if holds is None else "ok" if holds else "ALARM")


def deposit_rows(deposits):
    rows = []
    for size, how, got in deposits:
        written = got["bytes_written_per_byte"]  # None: the files are in memory
        sound = got["refused"] == 0 and (
            got["size"] <= 1024 or written is None or round(written, 2) <= 3)
        others = max(got["others_share"], got["floor"]["others_share"])
        rows.append((f"{size}, {how}", f"{got['floor_acked_per_second']:,.0f}",
                     f"{got['acked_per_second']:,.0f}", f"{got['ratio']:.2f}",
                     f"{got['latency_ms']['p99']:.1f}",
                     "not told" if written is None else f"{written:.2f}",
                     f"{got['cpu_us_per_deposit']:.0f}", f"{others:.0%}",
                     verdict(round(got["ratio"], 2) >= 0.8, others, sound)))
    return rows


def latencies(got):
    return "p50 {p50:.2f}, p99 {p99:.2f}, p99.9 {p99_9:.2f} ms".format(**got["latency_ms"])


def crash_row(crash):
    """What and figure of the crash test's row, its target, no share, verdict."""
    if "lost" not in crash:
        return "crash", crash["failure"], "all 0", "", verdict(None, sound=False)
    bad = {kind: crash[kind] for kind in CRASH_DIFFERENCES}
    figure = f"{crash['acknowledged']:,} acknowledged, " + ", ".join(
        f"{count} {kind}" for kind, count in bad.items())
    if "failure" in crash and not any(bad.values()):
        figure += "; it failed"
    return (f"crash: {crash['kills']} kills under load", figure, "all 0", "",
            verdict(True, sound="failure" not in crash and not any(bad.values())))


def other_rows(got):
    """(what, figure, target, share of others, verdict) of everything but the deposits. Judged is
    what is printed, so that equal figures get equal verdicts."""
    rows = []

    def row(what, figure, target="", holds=None, others=None, sound=True):
        """`others` None: not a matter of speed."""
        rows.append((what, figure, target, "" if others is None else f"{others:.0%}",
                     verdict(holds, others or 0, sound)))

    half = got["half_load"]
    p50, p99 = (round(half["latency_ms"][which], 2) for which in ("p50", "p99"))
    row(f"latency at {half['rate']:,.0f}/s (half load)", latencies(half),
        "0 refused, p99 at most 10 times p50", p99 <= 10 * p50, half["others_share"],
        half["refused"] == 0)
    for size, figures in got["retrieve"]:
        first, again = figures["from_disk"], figures["again"]
        slower = round(1 - again["retrieved_per_second"] / first["retrieved_per_second"], 2)
        for what, part, target, holds in (
                ("from disk", first, "", True),
                ("again", again, f", at most {SLOWER_MAX:.0%} slower", slower <= SLOWER_MAX)):
            row(f"retrieval, {size}, {what}",
                f"{part['retrieved_per_second']:,.0f}/s, {latencies(part)}", "0 refused" + target,
                holds, part["others_share"], part["refused"] == 0)
    scale = got["scale"]
    sizes = scale["sizes"]
    others = max(part["others_share"] for size in sizes for part in (size, size["again"]))
    for size in sizes:
        for again, part in (("", size), (", again", size["again"])):
            row(f"deposits over {size['mailboxes']:,} mailboxes{again}",
                f"{part['acked_per_second']:,.0f}/s, {part['cpu_us_per_deposit']:.0f} us of CPU "
                "each", "", None, part["others_share"])
    for again, slower in (("", scale["slower"]), (", again", scale["slower_again"])):
        row(f"slower at the most mailboxes{again}", f"{slower:.0%}", f"at most {SLOWER_MAX:.0%}",
            round(slower, 2) <= SLOWER_MAX, others)
    log = scale["log_bytes_read_back"] / 2**20
    row("start after kill -9", f"{scale['start_after_kill_seconds']:.2f} s, {log:,.0f} MiB of log",
        "at most 2 s", round(scale["start_after_kill_seconds"], 2) <= 2, others)
    row("start after a stop", f"{scale['start_seconds']:.2f} s", "at most 2 s",
        round(scale["start_seconds"], 2) <= 2, others)
    row("memory after a start", f"{scale['resident_bytes_few'] / 2**20:.0f} MiB at 1,000 mailboxes, "
        f"{scale['resident_bytes'] / 2**20:.0f} MiB at {scale['mailboxes']:,}")
    more = scale["resident_bytes"] - scale["resident_bytes_few"]
    row("memory of an idle mailbox", f"{scale['idle_mailbox_bytes']:.0f} bytes",
        "at most 64, or 32 MiB in all",  # of few mailboxes the figure is chance
        more <= max(64 * scale["mailboxes"], 2**25) if scale["mailboxes"] >= 100_000 else None)
    row("memory of an active mailbox", f"{scale['active_mailbox_bytes']:,.0f} bytes with one "
        "message (about 0.5 KiB for each more), "
        f"{scale['passivated_mailbox_bytes']:,.0f} stay after it",
        "at most 8,192", round(scale["active_mailbox_bytes"]) <= 8192)
    first, following = scale["first_deposit"], scale["next_deposit"]
    later = round(first["latency_ms"]["p50"], 2) - round(following["latency_ms"]["p50"], 2)
    row("first deposit into a mailbox", latencies(first), "p50 at most 1 ms above the next",
        round(later, 2) <= 1, max(part["others_share"] for part in (first, following)))
    row("next deposit into the same", latencies(following), "", None, following["others_share"])
    return [*rows, crash_row(got["crash"])]


def table(head, rows, right):
    """Lines of columns; those whose number is in `right` end at one edge."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return ["  ".join(text.rjust(width) if i in right else text.ljust(width)
                      for i, (text, width) in enumerate(zip(row, widths))).rstrip()
            for row in [head, *rows]]


def page(host, got, commands, seconds, picture):
    deposits, others = deposit_rows(got["deposits"]), other_rows(got)
    marks = [row[-1] for row in deposits + others]
    alarms, noisy = (sum(sign in mark for mark in marks) for sign in ("ALARM", "?"))
    lines = [
        f"Restante: what one node does on this machine, client included    {host['date']}", "",
        f"machine  {host['cpu']}, {host['cpus']} CPUs, {host['memory_gib']} GiB; {host['system']}",
        f"disk     {host['disk']}; 4 KiB to the disk and back in {host['sync_ms']:.2f} ms (median)",
        f"program  {host['program']}", "",
        *table(("deposits", "floor/s", "engine/s", "ratio", "p99 ms", "written", "CPU us", "others",
                ""), deposits, right=range(1, 8)),
        "  ratio: engine to floor, at least 0.80; written: bytes for each byte of media, at 40,000 "
        "at most 3", "",
        *table(("", "figure", "target", "others", ""), others, right={3}), "",
        *([f"crash test: {got['crash']['failure']}", ""] if "failure" in got["crash"] else []),
        f"{alarms} alarming (ALARM); {noisy} measured while others used more than "
        f"{OTHERS_MAX:.0%} of the machine (?), without a verdict: repeat those",
        f"picture  {picture}", "",
        f"To repeat a figure ({seconds:.0f} s for all; programs are in {os.path.relpath(BIN)}):",
        *(f"  {command}" for command in commands),
        "How to read this: benchmarks/README.md"]
    return "\n".join(lines)


def main():
    options = argparse.ArgumentParser(prog="./dev bench card", description=__doc__.split("\n")[0],
                                      epilog=EXAMPLES,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mailboxes", type=int, default=1_000_000, help="of the largest node")
    options.add_argument("--crash-cycles", type=int, default=20, help="kills under load, at least")
    options.add_argument("--directory", help="where nodes keep their data: on the disk in question")
    options.add_argument("--json", action="store_true", help="for programs, instead of the page")
    given = options.parse_args()
    if not 1_001 <= given.mailboxes <= 10_000_000:
        options.error(f"--mailboxes: 1001 to 10000000, not {given.mailboxes}")
    if given.crash_cycles < 1:
        options.error(f"--crash-cycles: at least 1, not {given.crash_cycles}")
    if given.directory and not Path(given.directory).is_dir():
        options.error(f"--directory: {given.directory} is no directory")
    if not (BIN / "restante-bench").exists():
        options.error(f"{BIN} has no programs: run './dev bench', which builds them")
    began = time.monotonic()
    host = machine(given.directory)
    got, runs = run_everything(given)
    out = BIN.parent / "bench"
    out.mkdir(exist_ok=True)
    picture = out / "throughput.svg"
    picture.write_text(throughput_svg(
        got["scale"]["sizes"], f"{host['cpu']}, {host['cpus']} CPUs; 1 KiB, ipc, client included; "
        f"{host['date']}"), encoding="utf-8")
    seconds = time.monotonic() - began
    text = page(host, got, [run["command"] for run in runs], seconds, picture)
    whole = json.dumps({"machine": host, "seconds": seconds, "runs": runs}, indent=2)
    (out / "card.txt").write_text(text + "\n", encoding="utf-8")
    (out / "card.json").write_text(whole + "\n", encoding="utf-8")
    print(whole if given.json else text)


if __name__ == "__main__":
    main()
