"""Runs libFuzzer's targets (tests/fuzz) and reports. `./dev fuzz` and `./dev test` call it.

usage: run_fuzz.py BUILD_DIRECTORY [--seconds N] [TARGET...]     run these, or all
       run_fuzz.py --matching [REGEX]                            names of those REGEX chooses
       run_fuzz.py --help                                        this, and the names of all

As many targets run at a time as there are processors. A target starts from its seeds, from what
earlier runs found (BUILD_DIRECTORY/found/TARGET) and from what made it fail before
(BUILD_DIRECTORY/failing/TARGET), and ends at its first failure. To execute nothing is one.
"""
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from filters import compiled

ROOT = Path(__file__).resolve().parent.parent.parent
TARGETS = sorted(file.stem.removesuffix("_fuzz")
                 for file in (ROOT / "tests" / "fuzz").glob("*_fuzz.cpp"))
# Long enough for what a target bounds by length; a longer input only costs executions.
BYTES_MAX = {"frames": 16384, "stored": 16384, "media": 16384, "peers": 16384}
UNIT_SECONDS = 25  # an input that takes longer is a failure: real ones take milliseconds
MEGABYTES_MAX = 2048  # of the process
MEGABYTES_AT_ONCE = 128  # of one allocation: frames hold kilobytes


@dataclass
class Report:
    """What one target did. `failure` is empty or says what happened and how to see it again."""
    target: str
    executions: int
    per_second: int
    edges: int
    new_inputs: int
    failure: str


def matching(expression):
    pattern = compiled(expression)
    return [target for target in TARGETS if pattern.search(f"fuzz/{target}")]


def log_of(build, target):
    return build / "logs" / f"{target}.log"


def command(build, target, seconds):
    found, failing = build / "found" / target, build / "failing" / target
    for folder in found, failing, log_of(build, target).parent:
        folder.mkdir(parents=True, exist_ok=True)
    options = {"max_total_time": seconds, "max_len": BYTES_MAX.get(target, 4096),
               "timeout": UNIT_SECONDS, "report_slow_units": UNIT_SECONDS,
               "rss_limit_mb": MEGABYTES_MAX, "malloc_limit_mb": MEGABYTES_AT_ONCE,
               "print_final_stats": 1, "artifact_prefix": f"{failing}/",
               "seed": int(os.environ.get("RESTANTE_SEED", 0)) % 2**32}  # 0: another every time
    if (words := ROOT / "tests" / "fuzz" / f"{target}.dict").exists():
        options["dict"] = words
    # Sanitizers of this age do not survive the address randomisation of newer kernels.
    fixed = ["setarch", "-R"]
    wrap = fixed if subprocess.run([*fixed, "true"], capture_output=True).returncode == 0 else []
    return [*wrap, build / "bin" / f"{target}_fuzz",
            *(f"-{name}={value}" for name, value in options.items()),
            found, ROOT / "tests" / "fuzz" / "corpus" / target, failing]


def run_target(build, target, seconds):
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1",
                       ASAN_OPTIONS="detect_leaks=1")
    what = command(build, target, seconds)
    with log_of(build, target).open("w") as output:
        process = subprocess.Popen(what, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output)
        try:
            status = process.wait(timeout=seconds + 300)
        except subprocess.TimeoutExpired:
            process.kill()
            status = f"none {seconds + 300} seconds after its start"
    return report_of(build, target, status)


def last_status(text):
    """(executions, edges) of the last line of progress."""
    lines = re.findall(r"^#(\d+)\s+\w+\s+cov: (\d+)", text, re.MULTILINE)
    return tuple(map(int, lines[-1])) if lines else (0, 0)


