"""Makes the README's picture from a real run: python .github/make_picture.py"""

import io
import re
from pathlib import Path

from rnnlab.pipeline.settings import BUILT_IN
from rnnlab.report import judge
from rnnlab.stages import stage_named
from rnnlab.verbs.step import step_walk
from rnnlab.views import terminal

SHOWN = ("rnn", "squeeze")


def main() -> None:
    """Walk through the built-in reviews and draw some of the panels as SVG."""
    reviews = {"csv": None, "text": "review", "label": "sentiment", "limit": None}
    quiet = terminal.console(file=io.StringIO())
    record = step_walk(
        BUILT_IN, reviews, "I expected a dull story, but it turned out wonderful.", pause=False, console=quiet
    )
    console = terminal.console(record=True, force_terminal=True, width=terminal.WIDTH)
    report = judge(record)
    for name in SHOWN:
        console.print(terminal.stage_view(record, report, stage_named(name)))
    svg = console.export_svg(title="rnnlab step")
    # Rich links a font from the network; the picture uses the reader's own.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("step.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
