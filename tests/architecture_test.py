"""Holds the rules of the tree that a compiler does not: who may include whom, sizes, waiting.

Run it alone with `/usr/bin/python3 tests/architecture_test.py`. It reads every file that git
tracks or would track, so a new file counts before it is committed. Comments and strings do not
count where a rule is about code.
"""
import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Includes point one way: each of these sees itself and those before it.
LAYERS = ["schemas", "storage", "actors", "bridges", "cluster"]
SEES_ALL = ["benchmarks", "tests"]
FOLDERS = LAYERS + SEES_ALL

LINES_MAX = 400
COLUMNS_MAX = 100

# (include, files that may, why). Folders stand for everything below them.
LIBRARIES = [
    (r"zmq(_addon)?\.hp?p?$", r"(bridges|benchmarks|tests)/", "sockets belong to the bridges"),
    (r"rocksdb/", r"(storage|benchmarks|tests)/", "the database belongs to the storage"),
    (r"(capnp|kj)/|.*\.capnp\.h$", r"(schemas|tests)/",
     "the schemas decode into plain structs; no reader leaves them"),
    (r"caf/(io|openssl)/", r"$", "CAF's network port is never opened"),
    (r"caf/", r"(actors|bridges|cluster|benchmarks|tests)/", "what lies below has no actors"),
    (r"sodium(\.h$|/)", r"(schemas/(crypto|curve\w*)|actors/pin_hash)\.cpp$",
     "cryptography is in few places, to be read at once"),
    (r"curl/", r"cluster/etcd_gateway\.cpp$", "HTTP is spoken to etcd only"),
]

# Where CMakeLists.txt looks for sources; a .cpp elsewhere is never compiled.
COMPILED = re.compile(r"""(schemas|storage|actors|bridges|cluster|benchmarks|tests/support)/\w+\.cpp
    | tests/(crash|overload|simulation)/\w+\.cpp | tests/fuzz/\w+_fuzz\.cpp
    | tests/(schemas|storage|actors|bridges|cluster)/\w+_test\.cpp""", re.VERBOSE)

TOKEN = re.compile(r"""//[^\n]* | /\*.*?\*/ | R"(?P<end>[^(\s]*)\(.*?\)(?P=end)"
    | "(?:\\.|[^"\\\n])*" | (?<!\w)'(?:\\.|[^'\\\n])*'""", re.VERBOSE | re.DOTALL)
INCLUDE = re.compile(r"""^[ \t]*\#[ \t]*include[ \t]*(?P<open>[<"])(?P<name>[^>"]+)[>"]""",
                     re.VERBOSE | re.MULTILINE)


def listed_files():
    """Paths relative to the root, `/` between folders."""
    if (ROOT / ".git").exists():
        # The tree may belong to another user than the one who tests, as in a container.
        names = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    else:  # an unpacked archive
        names = [str((Path(folder) / name).relative_to(ROOT))
                 for folder, _, files in os.walk(ROOT) for name in files]
        names = [n for n in names if not re.match(r"(build|var)/|(.*/)?__pycache__/", n)]
    return sorted({name for name in names if name and (ROOT / name).is_file()})


def without(text, comments_only):
    """The text with comments (and strings) emptied; lines keep their numbers."""
    def emptied(match):
        token = match.group()
        keep = comments_only and not token.startswith(("//", "/*"))
        return token if keep else " " + "\n" * token.count("\n")

    return TOKEN.sub(emptied, text)


class Source:
    """One C++ file: its text, its code without comments and strings, what it includes."""

    def __init__(self, name):
        self.name = name
        self.folder = name.split("/")[0]
        self.text = (ROOT / name).read_text(encoding="utf-8")
        self.code = without(self.text, comments_only=False)
        commentless = without(self.text, comments_only=True)
        # (line, name, whether in quotes)
        self.includes = [(commentless.count("\n", 0, match.start()) + 1, match["name"],
                          match["open"] == '"') for match in INCLUDE.finditer(commentless)]

    def lines_with(self, pattern):
        return [f"{self.name}:{number}: {line.strip()}"
                for number, line in enumerate(self.code.split("\n"), 1)
                if re.search(pattern, line)]