def report_of(build, target, status):
    text = log_of(build, target).read_text(errors="replace")

    def figure(name):
        found = re.search(rf"^stat::{name}:\s+(\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    executions, edges = last_status(text)
    report = Report(target, figure("number_of_executed_units") or executions,
                    figure("average_exec_per_sec"), edges, figure("new_units_added"), "")
    if "libFuzzer: run interrupted" in text:
        return report
    if status == 0:
        if report.executions == 0:
            report.failure = f"status 0, but no execution; log: {log_of(build, target)}"
        return report
    why = re.findall(r"^(?:the engine broke a promise: .*|.*: runtime error: .*|SUMMARY: .*|"
                     r"==\d+==\s*ERROR: .*|terminate called .*|.*: Assertion .*)$",
                     text, re.MULTILINE) or text.splitlines()[-10:]
    written = re.search(r"Test unit written to (.*)$", text, re.MULTILINE)
    why = [*dict.fromkeys(why), f"status {status}; log: {log_of(build, target)}"]
    report.failure = "\n".join(why)
    if written:
        program = build / "bin" / f"{target}_fuzz"
        report.failure += f"\ninput: {written[1]}\nsee it again: {program} {written[1]}"
    return report


def run(build, targets, seconds, tell=None):
    """Reports in the order of `targets`. `tell` is called with a line of progress now and then."""
    at_a_time = min(len(targets), len(os.sched_getaffinity(0)))
    begun, ended = {}, threading.Event()

    def one(target):
        begun[target] = time.monotonic()
        report = run_target(build, target, seconds)
        del begun[target]
        if tell:
            tell(f"{target}: " + ("FAILED\n" + report.failure if report.failure else "done"))
        return report

    def watch():
        while not ended.wait(min(60, max(5, seconds / 10))):
            for target, start in list(begun.items()):
                executions, edges = last_status(log_of(build, target).read_text(errors="replace"))
                tell(f"{target}: {time.monotonic() - start:.0f} s, {executions:,} executions, "
                     f"{edges:,} edges")

    if tell:
        threading.Thread(target=watch, daemon=True).start()
    with ThreadPoolExecutor(at_a_time) as pool:
        waiting = [pool.submit(one, target) for target in targets]
        try:
            return [future.result() for future in waiting]
        except KeyboardInterrupt:  # the targets got it too and end by themselves
            for future in waiting:
                future.cancel()
            return [future.result() for future in waiting if not future.cancelled()]
        finally:
            ended.set()


def main(arguments):
    if arguments[:1] == ["--matching"]:
        print("\n".join(matching("".join(arguments[1:]))))
        return 0
    if not arguments or {"-h", "--help"} & set(arguments):
        print(__doc__ + "\nTargets: " + ", ".join(TARGETS), file=None if arguments else sys.stderr)
        return 0 if arguments else 2
    build, seconds, targets = Path(arguments.pop(0)).resolve(), 3600, []
    while arguments:
        argument = arguments.pop(0)
        if argument == "--seconds" and arguments and re.fullmatch("[1-9][0-9]*", arguments[0]):
            seconds = int(arguments.pop(0))
        elif argument in TARGETS:
            targets.append(argument)
        else:
            print(f"there is no target '{argument}'; the targets are {', '.join(TARGETS)}, and "
                  "--seconds wants a number above 0.", file=sys.stderr)
            return 2
    targets = targets or TARGETS
    print(f"{len(targets)} targets for {seconds} s each, {len(os.sched_getaffinity(0))} at a time; "
          f"Ctrl-C ends early. Logs: {build / 'logs'}", flush=True)
    reports = run(build, targets, seconds, lambda line: print(f"-- {line}", flush=True))
    print(f"\n{'target':<16}{'executions':>14}{'a second':>10}{'edges':>8}{'new inputs':>12}"
          f"{'failures':>10}")
    for r in reports:
        print(f"{r.target:<16}{r.executions:>14,}{r.per_second:>10,}{r.edges:>8,}"
              f"{r.new_inputs:>12,}{bool(r.failure):>10}")
    failed = [r.target for r in reports if r.failure]
    print(f"\n{len(reports) - len(failed)} passed, {len(failed)} failed" +
          (f": {', '.join(failed)}" if failed else ""))
    return 1 if failed or not reports else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
