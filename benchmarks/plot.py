"""A picture of deposits a second against mailboxes, as SVG text. Pure: nothing is read or written."""
import math
from html import escape

WIDTH, HEIGHT = 760, 430
LEFT, RIGHT, TOP, BOTTOM = 84, 28, 66, 62
INK, FAINT, LINE, AGAIN, BOUND = "#1d2733", "#dfe4ea", "#2563a8", "#4b8a5f", "#b4531a"
SLOWER_MAX = 0.10  # the target: the most a larger node may be slower than the smallest


def nice_step(top, parts=5):
    """A step of 1, 2 or 5 times a power of ten that divides 0..top into at most `parts`."""
    raw = top / parts
    power = 10 ** math.floor(math.log10(raw))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= raw)


def throughput_svg(sizes, caption):
    """`sizes`: [{"mailboxes", "acked_per_second", "rounds", "again": {the last two}}], the fewest
    mailboxes first."""
    least, most = sizes[0]["mailboxes"], sizes[-1]["mailboxes"]
    top = max(max(size["rounds"] + size["again"]["rounds"]) for size in sizes)
    step = nice_step(top)
    top = math.ceil(top / step) * step

    def x(mailboxes):
        share = math.log(mailboxes / least) / math.log(most / least)
        return LEFT + 30 + share * (WIDTH - LEFT - RIGHT - 60)

    def y(value):
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    out = []

    def text(at_x, at_y, words, size=13, anchor="middle", color=INK, more=""):
        out.append(f'<text x="{at_x:.1f}" y="{at_y:.1f}" font-size="{size}" fill="{color}" '
                   f'text-anchor="{anchor}" {more}>{escape(words)}</text>')

    def line(x1, y1, x2, y2, color, more=""):
        out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                   f'stroke="{color}" {more}/>')

    def dot(at_x, at_y, radius, color, more):
        out.append(f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="{radius}" fill="{color}" {more}/>')

    text(LEFT, 28, "Deposits a second against mailboxes", 18, "start", more='font-weight="600"')
    text(LEFT, 48, caption, 12, "start", "#5b6876")
    for i in range(round(top / step) + 1):
        line(LEFT, y(i * step), WIDTH - RIGHT, y(i * step), INK if i == 0 else FAINT)
        text(LEFT - 10, y(i * step) + 4, f"{i * step:,.0f}", anchor="end")
    for size in sizes:
        at = x(size["mailboxes"])
        line(at, y(0), at, y(0) + 5, INK)
        text(at, y(0) + 22, f"{size['mailboxes']:,}")
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "mailboxes on one node (logarithmic)")
    bound = sizes[0]["acked_per_second"] * (1 - SLOWER_MAX)
    line(LEFT, y(bound), WIDTH - RIGHT, y(bound), BOUND, 'stroke-dasharray="6 5"')
    text(LEFT + 8, y(bound) + 16, f"{SLOWER_MAX:.0%} below the smallest node", 12, "start", BOUND)

    def curve(color, words, points, figures_at):
        """`points`: (mailboxes, what was measured there)."""
        way = " ".join(f"{x(m):.1f},{y(got['acked_per_second']):.1f}" for m, got in points)
        out.append(f'<polyline points="{way}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        for mailboxes, got in points:
            at = x(mailboxes)
            for one in got["rounds"]:
                dot(at, y(one), 3, color, 'fill-opacity="0.35"')
            dot(at, y(got["acked_per_second"]), 5, color, 'stroke="white" stroke-width="1.5"')
            edge = max(got["rounds"]) if figures_at < 0 else min(got["rounds"])
            text(at, y(edge) + figures_at, f"{got['acked_per_second']:,.0f}", 12, color=color)
        text(WIDTH - RIGHT, 28 if figures_at < 0 else 48, words, 12, "end", color)

    curve(AGAIN, "into mailboxes in memory", [(s["mailboxes"], s["again"]) for s in sizes], -11)
    curve(LINE, "into the mailboxes idle longest", [(s["mailboxes"], s) for s in sizes], 20)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Helvetica, Arial, sans-serif">\n'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n' + "\n".join(out)
            + "\n</svg>\n")