class Architecture(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.files = listed_files()
        cls.sources = [Source(name) for name in cls.files if name.endswith((".hpp", ".cpp", ".h"))]
        cls.headers = [source for source in cls.sources if not source.name.endswith(".cpp")]

    def hold(self, rule, breaches):
        if breaches:
            self.fail(f"{rule}\n  " + "\n  ".join(breaches))

    def test_there_are_sources_to_look_at(self):
        self.assertTrue(self.sources and self.headers, f"no C++ files found under {ROOT}")

    def test_top_level_folders_are_exactly_the_seven(self):
        found = {name.split("/")[0] for name in self.files if "/" in name}
        others = [name for name in sorted(found - set(FOLDERS))
                  if name != ".ci" and not name.startswith(".git")]
        self.hold(f"Top-level folders are {', '.join(FOLDERS)}; move these into one:", others)
        self.hold("These folders are missing:", sorted(set(FOLDERS) - found))

    def test_includes_point_one_way(self):
        breaches = []
        for source in self.sources:
            if source.folder not in LAYERS:
                continue
            visible = LAYERS[:LAYERS.index(source.folder) + 1]
            breaches += [f"{source.name}:{line}: {name}" for line, name, _ in source.includes
                         if name.split("/")[0] in FOLDERS and name.split("/")[0] not in visible]
        self.hold("A folder includes itself and those before it, schemas <- storage <- actors <- "
                  "bridges <- cluster; nothing includes tests or benchmarks:", breaches)

    def test_own_files_are_included_in_quotes_by_folder(self):
        breaches = []
        for source in self.sources:
            for line, name, quoted in source.includes:
                own = name.split("/")[0] in FOLDERS and "/" in name
                exists = (ROOT / re.sub(r"\.capnp\.h$", ".capnp", name)).is_file()
                if quoted != own or (own and (not exists or ".." in name)):
                    breaches.append(f"{source.name}:{line}: {name}")
        self.hold('Own files are "folder/file.hpp" and exist; others are <...>:', breaches)

    def test_libraries_stay_where_they_belong(self):
        breaches = []
        for source in self.sources:
            for line, name, _ in source.includes:
                breaches += [f"{source.name}:{line}: {name}: {why}"
                             for library, allowed, why in LIBRARIES
                             if re.match(library, name) and not re.match(allowed, source.name)]
        self.hold("These includes are not allowed here:", breaches)

    def test_files_and_lines_are_short(self):
        breaches = []
        for source in self.sources:
            lines = source.text.splitlines()
            if len(lines) > LINES_MAX:
                breaches.append(f"{source.name}: {len(lines)} lines")
            breaches += [f"{source.name}:{number}: {len(line)} columns"
                         for number, line in enumerate(lines, 1) if len(line) > COLUMNS_MAX]
        self.hold(f"At most {LINES_MAX} lines of {COLUMNS_MAX} columns:", breaches)

    def test_headers_say_what_they_are_and_are_included_once(self):
        breaches = []
        for source in self.headers:
            if not re.match(r"(//|/\*)\W*\w", source.text):
                breaches.append(f"{source.name}: does not start with a comment")
            if not re.search(r"^#pragma once$", source.code, re.MULTILINE):
                breaches.append(f"{source.name}: has no #pragma once")
        self.hold("A header opens with what it is, its invariants and its owner:", breaches)

    def test_every_folder_has_a_readme_that_names_its_headers(self):
        breaches = []
        for folder in FOLDERS:
            readme = f"{folder}/README.md"
            if readme not in self.files:
                breaches.append(f"{readme} is missing")
                continue
            text = (ROOT / readme).read_text(encoding="utf-8")
            stems = [Path(source.name).stem for source in self.headers
                     if str(Path(source.name).parent) == folder]
            breaches += [f"{readme} does not mention {stem}" for stem in stems
                         if not re.search(rf"(?<!\w){re.escape(stem)}(?!\w)", text)]
        self.hold("A folder's README.md is the map of its headers:", breaches)

    def test_every_deliberate_bug_can_still_be_put_in(self):
        patches = sorted((ROOT / "tests" / "seeded_bugs").glob("*.patch"))
        checks = [(patch.name, subprocess.run(["git", "apply", "--check", patch], cwd=ROOT,
                                              capture_output=True, text=True))
                  for patch in patches]
        self.assertTrue(patches)
        head = re.compile(r"Bug: .+\nCaught by: \^\(?[a-z_|]+\)?/")
        self.hold("A patch begins with `Bug: ...` and `Caught by: ^suite/...`:",
                  [patch.name for patch in patches if not head.match(patch.read_text())])
        self.hold("`./dev test --seeded-bugs` needs patches that apply; make them anew:",
                  [f"{name}: {done.stderr.strip()}" for name, done in checks if done.returncode])

    def test_cpp_tests_do_not_sleep(self):
        pattern = r"\bthis_thread\s*::\s*sleep|\b\w*sleep(_for|_until)?\s*\("
        breaches = [line for source in self.sources if source.folder == "tests"
                    for line in source.lines_with(pattern)]
        self.hold("Tests have virtual time, or wait for what they want to see:", breaches)

    def test_actors_wait_neither_blindly_nor_forever(self):
        # On the path of every deposit, where a timer of CAF's each would cost a tenth of it, these
        # watch their open requests themselves: two by one timer, a mailbox by whoever comes next;
        # those that the forwarder hands to the node are watched by the gate or peer they came from;
        # the replicator watches what waits for a copy, and batches of a peer rather than each change.
        watchful = ("bridges/gate.cpp", "actors/node.cpp", "actors/mailbox.cpp",
                    "actors/forwarder.cpp", "actors/incoming.cpp")
        await_, forever = r"(\.|->)\s*await\s*\(", r"\bcaf\s*::\s*infinite\b|[(,]\s*infinite\s*[,)]"
        breaches = [line for source in self.sources
                    if source.folder in ("actors", "bridges", "cluster")
                    for line in source.lines_with(
                        await_ if source.name in watchful else f"{await_}|{forever}")]
        self.hold("`.await` stops an actor from serving others, and every request has a bound; "
                  "use `.then` and a timeout of schemas/limits.hpp:", breaches)

    def test_no_file_is_an_orphan(self):
        includers = {}
        for source in self.sources:
            for _, name, _ in source.includes:
                includers.setdefault(name, set()).add(source.name)
        breaches = []
        for source in self.headers:
            own = {source.name, str(Path(source.name).with_suffix(".cpp"))}
            if not includers.get(source.name, set()) - own:
                breaches.append(f"{source.name}: nobody but its own .cpp includes it")
        breaches += [f"{source.name}: CMakeLists.txt does not compile files there"
                     for source in self.sources
                     if source.name.endswith(".cpp") and not COMPILED.fullmatch(source.name)]
        self.hold("Remove what nothing uses:", breaches)


if __name__ == "__main__":
    unittest.main()
